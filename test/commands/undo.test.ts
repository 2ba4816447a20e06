import { chmod, mkdir, readdir, readFile, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { photograph } from '../support/invariants.ts';
import { failure, leftovers, picture, runFix } from '../support/listing.ts';
import { makeBench, type Bench } from '../support/wt.ts';

/** What a person has: refs that are theirs, worktrees with index and files, and the rows. */
async function lookAt(bench: Bench): Promise<object> {
  const { refs, trees } = await photograph(bench);
  const rows = JSON.parse(await readFile(`${bench.root}/.worktrees/sessions.json`, 'utf8')) as { sessions: object };
  return {
    refs: refs.split('\n').filter((line) => !line.includes('refs/wt/')),
    trees,
    rows: rows.sessions,
  };
}

const trashOf = ({ root }: Bench): Promise<string[]> => readdir(`${root}/.git/wt/trash`).catch(() => []);

/** It must fail and leave all as it was. */
async function expectRefused(bench: Bench, code: string, exit: number, ...argv: string[]): Promise<readonly string[]> {
  const before = [await picture(bench), await trashOf(bench)];
  const error = await failure(bench, 'undo', ...argv);
  expect({ code: error.code, exit: error.exit, changed: error.changed }).toEqual({ code, exit, changed: false });
  expect([await picture(bench), await trashOf(bench)]).toEqual(before);
  expect(await leftovers(bench.root)).toEqual([]);
  return error.fix ?? [];
}

/** Does it, takes it back, takes that back: where it was, and then where it was again. */
async function expectThereAndBack(bench: Bench, ...argv: string[]): Promise<void> {
  const before = await lookAt(bench);
  expect((await bench.wt(...argv)).code).toBe(0);
  const after = await lookAt(bench);
  expect((await bench.wt('undo')).code).toBe(0);
  expect(await lookAt(bench)).toEqual(before);
  expect((await bench.wt('undo')).code).toBe(0);
  expect(await lookAt(bench)).toEqual(after);
  expect((await bench.wt('undo')).code).toBe(0);
  expect(await lookAt(bench)).toEqual(before);
  expect(await bench.git('fsck', '--no-dangling', '--no-progress')).toBe('');
  expect(await leftovers(bench.root)).toEqual([]);
}

async function makeLandable(): Promise<Bench> {
  const bench = await makeBench({ f: '1\n2\n3\n4\n5\n', other: 'one\n', third: 'one\n' });
  await bench.wt('create', 'a', '--task', 'Land it');
  await bench.work('a', { f: '1\n2\n3\n4\n5 in a\n', 'feature.txt': 'feature\n' }, 'first');
  await bench.work('a', { 'feature.txt': 'feature, more\n' }, 'second');
  return bench;
}

test('without anything to take back it says so', async () => {
  const bench = await makeBench();
  expect(await bench.wt('undo')).toMatchObject({ code: 0, stdout: 'Nothing to undo.\n' });
  expect(await bench.data('undo')).toEqual({ undone: null, planned: false, steps: [] });
  expect((await failure(bench, 'undo', 'nothing-of-that-name')).exit).toBe(2);
  expect((await bench.data<{ calls: unknown[] }>('undo', '--list')).calls).toEqual([]);
});

test('a create goes into the trash, its branch with it, and comes back', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'z');
  await expectThereAndBack(bench, 'create', 'a', '--task', 'T');
});

test('a session with work since is left alone by the undo of its create', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await bench.room.write(bench.at('a'), { 'free.txt': 'x\n' });
  await expectRefused(bench, 'session.dirty', 4);
  await bench.work('a', {});
  await expectRefused(bench, 'session.unmerged', 4);
});

const CHANGED = { 'staged.txt': 'one\n', 'both.txt': 'one\n', 'edited.txt': 'one\n', 'gone.txt': 'one\n', run: 'x\n' };

async function callerOf(bench: Bench): Promise<object> {
  const tree = (await photograph(bench)).trees[''];
  return { ...tree, status: tree?.status.replace('! .worktrees/\n', '') };
}

