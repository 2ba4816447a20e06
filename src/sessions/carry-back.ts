import { WtError } from '../core/errors.ts';
import { resolveCommit } from '../git/ref.ts';
import { findOperation } from '../git/repo.ts';
import { changedPaths, readStatus } from '../git/status.ts';
import type { Session } from './book.ts';
import { gatherChanges, placeChanges, requireUnchanged, type Changes } from './from-changes.ts';
import { gitAtWorktree, shielded, type Repo } from './repo.ts';
import { isOwnCheckout } from './own-places.ts';
import { findGitDir } from './worktree.ts';

/** Work that `create --from-changes` moved into a session, on its way back. */
export interface CarryBack {
  readonly taken: Changes;
  readonly worktree: string;
  readonly id: string;
}

/**
 * Undefined when the session holds no such work any more, or has gone on from there: then it is judged as any other.
 * Throws `target.dirty` when the worktree it came from is not as it was left.
 */
export async function planCarryBack(
  repo: Repo,
  { id, path, admin }: Session,
  carried: { worktree: string; head: string },
): Promise<CarryBack | undefined> {
  if (admin === undefined) return undefined;
  if (!(await isOwnCheckout(repo, carried.worktree)))
    throw new WtError('path.unsafe', { path: carried.worktree, reason: 'it is no worktree of this repository' });
  const git = gitAtWorktree(repo, path);
  if ((await resolveCommit(git, 'HEAD')) !== carried.head) return undefined;
  if (changedPaths(await readStatus(git)).length === 0) return undefined;
  const place = gitAtWorktree(repo, carried.worktree);
  const gitDir = await findGitDir(carried.worktree);
  const operation = gitDir === undefined ? 'move of the folder' : await findOperation(gitDir);
  const dirty = gitDir === undefined ? [] : changedPaths(await readStatus(place));
  const head = gitDir === undefined ? undefined : await resolveCommit(place, 'HEAD');
  const isElsewhere = head !== carried.head;
  if (operation !== undefined || dirty.length > 0 || isElsewhere)
    throw new WtError('target.dirty', {
      target: `the worktree the changes of ${id} came from`,
      path: carried.worktree,
      paths: dirty,
      operation: operation ?? (dirty.length === 0 ? 'work on another commit' : null),
    });
  const taken = await gatherChanges({ ...repo, top: path, gitDir: admin.directory, headCommit: carried.head });
  return { taken, worktree: carried.worktree, id };
}

/** Copies it back, staged and unstaged as it is; the session keeps its own until it goes into the trash. */
export async function carryBack(repo: Repo, { taken, worktree, id }: CarryBack): Promise<void> {
  await placeChanges(shielded(repo), taken, { worktree, start: taken.head, id });
  await requireUnchanged(repo, taken);
}
