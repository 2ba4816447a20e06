import { readLastSeq } from '../registry/event-log.ts';
import { readEvents, type Event } from '../registry/events.ts';
import { listSessions } from './list.ts';
import { needsPerson, nextStep } from './next.ts';
import type { Repo } from './repo.ts';
import { STATUSES, type SessionStatus } from './status.ts';
import type { SessionView } from './view.ts';

/** One session that is told of, and what happened in it since the number that was asked for. */
export interface SummaryEntry {
  readonly view: SessionView;
  readonly news: readonly Event[];
  /** What a person would do; undefined: nothing is to be done. */
  readonly next: readonly string[] | undefined;
}

export interface Summary {
  /** Undefined: all sessions were asked for. */
  readonly since: number | undefined;
  /** Number of the last event: what to ask for next time. */
  readonly seq: number;
  /** Those to be told of, what needs a person first. */
  readonly entries: readonly SummaryEntry[];
  /** All the others, by status: unchanged, landed, or more than there is room for. */
  readonly others: ReadonlyMap<SessionStatus, number>;
  /** How many of the others were to be told of, had there been room. */
  readonly left: number;
  /** Sessions of which something was heard since, and that are not there any more. */
  readonly gone: readonly { readonly id: string; readonly event: string }[];
}

export async function summarize(repo: Repo, since: number | undefined): Promise<Summary> {
  // The number first: what happens while the sessions are read is told again next time, and never missed.
  const seq = await readLastSeq(repo.layout.events);
  const all = { all: true, conflicts: false, status: undefined, agent: undefined };
  const [{ sessions }, events] = await Promise.all([listSessions(repo, all), readEvents(repo.layout.events)]);
  return chooseEntries(sessions, events, { since, seq });
}

/** Of sessions in the order of attention. Landed ones are only counted, unless that is the news. Pure. */
export function chooseEntries(
  sessions: readonly SessionView[],
  events: readonly Event[],
  { since, seq }: Pick<Summary, 'since' | 'seq'>,
): Summary {
  const told = events.filter((event) => !event.event.endsWith('.before'));
  const entries = sessions
    .filter((view) => (since === undefined ? view.status !== 'landed' : hasChanged(view, told, since)))
    .map((view) => ({
      view,
      next: needsPerson(view) ? nextStep(view) : undefined,
      news: since === undefined ? [] : told.filter((event) => event.session === view.id && event.seq > since),
    }));
  const shown = new Set(entries.map(({ view }) => view));
  return {
    since,
    seq,
    entries,
    others: countByStatus(sessions.filter((view) => !shown.has(view))),
    left: 0,
    gone: since === undefined ? [] : findGone(sessions, told, since),
  };
}

/** Most sessions that are told of one by one. */
const MOST = 25;
/** Largest text or JSON, in bytes. */
const LARGEST = 8000;

/**
 * The most urgent of them, as many as fit, in the order of their ids: a session that does not change stays where it is. `textOf`: what
 * becomes of it. Pure.
 */
export function boundSummary(summary: Summary, textOf: (bounded: Summary) => string): Summary {
  for (let count = Math.min(MOST, summary.entries.length); ; count--) {
    const left = summary.entries.slice(count).map(({ view }) => view);
    const others = new Map(summary.others);
    for (const [status, more] of countByStatus(left)) others.set(status, (others.get(status) ?? 0) + more);
    const entries = summary.entries.slice(0, count).toSorted((a, b) => (a.view.id < b.view.id ? -1 : 1));
    const bounded = { ...summary, entries, others: sorted(others), left: left.length };
    if (count === 0 || Buffer.byteLength(textOf(bounded)) <= LARGEST) return bounded;
  }
}

function sorted(counts: ReadonlyMap<SessionStatus, number>): ReadonlyMap<SessionStatus, number> {
  return new Map(STATUSES.flatMap((status) => (counts.has(status) ? [[status, counts.get(status) ?? 0]] : [])));
}

/** How many there are of each status. Pure. */
function countByStatus(views: readonly SessionView[]): ReadonlyMap<SessionStatus, number> {
  const counts = new Map<SessionStatus, number>();
  for (const { status } of views) counts.set(status, (counts.get(status) ?? 0) + 1);
  return counts;
}

/**
 * Most of what happens is an event of the session. Three things are none: a commit by hand, a death that nobody saw, and a conflict with
 * what another session has landed.
 */
function hasChanged(view: SessionView, events: readonly Event[], since: number): boolean {
  const own = events.filter(({ session }) => session === view.id);
  if (own.some(({ seq }) => seq > since)) return true;
  const isLanding = ({ seq, event }: Event): boolean => seq > since && event === 'session.merge.after';
  if (view.status === 'conflict' && events.some(isLanding)) return true;
  return hasNewCommit(view, events, own, since) || hasUnseenEnd(view, own);
}

function hasNewCommit({ head }: SessionView, events: readonly Event[], own: readonly Event[], since: number): boolean {
  const at = events.findLast(({ seq }) => seq <= since)?.at;
  if (head?.committedAt == null || at === undefined) return false;
  // Commits have whole seconds.
  const isLater = head.committedAt >= `${at.slice(0, 19)}.000Z`;
  return isLater && !own.some(({ data }) => data['commit'] === head.commit);
}

function hasUnseenEnd({ agentStatus }: SessionView, own: readonly Event[]): boolean {
  if (agentStatus?.state !== 'died' || agentStatus.isAsserted) return false;
  return !own.some(({ event, at }) => event === 'session.agent.died' && at >= agentStatus.startedAt);
}

/** With the last that was heard of each. */
function findGone(sessions: readonly SessionView[], events: readonly Event[], since: number): Summary['gone'] {
  const there = new Set(sessions.map(({ id }) => id));
  const gone = new Map<string, string>();
  for (const { seq, session, event } of events)
    if (seq > since && session !== null && !there.has(session)) gone.set(session, event);
  return [...gone].map(([id, event]) => ({ id, event })).toSorted((a, b) => (a.id < b.id ? -1 : 1));
}
