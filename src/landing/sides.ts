import path from 'node:path';
import { mapLimit } from '../core/pool.ts';
import { writeStandIns } from '../git/commit.ts';
import { snapshotPaths } from '../git/snapshot.ts';
import { changedPaths, countChanges, hasChanges } from '../git/status.ts';
import type { Env } from '../platform/deps.ts';
import { readText } from '../platform/files.ts';
import { throwIfInterrupted } from '../platform/runner.ts';
import type { Inspection } from '../sessions/inspect.ts';
import { gitAtWorktree, type Repo } from '../sessions/repo.ts';

/** A session as it takes part in a comparison. */
export interface Side {
  readonly inspection: Inspection;
  /** Its tip; or a commit on top of it with everything that is uncommitted and untracked. */
  readonly commit: string;
  readonly isSnapshot: boolean;
  /** Why what is uncommitted could not be read; then the tip stands for the session. */
  readonly trouble: string | undefined;
}

/** Where throw-away objects and indexes go. */
export interface Scratch {
  readonly folder: string;
  readonly env: Env;
}

/** Nothing in a throw-away folder has to survive a crash. */
export const UNSYNCED = ['core.fsync=none'] as const;

/**
 * A commit to compare for each session that has a branch. What is dirty gets one through a copy of its index, in the
 * throw-away object folder: the session's own index and files, and the repository's objects stay as they are. The same
 * content gives the same commit.
 */
export async function takeSides(
  repo: Repo,
  inspections: readonly Inspection[],
  scratch: Scratch,
): Promise<readonly Side[]> {
  const taken = await mapLimit(inspections, 4, async (inspection, i) => ({
    inspection,
    ...(await snapshot(repo, inspection, { ...scratch, index: path.join(scratch.folder, `index-${i}`) })),
  }));
  const dirty = taken.flatMap(({ standIn }) => (standIn === undefined ? [] : [standIn]));
  const options = { env: scratch.env, config: UNSYNCED };
  const commits = await writeStandIns(repo.git, dirty, scratch.folder, options);
  return taken.flatMap(({ inspection, standIn, trouble }) => {
    const tip = inspection.branch?.commit;
    const commit = standIn === undefined ? tip : commits[dirty.indexOf(standIn)];
    return commit === undefined
      ? []
      : [{ inspection, commit, isSnapshot: standIn !== undefined, trouble: trouble ?? inspection.trouble }];
  });
}

interface Snapshot {
  readonly standIn?: { readonly tree: string; readonly parents: readonly string[] };
  readonly trouble?: string;
}

async function snapshot(
  repo: Repo,
  inspection: Inspection,
  { index, env }: { index: string; env: Env },
): Promise<Snapshot> {
  const { session, branch, status } = inspection;
  if (branch === undefined || status === undefined || session.admin === undefined || !holdsWork(inspection)) return {};
  const gitDir = session.admin.directory;
  try {
    const spec = { gitDir, index, env, config: UNSYNCED };
    const [tree, merged] = await Promise.all([
      snapshotPaths(gitAtWorktree(repo, session.path), spec, changedPaths(status)),
      readText(path.join(gitDir, 'MERGE_HEAD')),
    ]);
    // A merge that is not committed yet has its other side as a parent already.
    const others = (merged ?? '').split('\n').filter((line) => /^[0-9a-f]{40,64}$/.test(line));
    return tree === branch.tree ? {} : { standIn: { tree, parents: [branch.commit, ...others] } };
  } catch (error) {
    throwIfInterrupted(repo.deps.signal);
    return { trouble: error instanceof Error ? error.message : String(error) };
  }
}

/** Files that belong on top of the tip. In the middle of a rebase or bisect they belong to another commit. */
function holdsWork({ status, switchedTo, operation }: Inspection): boolean {
  if (status === undefined || switchedTo !== undefined || operation === 'rebase' || operation === 'bisect')
    return false;
  return hasChanges(countChanges(status));
}
