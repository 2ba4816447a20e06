import { expect, test } from 'vitest';
import { runBuilt } from '../support/built.ts';
import { armBoom, failAt, MOMENTS } from '../support/faults.ts';
import { endOwners, expectInvariants, photograph, rememberWork } from '../support/invariants.ts';
import { makeBench, type Bench } from '../support/wt.ts';

/** A repository with one session and uncommitted work in the main worktree. */
async function makePlace(): Promise<Bench> {
  const bench = await makeBench({
    'README.md': 'hello\n',
    'm.boom': 'boom\n',
    '.gitattributes': '*.boom filter=boom\n',
    'z.txt': 'z\n',
  });
  await bench.wt('create', 'other');
  await bench.room.write(bench.at('other'), { 'new.txt': 'new\n' });
  await bench.write({ 'free.txt': 'free\n', 'z.txt': 'edited\n' });
  return bench;
}

/** The session is there and whole, or nothing of it is; the branch never stays behind alone. */
async function expectAllOrNothing(bench: Bench): Promise<void> {
  const isThere = (await bench.wt('path', 'a')).code === 0;
  const branches = await bench.git('branch', '--format=%(refname:short)');
  expect(branches).toBe(isThere ? 'main\nwt/a\nwt/other' : 'main\nwt/other');
  expect(isThere ? await bench.room.git(bench.at('a'), 'status', '--porcelain') : '').toBe('');
}

async function expectCreated(bench: Bench): Promise<void> {
  expect((await bench.wt('create', 'a', '--reuse')).code).toBe(0);
  expect(await bench.room.git(bench.at('a'), 'status', '--porcelain', '--branch')).toBe('## wt/a');
  expect(await bench.git('worktree', 'list', '--porcelain')).not.toContain('locked wt:');
}

test.for(MOMENTS)('whichever process of a create fails %s its work, it is whole or not there', async (moment) => {
  for (let n = 1; ; n++) {
    const bench = await makePlace();
    const before = await rememberWork(bench);
    const { wrap, hit } = failAt(n, moment);
    const { code } = await bench.wt('create', 'a', { wrap });
    expect(hit() === undefined && code !== 0).toBe(false);
    if (hit() === undefined) break;
    await endOwners(bench);
    await bench.wt('list');
    await expectInvariants(bench, before, `${n}: ${hit()}`);
    await expectAllOrNothing(bench);
    await expectCreated(bench);
  }
});

test('a create killed while git writes the files is put right by the next command', async () => {
  const bench = await makePlace();
  const [before, photo] = [await rememberWork(bench), await photograph(bench)];
  await armBoom(bench, 'kill -9 0');
  expect((await runBuilt(bench.room, bench.root, ['create', 'a'])).isKilled).toBe(true);
  expect((await bench.wt('list')).code).toBe(0);
  await expectInvariants(bench, before);
  expect(await photograph(bench)).toEqual(photo);
  await expectCreated(bench);
});

test('the very next create of the same id succeeds, with no command in between', async () => {
  const bench = await makePlace();
  await armBoom(bench, 'kill -9 0');
  expect((await runBuilt(bench.room, bench.root, ['create', 'a'])).isKilled).toBe(true);
  expect((await bench.wt('create', 'a')).code).toBe(0);
  await expectCreated(bench);
});

test.for([
  ['SIGINT', 'INT', 130],
  ['SIGTERM', 'TERM', 143],
  ['SIGHUP', 'HUP', 129],
] as const)(
  'a create interrupted by %s while git writes the files takes all back and exits as shells count it',
  async ([, signal, code]) => {
    const bench = await makePlace();
    const [before, photo] = [await rememberWork(bench), await photograph(bench)];
    await armBoom(bench, `trap '' ${signal}; kill -${signal} 0; sleep 1`);
    expect((await runBuilt(bench.room, bench.root, ['create', 'a'])).code).toBe(code);
    expect(await photograph(bench)).toEqual(photo);
    await expectInvariants(bench, before);
    await expectCreated(bench);
  },
);

test('a person who commits in a session whose create was killed keeps the commit', async () => {
  const bench = await makePlace();
  await armBoom(bench, 'kill -9 0');
  await runBuilt(bench.room, bench.root, ['create', 'a']);
  const tip = await bench.room.git(bench.at('a'), 'commit-tree', '-p', 'HEAD', '-m', 'quick work', 'HEAD^{tree}');
  await bench.room.git(bench.at('a'), 'update-ref', 'refs/heads/wt/a', tip);
  expect((await bench.wt('list')).code).toBe(0);
  expect(await bench.git('rev-parse', 'refs/heads/wt/a')).toBe(tip);
  expect((await bench.wt('path', 'a')).code).toBe(0);
});
