import { copyFile, lstat, mkdir, readlink, rm, rmdir, symlink } from 'node:fs/promises';
import path from 'node:path';
import { WtError } from '../core/errors.ts';
import { KEEPER, writeCommit } from '../git/commit.ts';
import { listFileChanges, type FileChange } from '../git/diff.ts';
import type { Git } from '../git/git.ts';
import { mergeTree } from '../git/merge-tree.ts';
import { findOperation } from '../git/repo.ts';
import { copyIndex, snapshotFiles, snapshotIndex } from '../git/snapshot.ts';
import { changedPaths, listEditedPaths, listHiddenPaths, readStatus } from '../git/status.ts';
import type { Env } from '../platform/deps.ts';
import { makePrivateDirectory, removeFile } from '../platform/files.ts';
import { scratchPath } from './cache.ts';
import { findInTheWay } from './in-the-way.ts';
import { gitAtWorktree, type Repo } from './repo.ts';
import { findGitDir } from './worktree.ts';

/** The caller's uncommitted work, as git's trees of it. */
export interface Changes {
  readonly worktree: string;
  readonly head: string;
  readonly gitDir: string;
  /** Tree of the index, and of all files that are not ignored. */
  readonly index: string;
  readonly files: string;
  readonly changes: readonly FileChange[];
  readonly indexCommit: string;
  readonly filesCommit: string;
}

/** Throws when there is nothing to move; for a dry run, which writes nothing. */
export async function requireChanges(repo: Repo): Promise<void> {
  const paths = repo.top === undefined ? [] : changedPaths(await readStatus(gitAtWorktree(repo, repo.top)));
  if (paths.length === 0) throw nothingToMove();
}

function nothingToMove(): WtError {
  return new WtError('usage.invalid', { option: '--from-changes', reason: 'there are no uncommitted changes here' });
}

/** Takes a picture of the caller's staged, unstaged and untracked work; nothing is touched. Throws when it cannot be moved whole. */
export async function gatherChanges(repo: Repo): Promise<Changes> {
  const { top, gitDir, headCommit } = repo;
  if (headCommit === undefined) throw new WtError('repo.no-commits', { root: repo.root });
  if (top === undefined)
    throw new WtError('usage.invalid', { option: '--from-changes', reason: 'this is not inside a worktree' });
  const operation = await findOperation(gitDir);
  if (operation !== undefined)
    throw new WtError('usage.invalid', {
      option: '--from-changes',
      reason: `a ${operation} is in progress here; finish or abort it first`,
    });
  const git = gitAtWorktree(repo, top);
  const [unseen] = await listEditedPaths(git, await listHiddenPaths(git));
  if (unseen !== undefined)
    throw new WtError('usage.invalid', {
      option: '--from-changes',
      reason: `git is told not to see the edits of ${unseen} (assume-unchanged or skip-worktree), so they cannot be moved`,
    });
  const index = await takeIndex(repo, git, gitDir);
  if (index === undefined)
    throw new WtError('usage.invalid', { option: '--from-changes', reason: 'there are unresolved conflicts here' });
  const files = await takeFiles(repo, git, gitDir);
  const changes = await listFileChanges(git, headCommit, files);
  const staged = await listFileChanges(git, headCommit, index);
  if (changes.length === 0 && staged.length === 0) throw nothingToMove();
  await requireMovable(git, headCommit, files);
  await requireNothingHidden(top, changes);
  const keep = (tree: string, what: string): Promise<string> =>
    writeCommit(repo.git, { tree, parents: [headCommit], message: `wt: ${what} of ${top}`, env: KEEPER });
  return {
    worktree: top,
    head: headCommit,
    gitDir,
    index,
    files,
    changes,
    indexCommit: await keep(index, 'index'),
    filesCommit: await keep(files, 'files'),
  };
}

/** Submodules and repositories inside the worktree cannot be carried over by their bytes. */
async function requireMovable(git: Git, head: string, files: string): Promise<void> {
  const { stdout } = await git(['diff-tree', '-r', '-z', '--raw', '--no-renames', head, files]);
  const fields = stdout.split('\0');
  const at = fields.findIndex((field) => /^:(?:160000|\d+ 160000)/.test(field));
  if (at >= 0)
    throw new WtError('usage.invalid', {
      option: '--from-changes',
      reason: `${fields[at + 1] ?? ''} is a repository of its own`,
    });
  if (stdout.includes('\uFFFD'))
    throw new WtError('usage.invalid', { option: '--from-changes', reason: 'a file name is not valid UTF-8' });
}

/** Cleaning brings deleted files back: an ignored file that lies there now would be written over. */
async function requireNothingHidden(worktree: string, changes: readonly FileChange[]): Promise<void> {
  const carried = new Set(changes.filter(({ status }) => status !== 'deleted').map(({ path: name }) => name));
  for (const { path: name, status } of changes) {
    const [hidden] = status === 'deleted' ? await findInTheWay(worktree, name, carried) : [];
    if (hidden !== undefined)
      throw new WtError('usage.invalid', {
        option: '--from-changes',
        reason: `${hidden} is ignored and lies where ${name} comes back; move it away first`,
      });
  }
}

