import { readFile, rm, stat } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { listObjects, photograph } from '../support/invariants.ts';
import { failure, leftovers } from '../support/listing.ts';
import { expectThereAndBack, lookAt } from '../support/undone.ts';
import { makeBench, type Bench } from '../support/wt.ts';

const lines = (...changes: readonly [number, string][]): string => {
  const all = Array.from({ length: 9 }, (_, i) => String(i + 1));
  for (const [at, text] of changes) all[at - 1] = text;
  return `${all.join('\n')}\n`;
};

/** Session `a` with uncommitted work of every kind, behind a main that has changed `shared` and brought `main.txt`. */
async function makeDirty(): Promise<Bench> {
  const bench = await makeBench({ shared: lines(), own: 'one\n', deleted: 'x\n', crlf: 'a\n', staged: lines() });
  await bench.wt('create', 'a');
  await bench.work('a', { committed: 'x\n' }, 'committed');
  const folder = bench.at('a');
  await bench.room.write(folder, { staged: lines([9, 'staged']), 'new-staged.txt': 'staged only\n' });
  await bench.room.git(folder, 'add', '-A');
  await bench.room.write(folder, {
    'new-staged.txt': 'edited on top\n',
    own: 'unstaged\n',
    'deep/untracked.txt': 'untracked\n',
    shared: lines([9, 'nine in a']),
  });
  await rm(`${folder}/deleted`);
  await bench.write({ shared: lines([1, 'one in main']), staged: lines([1, 'one in main']), 'main.txt': 'main\n' });
  await bench.git('add', '-A');
  await bench.git('commit', '-qm', 'meanwhile');
  return bench;
}

const read = (bench: Bench, name: string): Promise<string> => readFile(`${bench.at('a')}/${name}`, 'utf8');

test('uncommitted work comes along: staged stays staged, what both change is merged', async () => {
  const bench = await makeDirty();
  const { code, stdout } = await bench.wt('sync', 'a', '--include-dirty');
  expect(code).toBe(0);
  expect(stdout).toContain('uncommitted work came along, a copy is kept');
  expect(await bench.room.git(bench.at('a'), 'status', '--porcelain')).toBe(
    [' D deleted', 'AM new-staged.txt', ' M own', ' M shared', 'M  staged', '?? deep/'].join('\n'),
  );
  expect(await read(bench, 'shared')).toBe(lines([1, 'one in main'], [9, 'nine in a']));
  expect(await read(bench, 'staged')).toBe(lines([1, 'one in main'], [9, 'staged']));
  expect(await bench.room.git(bench.at('a'), 'show', ':new-staged.txt')).toBe('staged only');
  expect(await read(bench, 'main.txt')).toBe('main\n');
});

test('a file that the move does not touch is not even written', async () => {
  const bench = await makeDirty();
  const names = ['own', 'deep/untracked.txt', 'new-staged.txt', 'committed'];
  const look = (): Promise<unknown[]> =>
    Promise.all(
      names.map(async (name) => {
        const { ino, mtimeMs, ctimeMs } = await stat(`${bench.at('a')}/${name}`);
        return { name, ino, mtimeMs, ctimeMs };
      }),
    );
  const before = await look();
  await bench.wt('sync', 'a', '--include-dirty');
  expect(await look()).toEqual(before);
});

test('undo brings the uncommitted work back exactly, and again', async () => {
  await expectThereAndBack(await makeDirty(), 'sync', 'a', '--include-dirty');
});

test('undo of a sync whose work has been edited since merges that back', async () => {
  const bench = await makeDirty();
  await bench.wt('sync', 'a', '--include-dirty');
  await bench.room.write(bench.at('a'), { own: 'edited later\n' });
  expect((await bench.wt('undo')).code).toBe(0);
  expect(await read(bench, 'own')).toBe('edited later\n');
  expect(await read(bench, 'shared')).toBe(lines([9, 'nine in a']));
  expect(await bench.room.git(bench.at('a'), 'show', ':new-staged.txt')).toBe('staged only');
});

