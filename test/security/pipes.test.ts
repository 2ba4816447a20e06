import { execa } from 'execa';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { makeBench } from '../support/wt.ts';

const PLACES = [
  '.git/wt/events.jsonl',
  '.git/wt/logs/operations.jsonl',
  '.git/wt/journal/00000000-0000-4000-8000-000000000000.json',
  '.git/wt/lock/l.999',
  'TRASH/meta.json',
  '.git/worktrees/a/wt.json',
];

test.for(PLACES)('a pipe that nobody writes to holds no command up: %s', async (place) => {
  const bench = await makeBench();
  await bench.data('create', 'gone');
  const { removed } = await bench.data<{ removed: { trash: string }[] }>('remove', 'gone');
  await bench.data('create', 'a');
  const file = path.join(bench.root, place.replace('TRASH', `.git/wt/trash/${removed[0]?.trash}`));
  await mkdir(path.dirname(file), { recursive: true });
  await rm(file, { force: true });
  await execa('mkfifo', [file]);
  const env = { WT_LOCK_TIMEOUT: '0' };
  for (const argv of [
    ['list', '--all'],
    ['show', 'a'],
    ['events'],
    ['restore', '--list'],
    ['undo', '--dry-run'],
    ['create', 'b'],
    ['remove', 'a'],
  ]) {
    const { code } = await bench.wt(...argv, { env });
    expect({ argv, code }).toEqual({ argv, code: expect.toSatisfy((n: number) => n !== 1) });
  }
});
