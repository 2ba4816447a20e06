import path from 'node:path';
import { readdir } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { mergeTree, mergeTrees } from '#src/git/merge-tree.ts';
import { withScratchObjects } from '#src/git/snapshot.ts';
import { gitAt, type Git } from '#src/git/git.ts';
import type { RunResult } from '#src/platform/runner.ts';
import { gitOf, makeClock } from '../support/deps.ts';
import { makeRoom, type Room } from '../support/room.ts';
import { filesBelow } from '../support/spawn.ts';

/** `main` and `clash` change the same line; `calm` adds a file; `lost` shares no history. */
async function makeSides(
  name = 'app',
): Promise<{ room: Room; root: string; git: Git; tip: (ref: string) => Promise<string> }> {
  const room = await makeRoom();
  const root = await room.repo(name, { 'a b': '1\n', 'c\nd': '1\n' });
  const side = async (branch: string, files: Record<string, string>): Promise<void> => {
    await room.git(root, 'checkout', '-q', '-b', branch, 'main~0');
    await room.write(root, files);
    await room.git(root, 'add', '-A');
    await room.git(root, 'commit', '-qm', branch);
    await room.git(root, 'checkout', '-q', 'main');
  };
  await side('clash', { 'a b': '2\n', 'c\nd': '2\n' });
  await side('calm', { new: 'x\n' });
  await room.git(root, 'checkout', '-q', '--orphan', 'lost');
  await room.git(root, 'commit', '-qm', 'lost');
  await room.git(root, 'checkout', '-q', 'main');
  await room.write(root, { 'a b': '3\n', 'c\nd': '3\n' });
  await room.git(root, 'commit', '-qam', 'main');
  return { room, root, git: gitOf(room, root), tip: (ref) => room.git(root, 'rev-parse', ref) };
}

describe('a merge in the object store', () => {
  test('is the tree that git merge makes, and touches nothing checked out', async () => {
    const { room, root, git } = await makeSides();
    const before = await room.git(root, 'status', '--porcelain', '--branch');
    const merged = await mergeTree(git, 'main', 'calm');
    expect(await room.git(root, 'status', '--porcelain', '--branch')).toBe(before);
    await room.git(root, 'merge', '-q', '--no-edit', 'calm');
    expect(merged).toEqual({ kind: 'clean', tree: await room.git(root, 'rev-parse', 'HEAD^{tree}') });
  });

  test('names the paths in conflict, each once', async () => {
    const { git } = await makeSides();
    expect(await mergeTree(git, 'main', 'clash')).toMatchObject({ kind: 'conflict', paths: ['a b', 'c\nd'] });
  });
});

describe('many merges in one process', () => {
  test('come back in the order asked and as one by one', async () => {
    const { git, tip } = await makeSides();
    const [main, clash, calm, lost] = await Promise.all(['main', 'clash', 'calm', 'lost'].map(tip));
    const pairs = [
      [main, clash],
      [main, calm],
      [clash, calm],
      [main, main],
      [main, lost],
      [clash, main],
    ].map(([a = '', b = '']) => [a, b] as const);
    const single = [];
    for (const [ours, theirs] of pairs) single.push(await mergeTree(git, ours, theirs));
    expect(await mergeTrees(git, pairs)).toEqual(single);
    expect(single.map(({ kind }) => kind)).toEqual(['conflict', 'clean', 'clean', 'clean', 'conflict', 'conflict']);
    expect(await mergeTrees(git, [])).toEqual([]);
  });

  test('are unknown, not clean, where git is too old for it', async () => {
    const run = (): Promise<RunResult> =>
      Promise.resolve({ exitCode: 129, stdout: '', stderr: 'usage', durationMs: 0 });
    const git = gitAt({ run, clock: makeClock(), dir: '/' });
    expect(
      await mergeTrees(git, [
        ['a', 'b'],
        ['a', 'c'],
      ]),
    ).toEqual([undefined, undefined]);
  });

  test('leave nothing in the repository when they write into a folder of ours, whatever the repository is called', async () => {
    const { room, root, git, tip } = await makeSides('we:ird "q" \\ ü');
    const [clash, calm] = [await tip('clash'), await tip('calm')];
    const objects = path.join(root, '.git', 'objects');
    const before = await filesBelow(objects);
    const folder = path.join(room.dir, 'scratch');
    const results = await withScratchObjects(path.join(root, '.git'), folder, async (env) => {
      const merged = await mergeTrees(git, [[clash, calm]], { env });
      expect((await filesBelow(folder)).length).toBeGreaterThan(0);
      return merged;
    });
    expect(results).toMatchObject([{ kind: 'clean' }]);
    expect(await filesBelow(objects)).toEqual(before);
    expect(await readdir(room.dir)).not.toContain('scratch');
  });
});
