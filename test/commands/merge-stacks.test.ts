import { expect, test } from 'vitest';
import { makeBench, type Bench } from '../support/wt.ts';

/** `b` is cut from `a`, and main has gone on over the line that `b` changes. */
async function makeClash(): Promise<Bench> {
  const bench = await makeBench({ f: '1\n2\n3\n4\n5\n6\n7\n8\n9\n' });
  await bench.wt('create', 'a');
  await bench.work('a', { x: '1\n' });
  await bench.wt('create', 'b', '--base', 'wt/a');
  await bench.work('b', { f: '1\n2\n3\n4\nb\n6\n7\n8\n9\n' });
  await bench.write({ f: '1\n2\n3\n4\nm\n6\n7\n8\n9\n' });
  await bench.git('commit', '-qam', 'main goes on');
  return bench;
}

test.for([
  ['with --yes', ['--yes'], {}],
  ['with a person’s yes', [], { answer: true }],
] as const)(
  'what stands on a session never lands on that session instead of the base, %s',
  async ([, flags, stage]) => {
    const bench = await makeClash();
    const tip = await bench.git('rev-parse', 'wt/a');
    const { code, raw, stdout } = await bench.wt('merge', 'a', 'b', ...flags, stage);
    expect({ code, said: stdout.includes('b conflicts with main') }).toEqual({ code: 6, said: true });
    expect(raw).not.toContain('on wt/a');
    expect(await bench.git('rev-parse', 'wt/a')).toBe(tip);
    expect(await bench.git('log', '-1', '--format=%s', 'main')).toBe('Merge session a: work');
  },
);

test('a landing on another branch leaves what stands on the session where it was', async () => {
  const bench = await makeBench();
  await bench.git('branch', 'release');
  await bench.wt('create', 'a');
  await bench.work('a', { x: '1\n' });
  await bench.wt('create', 'b', '--base', 'wt/a');
  expect((await bench.wt('merge', 'a', '--into', 'release', '--yes')).code).toBe(0);
  const { session } = await bench.data<{ session: { base: { branch: string } } }>('show', 'b');
  expect(session.base.branch).toBe('wt/a');
});

test.for([
  ['two on one base', ['a', 'c'], []],
  ['with --remove', ['a', 'c'], ['--remove']],
  ['squashed', ['a', 'c'], ['--strategy', 'squash']],
] as const)('one wt undo takes back a whole train: %s', async ([, ids, flags]) => {
  const bench = await makeBench();
  for (const id of ['a', 'c']) {
    await bench.wt('create', id);
    await bench.work(id, { [id]: '1\n' });
  }
  const before = await bench.git('rev-parse', 'main');
  expect((await bench.wt('merge', ...ids, '--yes', ...flags)).code).toBe(0);
  expect((await bench.wt('undo', '--dry-run')).code).toBe(0);
  const { code, stderr } = await bench.wt('undo');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(await bench.git('rev-parse', 'main')).toBe(before);
  expect(await bench.git('status', '--porcelain')).toBe('');
  expect((await bench.data<{ sessions: { status: string }[] }>('list')).sessions.map(({ status }) => status)).toEqual([
    'ready',
    'ready',
  ]);
});

test('a train is not taken back once somebody has built on it', async () => {
  const bench = await makeBench();
  for (const id of ['a', 'c']) {
    await bench.wt('create', id);
    await bench.work(id, { [id]: '1\n' });
  }
  await bench.wt('merge', 'a', 'c', '--yes');
  await bench.git('commit', '--allow-empty', '-qm', 'on top');
  const tip = await bench.git('rev-parse', 'main');
  expect((await bench.wt('undo')).code).toBe(9);
  expect(await bench.git('rev-parse', 'main')).toBe(tip);
});

test('a rebase that would lose what a merge of the session holds is refused', async () => {
  const bench = await makeBench({ f: '1\n' });
  await bench.wt('create', 'a');
  await bench.work('a', { x: '1\n' });
  await bench.write({ m: '1\n' });
  await bench.git('add', '-A');
  await bench.git('commit', '-qm', 'main goes on');
  await bench.room.git(bench.at('a'), 'merge', '-q', '--no-commit', 'main');
  await bench.work('a', { evil: 'only in the merge\n' }, 'merge main');
  const { code, stderr } = await bench.wt('merge', 'a', '--yes', '--strategy', 'rebase');
  expect({ code, next: /next: (.*)/.exec(stderr)?.[1] }).toEqual({ code: 2, next: 'wt merge a --strategy merge' });
  expect((await bench.wt('merge', 'a', '--yes')).code).toBe(0);
  expect(await bench.git('show', 'main:evil')).toBe('only in the merge');
});

test('the command that needs no answer names the branch that was merged in', async () => {
  const bench = await makeBench({ f: '1\n' });
  await bench.git('switch', '-qc', 'release');
  await bench.write({ f: 'release\n' });
  await bench.git('commit', '-qam', 'release');
  await bench.git('switch', '-q', 'main');
  await bench.wt('create', 'a');
  await bench.work('a', { f: 'a\n' });
  await bench.wt('merge', 'a', '--into', 'release', '--resolve');
  await bench.room.write(bench.at('a'), { f: 'both\n' });
  const { code, stderr } = await bench.wt('merge', 'a', '--continue');
  expect({ code, next: /next: (.*)/.exec(stderr)?.[1] }).toEqual({ code: 8, next: 'wt merge a --into release --yes' });
});

test('a session that was to land after another one says so when it goes first', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await bench.work('a', { x: '1\n' });
  await bench.wt('create', 'b', '--after', 'a');
  await bench.work('b', { y: '1\n' });
  const { code, stderr } = await bench.wt('merge', 'b', '--yes');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '! b was to land after a, which has not landed\n' });
});

test('a checkout with unmerged paths and no operation is refused by name', async () => {
  const bench = await makeBench({ f: '1\n' });
  await bench.wt('create', 'a');
  await bench.work('a', { x: '1\n' });
  await bench.write({ f: 'mine\n' });
  await bench.git('stash', '-q');
  await bench.write({ f: 'other\n' });
  await bench.git('commit', '-qam', 'other');
  await bench.git('stash', 'pop').catch(() => {});
  const { code, stderr } = await bench.wt('merge', 'a', '--yes');
  expect({ code, said: stderr.includes('conflict in f') }).toEqual({ code: 4, said: true });
});

test('a session lands in a repository whose git directory lies elsewhere', async () => {
  const bench = await makeBench();
  await bench.git('init', '-q', `--separate-git-dir=${bench.room.dir}/elsewhere.git`);
  await bench.wt('create', 'a');
  await bench.work('a', { x: '1\n' });
  expect((await bench.wt('merge', 'a', '--yes')).code).toBe(0);
  expect(await bench.git('status', '--porcelain')).toBe('');
});
