import * as fc from 'fast-check';
import path from 'node:path';
import { expect, test } from 'vitest';
import { listIgnored, listIgnoredFiles } from '#src/git/ignore.ts';
import { placeFiles } from '#src/setup/files/files.ts';
import { gitOf } from '../support/deps.ts';
import { copyRule, makePlace } from '../support/place.ts';
import { makeRoom } from '../support/room.ts';
import { makeBench } from '../support/wt.ts';

const NAMES = ['a', 'b', 'c.log', '.env', 'd'] as const;
const name = fc.constantFrom(...NAMES);
const file = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
const files = fc.uniqueArray(file, { minLength: 1, maxLength: 12 }).map((all) =>
  // A file cannot be a folder too.
  all.filter((one) => !all.some((other) => other.startsWith(`${one}/`))),
);
const piece = fc.constantFrom(...NAMES, '*', '**', '*.log', '?', '[ab]', '.*');
const pattern = fc
  .tuple(
    fc.constantFrom('', '', '', '!'),
    fc.constantFrom('', '', '/'),
    fc.array(piece, { minLength: 1, maxLength: 3 }),
    fc.constantFrom('', '', '/'),
  )
  .map(([not, anchor, pieces, end]) => `${not}${anchor}${pieces.join('/')}${end}`);
const patterns = fc.array(pattern, { minLength: 1, maxLength: 4 });

test('exactly what git matches with the patterns and ignores by itself comes over', { timeout: 300_000 }, async () => {
  const bench = await makeBench({ 'README.md': 'x\n' });
  const { room, root } = bench;
  await bench.data('create', 'a', '--no-setup');
  const place = await makePlace(bench, 'a');
  let met = 0;
  await fc.assert(
    fc.asyncProperty(files, patterns, patterns, async (there, ignored, included) => {
      for (const folder of [root, bench.at('a')]) await room.git(folder, 'clean', '-fdxq', '-e', '.worktrees');
      const rules = { '.gitignore': `${ignored.join('\n')}\n!.gitignore\n!.worktreeinclude\n` };
      await bench.write({ ...Object.fromEntries(there.map((one) => [one, one])), ...rules });
      await room.write(bench.at('a'), rules);
      await bench.write({ '.worktreeinclude': `${included.join('\n')}\n` });
      // git's own answer, file by file.
      const matched = await listIgnoredFiles(place.mainGit, { file: path.join(root, '.worktreeinclude') });
      const standard = new Set(await listIgnoredFiles(place.mainGit, 'standard'));
      const expected = matched.filter((one) => standard.has(one) && !one.startsWith('.worktrees'));
      const report = await placeFiles(place, []);
      const copied = await room.git(bench.at('a'), 'ls-files', '--others', '-z', '-x', '.gitignore');
      expect(
        copied
          .split('\0')
          .filter((one) => one !== '' && one !== '.gitignore')
          .toSorted(),
      ).toEqual(expected.toSorted());
      expect(report.copied).toBe(expected.length);
      if (expected.length > 0) met++;
    }),
    { numRuns: 60 },
  );
  expect(met).toBeGreaterThan(10);
});

test('a folder stands for all in it only when it is matched itself', async () => {
  const room = await makeRoom();
  const root = await room.repo('app', { 'README.md': 'x\n', 'src/tracked.ts': 't' });
  await room.write(root, { 'logs/a.log': '', 'src/b.log': '', 'mixed/c.log': '', 'mixed/d': '', 'deep/x/y/e.log': '' });
  const git = gitOf(room, root);
  expect(await listIgnored(git, { patterns: ['*.log'] })).toEqual([
    'deep/x/y/e.log',
    'logs/a.log',
    'mixed/c.log',
    'src/b.log',
  ]);
  expect(await listIgnored(git, { patterns: ['logs', 'src', '/deep/x/'] })).toEqual(['deep/x/', 'logs/', 'src/b.log']);
});

test('rules are asked one by one: a "!" of one takes nothing away from another', async () => {
  const bench = await makeBench({ '.gitignore': '/x/\n/y/\n' });
  await bench.data('create', 'a', '--no-setup');
  await bench.write({ 'x/1': '', 'y/2': '', '.worktreeinclude': '!x\n/y\n' });
  const report = await placeFiles(await makePlace(bench, 'a'), [copyRule('x'), copyRule('!y')]);
  expect(report.entries.toSorted()).toEqual(['x/', 'y/']);
});
