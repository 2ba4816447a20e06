import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { expectInvariants, rememberWork } from '../../support/invariants.ts';
import { exists, findFaults } from '../../support/spawn.ts';
import { create, makeSpares, POOL, spareFolders, spareOf } from '../../support/spares.ts';
import { makeBench, type Bench } from '../../support/wt.ts';

test('a create with a spare ready makes no checkout, and the session is like any other', async () => {
  const bench = await makeBench();
  expect(await makeSpares(bench)).toBe('wt: 1 spares made\n');
  const { git, code, stderr, wasSpare } = await create(bench, 'a', '--task', 'Do it');
  expect({ code, stderr, wasSpare }).toEqual({ code: 0, stderr: '', wasSpare: true });
  expect(git.map(([verb]) => verb)).toEqual(['rev-parse', 'for-each-ref', 'status', 'update-ref']);
  expect(await bench.room.git(bench.at('a'), 'status', '--porcelain', '--branch')).toBe('## wt/a');
  expect(await findFaults(bench.room, bench.root)).toEqual([]);
  expect(await bench.git('worktree', 'list', '--porcelain')).toContain(`worktree ${bench.at('a')}\n`);
  const { sessions } = await bench.data<{ sessions: object[] }>('list');
  expect(sessions).toMatchObject([{ id: 'a', status: 'new', task: 'Do it' }]);
  expect(await exists(path.join(bench.root, '.git/worktrees/a/wt-spare.json'))).toBe(false);
});

test('git finds it as it finds one of its own: a branch of its own, a reflog, a lock, and a commit lands', async () => {
  const bench = await makeBench();
  await makeSpares(bench);
  await create(bench, 'a');
  await bench.wt('create', 'b');
  const git = (...args: string[]): Promise<string> => bench.room.git(bench.at('a'), ...args);
  expect(await git('rev-parse', '--git-dir')).toBe(`${bench.root}/.git/worktrees/a`);
  expect(await git('reflog', 'HEAD')).toContain('branch: Created from main');
  const [a, b] = await Promise.all(
    ['a', 'b'].map((id) => readFile(path.join(bench.root, '.git/worktrees', id, 'locked'), 'utf8')),
  );
  expect(a).toBe(b?.replaceAll('wt b', 'wt a').replaceAll('remove b', 'remove a'));
  await bench.work('a', { 'work.txt': 'work\n' });
  expect((await bench.wt('merge', 'a', '--yes', '--remove')).code).toBe(0);
  expect(await readFile(path.join(bench.root, 'work.txt'), 'utf8')).toBe('work\n');
});

test('a base that has gone on is reached by two trees: what did not change is not written again', async () => {
  const bench = await makeBench({ 'same.txt': 'same\n', 'old.txt': 'old\n', 'dir/gone.txt': 'gone\n' });
  await makeSpares(bench);
  const before = await stat(path.join(await spareOf(bench), 'same.txt'));
  await bench.write({ 'old.txt': 'new\n', 'more/deep.txt': 'deep\n' });
  await bench.git('rm', '-q', 'dir/gone.txt');
  await bench.git('add', '-A');
  await bench.git('commit', '-qm', 'meanwhile');
  const { wasSpare, git } = await create(bench, 'a');
  expect(wasSpare).toBe(true);
  expect(git.map(([verb]) => verb)).toContain('read-tree');
  expect(await bench.room.git(bench.at('a'), 'rev-parse', 'HEAD')).toBe(await bench.git('rev-parse', 'main'));
  expect(await bench.room.git(bench.at('a'), 'status', '--porcelain', '--ignored')).toBe('');
  expect(await exists(path.join(bench.at('a'), 'dir'))).toBe(false);
  const after = await stat(path.join(bench.at('a'), 'same.txt'));
  expect([after.ino, after.mtimeMs]).toEqual([before.ino, before.mtimeMs]);
});

test('nothing of a session is racy: git trusts the index without a look into the files', async () => {
  const bench = await makeBench();
  await makeSpares(bench);
  await create(bench, 'a');
  const index = await stat(path.join(bench.root, '.git/worktrees/a/index'));
  const file = await stat(path.join(bench.at('a'), 'README.md'));
  expect(Math.floor(index.mtimeMs / 1000)).toBeGreaterThan(Math.floor(file.mtimeMs / 1000));
});

const TOUCHED: readonly (readonly [string, (bench: Bench, spare: string) => Promise<unknown>])[] = [
  ['an edited file', (_, spare) => writeFile(path.join(spare, 'README.md'), 'mine\n')],
  ['a new file', (_, spare) => writeFile(path.join(spare, 'mine.txt'), 'mine\n')],
  [
    'a staged file',
    async ({ room }, spare) => {
      await writeFile(path.join(spare, 'mine.txt'), 'mine\n');
      await room.git(spare, 'add', 'mine.txt');
    },
  ],
  [
    'a commit',
    async ({ room }, spare) => {
      await writeFile(path.join(spare, 'mine.txt'), 'mine\n');
      await room.git(spare, 'add', 'mine.txt');
      await room.git(spare, 'commit', '-qm', 'mine');
    },
  ],
  ['a branch', ({ room }, spare) => room.git(spare, 'switch', '-qc', 'mine')],
];

