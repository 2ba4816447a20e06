import { unlink } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { runFix } from '../support/listing.ts';
import { expectRefused, expectThereAndBack, makeLandable } from '../support/undone.ts';

test.for(['merge', 'squash', 'rebase', 'ff'])('a landing by %s is taken back, checkout and all', async (strategy) => {
  const bench = await makeLandable();
  if (strategy === 'rebase') {
    await bench.write({ third: 'moved on\n' });
    await bench.git('commit', '-qam', 'on main');
  }
  await bench.write({ other: 'staged\n', 'new-staged.txt': 'x\n' });
  await bench.git('add', '-A');
  await bench.write({ other: 'edited on top\n', third: 'unstaged\n', 'free.txt': 'untracked\n' });
  await expectThereAndBack(bench, 'merge', 'a', '--yes', '--strategy', strategy);
});

test('a landing on a branch that is not checked out is taken back', async () => {
  const bench = await makeLandable();
  await bench.git('switch', '-qc', 'elsewhere');
  await expectThereAndBack(bench, 'merge', 'a', '--yes');
});

test('a landing on a branch that a linked worktree has is taken back there, and its HEAD log says so', async () => {
  const bench = await makeLandable();
  await bench.git('switch', '-qc', 'elsewhere');
  const place = `${bench.room.dir}/beside`;
  await bench.git('worktree', 'add', '-q', place, 'main');
  await expectThereAndBack(bench, 'merge', 'a', '--yes');
  expect(await bench.room.git(place, 'reflog', '-1', '--format=%gs')).toBe('wt undo a');
});

test.for(['merge', 'squash', 'ff'])(
  'a base that has moved on stays, and the proposed revert of a landing by %s works',
  async (strategy) => {
    const bench = await makeLandable();
    await bench.wt('merge', 'a', '--yes', '--strategy', strategy);
    await bench.write({ other: 'later\n' });
    await bench.git('commit', '-qam', 'later');
    expect(await runFix(bench, await expectRefused(bench, 'target.moved', 9))).toBe(0);
    expect(await bench.git('show', 'HEAD:f')).toBe('1\n2\n3\n4\n5');
    expect(await bench.git('show', 'HEAD:other')).toBe('later');
  },
);

test('a base that has moved on and is checked out nowhere is reverted in a session of its own', async () => {
  const bench = await makeLandable();
  await bench.git('switch', '-qc', 'elsewhere');
  await bench.wt('merge', 'a', '--yes');
  const tree = await bench.git('rev-parse', 'main^{tree}');
  await bench.git('update-ref', 'refs/heads/main', await bench.git('commit-tree', '-p', 'main', '-m', 'later', tree));
  const { stderr } = await bench.wt('undo');
  expect(stderr).toMatch(/git revert --no-edit -m 1 <commit>, in a new session/);
  expect(await runFix(bench, await expectRefused(bench, 'target.moved', 9))).toBe(0);
});

test('an undone landing whose base has moved on is landed again by hand', async () => {
  const bench = await makeLandable();
  await bench.wt('merge', 'a', '--yes');
  await bench.wt('undo');
  await bench.write({ other: 'later\n' });
  await bench.git('commit', '-qam', 'later');
  expect(await runFix(bench, await expectRefused(bench, 'target.moved', 9))).toBe(0);
  expect(await bench.git('show', 'HEAD:feature.txt')).toBe('feature, more');
});

test.for([
  ['an edit', { f: '1 edited\n2\n3\n4\n5 in a\n' }],
  ['an untracked file', { 'feature.txt/x': 'mine\n' }],
] as const)('a landing is not taken back over %s in the checkout', async ([, files]) => {
  const bench = await makeLandable();
  await bench.wt('merge', 'a', '--yes');
  if ('feature.txt/x' in files) await unlink(`${bench.root}/feature.txt`);
  await bench.write(files);
  await expectRefused(bench, 'target.dirty', 4);
});

test('a landing with --remove comes back as a session, and the base goes back', async () => {
  const bench = await makeLandable();
  await expectThereAndBack(bench, 'merge', 'a', '--yes', '--remove');
});

test('a landing with --remove is left as it is while the base cannot go back', async () => {
  const bench = await makeLandable();
  await bench.wt('merge', 'a', '--yes', '--remove');
  await bench.write({ other: 'later\n' });
  await bench.git('commit', '-qam', 'later');
  await expectRefused(bench, 'target.moved', 9);
});

test('costs at most eleven git processes for a landing', async () => {
  const bench = await makeLandable();
  await bench.wt('merge', 'a', '--yes');
  const { git, code } = await bench.wt('undo');
  expect(code).toBe(0);
  expect(git.length).toBeLessThanOrEqual(11);
  expect(git.map(([verb]) => verb)).toMatchInlineSnapshot(`
    [
      "rev-parse",
      "for-each-ref",
      "worktree",
      "for-each-ref",
      "diff-tree",
      "status",
      "update-index",
      "read-tree",
      "update-ref",
    ]
  `);
});
