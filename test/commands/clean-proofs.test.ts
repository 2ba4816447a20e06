import { expect, test } from 'vitest';
import { makeBench, type Bench } from '../support/wt.ts';

const LIST = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight'].join('\n');

interface Cleaned {
  readonly removed: readonly { id: string; proof: string | null }[];
  readonly kept: readonly { id: string; reasons: readonly { code: string }[] }[];
}

/** Session `a` with two commits on a list, main one unrelated commit further. */
async function makeWorked(): Promise<Bench> {
  const bench = await makeBench({ 'list.txt': `${LIST}\n`, 'other.txt': 'x\n' });
  await bench.wt('create', 'a');
  await bench.work('a', { 'list.txt': `${LIST.replace('two', 'TWO')}\n` }, 'shout two');
  await bench.work(
    'a',
    { 'list.txt': `${LIST.replace('two', 'TWO').replace('seven', 'SEVEN')}\n`, 'new.txt': 'new\n' },
    'shout seven',
  );
  await commit(bench, { 'other.txt': 'y\n' }, 'unrelated');
  return bench;
}

async function commit({ write, git }: Bench, files: Record<string, string>, message: string): Promise<void> {
  await write(files);
  await git('add', '-A');
  await git('commit', '-qm', message);
}

/** Changes the very lines of the session on main again. */
async function overtake(bench: Bench): Promise<void> {
  await commit(
    bench,
    { 'list.txt': `${LIST.replace('two', 'zwei').replace('seven', 'sieben')}\n`, 'new.txt': 'changed since\n' },
    'the same lines again',
  );
}

interface Case {
  readonly how: string;
  readonly proof: string;
  readonly land: (bench: Bench) => Promise<unknown>;
}

const landings: readonly Case[] = [
  {
    how: 'a merge commit by hand',
    proof: 'ancestor',
    land: ({ git }) => git('merge', '--quiet', '--no-ff', '--no-edit', 'wt/a'),
  },
  {
    how: 'a fast-forward by hand',
    proof: 'same-commit',
    land: async ({ git }) => {
      await git('reset', '--quiet', '--hard', 'HEAD~1');
      await git('merge', '--quiet', '--ff-only', 'wt/a');
    },
  },
  {
    how: 'a fast-forward by hand that main has gone on from',
    proof: 'ancestor',
    land: async (bench) => {
      await bench.git('reset', '--quiet', '--hard', 'HEAD~1');
      await bench.git('merge', '--quiet', '--ff-only', 'wt/a');
      await commit(bench, { 'later.txt': 'later\n' }, 'later');
    },
  },
  { how: 'wt merge', proof: 'ancestor', land: ({ wt }) => wt('merge', 'a', '--yes') },
  {
    how: 'wt merge --strategy ff',
    proof: 'same-commit',
    land: async ({ git, wt }) => {
      await git('reset', '--quiet', '--hard', 'HEAD~1');
      await wt('merge', 'a', '--yes', '--strategy', 'ff');
    },
  },
  {
    how: 'wt merge --strategy squash',
    proof: 'merge-adds-nothing',
    land: ({ wt }) => wt('merge', 'a', '--yes', '--strategy', 'squash'),
  },
  {
    how: 'wt merge --strategy rebase',
    proof: 'merge-adds-nothing',
    land: ({ wt }) => wt('merge', 'a', '--yes', '--strategy', 'rebase'),
  },
  {
    how: 'a squash by hand',
    proof: 'merge-adds-nothing',
    land: async ({ git }) => {
      await git('merge', '--quiet', '--squash', 'wt/a');
      await git('commit', '-qm', 'squashed');
    },
  },
  { how: 'cherry-picks', proof: 'merge-adds-nothing', land: ({ git }) => git('cherry-pick', 'wt/a~1', 'wt/a') },
  {
    how: 'the same content written anew',
    proof: 'trees-match',
    land: (bench) =>
      bench.git('checkout', '--quiet', 'wt/a', '--', '.').then(() => bench.git('commit', '-qam', 'the same by hand')),
  },
];

test.for(landings)('landed by $how: $proof', async ({ land, proof }) => {
  const bench = await makeWorked();
  await land(bench);
  const { removed, kept } = await bench.data<Cleaned>('clean');
  expect({ removed: removed.map((one) => [one.id, one.proof]), kept }).toEqual({ removed: [['a', proof]], kept: [] });
  expect(await bench.git('branch', '--format=%(refname:short)')).toBe('main');
});

test.for(landings.filter(({ proof }) => proof !== 'trees-match'))(
  'still proven after main changed the same lines again: $how',
  async ({ land }) => {
    const bench = await makeWorked();
    await land(bench);
    await overtake(bench);
    const { removed, kept } = await bench.data<Cleaned>('clean');
    expect({ removed: removed.map(({ id }) => id), kept }).toEqual({ removed: ['a'], kept: [] });
  },
);

test('cherry-picks between other changes of the same file are found by their patches', async () => {
  const bench = await makeWorked();
  await bench.git('cherry-pick', 'wt/a~1');
  await commit(bench, { 'list.txt': `${LIST.replace('two', 'zwei')}\n` }, 'over the first');
  await bench.git('cherry-pick', 'wt/a');
  const { removed } = await bench.data<Cleaned>('clean');
  expect(removed).toEqual([expect.objectContaining({ id: 'a', proof: 'patch-id' })]);
});

