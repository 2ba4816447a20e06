import { readdir, rm } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { failure, leftovers, picture, refs, runFix } from '../support/listing.ts';
import { wholeOf } from '../support/whole.ts';
import { makeBench, type Bench } from '../support/wt.ts';
import { expectRefused, gc, makeMessy, remove, trashOf } from '../support/removed.ts';

test('a session comes back byte for byte after a gc that prunes all', async () => {
  const bench = await makeMessy();
  const before = await wholeOf(bench, 'a');
  const refsBefore = await refs(bench);
  await remove(bench, 'a');
  await gc(bench);
  expect((await bench.wt('restore', 'a')).code).toBe(0);
  expect(await wholeOf(bench, 'a')).toEqual(before);
  expect(before.admin['locked']).toBeDefined();
  expect(await refs(bench)).toBe(refsBefore);
  expect(await trashOf(bench)).toEqual([]);
  expect(await bench.git('fsck', '--no-dangling', '--no-progress')).toBe('');
  expect(await bench.room.git(bench.at('a'), 'show', 'HEAD@{2}:lost.txt')).toBe('only in the reflog');
  expect(await leftovers(bench.root)).toEqual([]);
});

test('what is restored says where it is, and goes on as any other session', async () => {
  const bench = await makeMessy();
  await remove(bench, 'a');
  expect(await bench.data('restore', 'a')).toMatchObject({
    restored: true,
    session: { id: 'a', branch: 'wt/a', path: bench.at('a'), task: 'Be messy\nin two lines', agent: 'codex' },
  });
  expect((await bench.wt('commit', 'a', '-m', 'go on')).code).toBe(0);
  expect((await bench.wt('merge', 'a', '--yes')).code).toBe(0);
});

test('a landing that is remembered comes back with the row', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await bench.work('a', { x: '1\n' });
  await bench.wt('merge', 'a', '--yes');
  const before = await wholeOf(bench, 'a');
  expect(before.row).toHaveProperty('landed');
  await remove(bench, 'a');
  await bench.wt('restore');
  expect(await wholeOf(bench, 'a')).toEqual(before);
});

test('HEAD comes back detached where it was', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await bench.room.git(bench.at('a'), 'switch', '-q', '--detach');
  await bench.work('a', { 'loose.txt': 'loose\n' });
  const before = await wholeOf(bench, 'a');
  await remove(bench, 'a');
  await gc(bench);
  await bench.wt('restore', 'a');
  expect(await wholeOf(bench, 'a')).toEqual(before);
});

test('HEAD comes back on a branch that has no commit yet', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await bench.room.git(bench.at('a'), 'switch', '-q', '--orphan', 'fresh');
  await bench.room.write(bench.at('a'), { 'new.txt': 'staged\n' });
  await bench.room.git(bench.at('a'), 'add', '-A');
  const before = await wholeOf(bench, 'a');
  await remove(bench, 'a');
  await gc(bench);
  expect((await bench.wt('restore', 'a')).code).toBe(0);
  expect(await wholeOf(bench, 'a')).toEqual(before);
});

test('HEAD comes back on another branch while that has not moved', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await bench.room.git(bench.at('a'), 'switch', '-qc', 'side');
  await bench.work('a', { x: '1\n' });
  const before = await wholeOf(bench, 'a');
  await remove(bench, 'a');
  expect(await bench.wt('restore', 'a')).toMatchObject({ code: 0, stderr: '' });
  expect(await wholeOf(bench, 'a')).toEqual(before);
});

test.for([
  ['has moved', (bench: Bench) => bench.git('update-ref', 'refs/heads/side', 'main')],
  ['is gone', (bench: Bench) => bench.git('branch', '-qD', 'side')],
  ['is checked out elsewhere', (bench: Bench) => bench.git('switch', '-q', 'side')],
] as const)('HEAD on another branch that %s is detached at its commit, and that is said', async ([, change]) => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await bench.room.git(bench.at('a'), 'switch', '-qc', 'side');
  const tip = await bench.work('a', { x: '1\n' });
  const before = await wholeOf(bench, 'a');
  await remove(bench, 'a');
  await change(bench);
  await gc(bench);
  const side = await bench.git('for-each-ref', 'refs/heads/side');
  const { code, stderr } = await bench.wt('restore', 'a');
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: '! side was checked out there and has moved or is taken: HEAD is detached at its commit instead\n',
  });
  const after = await wholeOf(bench, 'a');
  expect(after).toEqual({ ...before, admin: { ...before.admin, HEAD: Buffer.from(`${tip}\n`).toString('base64') } });
  expect(await bench.git('for-each-ref', 'refs/heads/side')).toBe(side);
});

