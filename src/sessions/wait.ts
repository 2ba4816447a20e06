import path from 'node:path';
import type { AgentFacts } from '../agents/facts.ts';
import { factsFile, readFacts } from '../agents/record.ts';
import { statusOf, type AgentStatus } from '../agents/status.ts';
import { WtError } from '../core/errors.ts';
import { msOf } from '../core/time.ts';
import { throwIfInterrupted } from '../platform/runner.ts';
import { followFiles } from '../platform/watch.ts';
import { readEvents } from '../registry/events.ts';
import { readLastSeq } from '../registry/event-log.ts';
import { readBook, type Session } from './book.ts';
import { recordUnseenDeath } from './death.ts';
import { examineSessions } from './list.ts';
import type { Repo } from './repo.ts';
import { requireSessions } from './select.ts';
import { isAtWork, type SessionStatus } from './status.ts';
import { judgeWait, type WaitFor, type WaitVerdict } from './wait-for.ts';

export interface WaitRequest {
  /** Undefined: every session that is there now. */
  readonly ids: readonly string[] | undefined;
  readonly wanted: readonly WaitFor[];
  /** Undefined: however long it takes. */
  readonly timeoutMs: number | undefined;
  /** The first one is enough. */
  readonly any: boolean;
}

/** What became of one session. */
export interface Waited {
  readonly id: string;
  /** What it has come to of what was waited for; undefined when another one was enough. */
  readonly reached: WaitFor | undefined;
  /** Undefined: it was taken away. */
  readonly status: SessionStatus | undefined;
  readonly agentStatus: AgentStatus | undefined;
  /** What was said when it was called done, or failed. */
  readonly summary: string | undefined;
  readonly waitedMs: number;
}

/** How often the processes concerned are looked at; it costs one small file of /proc each. */
const LOOK_MS = 500;
/** How often the files are read although nothing told of a change: a file system may not. */
const READ_MS = 10_000;
/** How long a process may be gone, or a turn ended, before it counts: its end is about to be recorded, or the next turn to begin. */
const GRACE_MS = 700;
/** How long an agent may take from its start to its first turn. */
const START_MS = 5000;

/**
 * Waits until all sessions, or any, have come to one of what is wanted; at once when they have. It is woken by changes of the events,
 * the facts and the refs, and asks git only after one that concerns it. Throws `wait.failed` when the time is up, or when what is
 * wanted cannot come any more.
 */
export async function waitForSessions(repo: Repo, request: WaitRequest): Promise<readonly Waited[]> {
  const { clock, signal } = repo.deps;
  const beganMs = clock.elapsedMs();
  const book = await readBook(repo);
  const sessions =
    request.ids === undefined ? [...book.sessions.values()] : await requireSessions(repo, book, request.ids);
  const refs = request.wanted.includes('landed') ? refFiles(repo, sessions) : [];
  const follow = followFiles([...factFiles(repo, sessions), ...refs], signal);
  const watch = createLookout(repo, sessions, request, () => clock.elapsedMs() - beganMs);
  try {
    await watch.read(true);
    for (let readMs = clock.elapsedMs(); ;) {
      throwIfInterrupted(signal);
      if (watch.isMet()) return watch.waited();
      const leftMs = request.timeoutMs === undefined ? READ_MS : request.timeoutMs - (clock.elapsedMs() - beganMs);
      if (watch.isOver() || leftMs <= 0) throw watch.failure();
      const changed = await follow.next(Math.min(leftMs, watch.isAnyAlive() ? LOOK_MS : READ_MS));
      const isStale = clock.elapsedMs() - readMs > READ_MS;
      if (changed.size === 0 && !isStale) await watch.look();
      else {
        await watch.read(refs.some((file) => changed.has(file)));
        readMs = clock.elapsedMs();
      }
    }
  } finally {
    follow.close();
  }
}

