import path from 'node:path';
import { expect, test } from 'vitest';
import type { Case, Group } from '../../bench/case.ts';
import { ALL } from '../../bench/all.ts';
import { historyOf } from '../../bench/repositories.ts';
import { chosenFrom } from '../../bench/select.ts';
import { makeRoom } from '../support/room.ts';
import { start } from '../support/spawn.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

async function bench(...words: readonly string[]) {
  const room = await makeRoom();
  const script = ['scripts/run-ts.mjs', 'bench/run.ts', ...words];
  return start(room, ROOT, [process.execPath, ...script]).done;
}

test('every case has a name of its own, a floor, and more rounds than a quick run', () => {
  const cases = ALL.flatMap((group) => group.cases);
  expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
  for (const one of cases.filter((each): each is Exclude<Case, { kind: 'table' }> => each.kind !== 'table')) {
    expect(one.rounds.full).toBeGreaterThanOrEqual(one.rounds.quick);
    expect(one.kind === 'race' ? one.floor : '.').not.toBe('');
  }
});

test('a case is chosen by its name or that of its group; a quick run leaves the long ones out', () => {
  const one = (name: string, isLong = false): Case => ({
    kind: 'table',
    name,
    title: name,
    isLong,
    prepare: () => Promise.resolve({ rows: [], details: '' }),
  });
  const groups: readonly Group[] = [
    { name: 'g', cases: [one('a'), one('b', true)] },
    { name: 'h', cases: [one('c')] },
  ];
  const names = (...args: [readonly string[], boolean]): readonly string[] =>
    chosenFrom(groups, ...args).flatMap(({ cases }) => cases.map(({ name }) => name));
  expect(names([], false)).toEqual(['a', 'b', 'c']);
  expect(names([], true)).toEqual(['a', 'c']);
  expect(names(['b'], true)).toEqual(['b']);
  expect(names(['g'], true)).toEqual(['a', 'b']);
  expect(() => names(['d'], false)).toThrow('no such case: d');
});

test('--list names the cases and measures nothing', async () => {
  const { code, stdout } = await bench('--quick', '--list');
  expect(code).toBe(0);
  expect(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' ')[0]),
  ).toEqual(ALL.flatMap(({ cases }) => cases.filter(({ isLong }) => isLong !== true).map(({ name }) => name)));
});

test('one case runs from end to end, and its exit code says whether its bar is met', async () => {
  const { code, stdout } = await bench('--quick', 'version');
  const [, verdict] = /^version: \d.* × node, an empty script, bar [\d.]+: (met|\*\*missed\*\*)/.exec(stdout) ?? [];
  expect(verdict).toBeDefined();
  expect(code).toBe(verdict === 'met' ? 0 : 1);
});

test('the same repository is made each time', () => {
  const shape = { files: 30, commits: 5 };
  expect(historyOf(shape)).toBe(historyOf(shape));
  expect(historyOf(shape).match(/^commit /gm)).toHaveLength(6);
  expect(historyOf(shape).match(/^M 100644 /gm)).toHaveLength(30 + 5 * 3);
});
