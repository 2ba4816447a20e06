import { execa } from 'execa';
import * as fc from 'fast-check';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { findTrespasses, matcherOf } from '#src/landing/radar/ownership.ts';
import { makeRoom } from '../../support/room.ts';
import { makeSession } from '../../support/session.ts';

// A "?" is a character here and a byte in git, so no other letters than ASCII.
test('a path is owned exactly when git would ignore it by these patterns', async () => {
  const room = await makeRoom();
  const root = await room.repo('app');
  const part = fc.constantFrom('a', 'b', 'A', '*', '**', '?', '[ab]', '*.ts', 'a b');
  const pattern = fc
    .tuple(
      fc.constantFrom('', '!'),
      fc.constantFrom('', '/'),
      fc.array(part, { minLength: 1, maxLength: 3 }),
      fc.constantFrom('', '/'),
    )
    .map(([not, top, parts, end]) => `${not}${top}${parts.join('/')}${end}`);
  const name = fc.constantFrom('a', 'b', 'A', 'c', 'x.ts', 'a b', 'ab');
  const names = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
  await fc.assert(
    fc.asyncProperty(
      fc.array(pattern, { minLength: 1, maxLength: 4 }),
      fc.uniqueArray(names, { minLength: 1, maxLength: 12 }),
      async (patterns, paths) => {
        await writeFile(path.join(root, '.git', 'info', 'exclude'), `${patterns.join('\n')}\n`);
        const { stdout } = await execa('git', ['check-ignore', '--no-index', '--stdin', '-z'], {
          cwd: root,
          env: room.env,
          input: paths.map((one) => `${one}\0`).join(''),
          reject: false,
        });
        const owns = matcherOf(patterns);
        expect(paths.filter(owns)).toEqual(stdout.split('\0').filter(Boolean));
      },
    ),
    { numRuns: 60 },
  );
});

test('what two own is no trespass for either, and what nobody owns is one only for those who own something', () => {
  const sessions = [makeSession('a', { owns: ['x'] }), makeSession('b', { owns: ['x', 'y'] }), makeSession('c')];
  const changed = new Map(['a', 'b', 'c'].map((id) => [id, ['x', 'y', 'z']] as const));
  expect(findTrespasses(sessions, changed)).toEqual([
    { id: 'a', path: 'y', owner: 'b' },
    { id: 'a', path: 'z', owner: null },
    { id: 'b', path: 'z', owner: null },
    { id: 'c', path: 'x', owner: 'a' },
    { id: 'c', path: 'y', owner: 'b' },
  ]);
});

test('where nobody owns anything there is no trespass', () => {
  expect(findTrespasses([makeSession('a')], new Map([['a', ['x']]]))).toEqual([]);
});
