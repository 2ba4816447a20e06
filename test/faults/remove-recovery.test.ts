import { rm } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { failAt, MOMENTS } from '../support/faults.ts';
import { endOwners, expectInvariants, rememberWork } from '../support/invariants.ts';
import { makeBench, type Bench } from '../support/wt.ts';

/** Session `a` with work of every kind: unlanded, detached, staged only, modified, untracked, ignored; and a sibling. */
async function makeMessy(): Promise<Bench> {
  const bench = await makeBench();
  await bench.room.write(path.join(bench.root, '.git/info'), { exclude: '/.worktrees/\n.env\n' });
  await bench.wt('create', 'other');
  await bench.room.write(bench.at('other'), { 'other.txt': 'other\n' });
  await bench.wt('create', 'a');
  await bench.work('a', { 'a.txt': 'a\n' }, 'on the branch');
  const at = bench.at('a');
  await bench.room.git(at, 'switch', '--quiet', '--detach');
  await bench.work('a', { 'detached.txt': 'detached\n' }, 'on no branch');
  await bench.room.write(at, { 'staged.txt': 'only in the index\n' });
  await bench.room.git(at, 'add', 'staged.txt');
  await bench.room.write(at, {
    'staged.txt': 'edited since\n',
    'README.md': 'edited\n',
    'free.txt': 'free\n',
    '.env': 'SECRET=1\n',
  });
  await bench.write({ 'mine.txt': 'mine\n' });
  return bench;
}

/** The session is as it was, or gone from git and from the registry. */
async function expectAllOrNothing(bench: Bench, status: string): Promise<void> {
  const isThere = (await bench.wt('path', 'a')).code === 0;
  const list = await bench.git('worktree', 'list', '--porcelain');
  expect(list.includes(`worktree ${bench.at('a')}\n`)).toBe(isThere);
  expect(isThere ? await statusOf(bench) : status).toBe(status);
}

async function statusOf({ room, at }: Bench): Promise<string> {
  return room.git(at('a'), '--no-optional-locks', 'status', '--porcelain=v2', '--branch', '--ignored');
}

async function expectRemoved(bench: Bench): Promise<void> {
  expect([0, 3]).toContain((await bench.wt('remove', 'a', '--force')).code);
  expect((await bench.wt('path', 'a')).code).toBe(3);
}

test.for(MOMENTS)('whichever process of a removal fails %s its work, nothing is lost', async (moment) => {
  for (let n = 1; ; n++) {
    const bench = await makeMessy();
    const [before, status] = [await rememberWork(bench), await statusOf(bench)];
    const { wrap, hit } = failAt(n, moment);
    const { code } = await bench.wt('remove', 'a', '--force', { wrap });
    expect(hit() === undefined && code !== 0).toBe(false);
    if (hit() === undefined) break;
    await endOwners(bench);
    await bench.wt('list');
    await expectInvariants(bench, before, `${n}: ${hit()}`);
    await expectAllOrNothing(bench, status);
    await expectRemoved(bench);
    await expectInvariants(bench, before, `${n}: ${hit()}, done again`);
  }
});

test('of a removal that cannot rename, all is as it was', async () => {
  const bench = await makeMessy();
  const [before, status] = [await rememberWork(bench), await statusOf(bench)];
  const state = path.join(bench.root, '.git/wt');
  await bench.room.write(state, { trash: 'in the way\n' });
  expect((await bench.wt('remove', 'a', '--force')).code).toBe(5);
  expect(await statusOf(bench)).toBe(status);
  await rm(path.join(state, 'trash'));
  await endOwners(bench);
  expect((await bench.wt('list')).code).toBe(0);
  await expectInvariants(bench, before);
  await expectAllOrNothing(bench, status);
});