test.each(TOUCHED)('a spare with %s in it is nobody’s session, and clean puts it into the trash', async (_, touch) => {
  const bench = await makeBench();
  await makeSpares(bench);
  const spare = await spareOf(bench);
  await touch(bench, spare);
  const { wasSpare, code } = await create(bench, 'a');
  expect({ wasSpare, code }).toEqual({ wasSpare: false, code: 0 });
  expect(await bench.room.git(bench.at('a'), 'status', '--porcelain')).toBe('');
  const { spares } = await bench.data<{ spares: { path: string; kept: string }[] }>('clean', POOL);
  expect(spares).toMatchObject([{ path: spare, kept: expect.stringContaining('/.git/wt/trash/') }]);
  expect(await spareFolders(bench)).toEqual([]);
  const kept = spares[0]?.kept ?? '';
  const file = (await exists(path.join(kept, 'tree/mine.txt'))) ? 'mine.txt' : 'README.md';
  const text = await readFile(path.join(kept, 'tree', file), 'utf8');
  expect(['mine\n', await readFile(path.join(bench.root, 'README.md'), 'utf8')]).toContain(text);
});

test('a commit that somebody made in a spare outlives a gc that prunes at once', async () => {
  const bench = await makeBench();
  await makeSpares(bench);
  const spare = await spareOf(bench);
  await writeFile(path.join(spare, 'mine.txt'), 'mine\n');
  await bench.room.git(spare, 'add', 'mine.txt');
  await bench.room.git(spare, 'commit', '-qm', 'mine');
  const commit = await bench.room.git(spare, 'rev-parse', 'HEAD');
  await bench.wt('clean', POOL);
  await bench.git('gc', '--quiet', '--prune=now');
  expect(await bench.git('cat-file', '-t', commit)).toBe('commit');
});

test('a spare that was moved, or whose record is damaged, is none', async () => {
  const bench = await makeBench();
  await makeSpares(bench, 2);
  const [first = '', second = ''] = await spareFolders(bench);
  await rename(path.join(bench.root, '.worktrees', first), path.join(bench.root, 'elsewhere'));
  await writeFile(path.join(bench.root, '.git/wt', second.slice(1), 'wt-spare.json'), '{}');
  const { wasSpare, code } = await create(bench, 'a');
  expect({ wasSpare, code }).toEqual({ wasSpare: false, code: 0 });
});

test('--from-changes and an existing branch make their own worktree', async () => {
  const bench = await makeBench();
  await makeSpares(bench);
  await bench.git('branch', 'mine');
  expect((await create(bench, 'a', '--branch', 'mine')).wasSpare).toBe(false);
  await bench.write({ 'new.txt': 'new\n' });
  expect((await create(bench, 'b', '--from-changes')).wasSpare).toBe(false);
  expect((await create(bench, 'c')).wasSpare).toBe(true);
});

test('without pool.size no spare is made, and none is looked for', async () => {
  const bench = await makeBench();
  await makeSpares(bench);
  const { git } = await bench.wt('create', 'a');
  expect(git.map(([verb]) => verb)).toContain('worktree');
  expect(await spareFolders(bench)).toHaveLength(1);
});

test('wt undo takes such a session back, and it can be restored', async () => {
  const bench = await makeBench();
  await makeSpares(bench);
  const work = await rememberWork(bench);
  await create(bench, 'a');
  expect((await bench.wt('undo')).code).toBe(0);
  expect(await bench.git('branch', '--list', 'wt/*')).toBe('');
  await expectInvariants(bench, work);
  expect((await bench.wt('restore', 'a')).code).toBe(0);
  expect(await bench.room.git(bench.at('a'), 'status', '--porcelain', '--branch')).toBe('## wt/a');
});

test('a create that fails once the spare has its name gives it back: the next one gets it', async () => {
  const bench = await makeBench();
  await makeSpares(bench);
  const [spare] = await spareFolders(bench);
  const operations = path.join(bench.root, '.git/wt/logs/operations.jsonl');
  await bench.wt('create', 'x');
  await bench.wt('remove', 'x');
  await rename(operations, `${operations}.aside`);
  await bench.room.write(bench.root, { '.git/wt/logs/operations.jsonl/in-the-way': '' });
  const failed = await create(bench, 'a');
  expect(failed.code).not.toBe(0);
  expect(await spareFolders(bench)).toEqual([spare]);
  expect(await bench.git('branch', '--list', 'wt/a')).toBe('');
  expect(await exists(bench.at('a'))).toBe(false);
  await rename(path.dirname(operations), `${path.dirname(operations)}.bad`);
  const { code, wasSpare } = await create(bench, 'a');
  expect({ code, wasSpare }).toEqual({ code: 0, wasSpare: true });
  expect(await bench.room.git(bench.at('a'), 'status', '--porcelain', '--branch')).toBe('## wt/a');
});
