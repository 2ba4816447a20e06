import path from 'node:path';
import { WtError } from '../core/errors.ts';
import type { FileChange } from '../git/diff.ts';
import { branchOf } from '../git/ref.ts';
import { findOperation, findOperationBranch } from '../git/repo.ts';
import { changedPaths, listEditedPaths, listHiddenPaths, readStatus } from '../git/status.ts';
import type { Worktree } from '../git/worktree.ts';
import { listDirectory, lstatOf } from '../platform/files.ts';
import { gitAtWorktree, type Repo } from '../sessions/repo.ts';
import { findGitDir } from '../sessions/worktree.ts';
import { findOverlap } from './plan.ts';

/**
 * The worktree that has the target checked out, if any. Throws `target.dirty` while one is in the middle of an operation
 * on it (a rebase holds its branch without showing it), or when several have it.
 */
export async function findCheckout(trees: readonly Worktree[], target: string): Promise<string | undefined> {
  const name = branchOf(target);
  const holders = trees.filter((tree) => tree.ref === target && !tree.isBare && tree.prunable === undefined);
  for (const tree of trees) {
    const gitDir =
      tree.isBare || (tree.ref !== undefined && tree.ref !== target) ? undefined : await findGitDir(tree.path);
    const operation = gitDir === undefined ? undefined : await findOperation(gitDir);
    if (gitDir === undefined || operation === undefined) continue;
    if (tree.ref === target || (await findOperationBranch(gitDir)) === target)
      throw new WtError('target.dirty', { target: name, path: tree.path, paths: [], operation });
  }
  const [first, second] = holders;
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
  spec: { into: string; files: readonly FileChange[] },
): Promise<void> {
  const git = gitAtWorktree(repo, checkout);
  const changed = spec.files.map((file) => file.path);
  const [status, hidden] = await Promise.all([readStatus(git), listHiddenPaths(git, changed.slice(0, 2000))]);
  const overlap = new Set(findOverlap(changed, changedPaths(status)));
  for (const name of await listEditedPaths(git, hidden)) overlap.add(name);
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

/** What lies where a new file will be: git would write over an ignored file without a word. */
async function findInTheWay(checkout: string, name: string, deleted: ReadonlySet<string>): Promise<readonly string[]> {
  const parts = name.split('/');
  for (let depth = 1; depth <= parts.length; depth++) {
    const prefix = parts.slice(0, depth).join('/');
    const stats = await lstatOf(path.join(checkout, prefix));
    if (stats === undefined) return [];
    if (stats.isDirectory() && depth < parts.length) continue;
    if (stats.isDirectory()) return (await listFiles(checkout, prefix)).filter((file) => !deleted.has(file));
    return deleted.has(prefix) ? [] : [prefix];
  }
  return [];
}

async function listFiles(checkout: string, folder: string): Promise<readonly string[]> {
  const files: string[] = [];
  for (const entry of await listDirectory(path.join(checkout, folder))) {
    const name = `${folder}/${entry.name}`;
    if (entry.isDirectory()) files.push(...(await listFiles(checkout, name)));
    else files.push(name);
  }
  return files;
}
