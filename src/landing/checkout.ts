import { WtError } from '../core/errors.ts';
import type { FileChange } from '../git/diff.ts';
import { branchOf } from '../git/ref.ts';
import { findOperation, findOperationBranch } from '../git/repo.ts';
import { changedPaths, findHiddenPaths, listEditedPaths, readStatus, type Status } from '../git/status.ts';
import type { Worktree } from '../git/worktree.ts';
import { gitAtWorktree, indexIn, type Repo } from '../sessions/repo.ts';
import { findGitDir } from '../sessions/worktree.ts';
import { findInTheWay } from '../sessions/in-the-way.ts';
import { findOverlap } from './plan.ts';

/** Worktrees that show the target as checked out. Pure. */
export function listHolders(trees: readonly Worktree[], target: string): readonly Worktree[] {
  return trees.filter((tree) => tree.ref === target && !tree.isBare && tree.prunable === undefined);
}

/**
 * The worktree that has the target checked out, if any. Throws `target.dirty` while one is in the middle of an operation
 * on it (a rebase holds its branch without showing it), or when several have it.
 */
export async function findCheckout(trees: readonly Worktree[], target: string): Promise<string | undefined> {
  const name = branchOf(target);
  for (const tree of trees) {
    const gitDir =
      tree.isBare || (tree.ref !== undefined && tree.ref !== target) ? undefined : await findGitDir(tree.path);
    const operation = gitDir === undefined ? undefined : await findOperation(gitDir);
    if (gitDir === undefined || operation === undefined) continue;
    if (tree.ref === target || (await findOperationBranch(gitDir)) === target)
      throw new WtError('target.dirty', { target: name, path: tree.path, paths: [], operation });
  }
  const [first, second] = listHolders(trees, target);
  if (second !== undefined)
    throw new WtError('target.dirty', {
      target: name,
      path: second.path,
      paths: [],
      operation: `second checkout of ${name}`,
    });
  return first?.path;
}

/** Throws `target.dirty` with the names when the landing would write over anything uncommitted there: also ignored and hidden files. */
export async function requireNoOverlap(
  repo: Repo,
  checkout: string,
  spec: {
    into: string;
    files: readonly FileChange[];
    /** The checkout's status, when it is being read already. */
    seen: Promise<Status> | undefined;
    /** Any commit. */
    commit: string;
  },
): Promise<void> {
  const git = gitAtWorktree(repo, checkout);
  const changed = spec.files.map((file) => file.path);
  const gitDir = await findGitDir(checkout);
  const index = gitDir === undefined ? undefined : indexIn(gitDir, spec.commit);
  const [status, hidden] = await Promise.all([
    spec.seen ?? readStatus(git),
    findHiddenPaths(git, index, changed.length > 2000 ? [] : changed),
  ]);
  // What a stash left behind when it was popped, say: git moves nothing then.
  if (status.conflicted.length > 0)
    throw new WtError('target.dirty', {
      target: spec.into,
      path: checkout,
      paths: status.conflicted,
      operation: `conflict in ${status.conflicted.join(', ')}`,
    });
  const overlap = new Set(findOverlap(changed, changedPaths(status)));
  const touched = new Set(changed);
  for (const name of await listEditedPaths(
    git,
    hidden.filter((one) => touched.has(one)),
  ))
    overlap.add(name);
  const deleted = new Set(spec.files.filter((file) => file.status === 'deleted').map((file) => file.path));
  for (const file of spec.files)
    if (file.status === 'added') for (const name of await findInTheWay(checkout, file.path, deleted)) overlap.add(name);
  if (overlap.size > 0)
    throw new WtError('target.dirty', {
      target: spec.into,
      path: checkout,
      paths: [...overlap].toSorted(),
      operation: null,
    });
}
