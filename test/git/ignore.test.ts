import { readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { excludeOnce } from '#src/git/ignore.ts';
import { makeRoom } from '../support/room.ts';

const LINE = '/.worktrees/';

test('the line is added once, and what was there stays', async () => {
  const room = await makeRoom();
  const file = path.join(room.dir, 'info', 'exclude');
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: fc.constantFrom('a', '\n', '#', '/', LINE, `\n${LINE}\n`) }), async (text) => {
      await room.write(room.dir, { 'info/exclude': text });
      await excludeOnce(room.dir, LINE);
      const once = await readFile(file, 'utf8');
      expect(once.startsWith(text)).toBe(true);
      expect(once.split('\n')).toContain(LINE);
      await excludeOnce(room.dir, LINE);
      expect(await readFile(file, 'utf8')).toBe(once);
    }),
    { numRuns: 30 },
  );
});

test('the file is made where there is none, readable as git makes it', async () => {
  const room = await makeRoom();
  const root = await room.repo();
  await rm(path.join(root, '.git', 'info'), { recursive: true, force: true });
  await excludeOnce(path.join(root, '.git'), LINE);
  await room.write(root, { '.worktrees/a/x': '' });
  expect(await room.git(root, 'status', '--porcelain')).toBe('');
  expect((await stat(path.join(root, '.git', 'info', 'exclude'))).mode & 0o777).toBe(0o644);
});
