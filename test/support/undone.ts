import { readdir, readFile } from 'node:fs/promises';
import { expect } from 'vitest';
import { photograph } from './invariants.ts';
import { failure, leftovers, picture } from './listing.ts';
import { makeBench, type Bench } from './wt.ts';

/** What a person has: refs that are theirs, worktrees with index and files, and the rows. */
export async function lookAt(bench: Bench): Promise<object> {
  const { refs, trees } = await photograph(bench);
  const rows = JSON.parse(await readFile(`${bench.root}/.worktrees/sessions.json`, 'utf8')) as { sessions: object };
  return {
    refs: refs.split('\n').filter((line) => !line.includes('refs/wt/')),
    trees,
    rows: rows.sessions,
  };
}

export const trashOf = ({ root }: Bench): Promise<string[]> => readdir(`${root}/.git/wt/trash`).catch(() => []);

/** It must fail and leave all as it was. */
export async function expectRefused(
  bench: Bench,
  code: string,
  exit: number,
  ...argv: string[]
): Promise<readonly string[]> {
  const before = [await picture(bench), await trashOf(bench)];
  const error = await failure(bench, 'undo', ...argv);
  expect({ code: error.code, exit: error.exit, changed: error.changed }).toEqual({ code, exit, changed: false });
  expect([await picture(bench), await trashOf(bench)]).toEqual(before);
  expect(await leftovers(bench.root)).toEqual([]);
  return error.fix ?? [];
}

/** Does it, takes it back, takes that back: where it was, and then where it was again. */
export async function expectThereAndBack(bench: Bench, ...argv: string[]): Promise<void> {
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

export async function makeLandable(): Promise<Bench> {
  const bench = await makeBench({ f: '1\n2\n3\n4\n5\n', other: 'one\n', third: 'one\n' });
  await bench.wt('create', 'a', '--task', 'Land it');
  await bench.work('a', { f: '1\n2\n3\n4\n5 in a\n', 'feature.txt': 'feature\n' }, 'first');
  await bench.work('a', { 'feature.txt': 'feature, more\n' }, 'second');
  return bench;
}
