import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { addWorktree, checkoutFiles, listWorktrees } from '#src/git/worktree.ts';
import { gitAt, gitIn } from '#src/git/git.ts';
import { createRunner } from '#src/platform/runner.ts';
import { gitOf, makeClock } from '../support/deps.ts';
import { makeRoom } from '../support/room.ts';

test('worktrees are listed as git knows them, odd names and reasons too', async () => {
  const room = await makeRoom();
  const root = await room.repo();
  const odd = path.join(room.dir, 'two\nlines "ü"');
  const gone = path.join(room.dir, 'gone');
  await room.git(root, 'worktree', 'add', '-q', '-b', 'odd', odd);
  await room.git(root, 'worktree', 'lock', '--reason', 'on a\nportable disk', odd);
  await room.git(root, 'worktree', 'add', '-q', '--detach', gone);
  await rm(gone, { recursive: true });
  const head = await room.git(root, 'rev-parse', 'HEAD');
  const rest = { head, isBare: false, locked: undefined, prunable: undefined };
  const found = await listWorktrees(gitOf(room, root));
  expect(found).toHaveLength(3);
  expect(found).toContainEqual({ ...rest, path: root, ref: 'refs/heads/main' });
  expect(found).toContainEqual({ ...rest, path: odd, ref: 'refs/heads/odd', locked: 'on a\nportable disk' });
  expect(found).toContainEqual({
    ...rest,
    path: gone,
    ref: undefined,
    prunable: expect.stringContaining('gitdir file'),
  });
});

test('a bare repository and a branch without a commit are told apart from a broken worktree', async () => {
  const room = await makeRoom();
  await room.git(room.dir, 'init', '-q', '--bare', 'bare.git');
  await room.git(room.dir, 'init', '-q', 'empty');
  expect(await listWorktrees(gitOf(room, path.join(room.dir, 'empty')))).toMatchObject([
    { head: undefined, isBare: false },
  ]);
  const bare = path.join(room.dir, 'bare.git');
  const git = gitAt({ run: createRunner(room.env), clock: makeClock(), dir: bare, gitDir: bare });
  expect(await listWorktrees(git)).toMatchObject([{ path: bare, head: undefined, isBare: true }]);
});

test('a worktree is added locked, without files and without tracking, and then filled', async () => {
  const room = await makeRoom();
  const root = await room.repo('app', { 'a b/ü': 'x\n' });
  const git = gitOf(room, root);
  await git(['branch', 'side']);
  const config = await readFile(path.join(root, '.git', 'config'), 'utf8');
  const tree = path.join(room.dir, 'tree');
  await addWorktree(git, { path: tree, at: 'side', lockReason: 'wt:op' });
  expect(await listWorktrees(git)).toContainEqual(
    expect.objectContaining({ path: tree, ref: 'refs/heads/side', locked: 'wt:op' }),
  );
  await expect(readFile(path.join(tree, 'a b/ü'), 'utf8')).rejects.toThrow('ENOENT');
  await checkoutFiles(gitIn(git, tree), 2);
  expect(await readFile(path.join(tree, 'a b/ü'), 'utf8')).toBe('x\n');
  expect(await room.git(tree, 'status', '--porcelain')).toBe('');
  expect(await readFile(path.join(root, '.git', 'config'), 'utf8')).toBe(config);
});
