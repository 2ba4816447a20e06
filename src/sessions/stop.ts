import { withEnd, withStopping } from '../agents/changes.ts';
import type { AgentRun } from '../agents/facts.ts';
import { readFacts, recordNews, type AgentPlace } from '../agents/record.ts';
import { lifeOf } from '../agents/status.ts';
import { WtError } from '../core/errors.ts';
import { endMembers, listMembers, listMarked } from '../platform/members.ts';
import type { Owner } from '../platform/identity.ts';
import { isCaller } from '../platform/processes.ts';
import { readBook, type Session } from './book.ts';
import type { Repo } from './repo.ts';
import { closeAgentPane } from './run-tmux.ts';
import { requireSessions } from './select.ts';

/** How long an agent may take to end by itself. */
export const AGENT_GRACE_MS = 10_000;

export interface StopRequest {
  readonly ids: readonly string[];
  /** Every session with a live agent that wt has started. */
  readonly isAll: boolean;
  /** How long it may take to end by itself before it is killed. 0: it is killed at once. */
  readonly graceMs: number;
  readonly dryRun: boolean;
}

/** What was done in one session. */
export interface Stopped {
  readonly id: string;
  /** Null: none was ever started there. */
  readonly agent: string | null;
  readonly pid: number | null;
  /** `left`: the agent itself was gone, and what it had left running was ended. `none`: nothing ran. */
  readonly kind: 'stopped' | 'left' | 'none';
  /** The last signal that was needed. */
  readonly signal: 'SIGTERM' | 'SIGKILL' | null;
}

/** Ends the agents of sessions, one after the other; that of the caller's own session last. Throws `session.not-found`, `agent.elsewhere`. */
export async function stopAgents(repo: Repo, request: StopRequest): Promise<readonly Stopped[]> {
  const book = await readBook(repo);
  const sessions = request.isAll ? [...book.sessions.values()] : await requireSessions(repo, book, request.ids);
  const found = await Promise.all(sessions.map((session) => look(repo, session)));
  const wanted = request.isAll ? found.filter(isStoppedWithAll) : found;
  const callers = await Promise.all(wanted.map(({ run }) => isCaller(run?.owner.pid ?? 0)));
  const own = wanted.find(({ run }, i) => run?.how === 'outside' && callers[i] === true);
  if (own !== undefined)
    throw new WtError('usage.invalid', {
      option: own.session.id,
      reason: `what is known as its agent was started by hand, and this very call comes from it (process ${own.run?.owner.pid ?? '?'})`,
    });
  const away = wanted.find(({ run }) => isOpen(run) && run !== null && lifeOf(run.owner) === 'unknown');
  if (away?.run != null && !request.isAll) {
    const { agent, owner } = away.run;
    throw new WtError('agent.elsewhere', { id: away.session.id, agent, pid: owner.pid, host: owner.host });
  }
  const order = [...wanted.filter((_, i) => callers[i] !== true), ...wanted.filter((_, i) => callers[i] === true)];
  const done = new Map<string, Stopped>();
  for (const one of order)
    done.set(one.session.id, request.dryRun ? outcomeOf(one, null) : await stopOne(repo, one, request.graceMs));
  return wanted.flatMap(({ session }) => done.get(session.id) ?? []);
}

interface Found {
  readonly session: Session;
  readonly run: AgentRun | null;
  readonly place: AgentPlace | undefined;
  readonly members: readonly number[];
}

async function look(repo: Repo, session: Session): Promise<Found> {
  const { admin } = session;
  if (admin === undefined) return { session, run: null, place: undefined, members: [] };
  const { run } = await readFacts(admin.directory);
  const place = { id: session.id, adminDirectory: admin.directory, log: repo.layout };
  const members = run === null || run.owner.pid === 0 ? [] : await listAll(run.owner, session.path);
  return { session, run, place, members };
}

/** One that somebody has started by hand is theirs to end: which process it is was found out by its parents. */
function isStoppedWithAll({ run, members }: Found): boolean {
  return isOpen(run) && run?.how !== 'outside' && members.length > 0;
}

async function listAll(owner: Owner, folder: string): Promise<readonly number[]> {
  return [...(await listMembers(owner)), ...(await listMarked(owner, folder))];
}

function isOpen(run: AgentRun | null): boolean {
  return run !== null && run.end === null;
}

function outcomeOf({ session, run, members }: Found, signal: Stopped['signal']): Stopped {
  const kind = members.length === 0 ? 'none' : isOpen(run) && lifeOfRun(run) === 'alive' ? 'stopped' : 'left';
  return { id: session.id, agent: run?.agent ?? session.row.agent, pid: run?.owner.pid ?? null, kind, signal };
}

function lifeOfRun(run: AgentRun | null): string {
  return run === null ? 'dead' : lifeOf(run.owner);
}

async function stopOne(repo: Repo, found: Found, graceMs: number): Promise<Stopped> {
  const { session, run, place, members } = found;
  if (run === null || place === undefined) return outcomeOf(found, null);
  const outcome = outcomeOf(found, null);
  const signal = members.length === 0 ? undefined : await endRun(repo, place, run, { graceMs, folder: session.path });
  await closeAgentPane(repo, run, place.adminDirectory);
  return { ...outcome, signal: signal ?? null };
}

/**
 * Ends an agent with all that it has started, and writes down that it was stopped. First it is written down that it is to be: from
 * inside the session this very call may not come to its end. Goes on when it is interrupted itself.
 */
export async function endRun(
  { deps }: Pick<Repo, 'deps'>,
  place: AgentPlace,
  run: AgentRun,
  { graceMs, folder }: { readonly graceMs: number; readonly folder: string },
): Promise<'SIGTERM' | 'SIGKILL' | undefined> {
  const id = run.owner.nonce;
  const now = (): string => deps.clock.now().toISOString();
  await recordNews(deps, place, (facts) => withStopping(facts, id, now()));
  // While it is being started its process is another one in a moment.
  const members = async (): Promise<readonly number[]> => {
    const { run: latest } = await readFacts(place.adminDirectory);
    const owner = latest?.owner.nonce === id ? latest.owner : run.owner;
    return [...new Set([...(await listAll(run.owner, folder)), ...(await listMembers(owner))])];
  };
  const signal = await endMembers(deps.clock, members, graceMs);
  const end = { exitCode: null, signal: signal ?? null };
  const { agent } = run;
  await recordNews(deps, place, (facts) => withEnd(facts, id, { agent, end, at: now(), by: 'user' }));
  return signal;
}
