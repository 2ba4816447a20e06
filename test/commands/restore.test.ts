import { chmod, mkdir, readdir, readFile, rename, rm, rmdir, symlink, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { endOwners } from '../support/invariants.ts';
import { failure, leftovers, picture, refs, runFix } from '../support/listing.ts';
import { wholeOf } from '../support/whole.ts';
import { benchAt, makeBench, type Bench } from '../support/wt.ts';

const FILES = {
  'kept.txt': 'kept\n',
  'edited.txt': 'one\n',
  'both.txt': 'one\n',
  'gone.txt': 'one\n',
  'removed.txt': 'one\n',
  'tool.sh': '#!/bin/sh\n',
  'link.txt': 'one\n',
};

/** A session with work of every kind in it. */
async function makeMessy(id = 'a', bench?: Bench): Promise<Bench> {
  const made = bench ?? (await makeBench(FILES));
  const { room, root, wt, at } = made;
  await room.write(path.join(root, '.git/info'), { exclude: '/.worktrees/\n.env\nnode_modules/\n' });
  await wt('create', id, '--task', 'Be messy\nin two lines', '--agent', 'codex');
  await made.work(id, { 'work.txt': 'first\n' }, 'work');
  await room.write(at(id), { 'work.txt': 'amended\n', 'lost.txt': 'only in the reflog\n' });
  await room.git(at(id), 'add', '-A');
  await room.git(at(id), 'commit', '-q', '--amend', '-m', 'amended');
  await room.git(at(id), 'reset', '-q', '--hard', 'HEAD~1');
  await made.work(id, { 'work.txt': 'final\n' }, 'final');
  await room.write(at(id), { 'staged.txt': 'only in the index\n', 'both.txt': 'staged, long\n' });
  await room.git(at(id), 'add', 'staged.txt', 'both.txt');
  await room.git(at(id), 'rm', '-q', 'removed.txt');
  await unlink(`${at(id)}/staged.txt`);
  await unlink(`${at(id)}/gone.txt`);
  await unlink(`${at(id)}/link.txt`);
  await symlink('kept.txt', `${at(id)}/link.txt`);
  await symlink('/nowhere at all', `${at(id)}/dangling`);
  await room.write(at(id), {
    'both.txt': 'edited on top, longer\n',
    'edited.txt': 'edited\n',
    'free.txt': 'untracked\n',
    'new\nline.txt': 'odd name\n',
    '😀 emoji.txt': 'odd name\n',
    '-dash': 'odd name\n',
    '.env': 'SECRET=1\n',
    'node_modules/p/index.js': 'built\n',
  });
  await writeFile(`${at(id)}/secret.key`, 'k\n', { mode: 0o600 });
  await mkdir(`${at(id)}/empty/inside`, { recursive: true });
  await chmod(`${at(id)}/tool.sh`, 0o755);
  return made;
}

const trashOf = ({ root }: Bench): Promise<string[]> => readdir(`${root}/.git/wt/trash`).catch(() => []);
const gc = async ({ git }: Bench): Promise<void> => {
  await git('reflog', 'expire', '--expire=now', '--expire-unreachable=now', '--all');
  await git('gc', '--quiet', '--prune=now');
};

async function remove(bench: Bench, ...argv: string[]): Promise<string> {
  const { removed } = await bench.data<{ removed: { trash: string }[] }>('remove', '--force', ...argv);
  return removed[0]?.trash ?? '';
}

/** It must fail, say why, and leave everything as it was, the trash too. */
async function expectRefused(
  bench: Bench,
  argv: readonly string[],
  code: string,
  exit: number,
): Promise<readonly string[] | undefined> {
  const before = [await picture(bench), await trashOf(bench)];
  const error = await failure(bench, 'restore', ...argv);
  expect({ code: error.code, exit: error.exit, changed: error.changed }).toEqual({ code, exit, changed: false });
  expect([await picture(bench), await trashOf(bench)]).toEqual(before);
  return error.fix;
}

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

test('an index in conflict comes back with all three sides', async () => {
  const bench = await makeBench({ f: 'base\n' });
  await bench.wt('create', 'a');
  await bench.work('a', { f: 'ours\n' });
  await bench.write({ f: 'theirs\n' });
  await bench.git('commit', '-qam', 'theirs');
  await bench.room.git(bench.at('a'), 'merge', '-q', 'main').catch(() => {});
  // In the middle of an operation nothing is removed, forced or not.
  expect((await failure(bench, 'remove', 'a', '--force')).code).toBe('session.operation');
  await bench.room.git(bench.at('a'), 'merge', '--quit');
  await bench.git('reset', '-q', '--hard', 'HEAD~1');
  const before = await wholeOf(bench, 'a');
  expect(before.status).toContain('u UU');
  await remove(bench, 'a');
  await gc(bench);
  await bench.wt('restore', 'a');
  expect(await wholeOf(bench, 'a')).toEqual(before);
  expect(await bench.room.git(bench.at('a'), 'show', ':3:f')).toBe('theirs');
});

test('the sides of a conflict that is resolved and not committed come back', async () => {
  const bench = await makeBench({ f: 'base\n' });
  await bench.wt('create', 'a');
  await bench.work('a', { f: 'ours\n' });
  await bench.write({ f: 'theirs\n' });
  await bench.git('commit', '-qam', 'theirs');
  await bench.room.git(bench.at('a'), 'merge', '-q', 'main').catch(() => {});
  await bench.room.write(bench.at('a'), { f: 'resolved\n' });
  await bench.room.git(bench.at('a'), 'add', 'f');
  await bench.room.git(bench.at('a'), 'merge', '--quit');
  await bench.git('reset', '-q', '--hard', 'HEAD~1');
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

const TAKEN: readonly (readonly [string, string, (bench: Bench) => Promise<unknown>])[] = [
  ['the id by a session', 'session.exists', ({ wt }) => wt('create', 'a')],
  ['the id in other letters', 'session.exists', ({ wt }) => wt('create', 'A', '--branch', 'other')],
  ['the folder by a file', 'path.exists', ({ at }) => writeFile(at('a'), 'mine\n')],
  ['the folder by a folder', 'path.exists', ({ at }) => mkdir(at('a'))],
  ['the folder by a link', 'path.exists', ({ at }) => symlink('/nowhere', at('a'))],
  ['the branch, at another commit', 'branch.exists', ({ git }) => git('branch', 'wt/a', 'main')],
  ['the branch, checked out', 'branch.checked-out', ({ git }) => git('switch', '-qc', 'wt/a')],
  ['the branch, by one below it', 'branch.exists', ({ git }) => git('branch', 'wt/a/b', 'main')],
];

test.for(TAKEN)(
  'taken meanwhile is %s: %s, nothing changes, and the proposed command works',
  async ([, code, take]) => {
    const bench = await makeMessy();
    const { status, branch } = await wholeOf(bench, 'a');
    await remove(bench, 'a');
    await bench.wt('create', 'a-2');
    await bench.git('branch', 'wt/a-3');
    await mkdir(bench.at('a-4'));
    await take(bench);
    const fix = await expectRefused(bench, ['a'], code, 4);
    expect(fix?.at(-1)).toBe('a-5');
    expect(await runFix(bench, fix)).toBe(0);
    expect(await bench.room.git(bench.at('a-5'), 'symbolic-ref', 'HEAD')).toBe('refs/heads/wt/a-5');
    expect(await wholeOf(bench, 'a-5')).toMatchObject({ status, branch });
    expect(await trashOf(bench)).toEqual([]);
  },
);

test('when the plain name of the branch is taken by one above all, that is said', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await bench.work('a', { x: '1\n' });
  await remove(bench, 'a');
  await bench.git('branch', 'wt', 'main');
  await expectRefused(bench, ['a'], 'branch.exists', 4);
});

test('--as brings it back beside the one that took its id', async () => {
  const bench = await makeMessy();
  const before = await wholeOf(bench, 'a');
  await remove(bench, 'a');
  await bench.wt('create', 'a');
  const taken = await wholeOf(bench, 'a');
  expect(await bench.data('restore', 'a', '--as', 'b')).toMatchObject({ session: { id: 'b', branch: 'wt/b' } });
  expect(await wholeOf(bench, 'a')).toEqual(taken);
  const after = await wholeOf(bench, 'b');
  expect(after.status).toBe(before.status);
  expect(after.branch).toBe(before.branch);
  expect(after.branchLog).toBe(before.branchLog);
  expect(after.files.filter((line) => !line.startsWith('.git '))).toEqual(
    before.files.filter((line) => !line.startsWith('.git ')),
  );
  expect(after.row).toEqual({ ...(before.row as object), id: 'b', branch: 'wt/b', path: bench.at('b') });
  expect((await bench.wt('remove', 'b', '--force')).code).toBe(0);
});

test('--as with what is no id is refused with a command that works', async () => {
  const bench = await makeMessy();
  await remove(bench, 'a');
  const fix = await expectRefused(bench, ['a', '--as', 'no id!'], 'id.invalid', 2);
  expect(await runFix(bench, fix)).toBe(0);
  expect(await readdir(bench.at('no-id'))).toContain('work.txt');
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

test('it comes back after git has tidied its own folder of worktrees away', async () => {
  const bench = await makeMessy();
  const before = await wholeOf(bench, 'a');
  await remove(bench, 'a');
  await gc(bench);
  await bench.git('worktree', 'prune');
  await rm(`${bench.root}/.git/worktrees`, { recursive: true, force: true });
  await bench.wt('restore', 'a');
  expect(await wholeOf(bench, 'a')).toEqual(before);
});

test('an adopted worktree comes back where it was', async () => {
  const bench = await makeBench();
  const place = `${bench.room.dir}/beside/tree`;
  await bench.git('worktree', 'add', '-q', '-b', 'topic', place);
  await bench.wt('adopt', place);
  await bench.room.write(place, { 'free.txt': 'x\n' });
  const before = await wholeOf(bench, 'topic', place);
  await remove(bench, 'topic');
  await bench.git('gc', '--quiet', '--prune=now');
  expect(await bench.data('restore', 'topic')).toMatchObject({ session: { path: place } });
  expect(await wholeOf(bench, 'topic', place)).toEqual(before);
  expect((await bench.wt('list')).code).toBe(0);
});

test('an adopted worktree whose surroundings are gone comes back among the others', async () => {
  const bench = await makeBench();
  const place = `${bench.room.dir}/beside/tree`;
  await bench.git('worktree', 'add', '-q', '-b', 'topic', place);
  await bench.wt('adopt', place);
  await bench.room.write(place, { 'free.txt': 'x\n' });
  await remove(bench, 'topic');
  await rm(`${bench.room.dir}/beside`, { recursive: true });
  const fix = await expectRefused(bench, ['topic'], 'path.unsafe', 4);
  expect(await runFix(bench, fix)).toBe(0);
  expect(await readdir(bench.at('topic-2'))).toContain('free.txt');
});

test('a repository that was moved brings its sessions back where it is now', async () => {
  const bench = await makeMessy();
  const { status } = await wholeOf(bench, 'a');
  await remove(bench, 'a');
  await rename(bench.root, `${bench.room.dir}/moved`);
  const moved = benchAt(bench.room, `${bench.room.dir}/moved`);
  expect(await moved.data('restore', 'a')).toMatchObject({ session: { path: moved.at('a') } });
  expect((await wholeOf(moved, 'a')).status).toBe(status);
  expect(await readdir(bench.room.dir)).not.toContain('app');
});

test('submodules come back with their own repositories', async () => {
  const bench = await makeBench();
  const library = await bench.room.repo('library', { 'lib.txt': 'lib\n' });
  await bench.git('-c', 'protocol.file.allow=always', 'submodule', 'add', '-q', library, 'lib');
  await bench.git('commit', '-qm', 'lib');
  await bench.wt('create', 'a');
  await bench.room.git(bench.at('a'), '-c', 'protocol.file.allow=always', 'submodule', 'update', '-q', '--init');
  const inside = async (): Promise<string> =>
    bench.room.git(`${bench.at('a')}/lib`, 'log', '--format=%H %s', '--name-only');
  const before = await wholeOf(bench, 'a');
  const log = await inside();
  await remove(bench, 'a');
  await gc(bench);
  expect((await failure(bench, 'restore', 'a', '--as', 'b')).code).toBe('path.unsafe');
  await bench.wt('restore', 'a');
  expect(await wholeOf(bench, 'a')).toEqual(before);
  expect(await inside()).toBe(log);
});

test('pointers that are relative stay as they are', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await writeFile(`${bench.at('a')}/.git`, 'gitdir: ../../.git/worktrees/a\n');
  await writeFile(`${bench.root}/.git/worktrees/a/gitdir`, '../../../.worktrees/a/.git\n');
  const before = await wholeOf(bench, 'a');
  expect((await bench.wt('remove', 'a')).code).toBe(0);
  await bench.wt('restore', 'a');
  expect(await wholeOf(bench, 'a')).toEqual(before);
});

test('a place that is taken at the last moment leaves all of it in the trash', async () => {
  const bench = await makeMessy();
  const before = await wholeOf(bench, 'a');
  await remove(bench, 'a');
  const untouched = await refs(bench);
  const taken: typeof bench.wt = (...argv) =>
    bench.wt(...argv, {
      wrap: (run) => async (request) => {
        const result = await run(request);
        if (request.shownArgs?.includes('--stdin') === true) await mkdir(bench.at('a'), { recursive: true });
        return result;
      },
    });
  expect((await taken('restore', 'a')).code).toBe(4);
  expect(await readdir(bench.at('a'))).toEqual([]);
  expect(await refs(bench)).toBe(untouched);
  expect(await leftovers(bench.root)).toEqual([]);
  await rmdir(bench.at('a'));
  expect((await bench.wt('restore', 'a')).code).toBe(0);
  expect(await wholeOf(bench, 'a')).toEqual(before);
});

/** What a restore leaves that is killed after it has made the branch. */
async function killAfterBranch(bench: Bench, op: string): Promise<void> {
  const journal = `${bench.root}/.git/wt/journal`;
  const tip = await bench.git('rev-parse', `refs/wt/trash/a/${op}/branch`);
  let name = '';
  let text = '';
  await bench.wt('restore', 'a', {
    wrap: (run) => async (request) => {
      if (request.shownArgs?.includes('--stdin') !== true || name !== '') return run(request);
      [name = ''] = await readdir(journal);
      text = await readFile(path.join(journal, name), 'utf8');
      throw new Error('killed');
    },
  });
  await bench.git('update-ref', '-m', `wt restore (${op})`, '--create-reflog', 'refs/heads/wt/a', tip);
  await bench.room.write(journal, { [name]: text });
  await endOwners(bench);
}

test('a restore that was killed after its branch was made is finished by the next command', async () => {
  const bench = await makeMessy();
  const { status, files, branch, row } = await wholeOf(bench, 'a');
  const op = await remove(bench, 'a');
  await killAfterBranch(bench, op);
  expect((await bench.wt('list')).stderr).toBe('wt: finished the interrupted restore of a\n');
  expect(await wholeOf(bench, 'a')).toMatchObject({ status, files, branch, row });
  expect(await trashOf(bench)).toEqual([]);
  expect(await leftovers(bench.root)).toEqual([]);
});

test('a restore that was killed and whose place is taken by now is undone, and works once the place is free', async () => {
  const bench = await makeMessy();
  const before = await wholeOf(bench, 'a');
  const op = await remove(bench, 'a');
  const untouched = await refs(bench);
  await killAfterBranch(bench, op);
  await bench.room.write(bench.at('a'), { 'mine.txt': 'mine\n' });
  expect((await bench.wt('list')).stderr).toBe(
    'wt: the interrupted restore of a stays undone: $ROOM/app/.worktrees/a is taken by now\n',
  );
  expect(await refs(bench)).toBe(untouched);
  expect(await readdir(bench.at('a'))).toEqual(['mine.txt']);
  expect(await trashOf(bench)).toEqual([op]);
  await rename(bench.at('a'), `${bench.room.dir}/mine`);
  expect((await bench.wt('restore', 'a')).code).toBe(0);
  expect(await wholeOf(bench, 'a')).toEqual(before);
  expect(await leftovers(bench.root)).toEqual([]);
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
