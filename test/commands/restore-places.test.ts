import { mkdir, readdir, readFile, rename, rm, rmdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { endOwners } from '../support/invariants.ts';
import { failure, leftovers, refs, runFix } from '../support/listing.ts';
import { wholeOf } from '../support/whole.ts';
import { benchAt, makeBench, type Bench } from '../support/wt.ts';
import { expectRefused, gc, makeMessy, remove, trashOf } from '../support/removed.ts';

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
