import { changeRefs } from '../git/ref.ts';
import { copyIndex } from '../git/snapshot.ts';
import { WtError } from '../core/errors.ts';
import path from 'node:path';
import type { Git } from '../git/git.ts';
import type { Env } from '../platform/deps.ts';
import { makePrivateDirectory, removeFile } from '../platform/files.ts';
import type { EntryOf } from '../registry/journal.ts';
import type { Carried } from '../registry/session.ts';
import { scratchIndexOf } from '../sessions/cache.ts';
import { pinRewound } from '../sessions/pins.ts';
import { gitAtWorktree, type Repo } from '../sessions/repo.ts';
import { restoreCheckout } from './converge.ts';

/** A branch that goes from one known commit to another, with the worktree that has it checked out. */
export interface Move {
  readonly id: string;
  readonly op: string;
  readonly ref: string;
  readonly from: string;
  readonly to: string;
  readonly worktree: string | null;
  /** For the reflog. */
  readonly message: string;
}

/**
 * The checkout first, then the branch by compare-and-swap; what it leaves behind is pinned in the same transaction. False
 * when the branch had moved.
 */
export async function moveBranch(repo: Repo, { id, op, ref, from, to, worktree, message }: Move): Promise<boolean> {
  const git = worktree === null ? repo.git : gitAtWorktree(repo, worktree);
  if (worktree !== null) await moveCheckout(git, from, to);
  return changeRefs(git, [{ kind: 'update', ref, to, from }, pinRewound(id, op, from)], { message });
}

/** A two-way merge keeps what is staged or edited in other files (git-read-tree(1), "Two Tree Merge"). */
export async function moveCheckout(git: Git, from: string, to: string, env: Env = {}): Promise<void> {
  await git(['update-index', '-q', '--refresh'], { expect: [0, 1], env });
  await git(['read-tree', '-m', '-u', from, to], { timeoutMs: 600_000, env });
}

/** git, or wt before it, looked at the files and would not begin: somebody has just written there. Nothing was moved. */
export function isRefusedMove(error: unknown): boolean {
  if (WtError.is(error, 'io.failed')) return error.details.errno === 'EAGAIN';
  return WtError.is(error, 'git.failed') && /not uptodate|would be (?:overwritten|removed)/.test(error.details.stderr);
}

/** git was ended from outside or took too long: its locks are left, and they are ours. */
export function isKilledGit(error: unknown): boolean {
  return WtError.is(error, 'git.timeout') || (WtError.is(error, 'git.failed') && (error.details.exitCode ?? 0) > 128);
}

type Place = Pick<EntryOf<'sync'>, 'op' | 'path' | 'adminDirectory'>;

/**
 * The files of uncommitted work and then its index, each by its own two trees: what they do not differ in stays as it is,
 * byte for byte. Throws when somebody has written there since the trees were taken; nothing is touched then.
 */
export async function moveWork(repo: Repo, place: Place, work: Carried): Promise<void> {
  const git = gitAtWorktree(repo, place.path);
  await withFilesIndex(repo, place, async (env) => {
    await git(['add', '--all', '--', ':/'], { env, timeoutMs: 600_000 });
    const now = (await git(['write-tree'], { env })).stdout.trim();
    if (now !== work.filesFrom)
      throw new WtError('io.failed', {
        path: place.path,
        syscall: null,
        errno: 'EAGAIN',
        message: 'the files changed at this very moment',
      });
    await git(['read-tree', '-m', '-u', work.filesFrom, work.filesTo], { env, timeoutMs: 600_000 });
  });
  await moveIndex(git, work.indexFrom, work.indexTo);
}

/** Takes that back as far as it had come. Names of files that somebody has edited since: then the files stay. */
export async function moveWorkBack(repo: Repo, place: Place, work: Carried): Promise<readonly string[]> {
  const git = gitAtWorktree(repo, place.path);
  const strangers = await withFilesIndex(repo, place, (env) =>
    restoreCheckout(repo, place.path, { from: work.filesFrom, to: work.filesTo }, env),
  );
  if (strangers.length === 0) await moveIndex(git, work.indexTo, work.indexFrom);
  return strangers;
}

/** "-i": the files are not looked at (git-read-tree(1)). An index that is there already stays as it is. */
async function moveIndex(git: Git, from: string, to: string): Promise<void> {
  if (from === to) return;
  await git(['read-tree', '-m', '-i', from, to]);
  await git(['update-index', '-q', '--refresh'], { expect: [0, 1] });
}

/** A copy of the worktree's index to work on its files with; recovery finds it by the operation. */
async function withFilesIndex<T>(repo: Repo, place: Place, use: (env: Env) => Promise<T>): Promise<T> {
  await makePrivateDirectory(repo.layout.cache);
  const index = scratchIndexOf(repo, place.op);
  try {
    for (const left of [index, `${index}.lock`]) await removeFile(left);
    await copyIndex(path.join(place.adminDirectory, 'index'), index);
    return await use({ GIT_INDEX_FILE: index });
  } finally {
    await removeFile(index);
  }
}
