import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseVerdicts } from '#src/git/conflicts.ts';
import { footprintOf, mayMeet, type Footprint } from '#src/landing/radar/footprint.ts';
import { makeRoom, type Room } from '../../support/room.ts';
import { SEED } from '../../support/seed.ts';
import { applyChanges, change } from './changes.ts';

const versions = fc.array(fc.array(change, { minLength: 1, maxLength: 3 }), { minLength: 4, maxLength: 4 });

async function commitFiles(
  room: Room,
  root: string,
  files: ReadonlyMap<string, string>,
  parent: string | undefined,
): Promise<string> {
  await rm(path.join(root, 'tree'), { recursive: true, force: true });
  for (const [name, text] of files) {
    await mkdir(path.dirname(path.join(root, 'tree', name)), { recursive: true });
    await writeFile(path.join(root, 'tree', name), text);
  }
  await mkdir(path.join(root, 'tree'), { recursive: true });
  await room.git(root, '--work-tree=tree', 'add', '-A');
  const tree = await room.git(root, 'write-tree');
  return room.git(root, 'commit-tree', tree, '-m', 'x', ...(parent === undefined ? [] : ['-p', parent]));
}

async function footprint(room: Room, root: string, from: string, to: string): Promise<Footprint> {
  const rows = (await room.git(root, 'diff-tree', '-r', '--no-renames', '--name-status', from, to)).split('\n');
  const those = (letters: string): string[] =>
    rows.filter((row) => letters.includes(row[0] ?? ' ')).map((row) => row.slice(2));
  return footprintOf([{ added: those('A'), modified: those('MT'), deleted: those('D') }]);
}

test('two that cannot meet never conflict, whatever they rename, delete and add', async () => {
  const room = await makeRoom();
  const root = await room.repo('app');
  const seen = { met: 0, apart: 0 };
  await fc.assert(
    fc.asyncProperty(versions, async (sides) => {
      const start = await commitFiles(room, root, applyChanges([]), undefined);
      const commits: string[] = [];
      const prints: Footprint[] = [];
      for (const changes of sides) {
        const commit = await commitFiles(room, root, applyChanges(changes), start);
        commits.push(commit);
        prints.push(await footprint(room, root, start, commit));
      }
      const pairs = commits.flatMap((_, i) => commits.slice(i + 1).map((__, j) => [i, i + 1 + j] as const));
      await writeFile(path.join(root, 'pairs'), pairs.map(([a, b]) => `${commits[a]} ${commits[b]}\n`).join(''));
      const out = await room.git(
        root,
        '-c',
        'alias.all=!git merge-tree --write-tree -z --messages --stdin <pairs',
        'all',
      );
      const verdicts = parseVerdicts(out);
      const apart = pairs.filter(([a, b]) => !mayMeet(prints[a] as Footprint, prints[b] as Footprint));
      seen.apart += apart.length;
      seen.met += pairs.length - apart.length;
      const hidden = apart.filter((pair) => (verdicts[pairs.indexOf(pair)]?.files.length ?? -1) !== 0);
      expect(hidden).toEqual([]);
    }),
    { numRuns: 25, seed: SEED },
  );
  expect(seen.apart).toBeGreaterThan(5);
  expect(seen.met).toBeGreaterThan(5);
});

describe('two footprints meet', () => {
  const print = (changes: { added?: string[]; modified?: string[]; deleted?: string[] }): Footprint =>
    footprintOf([{ added: [], modified: [], deleted: [], ...changes }]);
  test.each([
    ['in a path', { modified: ['a'] }, { modified: ['a'] }, true],
    ['in the old path of a rename', { added: ['b'], deleted: ['a'] }, { modified: ['a'] }, true],
    ['where one has a file and the other a folder', { added: ['a'] }, { added: ['a/b/c'] }, true],
    [
      'in a folder that one renamed and the other added to',
      { deleted: ['d/a'], added: ['e/a'] },
      { added: ['d/b'] },
      true,
    ],
    ['in a folder above, too', { deleted: ['d/s/a'], added: ['e/s/a'] }, { added: ['d/b'] }, true],
    ['not in a folder that one only deleted from', { deleted: ['d/a'] }, { added: ['d/b'] }, false],
    ['not in neighbours', { modified: ['d/a'] }, { modified: ['d/b'] }, false],
    ['not in names that only begin alike', { modified: ['d'] }, { modified: ['da', 'd2/a'] }, false],
  ])('%s', (_, a, b, expected) => {
    expect(mayMeet(print(a), print(b))).toBe(expected);
    expect(mayMeet(print(b), print(a))).toBe(expected);
  });
});
