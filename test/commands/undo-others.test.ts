import { readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { killAtGit } from '../support/faults.ts';
import { failure, picture, runFix } from '../support/listing.ts';
import { exists } from '../support/spawn.ts';
import { makeBench, type Bench, type Stage } from '../support/wt.ts';

interface Listed {
  calls: { call: string; command: string }[];
}

/** Name of the oldest call of that command. */
async function firstCall(bench: Bench, command: string): Promise<string> {
  const { calls } = await bench.data<Listed>('undo', '--list');
  return calls.findLast((one) => one.command === command)?.call ?? '';
}

async function expectLeftAlone(bench: Bench, code: string, ...argv: string[]): Promise<void> {
  const before = await picture(bench);
  expect(await failure(bench, 'undo', ...argv)).toMatchObject({ exit: 4, code, changed: false });
  expect(await picture(bench)).toEqual(before);
}

test('what was done to a session is not taken back on another one that has its id by now', async () => {
  const bench = await makeBench();
  await bench.write({ 'mine.txt': 'mine\n' });
  await bench.wt('create', 'x', '--from-changes');
  const create = await firstCall(bench, 'wt create');
  await bench.wt('remove', 'x', '--force');
  await bench.wt('create', 'x');
  await bench.room.write(bench.at('x'), { 'theirs.txt': 'of another agent\n' });
  await expectLeftAlone(bench, 'path.unsafe', create);
});

test('an adoption is not taken back on a session of the same id that was made since', async () => {
  const bench = await makeBench();
  await bench.git('worktree', 'add', '-q', '-b', 'topic', '../elsewhere');
  await bench.wt('adopt', '../elsewhere', '--as', 'h');
  const adopt = await firstCall(bench, 'wt adopt');
  await bench.wt('remove', 'h', '--force');
  await bench.wt('create', 'h');
  await expectLeftAlone(bench, 'path.unsafe', adopt);
});

test('a restored session with work since is left alone by the undo of its restore', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'x');
  await bench.room.write(bench.at('x'), { 'old.txt': 'old\n' });
  await bench.wt('remove', 'x', '--force');
  await bench.wt('restore', 'x');
  await bench.room.write(bench.at('x'), { 'new.txt': 'new\n' });
  await expectLeftAlone(bench, 'session.dirty');
  await rm(`${bench.at('x')}/new.txt`);
  await bench.work('x', { 'old.txt': 'old, committed\n' });
  await expectLeftAlone(bench, 'session.unmerged');
});

test('of a removal of several those that are back already are passed over', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await bench.wt('create', 'b');
  await bench.wt('remove', 'a', 'b');
  const removal = await firstCall(bench, 'wt remove');
  await bench.wt('restore', 'a');
  expect((await bench.wt('undo', removal)).code).toBe(0);
  expect([await exists(bench.at('a')), await exists(bench.at('b'))]).toEqual([true, true]);
});

test('a landing that has been pushed stays, and the way by hand works', async () => {
  const bench = await makeBench();
  const remote = path.join(bench.room.dir, 'remote.git');
  await bench.git('clone', '-q', '--bare', '.', remote);
  await bench.git('remote', 'add', 'origin', remote);
  await bench.wt('create', 'a');
  await bench.work('a', { a: '1\n' });
  await bench.wt('merge', 'a', '--yes');
  await bench.git('push', '-q', 'origin', 'main');
  const error = await failure(bench, 'undo');
  expect(error).toMatchObject({ exit: 9, code: 'target.moved', retryable: false, changed: false });
  expect(await runFix(bench, error.fix)).toBe(0);
  expect(await exists(path.join(bench.root, 'a'))).toBe(false);
});

test('a commit that a person made after wt commit was killed is not taken for its own', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await bench.room.write(bench.at('a'), { a: '1\n' });
  for (let n = 1; ; n++) {
    if (!(await killAtGit(bench, ['commit', 'a', '-m', 'of wt'], { n, moment: 'before' }))) throw new Error('no kill');
    const log = await bench.room.git(bench.at('a'), 'log', '-1', '--format=%s');
    const journal = await bench.git('rev-parse', '--git-path', 'wt/journal');
    if (log !== 'of wt' && (await exists(path.join(bench.root, journal)))) {
      const open = (await bench.room.git(bench.at('a'), 'status', '--porcelain')).startsWith('A');
      if (open) break;
    }
    await bench.wt('list');
  }
  await bench.room.git(bench.at('a'), 'commit', '-qm', 'by hand');
  await bench.wt('list');
  expect((await bench.data<Listed>('undo', '--list')).calls.map(({ command }) => command)).toEqual(['wt create']);
});