async function makeCarried(): Promise<{ bench: Bench; before: object }> {
  const bench = await makeBench(CHANGED);
  await writeFile(`${bench.root}/.git/info/exclude`, '*.db\n');
  await bench.write({
    'staged.txt': 'staged\n',
    'both.txt': 'staged, long\n',
    'new.txt': 'new\n',
    'mine.db': 'mine\n',
  });
  await bench.git('add', 'staged.txt', 'both.txt', 'new.txt');
  await bench.write({ 'both.txt': 'and edited, longer\n', 'edited.txt': 'edited\n', 'free/deep.txt': 'free\n' });
  await unlink(`${bench.root}/gone.txt`);
  await chmod(`${bench.root}/run`, 0o755);
  await symlink('both.txt', `${bench.root}/link`);
  await writeFile(`${bench.root}/secret`, 'k\n', { mode: 0o600 });
  const before = await callerOf(bench);
  expect((await bench.wt('create', 'a', '--from-changes')).code).toBe(0);
  return { bench, before };
}

test('changes that were carried into a session come back staged, unstaged and untracked as they were', async () => {
  const { bench, before } = await makeCarried();
  expect((await bench.wt('undo')).code).toBe(0);
  expect(await callerOf(bench)).toEqual(before);
  expect(await bench.git('branch', '--list', 'wt/a')).toBe('');
  // The session keeps its own copy in the trash.
  expect((await bench.wt('restore', 'a')).code).toBe(0);
  expect(await readFile(`${bench.at('a')}/free/deep.txt`, 'utf8')).toBe('free\n');
});

test('changes do not come back onto other ones', async () => {
  const { bench } = await makeCarried();
  await bench.write({ 'later.txt': 'later\n' });
  await expectRefused(bench, 'target.dirty', 4);
});

test('changes do not come back onto another commit', async () => {
  const { bench } = await makeCarried();
  await bench.git('commit', '-q', '--allow-empty', '-m', 'later');
  await expectRefused(bench, 'target.dirty', 4);
});

test('changes do not come back over an ignored file of the same name', async () => {
  const { bench } = await makeCarried();
  await bench.room.write(bench.at('a'), { 'mine.db': 'of the session\n' });
  await bench.room.git(bench.at('a'), 'add', '-f', 'mine.db');
  await expectRefused(bench, 'target.dirty', 4);
  expect(await readFile(`${bench.root}/mine.db`, 'utf8')).toBe('mine\n');
});

test('a look at what carried changes would do writes no object', async () => {
  const { bench } = await makeCarried();
  await bench.room.write(bench.at('a'), { 'fresh.txt': 'a secret that was never added\n' });
  const id = await bench.room.git(bench.at('a'), 'hash-object', 'fresh.txt');
  expect((await bench.wt('undo', '--dry-run')).code).toBe(0);
  await expect(bench.git('cat-file', '-e', id)).rejects.toThrow(id);
});

test('a commit is taken back: files stay, what was staged is staged again, and all of it comes back', async () => {
  const bench = await makeBench({ f: 'one\n', g: 'one\n' });
  await bench.wt('create', 'a');
  await bench.room.write(bench.at('a'), { f: 'staged, long\n', 'only.txt': 'staged only\n' });
  await bench.room.git(bench.at('a'), 'add', '-A');
  await bench.room.write(bench.at('a'), { f: 'edited on top, longer\n', free: 'x\n' });
  await unlink(`${bench.at('a')}/g`);
  await unlink(`${bench.at('a')}/only.txt`);
  await expectThereAndBack(bench, 'commit', 'a', '-m', 'x');
});

test('a commit of a detached HEAD is taken back', async () => {
  const bench = await makeBench({ f: 'one\n' });
  await bench.wt('create', 'a');
  await bench.room.git(bench.at('a'), 'switch', '-q', '--detach');
  await bench.room.write(bench.at('a'), { f: 'edited\n' });
  await expectThereAndBack(bench, 'commit', 'a', '-m', 'x');
});

test.for([
  ['something is committed on top', ['commit', '-q', '--allow-empty', '-m', 'later']],
  ['another branch is checked out at the same commit', ['switch', '-qc', 'other']],
  ['HEAD is detached at the same commit', ['switch', '-q', '--detach']],
] as const)('a commit is not taken back when %s', async ([, args]) => {
  const bench = await makeBench({ f: 'one\n' });
  await bench.wt('create', 'a');
  await bench.room.write(bench.at('a'), { f: 'edited\n' });
  await bench.wt('commit', 'a', '-m', 'x');
  await bench.room.git(bench.at('a'), ...args);
  expect(await runFix(bench, await expectRefused(bench, 'target.moved', 9))).toBe(0);
});

