import { mkdir, rename, symlink } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { findOperation, findOperationBranch, isAtLeast, locateRepo, type RepoLocation } from '#src/git/repo.ts';
import { createRunner } from '#src/platform/runner.ts';
import { makeClock } from '../support/deps.ts';
import { makeRoom, type Room } from '../support/room.ts';

function locate(room: Room, dir: string): Promise<RepoLocation> {
  return locateRepo({ run: createRunner(room.env), clock: makeClock(), dir });
}

describe('a repository', () => {
  test('is found from its main worktree, a folder in it, a linked worktree, and through a link', async () => {
    const room = await makeRoom();
    const root = await room.repo('my app', { 'src/ünï/x': '' });
    const linked = path.join(room.dir, 'linked tree');
    await room.git(root, 'worktree', 'add', '-q', '-b', 'side', linked);
    await symlink(root, path.join(room.dir, 'link'));
    const commonDir = path.join(root, '.git');
    const headCommit = await room.git(root, 'rev-parse', 'HEAD');
    const main = {
      root,
      commonDir,
      isBare: false,
      top: root,
      gitDir: commonDir,
      headRef: 'refs/heads/main',
      headCommit,
      mergeSettings: [expect.stringMatching(/^\d+\.\d+/)],
    };
    expect(await locate(room, root)).toEqual(main);
    expect(await locate(room, path.join(root, 'src', 'ünï'))).toEqual(main);
    expect(await locate(room, path.join(room.dir, 'link', 'src'))).toEqual(main);
    expect(await locate(room, linked)).toEqual({
      ...main,
      top: linked,
      gitDir: path.join(commonDir, 'worktrees', 'linked-tree'),
      headRef: 'refs/heads/side',
    });
  });

  test('has no top in its .git folder', async () => {
    const room = await makeRoom();
    const root = await room.repo();
    expect(await locate(room, path.join(root, '.git'))).toMatchObject({ root, isBare: false, top: undefined });
  });

  test('without a commit has a branch and no commit', async () => {
    const room = await makeRoom();
    await room.git(room.dir, 'init', '-q', 'empty');
    const found = await locate(room, path.join(room.dir, 'empty'));
    expect(found).toMatchObject({ root: path.join(room.dir, 'empty'), headCommit: undefined });
  });

  test('with a detached HEAD has a commit and no branch', async () => {
    const room = await makeRoom();
    const root = await room.repo();
    await room.git(root, 'checkout', '-q', '--detach');
    const { headRef, headCommit } = await locate(room, root);
    expect(headRef).toBeUndefined();
    expect(headCommit).toBe(await room.git(root, 'rev-parse', 'HEAD'));
  });

  test('that is bare is its own root, or the folder beside .bare', async () => {
    const room = await makeRoom();
    const root = await room.repo();
    const bare = path.join(room.dir, 'app.git');
    await room.git(room.dir, 'clone', '-q', '--bare', root, bare);
    expect(await locate(room, bare)).toMatchObject({ root: bare, isBare: true, top: undefined });
    const project = path.join(room.dir, 'project');
    await mkdir(project);
    await rename(bare, path.join(project, '.bare'));
    await room.write(project, { '.git': 'gitdir: ./.bare\n' });
    expect(await locate(room, project)).toMatchObject({ root: project, isBare: true });
    await room.git(project, 'worktree', 'add', '-q', path.join(project, 'main'), 'main');
    expect(await locate(room, path.join(project, 'main'))).toMatchObject({
      root: project,
      top: path.join(project, 'main'),
    });
  });

  test('whose git folder lies elsewhere is found from its worktree', async () => {
    const room = await makeRoom();
    const work = path.join(room.dir, 'work');
    await room.git(room.dir, 'init', '-q', `--separate-git-dir=${path.join(room.dir, 'store')}`, work);
    await room.git(work, 'commit', '-q', '--allow-empty', '-m', 'first');
    expect(await locate(room, work)).toMatchObject({ root: work, commonDir: path.join(room.dir, 'store') });
  });

  test('that is a submodule is a repository of its own', async () => {
    const room = await makeRoom();
    const [inner, outer] = [await room.repo('inner'), await room.repo('outer')];
    await room.git(outer, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', inner, 'lib');
    expect(await locate(room, path.join(outer, 'lib'))).toMatchObject({
      root: path.join(outer, 'lib'),
      commonDir: path.join(outer, '.git', 'modules', 'lib'),
    });
  });

  test('that is bare and lies among the files of another one is refused', async () => {
    const room = await makeRoom();
    const root = await room.repo();
    await room.git(root, 'init', '-q', '--bare', 'fixture');
    await expect(locate(room, path.join(root, 'fixture'))).rejects.toMatchObject({
      code: 'repo.not-found',
      details: { reason: 'embedded' },
    });
  });

  test('is not found outside, in a folder that is gone, or where .git is no repository', async () => {
    const room = await makeRoom();
    await expect(locate(room, room.dir)).rejects.toMatchObject({ details: { reason: 'outside' } });
    await expect(locate(room, path.join(room.dir, 'gone'))).rejects.toMatchObject({ details: { reason: 'gone' } });
    await room.write(path.join(room.dir, 'odd'), { '.git': 'nonsense\n' });
    await expect(locate(room, path.join(room.dir, 'odd'))).rejects.toMatchObject({ details: { reason: 'outside' } });
  });

  test('is not opened with a git that is too old or missing', async () => {
    const trace = (version: string): string => `{"event":"version","sid":"x","evt":"3","exe":"${version}"}\n`;
    const withGit = (exitCode: number, stderr: string): Promise<RepoLocation> =>
      locateRepo({
        run: () => Promise.resolve({ exitCode, stdout: '', stderr, durationMs: 0 }),
        clock: makeClock(),
        dir: '/',
      });
    await expect(withGit(0, trace('2.37.7'))).rejects.toMatchObject({
      code: 'git.too-old',
      details: { found: '2.37.7' },
    });
    await expect(withGit(127, '')).rejects.toMatchObject({ code: 'git.failed' });
    await expect(
      withGit(128, `${trace('2.39.5')}fatal: detected dubious ownership in repository at '/x'\n`),
    ).rejects.toMatchObject({
      code: 'repo.not-found',
      details: { reason: 'ownership', detail: "fatal: detected dubious ownership in repository at '/x'" },
    });
  });
});

test('versions are compared number by number', () => {
  expect(isAtLeast('2.38.0', '2.38.0')).toBe(true);
  expect(isAtLeast('2.100.0', '2.38.0')).toBe(true);
  expect(isAtLeast('2.39.5.windows.1', '2.38.0')).toBe(true);
  expect(isAtLeast('2.37.9', '2.38.0')).toBe(false);
  expect(isAtLeast('1.99.0', '2.38.0')).toBe(false);
  expect(isAtLeast('3', '2.38.0')).toBe(true);
});

describe('an operation in progress', () => {
  async function conflicting(): Promise<{ room: Room; root: string; gitDir: string }> {
    const room = await makeRoom();
    const root = await room.repo('app', { x: '1\n' });
    await room.git(root, 'checkout', '-q', '-b', 'side');
    await room.write(root, { x: '2\n' });
    await room.git(root, 'commit', '-qam', 'side');
    await room.git(root, 'checkout', '-q', 'main');
    await room.write(root, { x: '3\n' });
    await room.git(root, 'commit', '-qam', 'main');
    return { room, root, gitDir: path.join(root, '.git') };
  }

  test('is none in a worktree at rest', async () => {
    const { gitDir } = await conflicting();
    expect(await findOperation(gitDir)).toBeUndefined();
    expect(await findOperationBranch(gitDir)).toBeUndefined();
  });

  test.each([
    ['merge', ['merge', 'side']],
    ['cherry-pick', ['cherry-pick', 'side']],
    ['revert', ['revert', '--no-edit', 'HEAD~1']],
    ['rebase', ['rebase', 'side']],
    ['bisect', ['bisect', 'start']],
  ])('is seen: %s', async (operation, args) => {
    const { room, root, gitDir } = await conflicting();
    await room.git(root, ...args).catch(() => undefined);
    expect(await findOperation(gitDir)).toBe(operation);
  });

  test('holds the branch it will come back to', async () => {
    const { room, root, gitDir } = await conflicting();
    await room.git(root, 'rebase', 'side').catch(() => undefined);
    expect(await findOperationBranch(gitDir)).toBe('refs/heads/main');
    await room.git(root, 'rebase', '--abort');
    await room.git(root, 'bisect', 'start');
    expect(await findOperationBranch(gitDir)).toBe('refs/heads/main');
  });
});
