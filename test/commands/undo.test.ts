import { chmod, mkdir, readdir, readFile, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { photograph } from '../support/invariants.ts';
import { failure, picture, runFix } from '../support/listing.ts';
import { makeBench, type Bench } from '../support/wt.ts';
import { expectRefused, expectThereAndBack, makeLandable, trashOf } from '../support/undone.ts';

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
