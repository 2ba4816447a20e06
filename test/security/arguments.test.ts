import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { picture } from '../support/listing.ts';
import { makeBench } from '../support/wt.ts';

/** Options with which git writes a file or runs a program, and revisions with a meaning of their own. */
const HOSTILE = [
  '--output=pwned',
  '--upload-pack=touch pwned',
  '--exec=touch pwned',
  '-c',
  '--git-dir=/',
  '../../pwned',
  '/pwned',
  'a\npwned',
  'a;touch pwned',
  '$(touch pwned)',
  'refs/heads/../../pwned',
  'a@{upstream}..pwned',
];

const CALLS: readonly (readonly [string, (value: string) => readonly string[]])[] = [
  ['create <value>', (value) => ['create', '--', value]],
  ['create --base', (value) => ['create', 'x', `--base=${value}`]],
  ['create --branch', (value) => ['create', 'x', `--branch=${value}`]],
  ['adopt <value>', (value) => ['adopt', '--', value]],
  ['adopt --base', (value) => ['adopt', '../linked', `--base=${value}`]],
  ['adopt --as', (value) => ['adopt', '../linked', `--as=${value}`]],
  ['merge --into', (value) => ['merge', 'a', `--into=${value}`, '--yes']],
  ['approve <value>', (value) => ['approve', '--yes', '--', value]],
  ['done <value>', (value) => ['done', '--', value]],
  ['push <value>', (value) => ['push', '--', value]],
  ['push --remote', (value) => ['push', 'a', `--remote=${value}`]],
  ['pr <value>', (value) => ['pr', '--', value]],
  ['pr --remote', (value) => ['pr', 'a', `--remote=${value}`]],
  ['remove <value>', (value) => ['remove', '--force', '--', value]],
  ['restore <value>', (value) => ['restore', '--', value]],
  ['restore --as', (value) => ['restore', 'gone', `--as=${value}`]],
  ['undo <value>', (value) => ['undo', '--', value]],
  ['show <value>', (value) => ['show', '--', value]],
  ['diff <value>', (value) => ['diff', '--', value]],
  ['path <value>', (value) => ['path', '--', value]],
  ['commit <value>', (value) => ['commit', '-m', 'x', '--', value]],
  ['clean --older-than', (value) => ['clean', `--older-than=${value}`, '--yes']],
  ['events --session', (value) => ['events', `--session=${value}`]],
];

test.each(CALLS)('no text is an option or a path to git: wt %s', async (name, argvOf) => {
  const bench = await makeBench();
  await bench.git('worktree', 'add', '--quiet', '../linked');
  await bench.data('create', 'gone');
  await bench.data('remove', 'gone');
  await bench.data('create', 'a');
  await bench.work('a', { 'a.txt': 'a\n' });
  const before = await picture(bench);
  const around = await readdir(bench.room.dir);
  for (const value of HOSTILE) {
    const { code } = await bench.wt(...argvOf(value));
    expect({ value, code }).toEqual({
      value,
      code: expect.toSatisfy((n: number) => [2, 3, 4].includes(n) || (n === 0 && name.startsWith('events'))),
    });
  }
  expect(await picture(bench)).toEqual(before);
  expect(await readdir(bench.room.dir)).toEqual(around);
});
