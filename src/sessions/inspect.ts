import path from 'node:path';
import { mapLimit } from '../core/pool.ts';
import { findMergeBase, readParents } from '../git/commit.ts';
import { listMergeBases, type Graph } from '../git/graph.ts';
import { listRefs, refOfBranch, type Ref } from '../git/ref.ts';
import { findOperation } from '../git/repo.ts';
import { readStatus, type Status } from '../git/status.ts';
import { readText } from '../platform/files.ts';
import type { AgentStatus } from '../agents/status.ts';
import { throwIfInterrupted } from '../platform/runner.ts';
import { inspectAgent } from './agent.ts';
import { measure, type Distance } from './distance.ts';
import type { Session } from './book.ts';
import { isSettingUp } from './live.ts';
import type { Sight } from './sight.ts';
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
  /** The base's upstream, when it has commits that the base has not. */
  readonly upstream?: Ref | undefined;
  /** The history of all sessions that were inspected together, down to what they have in common. */
  readonly graph?: Graph;
  /** Full name of what is checked out there instead of the session's branch; null for a detached HEAD. */
  readonly switchedTo: string | null | undefined;
  readonly status: Status | undefined;
  readonly operation: string | undefined;
  /** What makes it ready is at work in it. Absent: no. */
  readonly isSettingUp?: boolean;
  /** What the agent there is at. Absent: none was ever seen. */
  readonly agent?: AgentStatus;
  /** Undefined when the branch is gone. */
  readonly distance: Distance | undefined;
  /** Best common ancestors of the branch and its base (or the commit it was cut at). Absent: not looked for. */
  readonly mergeBases?: readonly string[];
  /** Why git could not read this worktree. */
  readonly trouble: string | undefined;
  /** How many commits came after a commit that was approved or declared done; null when the branch has left it. */
  readonly since?: ReadonlyMap<string, number | null>;
}

const AT_ONCE = 4;

/** All sessions: refs, one history walk, and one status each, at most four at a time. A broken one does not spoil the others. */
export async function inspectSessions(
  repo: Repo,
  sessions: readonly Session[],
  sight?: Sight,
): Promise<readonly Inspection[]> {
  if (sessions.length === 0) return [];
  const refs = await readRefs(repo, sessions);
  const pairs = sessions.map(({ row }): Pair => {
    const base = row.base.branch === null ? undefined : refs.get(refOfBranch(row.base.branch));
    const ahead = base?.upstream === undefined || base.behind === 0 ? undefined : refs.get(base.upstream);
    // An upstream that is the session itself says nothing of a landing.
    const upstream = ahead?.name === refOfBranch(row.branch) ? undefined : ahead;
    return { branch: refs.get(refOfBranch(row.branch)), base, upstream, cutAt: row.base.commit };
  });
  for (const [i, { id }] of sessions.entries()) sight?.found(id, { branch: pairs[i]?.branch });
  const seeTree = async (session: Session): Promise<TreeInspection> => {
    const tree = await inspectTree(repo, session);
    sight?.found(session.id, tree);
    return tree;
  };
  const [{ distances, graph }, since, trees] = await Promise.all([
    walk(repo, pairs).then((walked) => {
      for (const [i, { id }] of sessions.entries()) sight?.found(id, { distance: walked.distances[i]?.distance });
      return walked;
    }),
    mapLimit(sessions, AT_ONCE, (session, i) => countSince(repo, session, pairs[i]?.branch)),
    mapLimit(sessions, AT_ONCE, seeTree),
  ]);
  return sessions.map((session, i) => ({
    session,
    branch: pairs[i]?.branch,
    base: pairs[i]?.base,
    ...(since[i] === undefined ? {} : { since: since[i] }),
    upstream: pairs[i]?.upstream,
    graph,
    distance: distances[i]?.distance,
    ...(distances[i] === undefined ? {} : { mergeBases: distances[i].mergeBases }),
    ...(trees[i] as TreeInspection),
  }));
}

/** Branches and bases by full name, and what the bases have as upstream: from one process, unless one is called otherwise there. */
async function readRefs(repo: Repo, sessions: readonly Session[]): Promise<ReadonlyMap<string, Ref>> {
  const branches = sessions.map(({ row }) => refOfBranch(row.branch));
  const bases = [...new Set(sessions.flatMap(({ row }) => (row.base.branch === null ? [] : [row.base.branch])))];
  const names = new Set([...branches, ...bases.flatMap((name) => [refOfBranch(name), `refs/remotes/*/${name}`])]);
  const refs = new Map((await listRefs(repo.git, [...names])).map((ref) => [ref.name, ref]));
  const missing = bases.flatMap((name) => {
    const base = refs.get(refOfBranch(name));
    return base?.upstream === undefined || base.behind === 0 || refs.has(base.upstream) ? [] : [base.upstream];
  });
  const others = await listRefs(repo.git, [...new Set(missing)]);
  return new Map([...refs, ...others.map((ref) => [ref.name, ref] as const)]);
}

