import { WtError } from '../core/errors.ts';
import { resolveCommit } from '../git/ref.ts';
import { findOperation } from '../git/repo.ts';
import type { Git } from '../git/git.ts';
import { changedPaths, listTrackedUnder, readStatus } from '../git/status.ts';
import type { Session } from './book.ts';
import { gatherChanges, placeChanges, requireUnchanged } from './from-changes.ts';
import { findInTheWay } from './in-the-way.ts';
import { gitAtWorktree, shielded, type Repo } from './repo.ts';
import { findOwnGitDir } from './own-places.ts';

/** Work that `create --from-changes` moved into a session, on its way back. */
export interface CarryBack {
  readonly session: { readonly id: string; readonly path: string; readonly gitDir: string };
  readonly worktree: string;
  readonly head: string;
}

/**
 * Reads only. Undefined when the session holds no such work any more, or has gone on from there: then it is judged as any
 * other. Throws `target.dirty` when the worktree it came from is not as it was left, or has ignored files in the way.
 */
export async function planCarryBack(
  repo: Repo,
  { id, path, admin }: Session,
  carried: { worktree: string; head: string },
): Promise<CarryBack | undefined> {
  if (admin === undefined) return undefined;
  const git = gitAtWorktree(repo, path);
  if ((await resolveCommit(git, 'HEAD')) !== carried.head) return undefined;
  const names = changedPaths(await readStatus(git));
  if (names.length === 0) return undefined;
  const place = gitAtWorktree(repo, carried.worktree);
  // A file says which worktree it was; another repository's is none of ours.
  const gitDir = await findOwnGitDir(repo, carried.worktree);
  const operation = gitDir === undefined ? 'move of the folder' : await findOperation(gitDir);
  const dirty = gitDir === undefined ? [] : changedPaths(await readStatus(place));
  const head = gitDir === undefined ? undefined : await resolveCommit(place, 'HEAD');
  const isElsewhere = head !== carried.head;
  const isAsLeft = operation === undefined && dirty.length === 0 && !isElsewhere;
  const hidden = isAsLeft ? await findHidden(place, carried.worktree, names) : [];
  if (!isAsLeft || hidden.length > 0)
    throw new WtError('target.dirty', {
      target: `the worktree the changes of ${id} came from`,
      path: carried.worktree,
      paths: [...dirty, ...hidden],
      operation: operation ?? (isElsewhere && dirty.length === 0 ? 'work on another commit' : null),
    });
  return { session: { id, path, gitDir: admin.directory }, ...carried };
}

/** Ignored files there that the work would be written over. */
async function findHidden(git: Git, worktree: string, names: readonly string[]): Promise<readonly string[]> {
  const tracked = new Set(await listTrackedUnder(git, ''));
  const found = await Promise.all(names.map((name) => findInTheWay(worktree, name, tracked)));
  return [...new Set(found.flat())].toSorted();
}

/** Copies it back, staged and unstaged as it is; the session keeps its own until it goes into the trash. */
export async function carryBack(repo: Repo, { session, worktree, head }: CarryBack): Promise<void> {
  const { id, path: top, gitDir } = session;
  const taken = await gatherChanges({ ...repo, top, gitDir, headCommit: head });
  await placeChanges(shielded(repo), taken, { worktree, start: head, id });
  await requireUnchanged(repo, taken);
}