/** Puts the work into a fresh session's worktree. On the same commit byte for byte, else merged; throws `merge.conflict`. */
export async function placeChanges(
  repo: Repo,
  taken: Changes,
  target: { worktree: string; start: string; id: string },
): Promise<void> {
  const git = gitAtWorktree(repo, target.worktree);
  if (target.start !== taken.head) return placeMerged(repo, git, taken, target);
  // What goes first: a folder may stand where a file comes, and the other way round.
  for (const { path: name, status } of taken.changes)
    if (status === 'deleted') await removeWithEmptyFolders(target.worktree, name);
  for (const { path: name, status } of taken.changes)
    if (status !== 'deleted') await copyPath(taken.worktree, target.worktree, name);
  await git(['read-tree', taken.index]);
  await git(['update-index', '-q', '--refresh'], { expect: [0, 1] });
  await requireSame(repo, git, target.worktree, taken.files);
}

async function placeMerged(
  repo: Repo,
  git: Git,
  taken: Changes,
  target: { worktree: string; start: string; id: string },
): Promise<void> {
  const [index, files] = [
    await mergeTree(repo.git, target.start, taken.indexCommit),
    await mergeTree(repo.git, target.start, taken.filesCommit),
  ];
  if (index.kind === 'conflict' || files.kind === 'conflict') {
    const paths = files.kind === 'conflict' ? files.paths : index.kind === 'conflict' ? index.paths : [];
    throw new WtError('merge.conflict', {
      id: target.id,
      into: target.start,
      verb: 'create',
      files: paths.map((name) => ({ path: name, target: null, session: null })),
      tasks: [],
    });
  }
  await git(['read-tree', '--reset', '-u', files.tree]);
  await git(['read-tree', index.tree]);
  await git(['update-index', '-q', '--refresh'], { expect: [0, 1] });
  await requireSame(repo, git, target.worktree, files.tree);
}

async function copyPath(from: string, to: string, name: string): Promise<void> {
  const [source, target] = [path.join(from, name), path.join(to, name)];
  const stats = await lstat(source);
  await mkdir(path.dirname(target), { recursive: true });
  await rm(target, { force: true });
  if (stats.isSymbolicLink()) await symlink(await readlink(source), target);
  else await copyFile(source, target);
}

async function requireSame(repo: Repo, git: Git, worktree: string, files: string): Promise<void> {
  const gitDir = await findGitDir(worktree);
  const now = gitDir === undefined ? '' : await takeFiles(repo, git, gitDir);
  if (now !== files)
    throw new WtError('io.failed', {
      path: worktree,
      syscall: null,
      errno: 'EIO',
      message: 'the copied changes differ from the original',
    });
}

/** Throws when somebody has written in the caller's worktree since the picture was taken; then nothing is moved. */
export async function requireUnchanged(repo: Repo, taken: Changes): Promise<void> {
  const git = gitAtWorktree(repo, taken.worktree);
  const [index, files] = [await takeIndex(repo, git, taken.gitDir), await takeFiles(repo, git, taken.gitDir)];
  if (index !== taken.index || files !== taken.files) {
    throw new WtError('io.failed', {
      path: taken.worktree,
      syscall: null,
      errno: 'EAGAIN',
      message: 'the files changed while they were moved',
    });
  }
}

async function removeWithEmptyFolders(worktree: string, name: string): Promise<void> {
  await removeFile(path.join(worktree, name));
  await removeEmptyFolders(worktree, name);
}

export async function removeEmptyFolders(worktree: string, name: string): Promise<void> {
  for (let folder = path.dirname(name); folder !== '.'; folder = path.dirname(folder)) {
    const isEmptied = await rmdir(path.join(worktree, folder)).then(
      () => true,
      () => false,
    );
    if (!isEmptied) return;
  }
}

/** Tree of a worktree's index, read from a copy; undefined while it holds conflicts. */
export function takeIndex(repo: Repo, git: Git, gitDir: string, env: Env = {}): Promise<string | undefined> {
  return withIndexFile(repo, async (file) => {
    await copyIndex(path.join(gitDir, 'index'), file);
    return snapshotIndex(git, { ...env, GIT_INDEX_FILE: file });
  });
}

/** Tree of all its files that are not ignored. */
export function takeFiles(repo: Repo, git: Git, gitDir: string, env: Env = {}): Promise<string> {
  return withIndexFile(repo, (index) => snapshotFiles(git, { gitDir, index, env }));
}

async function withIndexFile<T>(repo: Repo, use: (file: string) => Promise<T>): Promise<T> {
  await makePrivateDirectory(repo.layout.cache);
  const file = scratchPath(repo, 'index');
  try {
    return await use(file);
  } finally {
    await removeFile(file);
  }
}
