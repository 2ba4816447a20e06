import { readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import type { Files } from '../support/room.ts';
import { makeBench, type Bench, type Stage } from '../support/wt.ts';

/** An edit of the same size in the second in which the index was written: git finds it by content only (racy-git). */
async function editInTheSameSecond(bench: Bench, worktree: string, index: string): Promise<void> {
  await bench.git('config', 'core.trustctime', 'false');
  const { atime, mtime } = await stat(`${worktree}/f`);
  await writeFile(`${worktree}/f`, 'two\n');
  await utimes(`${worktree}/f`, atime, mtime);
  await utimes(index, atime, mtime);
}

const nextSecond = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1100));

test('--from-changes moves an edit made in the second in which the index was written', async () => {
  const bench = await makeBench({ f: 'one\n' });
  await nextSecond();
  await editInTheSameSecond(bench, bench.root, `${bench.root}/.git/index`);
  await bench.write({ other: 'x\n' });
  expect((await bench.wt('create', 'x', '--from-changes')).code).toBe(0);
  expect(await readFile(`${bench.at('x')}/f`, 'utf8')).toBe('two\n');
});

test('diff shows an edit made in the second in which the index was written', async () => {
  const bench = await makeBench({ f: 'one\n' });
  await bench.wt('create', 'a');
  await nextSecond();
  await editInTheSameSecond(bench, bench.at('a'), `${bench.root}/.git/worktrees/a/index`);
  expect((await bench.wt('diff', 'a', '--name-only')).stdout).toBe('f\n');
});

test('a refused commit leaves such an edit visible to git status', async () => {
  const bench = await makeBench({ f: 'one\n' });
  await bench.wt('create', 'a');
  await writeFile(`${bench.root}/.git/hooks/pre-commit`, '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  await nextSecond();
  await editInTheSameSecond(bench, bench.at('a'), `${bench.root}/.git/worktrees/a/index`);
  expect((await bench.wt('commit', 'a')).code).toBe(7);
  expect(await bench.room.git(bench.at('a'), 'status', '--porcelain')).toBe(' M f');
});

const IGNORED: readonly (readonly [string, Files, string, (bench: Bench) => Promise<unknown>])[] = [
  [
    'that is no longer tracked',
    { '.env': 'v1\n' },
    '.env',
    async (bench) => {
      await bench.git('rm', '-q', '--cached', '.env');
      await bench.write({ '.gitignore': '.env\n', '.env': 'secret v2\n' });
    },
  ],
  [
    'in a folder where a tracked file was',
    { f: 'f\n' },
    'f/x.db',
    async (bench) => {
      await writeFile(`${bench.root}/.git/info/exclude`, '*.db\n');
      await rm(`${bench.root}/f`);
      await bench.write({ 'f/x.db': 'ignored\n' });
    },
  ],
  [
    'where a tracked folder was',
    { 'd/x': 'x\n' },
    'd',
    async (bench) => {
      await writeFile(`${bench.root}/.git/info/exclude`, '/d\n');
      await rm(`${bench.root}/d`, { recursive: true });
      await bench.write({ d: 'ignored\n' });
    },
  ],
];

test.each(IGNORED)('--from-changes keeps an ignored file %s', async (_, files, name, prepare) => {
  const bench = await makeBench(files);
  await prepare(bench);
  const before = await readFile(`${bench.root}/${name}`, 'utf8');
  expect((await bench.wt('create', 'x', '--from-changes')).code).toBe(2);
  expect(await readFile(`${bench.root}/${name}`, 'utf8')).toBe(before);
  expect(await bench.git('branch', '--list', 'wt/x')).toBe('');
});

test('--from-changes moves a file that has taken the place of a tracked folder', async () => {
  const bench = await makeBench({ 'd/x': 'x\n', keep: 'k\n' });
  await rm(`${bench.root}/d`, { recursive: true });
  await bench.write({ d: 'now a file\n' });
  expect((await bench.wt('create', 'x', '--from-changes')).code).toBe(0);
  expect(await readFile(`${bench.at('x')}/d`, 'utf8')).toBe('now a file\n');
  expect(await bench.git('status', '--porcelain')).toBe('');
});

test('--from-changes without changes is refused by a dry run too', async () => {
  const bench = await makeBench();
  expect((await bench.wt('create', 'x', '--from-changes', '--dry-run')).code).toBe(2);
});

test('a file that is edited while the others leave is not written over', async () => {
  const bench = await makeBench({ f: 'one\n', g: 'one\n' });
  await bench.write({ f: 'changed, long\n' });
  let isEdited = false;
  const wrap: NonNullable<Stage['wrap']> = (run) => async (request) => {
    if (!isEdited && request.shownArgs?.[0] === 'reset' && request.cwd === bench.root) {
      isEdited = true;
      await bench.write({ g: 'edited by a person\n' });
    }
    return run(request);
  };
  expect((await bench.wt('create', 'a', '--from-changes', { wrap })).code).toBe(0);
  expect(isEdited).toBe(true);
  expect(await bench.git('status', '--porcelain')).toBe(' M g');
  expect(await readFile(`${bench.root}/g`, 'utf8')).toBe('edited by a person\n');
});
