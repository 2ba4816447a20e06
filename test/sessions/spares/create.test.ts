import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { SPARES_FLAG } from '#src/platform/node.ts';
import { makeBench, type Bench } from '../../support/wt.ts';
import { exists, findFaults } from '../../support/spawn.ts';

const POOL = { env: { WT_POOL_SIZE: '1' } };

async function listSpareFolders({ root }: Bench): Promise<readonly string[]> {
  const names = await readdir(path.join(root, '.worktrees')).catch(() => []);
  return names.filter((name) => name.startsWith('.spare-'));
}

async function makeSpare(bench: Bench, env: Record<string, string> = POOL.env): Promise<string> {
  const { stderr } = await bench.wt(SPARES_FLAG, { env });
  return stderr;
}

test('a create with a spare ready makes no checkout, and the session is like any other', async () => {
  const bench = await makeBench();
  expect(await makeSpare(bench)).toBe('wt: 1 spares made\n');
  const { git, code, stderr } = await bench.wt('create', 'a', POOL);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(git.map(([verb]) => verb)).not.toContain('reset');
  expect(git.map(([verb]) => verb)).not.toContain('worktree');
  expect(await listSpareFolders(bench)).toEqual([]);
  expect(await bench.room.git(bench.at('a'), 'status', '--porcelain', '--branch')).toBe('## wt/a');
  expect(await findFaults(bench.room, bench.root)).toEqual([]);
  expect(await bench.git('worktree', 'list', '--porcelain')).toContain(`worktree ${bench.at('a')}`);
  const { sessions } = await bench.data<{ sessions: { id: string; status: string }[] }>('list');
  expect(sessions).toMatchObject([{ id: 'a', status: 'new' }]);
  expect(await exists(path.join(bench.root, '.git/worktrees/a/wt-spare.json'))).toBe(false);
});
