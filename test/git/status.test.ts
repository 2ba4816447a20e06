import { rm, symlink, unlink } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  changedPaths,
  countChanges,
  hasChanges,
  listEditedPaths,
  listHiddenPaths,
  listTrackedUnder,
  readStatus,
} from '#src/git/status.ts';
import { gitOf } from '../support/deps.ts';
import { makeRoom } from '../support/room.ts';

describe('the status of a worktree', () => {
  test('names what is staged, modified, untracked and ignored, each by its own path', async () => {
    const room = await makeRoom();
    const root = await room.repo('app', {
      '.gitignore': '*.env\nout/\n',
      'a b': '1',
      gone: '1',
      both: '1',
      old: 'same\n',
    });
    await room.write(root, { 'a b': '2', both: '2', 'new\nline': '', 'deep/er/ü': '', 'x.env': 's', 'out/bin': '' });
    await room.git(root, 'add', 'both');
    await room.write(root, { both: '3' });
    await rm(path.join(root, 'gone'));
    await room.git(root, 'mv', 'old', 'moved');
    const status = await readStatus(gitOf(room, root), { ignored: true });
    expect({ ...status, staged: status.staged.toSorted(), ignored: status.ignored.toSorted() }).toEqual({
      staged: ['both', 'moved', 'old'],
      modified: ['a b', 'both', 'gone'],
      untracked: ['deep/er/ü', 'new\nline'],
      conflicted: [],
      ignored: ['out/', 'x.env'],
    });
    expect(countChanges(status)).toEqual({ staged: 3, modified: 3, untracked: 2, conflicted: 0 });
    expect(changedPaths(status).toSorted()).toEqual(['a b', 'both', 'deep/er/ü', 'gone', 'moved', 'new\nline', 'old']);
  });

  test('is what it is, whatever the configuration hides', async () => {
    const room = await makeRoom();
    const root = await room.repo();
    await room.git(root, 'config', 'status.showUntrackedFiles', 'no');
    await room.git(root, 'config', 'status.relativePaths', 'true');
    await room.write(root, { 'sub/new': '' });
    expect((await readStatus(gitOf(room, path.join(root, 'sub')))).untracked).toEqual(['sub/new']);
  });

  test('shows a conflict as nothing else', async () => {
    const room = await makeRoom();
    const root = await room.repo('app', { x: '1\n' });
    await room.git(root, 'checkout', '-q', '-b', 'side');
    await room.write(root, { x: '2\n' });
    await room.git(root, 'commit', '-qam', 'side');
    await room.git(root, 'checkout', '-q', 'main');
    await room.write(root, { x: '3\n' });
    await room.git(root, 'commit', '-qam', 'main');
    await room.git(root, 'merge', 'side').catch(() => undefined);
    const status = await readStatus(gitOf(room, root));
    expect(status).toEqual({ staged: [], modified: [], untracked: [], conflicted: ['x'], ignored: [] });
    expect(hasChanges(countChanges(status))).toBe(true);
  });

  test('of a clean worktree has no changes, ignored files or not', async () => {
    const room = await makeRoom();
    const root = await room.repo('app', { '.gitignore': '*.env\n' });
    await room.write(root, { 'x.env': '' });
    const status = await readStatus(gitOf(room, root), { ignored: true });
    expect(hasChanges(countChanges(status))).toBe(false);
    expect(status.ignored).toEqual(['x.env']);
    expect((await readStatus(gitOf(room, root))).ignored).toEqual([]);
  });
});

describe('an edit that git is told not to see', () => {
  test('is found behind assume-unchanged and skip-worktree', async () => {
    const room = await makeRoom();
    const root = await room.repo('app', { 'a b': '1\n', skipped: '1\n', plain: '1\n', untouched: '1\n' });
    await room.git(root, 'update-index', '--assume-unchanged', 'a b', 'untouched');
    await room.git(root, 'update-index', '--skip-worktree', 'skipped');
    await room.write(root, { 'a b': '2\n', skipped: '2\n' });
    const git = gitOf(room, root);
    expect(changedPaths(await readStatus(git))).toEqual([]);
    const hidden = await listHiddenPaths(git);
    expect(hidden).toEqual(['a b', 'skipped', 'untouched']);
    expect(await listHiddenPaths(git, ['plain', 'skipped'])).toEqual(['skipped']);
    expect(await listEditedPaths(git, hidden)).toEqual(['a b', 'skipped']);
  });

  test('is none when the file is as git has it, or nothing is hidden', async () => {
    const room = await makeRoom();
    const root = await room.repo('app', { x: '1\n' });
    await room.git(root, 'update-index', '--assume-unchanged', 'x');
    const git = gitOf(room, root);
    expect(await listEditedPaths(git, ['x'])).toEqual([]);
    await unlink(path.join(root, 'x'));
    expect(await listEditedPaths(git, ['x'])).toEqual([]);
    expect(await listEditedPaths(git, [])).toEqual([]);
  });

  test('takes a path for a path, never for a pattern', async () => {
    const room = await makeRoom();
    const root = await room.repo('app', { '*': '1\n', other: '1\n' });
    await room.git(root, 'update-index', '--assume-unchanged', 'other');
    expect(await listHiddenPaths(gitOf(room, root), ['*'])).toEqual([]);
  });
});

test('tracked files below a folder are found by the folder itself', async () => {
  const room = await makeRoom();
  const root = await room.repo('app', { '.worktrees/x/y': '', '.worktreesish/z': '', 'sub/.worktrees/q': '' });
  const git = gitOf(room, root);
  expect(await listTrackedUnder(git, '.worktrees')).toEqual(['.worktrees/x/y']);
  expect(await listTrackedUnder(git, 'nothing')).toEqual([]);
  await symlink('x', path.join(root, 'link'));
  expect(await listTrackedUnder(git, 'link')).toEqual([]);
});