type TreeInspection = Pick<
  Inspection,
  'tree' | 'status' | 'operation' | 'switchedTo' | 'trouble' | 'isSettingUp' | 'agent'
>;

export async function inspectTree(repo: Repo, session: Session): Promise<TreeInspection> {
  const tree = await checkTree(session);
  if (tree !== 'ok' || session.admin === undefined)
    return { tree, status: undefined, operation: undefined, switchedTo: undefined, trouble: undefined };
  const [operation, head, isBusy, agent] = await Promise.all([
    findOperation(session.admin.directory),
    readText(path.join(session.admin.directory, 'HEAD')),
    isSettingUp(session),
    inspectAgent(repo, session),
  ]);
  const busy = { ...(isBusy ? { isSettingUp: true } : {}), ...(agent === undefined ? {} : { agent }) };
  const switchedTo = operation === undefined ? whatIsCheckedOut(head, session.row.branch) : undefined;
  try {
    const status = await readStatus(gitAtWorktree(repo, session.path));
    return { tree, status, operation, switchedTo, trouble: undefined, ...busy };
  } catch (error) {
    throwIfInterrupted(repo.deps.signal);
    return {
      tree,
      status: undefined,
      operation,
      switchedTo,
      trouble: error instanceof Error ? error.message : String(error),
      ...busy,
    };
  }
}

/** From the HEAD file; a reftable repository keeps no answer there ("refs/heads/.invalid"). Pure. */
export function whatIsCheckedOut(head: string | undefined, branch: string): string | null | undefined {
  const ref = /^ref: (.+)$/m.exec(head ?? '')?.[1];
  if (ref === undefined) return /^[0-9a-f]{40,64}$/.test((head ?? '').trim()) ? null : undefined;
  return ref === refOfBranch(branch) || ref.endsWith('/.invalid') ? undefined : ref;
}

/** One process for each word that is not about the tip any more; none otherwise. */
async function countSince(
  repo: Repo,
  { row }: Session,
  branch: Ref | undefined,
): Promise<ReadonlyMap<string, number | null> | undefined> {
  const words = new Set([row.approved?.commit, row.done?.commit].filter((commit) => commit !== undefined));
  const stale = [...words].filter((commit) => commit !== branch?.commit);
  if (branch === undefined || stale.length === 0) return undefined;
  const counts = stale.map(async (commit) => {
    const args = ['rev-list', '--count', '--left-right', `${commit}...${branch.commit}`];
    const { exitCode, stdout } = await repo.git(args, { expect: [0, 128] });
    const [left, right] = stdout.trim().split('\t').map(Number);
    return [commit, exitCode === 0 && left === 0 ? (right ?? null) : null] as const;
  });
  return new Map(await Promise.all(counts));
}

interface Pair {
  readonly branch: Ref | undefined;
  readonly base: Ref | undefined;
  readonly upstream: Ref | undefined;
  readonly cutAt: string;
}

interface Walk {
  readonly distances: readonly ({ distance: Distance; mergeBases: readonly string[] } | undefined)[];
  readonly graph: Graph;
}

/** Ahead and behind of all sessions from one walk above the commit they all share. */
async function walk(repo: Repo, pairs: readonly Pair[]): Promise<Walk> {
  const tips = [
    ...new Set(
      pairs.flatMap(({ branch, base, upstream, cutAt }) =>
        branch === undefined
          ? []
          : [branch.commit, base?.commit ?? cutAt, ...(upstream === undefined ? [] : [upstream.commit])],
      ),
    ),
  ];
  const [first, second] = tips;
  if (first === undefined)
    return { distances: pairs.map(() => undefined), graph: { parents: new Map(), floor: undefined } };
  // The commits they were cut at too: they count as nobody's own work, and one may lie aside of all branches by now.
  const cuts = pairs.filter(({ branch }) => branch !== undefined).map(({ cutAt }) => cutAt);
  const starts = [...new Set([...tips, ...cuts])];
  const floor = second === undefined ? first : await findOctopusBase(repo, tips);
  const parents =
    starts.length === 1
      ? new Map<string, readonly string[]>()
      : await readParents(repo.git, starts, floor === undefined ? [] : [floor]);
  const distances = pairs.map(({ branch, base, cutAt }) => {
    if (branch === undefined) return undefined;
    const ends = { tip: branch.commit, base: base?.commit ?? cutAt };
    return {
      distance: measure(parents, { ...ends, cutAt }),
      mergeBases: listMergeBases({ parents, floor }, ends.tip, ends.base),
    };
  });
  return { distances, graph: { parents, floor } };
}

async function findOctopusBase(repo: Repo, commits: readonly string[]): Promise<string | undefined> {
  const [a, b] = commits;
  if (commits.length === 2 && a !== undefined && b !== undefined) return findMergeBase(repo.git, a, b);
  const { exitCode, stdout } = await repo.git(['merge-base', '--octopus', ...commits], { expect: [0, 1, 128] });
  return exitCode === 0 ? stdout.trim() : undefined;
}