/** What is known of one of the sessions. */
interface Watched {
  facts: AgentFacts | undefined;
  session: Session | undefined;
  /** All that the verdict hangs on and that is known without git. */
  mark: string;
  /** git is to be asked of it in any case. */
  isDue: boolean;
  /** When its process was first seen gone without a recorded end. */
  goneMs: number | undefined;
  verdict: WaitVerdict;
  waited: Waited;
}

interface Lookout {
  /** Reads what is stored; git is asked about sessions of which that changed, or about all. */
  read(isAll: boolean): Promise<void>;
  /** Looks at the processes only. */
  look(): Promise<void>;
  isMet(): boolean;
  isOver(): boolean;
  isAnyAlive(): boolean;
  waited(): readonly Waited[];
  failure(): WtError;
}

function createLookout(
  repo: Repo,
  sessions: readonly Session[],
  { wanted, any }: WaitRequest,
  waitedMs: () => number,
): Lookout {
  const all = new Map(sessions.map((session) => [session.id as string, beginWatch(session)]));
  const list = (): readonly Watched[] => [...all.values()];
  const pending = (): readonly Watched[] => list().filter(({ verdict }) => verdict.kind !== 'reached');
  const firstSeq = readLastSeq(repo.layout.events);
  const statusNow = ({ facts }: Watched): AgentStatus | undefined =>
    facts === undefined ? undefined : statusOf(facts, repo.deps.clock.now().getTime());

  const judge = async (isAll: boolean): Promise<void> => {
    const changed = pending().filter((one) => {
      const agent = statusNow(one);
      one.isDue ||= isAll;
      if (isTooEarly(one, agent, waitedMs()) || isBetweenTurns(agent, repo.deps.clock.now().getTime())) return false;
      const mark = markOf(one.session, agent);
      const isNew = one.isDue || mark !== one.mark;
      Object.assign(one, { mark, isDue: false });
      return isNew;
    });
    for (const one of changed)
      if (one.session !== undefined && isUnseen(statusNow(one))) await recordUnseenDeath(repo, one.session);
    await judgeByGit(repo, changed, wanted, waitedMs);
    for (const one of changed) if (one.session === undefined) await judgeRemoved(repo, one, await firstSeq, wanted);
  };
  return {
    async read(isAll) {
      const book = await readBook(repo);
      for (const one of pending()) {
        one.session = book.sessions.get(one.waited.id);
        one.facts = one.session?.admin === undefined ? undefined : await readFacts(one.session.admin.directory);
      }
      await judge(isAll);
    },
    look: () => judge(false),
    isMet: () => (any ? list().some(isReached) : list().every(isReached)),
    isOver: () => (any ? list().every(isPast) : list().some(isPast)),
    isAnyAlive: () => pending().some((one) => one.goneMs !== undefined || statusNow(one)?.isAlive === true),
    waited: () => list().map(({ waited }) => waited),
    failure() {
      const isOver = any ? list().every(isPast) : list().some(isPast);
      const left = isOver ? list().filter(isPast) : pending();
      return new WtError('wait.failed', {
        ids: left.map(({ waited }) => waited.id),
        wanted,
        waitedMs: Math.round(waitedMs()),
        isOver,
        states: left.map(({ waited }) => stateOf(waited)),
      });
    },
  };
}

function beginWatch(session: Session): Watched {
  const unknown = { reached: undefined, status: undefined, agentStatus: undefined, summary: undefined };
  const waited = { id: session.id, ...unknown, waitedMs: 0 };
  return { facts: undefined, session, mark: '', isDue: true, goneMs: undefined, verdict: { kind: 'pending' }, waited };
}

const isReached = ({ verdict }: Watched): boolean => verdict.kind === 'reached';
const isPast = ({ verdict }: Watched): boolean => verdict.kind === 'over';

/** That nobody saw it end may mean that its end is being recorded this very moment. */
function isTooEarly(one: Watched, agent: AgentStatus | undefined, nowMs: number): boolean {
  if (!isUnseen(agent)) one.goneMs = undefined;
  else one.goneMs ??= nowMs;
  return one.goneMs !== undefined && nowMs - one.goneMs < GRACE_MS;
}

