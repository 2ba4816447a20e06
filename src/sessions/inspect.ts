import { availableParallelism } from 'node:os';
import path from 'node:path';
import { mapLimit } from '../core/pool.ts';
import { listTips, refOfBranch, type Ref } from '../git/ref.ts';
import { findOperation } from '../git/repo.ts';
import { readStatus, type Status } from '../git/status.ts';
import { readText } from '../platform/files.ts';
import type { AgentStatus } from '../agents/status.ts';
import { throwIfInterrupted } from '../platform/runner.ts';
import { inspectAgent } from './agent.ts';
import type { Distance, Ends } from './distance.ts';
import type { Session } from './book.ts';
import { openLineage, type Lineage } from './lineage.ts';
import { isSettingUp } from './live.ts';
import type { Sight } from './sight.ts';
import { gitAtWorktree, type Repo } from './repo.ts';
import { openShadows } from './shadow.ts';
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
  /** The tip is in the upstream's history. */
  readonly isInUpstream?: boolean;
  /** The history of all sessions that were inspected together. */
  readonly lineage?: Lineage;
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

/** At most so many git processes at once. */
const AT_ONCE = Math.max(4, 2 * availableParallelism());

/** All sessions: refs, one history walk where it is not known, and one status each, a few at a time. A broken one does not spoil the others. */
export async function inspectSessions(
  repo: Repo,
  sessions: readonly Session[],
  { known, sight }: Looking = {},
): Promise<readonly Inspection[]> {
  if (sessions.length === 0) return [];
  const shadows = openShadows(repo);
  const seeTree = async (session: Session): Promise<TreeInspection> => {
    const tree = await inspectTree(repo, session, async () => known?.(session) ?? (await shadows).read(session));
    sight?.found(session.id, tree);
    return tree;
  };
  const trace = async (): Promise<readonly Traced[]> => {
    const traced = await traceSessions(repo, sessions);
    for (const [i, { id }] of sessions.entries())
      sight?.found(id, { branch: traced[i]?.branch, distance: traced[i]?.distance });
    return traced;
  };
  const [lineages, trees] = await Promise.all([trace(), mapLimit(sessions, AT_ONCE, seeTree)]);
  return sessions.map((session, i) => ({
    session,
    ...(lineages[i] as Traced),
    ...(trees[i] as TreeInspection),
  }));
}

type Traced = Omit<Inspection, 'session' | keyof TreeInspection>;

/** What the refs tell, and the history between them. */
async function traceSessions(repo: Repo, sessions: readonly Session[]): Promise<readonly Traced[]> {
  const refs = await readRefs(repo, sessions);
  const lineage = await openLineage(
    repo,
    [...refs.values()].filter(({ name }) => name.startsWith(REPLACED)),
  );
  const pairs = sessions.map(({ row }): Pair => {
    const base = row.base.branch === null ? undefined : refs.get(refOfBranch(row.base.branch));
    const ahead = base?.upstream === undefined ? undefined : refs.get(base.upstream);
    // An upstream that is the session itself says nothing of a landing.
    const upstream = ahead?.name === refOfBranch(row.branch) || ahead?.commit === base?.commit ? undefined : ahead;
    return { branch: refs.get(refOfBranch(row.branch)), base, upstream, cutAt: row.base.commit };
  });
  const [measured, since] = await Promise.all([
    lineage.measure(pairs.flatMap(endsOf)),
    mapLimit(sessions, AT_ONCE, (session, i) => countSince(lineage, session, pairs[i]?.branch)),
  ]);
  await lineage.save();
  let next = 0;
  return pairs.map((pair, i) => {
    const [own, news, landed] = measured.slice(next, (next += endsOf(pair).length));
    const { branch, base } = pair;
    const facts = { branch, base, lineage, ...(since[i] === undefined ? {} : { since: since[i] }) };
    if (own === undefined) return { ...facts, distance: undefined };
    const { mergeBases, ...distance } = own;
    const upstream = news?.isContained === false ? { upstream: pair.upstream } : {};
    return { ...facts, ...upstream, distance, mergeBases, isInUpstream: landed?.isContained === true };
  });
}

/** The session against its base; the base's upstream against the base, and the session against it. */
function endsOf({ branch, base, upstream, cutAt }: Pair): readonly Ends[] {
  if (branch === undefined) return [];
  const tip = branch.commit;
  const own = { tip, base: base?.commit ?? cutAt, cutAt };
  if (base === undefined || upstream === undefined) return [own];
  const of = upstream.commit;
  return [own, { tip: of, base: base.commit, cutAt: base.commit }, { tip, base: of, cutAt }];
}

const REPLACED = 'refs/replace/';

/** Branches and bases by full name, what the bases have as upstream, and replacements: from one process, unless one is called otherwise there. */
async function readRefs(repo: Repo, sessions: readonly Session[]): Promise<ReadonlyMap<string, Ref>> {
  const branches = sessions.map(({ row }) => refOfBranch(row.branch));
  const bases = [...new Set(sessions.flatMap(({ row }) => (row.base.branch === null ? [] : [row.base.branch])))];
  const names = new Set([...branches, ...bases.flatMap((name) => [refOfBranch(name), `refs/remotes/*/${name}`])]);
  const refs = new Map((await listTips(repo.git, [...names, REPLACED])).map((ref) => [ref.name, ref]));
  const missing = bases.flatMap((name) => {
    const base = refs.get(refOfBranch(name));
    return base?.upstream === undefined || refs.has(base.upstream) ? [] : [base.upstream];
  });
  const others = await listTips(repo.git, [...new Set(missing)]);
  return new Map([...refs, ...others.map((ref) => [ref.name, ref] as const)]);
}

type TreeInspection = Pick<
  Inspection,
  'tree' | 'status' | 'operation' | 'switchedTo' | 'trouble' | 'isSettingUp' | 'agent'
>;

/** How sessions are looked at. */
export interface Looking {
  /** The status of a session that somebody else is reading already. */
  readonly known?: ((session: Session) => Promise<Status> | undefined) | undefined;
  /** Who is told what is found, as it is found. */
  readonly sight?: Sight | undefined;
}

export async function inspectTree(
  repo: Repo,
  session: Session,
  read = (): Promise<Status> => readStatus(gitAtWorktree(repo, session.path)),
): Promise<TreeInspection> {
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
    const status = await read();
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

/** Of each word that is not about the tip any more. */
async function countSince(
  lineage: Lineage,
  { row }: Session,
  branch: Ref | undefined,
): Promise<ReadonlyMap<string, number | null> | undefined> {
  const words = new Set([row.approved?.commit, row.done?.commit].filter((commit) => commit !== undefined));
  const stale = [...words].filter((commit) => commit !== branch?.commit);
  if (branch === undefined || stale.length === 0) return undefined;
  const counts = stale.map(async (commit) => [commit, await lineage.countSince(commit, branch.commit)] as const);
  return new Map(await Promise.all(counts));
}

interface Pair {
  readonly branch: Ref | undefined;
  readonly base: Ref | undefined;
  readonly upstream: Ref | undefined;
  readonly cutAt: string;
}