test('a squash whose neighbouring lines main had changed is found in its history, also once main went over it', async () => {
  const bench = await makeBench({ 'list.txt': `${LIST}\n` });
  await bench.wt('create', 'a');
  await bench.work('a', { 'list.txt': `${LIST.replace('two', 'TWO')}\n` }, 'shout two');
  await commit(bench, { 'list.txt': `${LIST.replace('four', 'vier')}\n` }, 'a line close by');
  await bench.wt('merge', 'a', '--yes', '--strategy', 'squash');
  await commit(bench, { 'list.txt': 'all new\n' }, 'all new');
  const { removed } = await bench.data<Cleaned>('clean');
  expect(removed).toEqual([expect.objectContaining({ id: 'a', proof: 'merge-adds-nothing' })]);
});

test('a session whose commits take each other back adds nothing', async () => {
  const bench = await makeBench({ 'list.txt': `${LIST}\n` });
  await bench.wt('create', 'a');
  await bench.work('a', { 'list.txt': 'broken\n' }, 'try');
  await bench.room.git(bench.at('a'), 'revert', '--no-edit', 'HEAD');
  await commit(bench, { 'main.txt': 'main\n' }, 'main moves on');
  const { removed } = await bench.data<Cleaned>('clean');
  expect(removed).toEqual([
    expect.objectContaining({ id: 'a', proof: expect.stringMatching(/^(no-added-changes|merge-adds-nothing)$/) }),
  ]);
});

test('one of two commits picked is no landing', async () => {
  const bench = await makeWorked();
  await bench.git('cherry-pick', 'wt/a~1');
  const { removed, kept } = await bench.data<Cleaned>('clean');
  expect({ removed, kept: kept.map(({ id, reasons }) => [id, reasons[0]?.code]) }).toEqual({
    removed: [],
    kept: [['a', 'session.unmerged']],
  });
});

test('a squash that somebody changed on the way is no landing', async () => {
  const bench = await makeWorked();
  await bench.git('merge', '--quiet', '--squash', 'wt/a');
  await commit(bench, { 'new.txt': 'not what the session wrote\n' }, 'squashed and changed');
  expect((await bench.data<Cleaned>('clean')).removed).toEqual([]);
});

test('a landing that was reverted still counts by its history, and the commits stay in the trash', async () => {
  const bench = await makeWorked();
  const tip = await bench.git('rev-parse', 'wt/a');
  await bench.wt('merge', 'a', '--yes');
  await bench.git('revert', '--no-edit', '-m', '1', 'HEAD');
  await bench.wt('clean');
  expect(await bench.git('rev-list', '--all')).toContain(tip);
});

test('new work after a landing is no landing', async () => {
  const bench = await makeWorked();
  for (const strategy of ['merge', 'squash']) {
    await bench.wt('merge', 'a', '--yes', '--strategy', strategy);
    await bench.work('a', { [`${strategy}.txt`]: 'more\n' }, `after ${strategy}`);
    const { removed, kept } = await bench.data<Cleaned>('clean');
    expect({ removed, kept: kept.map(({ id }) => id) }).toEqual({ removed: [], kept: ['a'] });
  }
});

test('a fresh session has never landed, wherever main goes', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  expect((await bench.data<Cleaned>('clean')).removed).toEqual([]);
  await commit(bench, { 'main.txt': 'main\n' }, 'main moves on');
  expect((await bench.data<Cleaned>('clean')).removed).toEqual([]);
});

test('a session that was only fast-forwarded along main has never landed', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await commit(bench, { 'main.txt': 'main\n' }, 'main moves on');
  await bench.room.git(bench.at('a'), 'merge', '--quiet', '--ff-only', 'main');
  const { removed, kept } = await bench.data<Cleaned>('clean');
  expect({ removed, kept: kept.map(({ id, reasons }) => [id, reasons[0]?.code]) }).toEqual({
    removed: [],
    kept: [['a', 'new']],
  });
  await commit(bench, { 'main.txt': 'further\n' }, 'and on');
  expect((await bench.data<Cleaned>('clean')).removed).toEqual([]);
});

test('landed only on the upstream, squashed there, is landed', async () => {
  const bench = await makeWorked();
  const remote = `${bench.room.dir}/remote.git`;
  await bench.git('clone', '--quiet', '--bare', bench.root, remote);
  await bench.git('remote', 'add', 'origin', remote);
  await bench.git('fetch', '--quiet', 'origin');
  await bench.git('branch', '--quiet', '--set-upstream-to=origin/main', 'main');
  expect((await bench.data<Cleaned>('clean')).removed).toEqual([]);
  const elsewhere = `${bench.room.dir}/elsewhere`;
  await bench.git('clone', '--quiet', remote, elsewhere);
  await bench.room.git(elsewhere, 'merge', '--quiet', '--squash', 'origin/wt/a');
  await bench.room.git(elsewhere, 'commit', '-qm', 'squashed on the forge');
  await bench.room.git(elsewhere, 'push', '--quiet', 'origin', 'HEAD:main');
  await bench.git('fetch', '--quiet', 'origin');
  const { removed } = await bench.data<Cleaned>('clean');
  expect(removed).toEqual([expect.objectContaining({ id: 'a', proof: 'merge-adds-nothing' })]);
});

test('a branch that was only pushed has not landed', async () => {
  const bench = await makeWorked();
  const remote = `${bench.room.dir}/remote.git`;
  await bench.git('clone', '--quiet', '--bare', bench.root, remote);
  await bench.git('remote', 'add', 'origin', remote);
  await bench.git('push', '--quiet', 'origin', 'wt/a');
  expect((await bench.data<Cleaned>('clean')).removed).toEqual([]);
});