test.for([
  ['an edited file', { shared: lines([1, 'one in a']) }],
  ['a new file', { 'main.txt': 'another main\n' }],
] as const)('%s that conflicts with the base leaves all as it was', async ([, files]) => {
  const bench = await makeDirty();
  await bench.room.write(bench.at('a'), files);
  const before = await photograph(bench);
  const error = await failure(bench, 'sync', 'a', '--include-dirty');
  expect(error).toMatchObject({ exit: 6, code: 'merge.conflict', changed: false });
  expect(error.message).toContain('uncommitted changes of a conflict');
  expect(await photograph(bench)).toEqual(before);
  expect(await leftovers(bench.root)).toEqual([]);
});

test('staged work that conflicts leaves all as it was, though the file would merge', async () => {
  const bench = await makeDirty();
  await bench.room.write(bench.at('a'), { staged: lines([1, 'one staged in a']) });
  await bench.room.git(bench.at('a'), 'add', 'staged');
  await bench.room.write(bench.at('a'), { staged: lines() });
  const before = await photograph(bench);
  expect(await failure(bench, 'sync', 'a', '--include-dirty')).toMatchObject({ exit: 6, code: 'merge.conflict' });
  expect(await photograph(bench)).toEqual(before);
});

test('a copy of index and files outlives the next gc', async () => {
  const bench = await makeDirty();
  await bench.wt('sync', 'a', '--include-dirty');
  await bench.git('gc', '-q', '--prune=now');
  const pin = await bench.git('for-each-ref', '--format=%(objectname)', 'refs/wt/rewound/a/');
  expect(await bench.git('show', `${pin}:shared`)).toBe(lines([9, 'nine in a']).trim());
  expect(await bench.git('show', `${pin}^2:new-staged.txt`)).toBe('staged only');
  expect((await bench.wt('undo')).code).toBe(0);
  expect(await read(bench, 'shared')).toBe(lines([9, 'nine in a']));
});

test('a busy session is refused all the same', async () => {
  const bench = await makeDirty();
  await bench.room.git(bench.at('a'), 'switch', '-q', '--detach');
  expect(await failure(bench, 'sync', 'a', '--include-dirty')).toMatchObject({ exit: 4, code: 'session.operation' });
});

test('a file that is edited at this very moment stops it, and nothing is touched', async () => {
  const bench = await makeDirty();
  let isDone = false;
  const before = await lookAt(bench);
  const { code } = await bench.wt('sync', 'a', '--include-dirty', {
    wrap: (run) => async (request) => {
      if (!isDone && request.args.includes('read-tree')) {
        isDone = true;
        await bench.room.write(bench.at('a'), { shared: 'edited just now\n' });
      }
      return run(request);
    },
  });
  expect({ isOk: code === 0, isDone }).toEqual({ isOk: false, isDone: true });
  expect(await read(bench, 'shared')).toBe('edited just now\n');
  await bench.room.write(bench.at('a'), { shared: lines([9, 'nine in a']) });
  await bench.wt('list');
  expect(await lookAt(bench)).toEqual(before);
  expect(await leftovers(bench.root)).toEqual([]);
});

test('a file that git is told not to look at is not written over', async () => {
  const bench = await makeDirty();
  await bench.room.git(bench.at('a'), 'checkout', '-q', 'shared');
  await bench.room.git(bench.at('a'), 'update-index', '--assume-unchanged', 'shared');
  await bench.room.write(bench.at('a'), { shared: 'hidden edit\n' });
  expect(await failure(bench, 'sync', 'a', '--include-dirty')).toMatchObject({ exit: 4, code: 'session.dirty' });
  expect(await read(bench, 'shared')).toBe('hidden edit\n');
});

test('a dry run writes nothing, not even an object', async () => {
  const bench = await makeDirty();
  const [before, objects] = [await photograph(bench), await listObjects(bench)];
  expect((await bench.wt('sync', 'a', '--include-dirty', '-n')).code).toBe(0);
  expect(await photograph(bench)).toEqual(before);
  expect(await listObjects(bench)).toEqual(objects);
});