test('a commit is taken back below what has been edited since', async () => {
  const bench = await makeBench({ f: 'one\n' });
  await bench.wt('create', 'a');
  await bench.room.write(bench.at('a'), { f: 'edited\n' });
  await bench.wt('commit', 'a', '-m', 'x');
  await bench.room.write(bench.at('a'), { f: 'edited again, longer\n' });
  expect((await bench.wt('undo')).code).toBe(0);
  expect(await bench.room.git(bench.at('a'), 'status', '--porcelain')).toBe(' M f');
  expect(await readFile(`${bench.at('a')}/f`, 'utf8')).toBe('edited again, longer\n');
});

test('what was staged since stays staged when a commit is taken back', async () => {
  const bench = await makeBench({ f: 'one\n' });
  await bench.wt('create', 'a');
  await bench.room.write(bench.at('a'), { f: 'edited\n' });
  await bench.wt('commit', 'a', '-m', 'x');
  await bench.room.write(bench.at('a'), { later: 'later\n' });
  await bench.room.git(bench.at('a'), 'add', 'later');
  expect((await bench.wt('undo')).code).toBe(0);
  expect(await bench.room.git(bench.at('a'), 'status', '--porcelain')).toBe('M  f\nA  later');
});

test('a commit that ended a merge is not taken back; the way by hand works', async () => {
  const bench = await makeLandable();
  await bench.write({ other: 'on main\n' });
  await bench.git('commit', '-qam', 'on main');
  await bench.room.git(bench.at('a'), 'merge', '-q', '--no-commit', 'main');
  const before = await bench.room.git(bench.at('a'), 'rev-parse', 'HEAD');
  expect((await bench.wt('commit', 'a')).code).toBe(0);
  expect(await runFix(bench, await expectRefused(bench, 'usage.invalid', 2))).toBe(0);
  expect(await bench.room.git(bench.at('a'), 'rev-parse', 'HEAD')).toBe(before);
});

test('the first commit of a branch is not taken back; the way by hand works', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await bench.room.git(bench.at('a'), 'switch', '-q', '--orphan', 'fresh');
  await bench.room.write(bench.at('a'), { x: 'x\n' });
  expect((await bench.wt('commit', 'a', '-m', 'x')).code).toBe(0);
  expect(await runFix(bench, await expectRefused(bench, 'usage.invalid', 2))).toBe(0);
  expect(await bench.room.git(bench.at('a'), 'status', '--porcelain')).toBe('A  x');
});

test.for(['merge', 'squash', 'rebase', 'ff'])('a landing by %s is taken back, checkout and all', async (strategy) => {
  const bench = await makeLandable();
  if (strategy === 'rebase') {
    await bench.write({ third: 'moved on\n' });
    await bench.git('commit', '-qam', 'on main');
  }
  await bench.write({ other: 'staged\n', 'new-staged.txt': 'x\n' });
  await bench.git('add', '-A');
  await bench.write({ other: 'edited on top\n', third: 'unstaged\n', 'free.txt': 'untracked\n' });
  await expectThereAndBack(bench, 'merge', 'a', '--yes', '--strategy', strategy);
});

test('a landing on a branch that is not checked out is taken back', async () => {
  const bench = await makeLandable();
  await bench.git('switch', '-qc', 'elsewhere');
  await expectThereAndBack(bench, 'merge', 'a', '--yes');
});

test('a landing on a branch that a linked worktree has is taken back there, and its HEAD log says so', async () => {
  const bench = await makeLandable();
  await bench.git('switch', '-qc', 'elsewhere');
  const place = `${bench.room.dir}/beside`;
  await bench.git('worktree', 'add', '-q', place, 'main');
  await expectThereAndBack(bench, 'merge', 'a', '--yes');
  expect(await bench.room.git(place, 'reflog', '-1', '--format=%gs')).toBe('wt undo a');
});

