import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseVerdicts } from '#src/git/conflicts.ts';
import { footprintOf, mayMeet, type Footprint } from '#src/landing/radar/footprint.ts';
import { makeRoom, type Room } from '../../support/room.ts';
import { SEED } from '../../support/seed.ts';

/** A few paths that get in each other's way: files that are folders elsewhere, and a folder that can be renamed as a whole. */
const PATHS = ['a', 'b', 'd/x', 'd/y', 'e/x', 'd/z/q', 'a/k', 'e'] as const;
const START = ['a', 'b', 'd/x', 'd/y', 'd/z/q'] as const;
const change = fc.oneof(
  fc.record({ kind: fc.constant('edit' as const), at: fc.constantFrom(...PATHS), to: fc.constantFrom('one', 'two') }),
  fc.record({ kind: fc.constant('delete' as const), at: fc.constantFrom(...PATHS) }),
  fc.record({
    kind: fc.constant('move' as const),
    at: fc.constantFrom('a', 'b', 'd', 'd/x', 'd/z'),
    to: fc.constantFrom('c', 'e', 'd/w', 'f/x'),
  }),
);
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;
const versions = fc.array(fc.array(change, { minLength: 1, maxLength: 3 }), { minLength: 4, maxLength: 4 });

const contentOf = (name: string): string => Array.from({ length: 12 }, (_, i) => `${name} line ${i}\n`).join('');

/** Files after some changes; what a file stands in the way of replaces it. */
function applyChanges(changes: readonly Change[]): ReadonlyMap<string, string> {
  const files = new Map<string, string>(START.map((name) => [name, contentOf(name)]));
  const put = (name: string, text: string): void => {
    for (const other of files.keys())
      if (other.startsWith(`${name}/`) || name.startsWith(`${other}/`)) files.delete(other);
    files.set(name, text);
  };
  for (const one of changes) {
    if (one.kind === 'delete') files.delete(one.at);
    else if (one.kind === 'edit') put(one.at, (files.get(one.at) ?? contentOf(one.at)).replace('line 3', one.to));
    else
      for (const [name, text] of new Map(files))
        if (name === one.at || name.startsWith(`${one.at}/`)) {
          files.delete(name);
          put(one.to + name.slice(one.at.length), text);
        }
  }
  return files;
}

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