test('a lock of git in the session holds the undo of a commit, before anything moves', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await bench.room.write(bench.at('a'), { a: '1\n' });
  await bench.wt('commit', 'a');
  const lock = path.join(bench.root, '.git/worktrees/a/index.lock');
  await writeFile(lock, '');
  await expectLeftAlone(bench, 'session.operation');
  await rm(lock);
  expect((await bench.wt('undo')).code).toBe(0);
});

test('a commit is taken back also when the index before it has been collected since', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await bench.room.write(bench.at('a'), { f: 'staged\n' });
  await bench.room.git(bench.at('a'), 'add', 'f');
  await bench.room.write(bench.at('a'), { f: 'edited on\n' });
  await bench.wt('commit', 'a');
  const names = await bench.git('for-each-ref', '--format=%(refname)', 'refs/wt/rewound');
  for (const name of names.split('\n').filter(Boolean)) await bench.git('update-ref', '-d', name);
  await bench.git('gc', '--quiet', '--prune=now');
  expect((await bench.wt('undo')).code).toBe(0);
  expect(await readFile(`${bench.at('a')}/f`, 'utf8')).toBe('edited on\n');
  expect((await bench.wt('list')).stderr).toBe('');
});

test('what an open commit had staged is not swept away, however old it is', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  const cache = path.join(bench.root, '.git/wt/cache');
  const journal = path.join(bench.root, '.git/wt/journal');
  const op = '00000000-0000-4000-8000-000000000000';
  await bench.room.write(cache, { [`index-${op}`]: 'kept', 'index-left': 'left' });
  for (const name of [`index-${op}`, 'index-left']) await utimes(path.join(cache, name), 1, 1);
  const head = await bench.git('rev-parse', 'HEAD');
  const owner = {
    pid: 1,
    start: '1',
    boot: null,
    pidns: null,
    host: 'elsewhere',
    nonce: 'n',
    fifo: null,
    command: 'wt',
  };
  const admin = path.join(bench.root, '.git/worktrees/a');
  const entry = {
    op,
    kind: 'commit',
    owner,
    generation: 1,
    startedAt: new Date().toISOString(),
    id: 'a',
    path: bench.at('a'),
  };
  await bench.room.write(journal, {
    [`${op}.json`]: JSON.stringify({
      ...entry,
      adminDirectory: admin,
      ref: 'refs/heads/wt/a',
      from: head,
      index: null,
    }),
  });
  for (let n = 0; n < 16; n++) await bench.wt('undo', 'nobody');
  expect([await exists(path.join(cache, `index-${op}`)), await exists(path.join(cache, 'index-left'))]).toEqual([
    true,
    false,
  ]);
});

test('a session of a repository that was moved is not removed as one whose folder is gone', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await bench.room.write(bench.at('a'), { 'free.txt': 'free\n' });
  const moved = path.join(bench.room.dir, 'moved');
  await rename(bench.root, moved);
  const { code, stderr } = await bench.wt('remove', 'a', '--force', { cwd: moved });
  expect(code).toBe(4);
  expect(stderr).toContain('next: wt doctor');
  expect(await readFile(path.join(moved, '.worktrees/a/free.txt'), 'utf8')).toBe('free\n');
  expect((await bench.wt('doctor', '--fix', { cwd: moved })).code).toBe(0);
  expect((await bench.wt('remove', 'a', '--force', { cwd: moved })).code).toBe(0);
});

test('a session whose branch is gone gets no commit that stands alone', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await bench.work('a', { a: '1\n' });
  await bench.git('update-ref', '-d', 'refs/heads/wt/a');
  const error = await failure(bench, 'commit', 'a');
  expect(error).toMatchObject({ exit: 4, code: 'path.unsafe', changed: false });
  expect(await runFix(bench, error.fix)).toBe(0);
  expect(await bench.room.git(bench.at('a'), 'log', '-1', '--format=%s')).not.toBe('');
});

test('what is edited where the changes came from while they go back is not written over', async () => {
  const bench = await makeBench({ f: 'one\n' });
  await bench.write({ f: 'carried, long\n' });
  await bench.wt('create', 'a', '--from-changes');
  let isEdited = false;
  const wrap: NonNullable<Stage['wrap']> = (run) => async (request) => {
    // The changes have been judged and are just being read.
    if (!isEdited && request.shownArgs?.[0] === 'commit-tree') {
      isEdited = true;
      await bench.write({ f: 'edited by a person\n' });
    }
    return run(request);
  };
  expect((await bench.wt('undo', { wrap })).code).toBe(4);
  expect(isEdited).toBe(true);
  expect(await readFile(path.join(bench.root, 'f'), 'utf8')).toBe('edited by a person\n');
  expect(await readFile(`${bench.at('a')}/f`, 'utf8')).toBe('carried, long\n');
});