/** Session `a` in the middle of a merge that conflicts in `f`. */
async function makeConflicted(): Promise<Bench> {
  const bench = await makeBench({ f: 'base\n' });
  await bench.wt('create', 'a');
  await bench.work('a', { f: 'ours\n' });
  await bench.write({ f: 'theirs\n' });
  await bench.git('commit', '-qam', 'theirs');
  await bench.room.git(bench.at('a'), 'merge', '-q', 'main').catch(() => {});
  return bench;
}

/** Leaves what has come of the merge in the index, and nothing else of it anywhere. */
async function forgetMerge({ room, at, git }: Bench): Promise<void> {
  await room.git(at('a'), 'merge', '--quit');
  await git('reset', '-q', '--hard', 'HEAD~1');
}

test('an index in conflict comes back with all three sides', async () => {
  const bench = await makeConflicted();
  // In the middle of an operation nothing is removed, forced or not.
  expect((await failure(bench, 'remove', 'a', '--force')).code).toBe('session.operation');
  await forgetMerge(bench);
  const before = await wholeOf(bench, 'a');
  expect(before.status).toContain('u UU');
  await remove(bench, 'a');
  await gc(bench);
  await bench.wt('restore', 'a');
  expect(await wholeOf(bench, 'a')).toEqual(before);
  expect(await bench.room.git(bench.at('a'), 'show', ':3:f')).toBe('theirs');
});

test('the sides of a conflict that is resolved and not committed come back', async () => {
  const bench = await makeConflicted();
  await bench.room.write(bench.at('a'), { f: 'resolved\n' });
  await bench.room.git(bench.at('a'), 'add', 'f');
  await forgetMerge(bench);
  const before = await wholeOf(bench, 'a');
  await remove(bench, 'a');
  await gc(bench);
  await bench.wt('restore', 'a');
  expect(await wholeOf(bench, 'a')).toEqual(before);
  expect(await bench.git('fsck', '--no-dangling', '--no-progress')).toBe('');
  const sides = (await bench.room.git(bench.at('a'), 'ls-files', '--resolve-undo')).split('\n');
  const contents = sides.map((line) => bench.git('cat-file', 'blob', line.split(' ')[1] ?? ''));
  expect(await Promise.all(contents)).toEqual(['base', 'ours', 'theirs']);
});

test('a session whose folder was gone comes back as its branch and its row', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a', '--task', 'T');
  const tip = await bench.work('a', { x: '1\n' });
  await rm(bench.at('a'), { recursive: true });
  await remove(bench, 'a');
  await gc(bench);
  expect((await bench.wt('restore', 'a')).code).toBe(0);
  expect(await bench.git('rev-parse', 'wt/a')).toBe(tip);
  expect(await bench.data('show', 'a')).toMatchObject({ session: { id: 'a', task: 'T', status: 'broken' } });
  expect(await trashOf(bench)).toEqual([]);
});

test('a branch that was kept and has not moved is taken again', async () => {
  const bench = await makeMessy();
  const before = await wholeOf(bench, 'a');
  await remove(bench, 'a', '--keep-branch');
  expect((await bench.wt('restore', 'a')).code).toBe(0);
  expect(await wholeOf(bench, 'a')).toEqual(before);
});

test('a branch that was kept and deleted since is made again', async () => {
  const bench = await makeMessy();
  const { status, files, branch } = await wholeOf(bench, 'a');
  await remove(bench, 'a', '--keep-branch');
  await bench.git('branch', '-qD', 'wt/a');
  await gc(bench);
  expect((await bench.wt('restore', 'a')).code).toBe(0);
  expect(await wholeOf(bench, 'a')).toMatchObject({ status, files, branch });
});

