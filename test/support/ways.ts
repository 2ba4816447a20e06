import { execa } from 'execa';
import path from 'node:path';
import { expect } from 'vitest';
import { BOOKKEEPING, listing } from './listing.ts';
import type { Files, Room } from './room.ts';
import { makeBench, type Bench } from './wt.ts';

/** Everything of a worktree that could get lost: files with bytes and modes, HEAD, index, and what git says of them. */
export async function stateOf(room: Room, worktree: string): Promise<unknown> {
  return {
    files: await listing(worktree, BOOKKEEPING),
    head: await room.git(worktree, 'rev-parse', '--symbolic-full-name', 'HEAD'),
    commit: await room.git(worktree, 'rev-parse', 'HEAD'),
    index: await room.git(worktree, 'ls-files', '--stage', '-v'),
    status: await room.git(worktree, '--no-optional-locks', 'status', '--porcelain=v2', '-uall', '--ignored=matching'),
  };
}

/** A script as somebody else's tool would run it. */
export async function sh(room: Room, cwd: string, script: string, ...args: string[]): Promise<number> {
  const { exitCode } = await execa('sh', ['-c', script, 'sh', ...args], {
    cwd,
    env: room.env as Record<string, string>,
    extendEnv: false,
    reject: false,
  });
  return exitCode ?? -1;
}

export interface Two extends Bench {
  /** A plain repository with the same history, and in it a plain worktree `a` on branch `a`. */
  readonly plain: string;
  readonly plainTree: string;
  readonly plainGit: (...args: string[]) => Promise<string>;
}

/** The same situation twice: a plain worktree `a`, and a session `a` of wt. */
export async function makeTwo(files: Files = { 'README.md': 'hello\n', '.gitignore': '.env\n' }): Promise<Two> {
  const bench = await makeBench(files);
  const { room } = bench;
  const plain = await room.repo('plain', files);
  const plainTree = path.join(room.dir, 'plain-a');
  await room.git(plain, 'worktree', 'add', '--quiet', '-b', 'a', plainTree);
  await bench.data('create', 'a');
  return { ...bench, plain, plainTree, plainGit: (...args) => room.git(plain, ...args) };
}

/** Writes files in both worktrees; with a message they are committed. */
export async function layInBoth({ room, plainTree, at }: Two, files: Files, message?: string): Promise<void> {
  for (const tree of [plainTree, at('a')]) {
    await room.write(tree, files);
    if (message === undefined) continue;
    await room.git(tree, 'add', '-A');
    await room.git(tree, 'commit', '--quiet', '-m', message);
  }
}

/** Whatever no ref and no reflog holds is gone after this. */
export async function collectGarbage(room: Room, repository: string): Promise<void> {
  await room.git(repository, 'reflog', 'expire', '--expire=now', '--all');
  await room.git(repository, 'gc', '--quiet', '--prune=now');
}

/** `wt remove --force`, a garbage collection, `wt restore`: the session is as it was, to the byte. */
export async function expectWayBack(bench: Bench, id = 'a'): Promise<void> {
  const before = await stateOf(bench.room, bench.at(id));
  await bench.data('remove', id, '--force');
  await collectGarbage(bench.room, bench.root);
  await bench.data('restore', id);
  expect(await stateOf(bench.room, bench.at(id))).toEqual(before);
}