test.for(['merge', 'squash', 'ff'])(
  'a base that has moved on stays, and the proposed revert of a landing by %s works',
  async (strategy) => {
    const bench = await makeLandable();
    await bench.wt('merge', 'a', '--yes', '--strategy', strategy);
    await bench.write({ other: 'later\n' });
    await bench.git('commit', '-qam', 'later');
    expect(await runFix(bench, await expectRefused(bench, 'target.moved', 9))).toBe(0);
    expect(await bench.git('show', 'HEAD:f')).toBe('1\n2\n3\n4\n5');
    expect(await bench.git('show', 'HEAD:other')).toBe('later');
  },
);

test('a base that has moved on and is checked out nowhere is reverted in a session of its own', async () => {
  const bench = await makeLandable();
  await bench.git('switch', '-qc', 'elsewhere');
  await bench.wt('merge', 'a', '--yes');
  const tree = await bench.git('rev-parse', 'main^{tree}');
  await bench.git('update-ref', 'refs/heads/main', await bench.git('commit-tree', '-p', 'main', '-m', 'later', tree));
  const { stderr } = await bench.wt('undo');
  expect(stderr).toMatch(/git revert --no-edit -m 1 <commit>, in a new session/);
  expect(await runFix(bench, await expectRefused(bench, 'target.moved', 9))).toBe(0);
});

test('an undone landing whose base has moved on is landed again by hand', async () => {
  const bench = await makeLandable();
  await bench.wt('merge', 'a', '--yes');
  await bench.wt('undo');
  await bench.write({ other: 'later\n' });
  await bench.git('commit', '-qam', 'later');
  expect(await runFix(bench, await expectRefused(bench, 'target.moved', 9))).toBe(0);
  expect(await bench.git('show', 'HEAD:feature.txt')).toBe('feature, more');
});

test.for([
  ['an edit', { f: '1 edited\n2\n3\n4\n5 in a\n' }],
  ['an untracked file', { 'feature.txt/x': 'mine\n' }],
] as const)('a landing is not taken back over %s in the checkout', async ([, files]) => {
  const bench = await makeLandable();
  await bench.wt('merge', 'a', '--yes');
  if ('feature.txt/x' in files) await unlink(`${bench.root}/feature.txt`);
  await bench.write(files);
  await expectRefused(bench, 'target.dirty', 4);
});

test('a landing with --remove comes back as a session, and the base goes back', async () => {
  const bench = await makeLandable();
  await expectThereAndBack(bench, 'merge', 'a', '--yes', '--remove');
});

test('a landing with --remove is left as it is while the base cannot go back', async () => {
  const bench = await makeLandable();
  await bench.wt('merge', 'a', '--yes', '--remove');
  await bench.write({ other: 'later\n' });
  await bench.git('commit', '-qam', 'later');
  await expectRefused(bench, 'target.moved', 9);
});

test('a removal of several brings all of them back, or none', async () => {
  const bench = await makeBench();
  for (const id of ['a', 'b', 'c']) await bench.wt('create', id);
  await bench.work('a', { x: '1\n' });
  await bench.room.write(bench.at('b'), { 'free.txt': 'x\n' });
  await expectThereAndBack(bench, 'remove', 'a', 'b', '--force');
  await bench.wt('undo');
  await mkdir(bench.at('b'));
  await expectRefused(bench, 'path.exists', 4);
});

test('a removal that kept the branch leaves it where it is, there and back', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await bench.work('a', { x: '1\n' });
  await expectThereAndBack(bench, 'remove', 'a', '--force', '--keep-branch');
});

test('a clean of several is taken back', async () => {
  const bench = await makeLandable();
  await bench.wt('create', 'b');
  await bench.work('b', { b: 'b\n' });
  for (const id of ['a', 'b']) await bench.wt('merge', id, '--yes');
  await expectThereAndBack(bench, 'clean');
});

test('a removal that has left the trash for good cannot be taken back', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await bench.wt('remove', 'a');
  for (const op of await trashOf(bench)) await rm(`${bench.root}/.git/wt/trash/${op}`, { recursive: true });
  const fix = await expectRefused(bench, 'session.not-found', 3);
  expect(await runFix(bench, fix)).toBe(0);
  expect((await bench.wt('undo')).stderr).toContain('"a"');
});

