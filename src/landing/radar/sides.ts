import path from 'node:path';
import { ObjectId } from '../../core/names.ts';
import { mapLimit } from '../../core/pool.ts';
import { writeStandIns, type StandIn } from '../../git/commit.ts';
import { snapshotPaths } from '../../git/snapshot.ts';
import { changedPaths, countChanges, hasChanges } from '../../git/status.ts';
import type { Env } from '../../platform/deps.ts';
import { readText } from '../../platform/files.ts';
import { throwIfInterrupted } from '../../platform/runner.ts';
import type { Answers } from '../../sessions/answers.ts';
import type { Inspection } from '../../sessions/inspect.ts';
import { gitAtWorktree, type Repo } from '../../sessions/repo.ts';
import { fingerprint } from './fingerprint.ts';

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

/** Nothing in a throw-away folder has to survive a crash, or to be small. */
export const UNSYNCED = ['core.fsync=none', 'core.looseCompression=0'] as const;

export interface Sides {
  readonly sides: readonly Side[];
  /** Makes the commits that were only remembered, before somebody reads them. */
  readonly materialize: () => Promise<void>;
}

/**
 * A commit to compare for each session that has a branch. What is dirty gets one through a copy of its index, in the
 * throw-away object folder: the session's own index and files, and the repository's objects stay as they are. The same
 * content gives the same commit, so one whose id is remembered is made only when it is needed.
 */
export async function takeSides(
  repo: Repo,
  inspections: readonly Inspection[],
  scratch: Scratch,
  answers: Answers,
): Promise<Sides> {
  const dirty = inspections.filter(holdsWork);
  const keys = new Map(await mapLimit(dirty, 8, async (one) => [one, await keyOf(one)] as const));
  const known = (one: Inspection): string | undefined => {
    const key = keys.get(one);
    return key === undefined ? undefined : answers.get(key, ObjectId);
  };
  const isKnown = dirty.map((one) => known(one) !== undefined);
  const made = await makeSnapshots(
    repo,
    dirty.filter((_, i) => isKnown[i] !== true),
    scratch,
  );
  for (const [one, { commit }] of made) {
    const key = keys.get(one);
    // Only when nobody wrote there meanwhile is it known what the commit is made of.
    if (key !== undefined && commit !== undefined && (await keyOf(one)) === key) answers.put(key, commit);
  }
  let making: Promise<unknown> | undefined;
  return {
    sides: inspections.flatMap((inspection) => {
      const tip = inspection.branch?.commit;
      const commit = made.get(inspection)?.commit ?? known(inspection) ?? tip;
      const trouble = made.get(inspection)?.trouble ?? inspection.trouble;
      return commit === undefined ? [] : [{ inspection, commit, isSnapshot: commit !== tip, trouble }];
    }),
    materialize: async () => {
      making ??= makeSnapshots(
        repo,
        dirty.filter((_, i) => isKnown[i] === true),
        scratch,
      );
      await making;
    },
  };
}

/** Names what a snapshot is made of: the tip, the index, the changed files, and the other side of an open merge. */
async function keyOf({ session, branch, status }: Inspection): Promise<string | undefined> {
  if (session.admin === undefined || status === undefined || branch === undefined) return undefined;
  const { directory } = session.admin;
  const changed = changedPaths(status).filter((name) => !name.endsWith('/'));
  const [content, merged] = await Promise.all([
    fingerprint(session.path, path.join(directory, 'index'), changed).catch(() => undefined),
    readText(path.join(directory, 'MERGE_HEAD')),
  ]);
  const others = othersOf(merged).join(' ');
  return content === undefined ? undefined : `snapshot ${branch.commit} ${content} ${others}`.trim();
}

interface Snapshot {
  /** The tip itself when the files are its own; undefined when they could not be read. */
  readonly commit?: string;
  readonly trouble?: string;
}

async function makeSnapshots(
  repo: Repo,
  dirty: readonly Inspection[],
  { folder, env }: Scratch,
): Promise<ReadonlyMap<Inspection, Snapshot>> {
  const name = (one: Inspection): string => path.join(folder, `index-${one.session.id}`);
  const taken = await mapLimit(dirty, 4, (one) => snapshotTree(repo, one, { index: name(one), env }));
  const standIns = taken.flatMap(({ standIn }) => (standIn === undefined ? [] : [standIn]));
  const commits = await writeStandIns(repo.git, standIns, folder, { env, config: UNSYNCED });
  return new Map(
    dirty.map((one, i) => {
      const { standIn, trouble } = taken[i] ?? {};
      const commit = standIn === undefined ? one.branch?.commit : commits[standIns.indexOf(standIn)];
      return [one, trouble !== undefined ? { trouble } : commit === undefined ? {} : { commit }];
    }),
  );
}

interface Taken {
  readonly standIn?: StandIn;
  readonly trouble?: string;
}

async function snapshotTree(
  repo: Repo,
  { session, branch, status }: Inspection,
  { index, env }: { index: string; env: Env },
): Promise<Taken> {
  if (branch === undefined || status === undefined || session.admin === undefined) return {};
  const gitDir = session.admin.directory;
  try {
    const spec = { gitDir, index, env, config: UNSYNCED };
    const [tree, merged] = await Promise.all([
      snapshotPaths(gitAtWorktree(repo, session.path), spec, changedPaths(status)),
      readText(path.join(gitDir, 'MERGE_HEAD')),
    ]);
    return tree === branch.tree ? {} : { standIn: { tree, parents: [branch.commit, ...othersOf(merged)] } };
  } catch (error) {
    throwIfInterrupted(repo.deps.signal);
    return { trouble: error instanceof Error ? error.message : String(error) };
  }
}

/** A merge that is not committed yet has its other side as a parent already. */
function othersOf(mergeHead: string | undefined): readonly string[] {
  return (mergeHead ?? '').split('\n').filter((line) => ObjectId.safeParse(line).success);
}

/** Files that belong on top of the tip. In the middle of a rebase or bisect they belong to another commit. */
function holdsWork({ session, branch, status, switchedTo, operation }: Inspection): boolean {
  if (session.admin === undefined || branch === undefined || status === undefined) return false;
  if (switchedTo !== undefined || operation === 'rebase' || operation === 'bisect') return false;
  return hasChanges(countChanges(status));
}