test('by its branch, by the beginning of its entry, without regard to case', async () => {
  const bench = await makeMessy();
  for (const name of [() => 'wt/a', (op: string) => op.slice(0, 6), (op: string) => op, () => 'A']) {
    const op = await remove(bench, 'a');
    expect(await bench.data('restore', name(op))).toMatchObject({ restored: true, session: { id: 'a' } });
  }
});

test('of two with the same id the newest comes, the other by its entry, and it is said that there are more', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await bench.work('a', { old: '1\n' });
  const old = await remove(bench, 'a');
  await bench.wt('create', 'a');
  await bench.work('a', { new: '1\n' });
  await remove(bench, 'a');
  const { stderr } = await bench.wt('restore', 'a');
  expect(stderr).toBe(`! 1 older one of that id in the trash: ${old.slice(0, 8)}\n`);
  expect(await readdir(bench.at('a'))).toContain('new');
  await remove(bench, 'a');
  await bench.wt('restore', old.slice(0, 8));
  expect(await readdir(bench.at('a'))).toContain('old');
});

test('without an id the only one comes; with none or several it is a question of which', async () => {
  const bench = await makeBench();
  expect(await expectRefused(bench, [], 'usage.invalid', 2)).toEqual(['wt', 'restore', '--list']);
  await bench.wt('create', 'a');
  await bench.wt('create', 'b');
  await remove(bench, 'a', 'b');
  expect(await runFix(bench, await expectRefused(bench, [], 'usage.invalid', 2))).toBe(0);
  await bench.wt('restore', 'b');
  expect(await bench.data('restore')).toMatchObject({ session: { id: 'a' } });
});

test('an unknown id is told with the near ones', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'fix-login');
  await remove(bench, 'fix-login');
  expect(await failure(bench, 'restore', 'fix-lgin')).toMatchObject({
    code: 'session.not-found',
    exit: 3,
    details: { near: ['fix-login'] },
    fix: ['wt', 'restore', '--list'],
  });
});

test('--dry-run says what would come back and changes nothing', async () => {
  const bench = await makeMessy();
  await remove(bench, 'a');
  const before = [await picture(bench), await trashOf(bench)];
  expect(await bench.data('restore', 'a', '--dry-run')).toMatchObject({ restored: false, session: { id: 'a' } });
  expect([await picture(bench), await trashOf(bench)]).toEqual(before);
  await bench.wt('create', 'a');
  expect((await failure(bench, 'restore', 'a', '--dry-run')).code).toBe('session.exists');
});

test('--list shows what can be brought back, for programs whole', async () => {
  const bench = await makeMessy();
  expect((await bench.wt('restore', '--list')).stdout).toBe('');
  const op = await remove(bench, 'a');
  const { trash } = await bench.data<{ trash: object[] }>('restore', '--list');
  expect(trash).toEqual([
    {
      id: 'a',
      trash: op,
      removedAt: expect.stringMatching(/Z$/),
      verb: 'remove',
      branch: 'wt/a',
      task: 'Be messy\nin two lines',
      path: bench.at('a'),
      sizeBytes: expect.any(Number),
      until: expect.stringMatching(/Z$/),
    },
  ]);
  const { raw } = await bench.wt('restore', '--list');
  const cells = raw.split('\t');
  expect([cells.length, cells[0], cells[4], cells.at(-2), cells.at(-1)]).toEqual([7, 'a', op, 'wt/a', 'Be messy\n']);
  expect((await bench.data<{ trash: object[] }>('restore', '--list', 'b')).trash).toEqual([]);
  expect((await failure(bench, 'restore', '--list', '--as', 'x')).exit).toBe(2);
});

test('costs at most seven git processes', async () => {
  const bench = await makeMessy();
  await remove(bench, 'a');
  const { git, code } = await bench.wt('restore', 'a');
  expect(code).toBe(0);
  expect(git.map(([verb]) => verb)).toMatchInlineSnapshot(`
    [
      "rev-parse",
      "for-each-ref",
      "worktree",
      "for-each-ref",
      "update-ref",
      "for-each-ref",
      "update-ref",
    ]
  `);
});
