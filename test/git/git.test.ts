import path from 'node:path';
import { chmod } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { WtError } from '#src/core/errors.ts';
import { environmentForPrograms, gitAt, gitHolding, gitIn } from '#src/git/git.ts';
import type { RunRequest, RunResult } from '#src/platform/runner.ts';
import { createRunner } from '#src/platform/runner.ts';
import { gitOf, makeClock } from '../support/deps.ts';
import { makeRoom } from '../support/room.ts';
import { exists } from '../support/spawn.ts';

describe('git', () => {
  test('answers for its own folder, whatever the environment points at', async () => {
    const room = await makeRoom();
    const [mine, other] = [await room.repo('mine'), await room.repo('other')];
    const env = {
      ...room.env,
      GIT_DIR: path.join(other, '.git'),
      GIT_WORK_TREE: other,
      GIT_INDEX_FILE: path.join(other, '.git', 'index'),
      GIT_COMMON_DIR: path.join(other, '.git'),
      GIT_NAMESPACE: 'x',
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'core.worktree',
      GIT_CONFIG_VALUE_0: other,
    };
    const git = gitAt({ run: createRunner(env), clock: makeClock(), dir: mine });
    expect((await git(['rev-parse', '--show-toplevel'])).stdout).toBe(`${mine}\n`);
  });

  test('runs the hooks of the repository only for a commit of a person', async () => {
    const room = await makeRoom();
    const root = await room.repo();
    const hook = path.join(root, '.git', 'hooks', 'pre-commit');
    await room.write(root, { '.git/hooks/pre-commit': '#!/bin/sh\necho no >&2\nexit 1\n' });
    await chmod(hook, 0o755);
    const git = gitOf(room, root);
    await git(['commit', '--allow-empty', '-qm', 'ours']);
    await expect(git(['commit', '--allow-empty', '-qm', 'theirs'], { hooks: true })).rejects.toThrow(WtError);
    expect(await room.git(root, 'log', '-1', '--format=%s')).toBe('ours');
  });

  test('never starts a file system monitor that the repository names', async () => {
    const room = await makeRoom();
    const root = await room.repo();
    const mark = path.join(room.dir, 'ran');
    await room.write(room.dir, { evil: `#!/bin/sh\ntouch ${mark}\n` });
    await chmod(path.join(room.dir, 'evil'), 0o755);
    await room.git(root, 'config', 'core.fsmonitor', path.join(room.dir, 'evil'));
    const git = gitOf(room, root);
    await git(['status']);
    await git(['log']);
    expect(await exists(mark)).toBe(false);
    await room.git(root, 'status');
    expect(await exists(mark)).toBe(true);
  });

  test('tells its arguments, exit code and stderr when it fails', async () => {
    const room = await makeRoom();
    const root = await room.repo();
    const failure = await gitOf(room, root)(['rev-parse', '--verify', 'nope']).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: 'git.failed',
      details: {
        args: ['git', 'rev-parse', '--verify', 'nope'],
        exitCode: 128,
        stderr: 'fatal: Needed a single revision',
      },
    });
  });

  test('takes an expected exit code for an answer', async () => {
    const room = await makeRoom();
    const root = await room.repo();
    expect((await gitOf(room, root)(['rev-parse', '--verify', '-q', 'nope'], { expect: [0, 1] })).exitCode).toBe(1);
  });

  test('says that the folder is gone rather than that git is missing', async () => {
    const room = await makeRoom();
    const failure = await gitOf(room, path.join(room.dir, 'gone'))(['status']).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'repo.not-found', details: { reason: 'gone' } });
  });

  test('in another folder is the same git there', async () => {
    const room = await makeRoom();
    const [one, two] = [await room.repo('one'), await room.repo('two')];
    const git = gitIn(gitOf(room, one), two);
    expect((await git(['rev-parse', '--show-toplevel'])).stdout).toBe(`${two}\n`);
  });
});

describe('a call that a sibling worktree disturbed', () => {
  const race = 'fatal: failed to read .git/worktrees/b/commondir: Success';
  const fakeGit = (stderrs: string[]): { calls: RunRequest[]; git: ReturnType<typeof gitAt> } => {
    const calls: RunRequest[] = [];
    const run = (request: RunRequest): Promise<RunResult> => {
      calls.push(request);
      const stderr = stderrs.shift();
      return Promise.resolve({
        exitCode: stderr === undefined ? 0 : 128,
        stdout: '',
        stderr: stderr ?? '',
        durationMs: 0,
      });
    };
    return { calls, git: gitAt({ run, clock: makeClock(), dir: '/' }) };
  };

  test('is repeated when it only reads', async () => {
    const { calls, git } = fakeGit([race, race]);
    await git(['worktree', 'list']);
    expect(calls).toHaveLength(3);
  });

  test('is given up after six tries', async () => {
    const { calls, git } = fakeGit(Array.from({ length: 20 }, () => race));
    await expect(git(['for-each-ref'])).rejects.toThrow('git.failed');
    expect(calls).toHaveLength(6);
  });

  test('is not repeated when it changes something, nor for another failure', async () => {
    const write = fakeGit([race]);
    await expect(write.git(['update-ref', 'x', 'y'])).rejects.toThrow('git.failed');
    expect(write.calls).toHaveLength(1);
    const other = fakeGit(['fatal: bad revision']);
    await expect(other.git(['log'])).rejects.toThrow('git.failed');
    expect(other.calls).toHaveLength(1);
  });

  test('is told as a full disk when that was the reason', async () => {
    const { git } = fakeGit(['error: unable to write file: No space left on device']);
    await expect(git(['log'])).rejects.toMatchObject({ code: 'io.disk-full' });
  });

  test('hands the file descriptor of the lock to its children, and only when it has one', async () => {
    const { calls, git } = fakeGit([]);
    await gitHolding(git, 17)(['log']);
    await gitHolding(git, undefined)(['log']);
    expect(calls.map(({ holdFd }) => holdFd)).toEqual([17, undefined]);
  });
});

test('a program that is not ours gets the environment of the caller, without what points git elsewhere', () => {
  const env = environmentForPrograms({
    PATH: '/bin',
    LC_ALL: 'de_DE',
    GIT_DIR: '/x',
    GIT_INDEX_FILE: '/y',
    GIT_EDITOR: 'vi',
  });
  expect(Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined))).toEqual({
    PATH: '/bin',
    LC_ALL: 'de_DE',
    GIT_EDITOR: 'vi',
  });
});
