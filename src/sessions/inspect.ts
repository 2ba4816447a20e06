import path from 'node:path';
import { mapLimit } from '../core/pool.ts';
import { findMergeBase, readParents } from '../git/commit.ts';
import { listRefs, refOfBranch, type Ref } from '../git/ref.ts';
import { findOperation } from '../git/repo.ts';
import { readStatus, type Status } from '../git/status.ts';
import { readText } from '../platform/files.ts';
import { throwIfInterrupted } from '../platform/runner.ts';
import { measure, type Distance } from './distance.ts';
import type { Session } from './book.ts';
import { gitAtWorktree, type Repo } from './repo.ts';
import { checkTree, type TreeState } from './worktree.ts';

/** Git's own facts about one session, all read, none stored. */
export interface Inspection {
  readonly session: Session;
  readonly tree: TreeState;
  /** The session's branch; undefined when it is gone. */
  readonly branch: Ref | undefined;
  /** The base branch as it is now; undefined when there is none (any more). */
  readonly base: Ref | undefined;
  /** Full name of what is checked out there instead of the session's branch; null for a detached HEAD. */
  readonly switchedTo: string | null | undefined;
  readonly status: Status | undefined;
  readonly operation: string | undefined;
  /** Undefined when the branch is gone. */
  readonly distance: Distance | undefined;
  /** Why git could not read this worktree. */
  readonly trouble: string | undefined;
}

const AT_ONCE = 4;

/** All sessions: refs, one history walk, and one status each, at most four at a time. A broken one does not spoil the others. */
export async function inspectSessions(repo: Repo, sessions: readonly Session[]): Promise<readonly Inspection[]> {
  if (sessions.length === 0) return [];
  const names = new Set(
    sessions.flatMap(({ row }) => [
      refOfBranch(row.branch),
      ...(row.base.branch === null ? [] : [refOfBranch(row.base.branch)]),
    ]),
  );
  const refs = new Map((await listRefs(repo.git, [...names])).map((ref) => [ref.name, ref]));
  const pairs = sessions.map(({ row }) => ({
    branch: refs.get(refOfBranch(row.branch)),
    base: row.base.branch === null ? undefined : refs.get(refOfBranch(row.base.branch)),
    cutAt: row.base.commit,
  }));
  const [distances, trees] = await Promise.all([
    walk(repo, pairs),
    mapLimit(sessions, AT_ONCE, (session) => inspectTree(repo, session)),
  ]);
  return sessions.map((session, i) => ({
    session,
    branch: pairs[i]?.branch,
    base: pairs[i]?.base,
    distance: distances[i],
    ...(trees[i] as TreeInspection),
  }));
}

type TreeInspection = Pick<Inspection, 'tree' | 'status' | 'operation' | 'switchedTo' | 'trouble'>;

export async function inspectTree(repo: Repo, session: Session): Promise<TreeInspection> {
  const tree = await checkTree(session);
  if (tree !== 'ok' || session.admin === undefined)
    return { tree, status: undefined, operation: undefined, switchedTo: undefined, trouble: undefined };
  const [operation, head] = await Promise.all([
    findOperation(session.admin.directory),
    readText(path.join(session.admin.directory, 'HEAD')),
  ]);
  const switchedTo = operation === undefined ? whatIsCheckedOut(head, session.row.branch) : undefined;
  try {
    const status = await readStatus(gitAtWorktree(repo, session.path));
    return { tree, status, operation, switchedTo, trouble: undefined };
  } catch (error) {
    throwIfInterrupted(repo.deps.signal);
    return {
      tree,
      status: undefined,
      operation,
      switchedTo,
      trouble: error instanceof Error ? error.message : String(error),
    };
  }
}

/** From the HEAD file; a reftable repository keeps no answer there ("refs/heads/.invalid"). Pure. */
export function whatIsCheckedOut(head: string | undefined, branch: string): string | null | undefined {
  const ref = /^ref: (.+)$/m.exec(head ?? '')?.[1];
  if (ref === undefined) return /^[0-9a-f]{40,64}$/.test((head ?? '').trim()) ? null : undefined;
  return ref === refOfBranch(branch) || ref.endsWith('/.invalid') ? undefined : ref;
}

interface Pair {
  readonly branch: Ref | undefined;
  readonly base: Ref | undefined;
  readonly cutAt: string;
}

/** Ahead and behind of all sessions from one walk above the commit they all share. */
async function walk(repo: Repo, pairs: readonly Pair[]): Promise<readonly (Distance | undefined)[]> {
  const tips = [
    ...new Set(
      pairs.flatMap(({ branch, base, cutAt }) => (branch === undefined ? [] : [branch.commit, base?.commit ?? cutAt])),
    ),
  ];
  const [first, second] = tips;
  if (first === undefined) return pairs.map(() => undefined);
  // The commits they were cut at too: they count as nobody's own work, and one may lie aside of all branches by now.
  const cuts = pairs.filter(({ branch }) => branch !== undefined).map(({ cutAt }) => cutAt);
  const starts = [...new Set([...tips, ...cuts])];
  const floor = second === undefined ? first : await findOctopusBase(repo, tips);
  const parents =
    starts.length === 1
      ? new Map<string, readonly string[]>()
      : await readParents(repo.git, starts, floor === undefined ? [] : [floor]);
  return pairs.map(({ branch, base, cutAt }) =>
    branch === undefined ? undefined : measure(parents, { tip: branch.commit, base: base?.commit ?? cutAt, cutAt }),
  );
}

async function findOctopusBase(repo: Repo, commits: readonly string[]): Promise<string | undefined> {
  const [a, b] = commits;
  if (commits.length === 2 && a !== undefined && b !== undefined) return findMergeBase(repo.git, a, b);
  const { exitCode, stdout } = await repo.git(['merge-base', '--octopus', ...commits], { expect: [0, 1, 128] });
  return exitCode === 0 ? stdout.trim() : undefined;
}