/**
 * A turn that has ended is often followed by the next one at once: a stop hook goes on, a message was waiting. One that has just been
 * started is at its prompt for a moment before it takes up what it was given.
 */
function isBetweenTurns(agent: AgentStatus | undefined, nowMs: number): boolean {
  if (agent?.state !== 'idle') return false;
  const hasHadTurn = agent.turnEndedAt !== null && agent.turnEndedAt >= agent.startedAt;
  const sinceMs = nowMs - msOf(agent.at);
  return sinceMs >= 0 && sinceMs < (hasHadTurn ? GRACE_MS : START_MS);
}

function isUnseen(agent: AgentStatus | undefined): boolean {
  return agent?.state === 'died' && !agent.isAsserted && agent.reason === null;
}

function markOf(session: Session | undefined, agent: AgentStatus | undefined): string {
  if (session === undefined) return 'gone';
  const { done, approved, setup, state } = session.row;
  const turn = isAtWork(agent) ? 'at work' : [agent?.state, agent?.reason, agent?.isAlive];
  return JSON.stringify([turn, agent?.startedAt, done?.at, approved?.at, setup?.state, state, session.pending]);
}

async function judgeByGit(
  repo: Repo,
  watched: readonly Watched[],
  wanted: readonly WaitFor[],
  waitedMs: () => number,
): Promise<void> {
  const there = watched.flatMap(({ session }) => (session === undefined ? [] : [session]));
  if (there.length === 0) return;
  const examined = await examineSessions(repo, there, { conflicts: false });
  for (const one of watched) {
    const view = examined.find(({ inspection }) => inspection.session === one.session)?.view;
    if (view === undefined) continue;
    if (isTooEarly(one, view.agentStatus, waitedMs())) {
      one.isDue = true; // it went while git was asked
      continue;
    }
    const verdict = judgeWait(view, wanted);
    const reached = verdict.kind === 'reached' ? verdict.what : undefined;
    const { status, agentStatus, done } = view;
    const summary = done?.isStale === false ? (done.summary ?? undefined) : undefined;
    one.verdict = verdict;
    one.waited = { ...one.waited, reached, status, agentStatus, summary, waitedMs: Math.round(waitedMs()) };
  }
}

/** One that was taken away comes to nothing any more, unless it landed before. */
async function judgeRemoved(repo: Repo, one: Watched, since: number, wanted: readonly WaitFor[]): Promise<void> {
  const events = await readEvents(repo.layout.events, one.waited.id);
  const hasLanded = events.some(({ seq, event }) => seq > since && event === 'session.merge.after');
  const isReachedNow = hasLanded && wanted.includes('landed');
  one.verdict = isReachedNow ? { kind: 'reached', what: 'landed' } : { kind: 'over' };
  const reached = isReachedNow ? 'landed' : undefined;
  one.waited = { ...one.waited, reached, status: undefined, agentStatus: undefined };
}

/** "a is new, its agent exited", "b was removed". */
function stateOf({ id, status, agentStatus }: Waited): string {
  if (status === undefined) return `${id} was removed`;
  if (agentStatus === undefined) return `${id} is ${status}`;
  const { state, reason } = agentStatus;
  return `${id} is ${status}, its agent ${state}${reason === null ? '' : ` (${reason})`}`;
}

function factFiles({ layout }: Repo, sessions: readonly Session[]): readonly string[] {
  const facts = sessions.flatMap(({ admin }) => (admin === undefined ? [] : [factsFile(admin.directory)]));
  return [layout.events, layout.registry, ...facts];
}

/** What git writes when a base moves, whichever way it keeps its refs. */
function refFiles({ commonDir }: Repo, sessions: readonly Session[]): readonly string[] {
  const bases = sessions.flatMap(({ row }) => (row.base.branch === null ? [] : [`refs/heads/${row.base.branch}`]));
  return [...new Set(bases), 'packed-refs', 'reftable/tables.list'].map((name) => path.join(commonDir, name));
}