test('an adoption is taken back where it stands', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'z');
  const place = `${bench.room.dir}/beside`;
  await bench.git('worktree', 'add', '-q', '-b', 'topic', place);
  await expectThereAndBack(bench, 'adopt', place);
  expect(await readdir(`${bench.root}/.git/worktrees/beside`)).not.toContain('locked');
});

test('a restore is taken back: the session is in the trash again', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await bench.work('a', { x: '1\n' });
  await bench.room.write(bench.at('a'), { 'free.txt': 'x\n' });
  await bench.wt('remove', 'a', '--force');
  await expectThereAndBack(bench, 'restore', 'a');
});

test('by a session the last command that touched it, by its name the command, from inside the session its last', async () => {
  const bench = await makeBench({ f: 'one\n' });
  await bench.wt('create', 'a');
  await bench.wt('create', 'b');
  await bench.room.write(bench.at('a'), { f: 'in a\n' });
  await bench.room.write(bench.at('b'), { f: 'in b\n' });
  await bench.wt('commit', 'a', '-m', 'a');
  await bench.wt('commit', 'b', '-m', 'b');
  const did = { steps: [{ id: 'a', did: 'uncommitted' }] };
  expect(await bench.data('undo', '--dry-run', 'a')).toMatchObject(did);
  expect(await bench.data('undo', '--dry-run', { cwd: bench.at('a') })).toMatchObject(did);
  expect(await bench.data('undo', '--dry-run', '.', { cwd: bench.at('a') })).toMatchObject(did);
  expect((await failure(bench, 'undo', '.')).exit).toBe(2);
  const { calls } = await bench.data<{ calls: { call: string; command: string; steps: object[] }[] }>('undo', '--list');
  expect(calls.map(({ command, steps }) => [command, ...steps])).toEqual([
    ['wt commit', { id: 'b', did: 'committed' }],
    ['wt commit', { id: 'a', did: 'committed' }],
    ['wt create', { id: 'b', did: 'made' }],
    ['wt create', { id: 'a', did: 'made' }],
  ]);
  expect(await bench.data('undo', '--dry-run', calls[1]?.call.slice(0, 8) ?? '')).toMatchObject(did);
  await expectRefused(bench, 'session.unmerged', 4, calls[3]?.call ?? '');
  expect((await failure(bench, 'undo', '--list', 'a')).exit).toBe(2);
});

test('--dry-run says what would be taken back and changes nothing', async () => {
  const bench = await makeLandable();
  await bench.wt('merge', 'a', '--yes', '--remove');
  const before = [await picture(bench), await trashOf(bench)];
  expect(await bench.data('undo', '--dry-run')).toMatchObject({
    undone: null,
    planned: true,
    steps: [
      { id: 'a', did: 'restored', place: bench.at('a') },
      { id: 'a', did: 'moved back', place: null },
    ],
  });
  expect((await bench.wt('undo', '--dry-run')).stdout).toMatch(/^Would undo wt merge of /);
  expect([await picture(bench), await trashOf(bench)]).toEqual(before);
});

test('says in JSON and in words what was done, and that it can be taken back', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  expect(await bench.data('undo')).toMatchObject({
    undone: { command: 'wt create' },
    planned: false,
    steps: [{ id: 'a', did: 'removed', place: expect.stringContaining('/.git/wt/trash/') }],
  });
  const { stdout } = await bench.wt('undo');
  expect(stdout.replace(/ of \d+s ago/, ' of <age> ago')).toBe(
    '✓ Undid wt --json of <age> ago\n  a is back in $ROOM/app/.worktrees/a\n  wt undo takes this back\n',
  );
});

test('costs at most ten git processes for a landing', async () => {
  const bench = await makeLandable();
  await bench.wt('merge', 'a', '--yes');
  const { git, code } = await bench.wt('undo');
  expect(code).toBe(0);
  expect(git.length).toBeLessThanOrEqual(10);
  expect(git.map(([verb]) => verb)).toMatchInlineSnapshot(`
    [
      "rev-parse",
      "for-each-ref",
      "worktree",
      "diff-tree",
      "status",
      "ls-files",
      "update-index",
      "read-tree",
      "update-ref",
    ]
  `);
});
