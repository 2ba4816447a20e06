import { randomUUID } from 'node:crypto';
import path from 'node:path';
import type { AgentFacts, AgentRun } from '../agents/facts.ts';
import { findAdapter } from '../agents/adapters.ts';
import { readFacts } from '../agents/record.ts';
import { readScreen } from '../agents/screen.ts';
import { findScreen } from '../agents/screens.ts';
import { statusOf, type AgentStatus } from '../agents/status.ts';
import { tmuxAt } from '../agents/tmux.ts';
import {
  findBusy,
  findNotReady,
  lookAtAgent,
  typeForAgent,
  type NotReady,
  type Seen,
  type Target,
} from '../agents/typing.ts';
import { loadConfig } from '../config/load.ts';
import { WtError } from '../core/errors.ts';
import { writeFifo } from '../platform/fifo.ts';
import { createBriefIdentity } from '../platform/identity.ts';
import { acquireLock } from '../platform/lock.ts';
import { findTerminal } from '../platform/processes.ts';
import { throwIfInterrupted } from '../platform/runner.ts';
import { logEvent } from '../registry/event-log.ts';
import { readBook, type Session } from './book.ts';
import { nameCaller } from './caller.ts';
import type { Repo } from './repo.ts';
import { requireSession } from './select.ts';

export interface SendRequest {
  readonly id: string;
  readonly text: string;
  /** Whether it is sent off too, or only put into the prompt. */
  readonly enter: boolean;
  /** How long an agent that is not ready is waited for. */
  readonly waitMs: number;
  readonly dryRun: boolean;
}

export interface SendOutcome {
  readonly kind: 'planned' | 'sent';
  readonly id: string;
  readonly agent: string;
  readonly way: 'tmux' | 'lines';
  readonly characters: number;
  /** Absent: nothing can be seen of a line in a pipe. */
  readonly seen?: Seen;
}

/**
 * Gives a text to a running agent, when it waits for one: as keys in tmux, as a line on its standard input in the background. Throws
 * `agent.not-running`, `agent.not-ready`, `usage.invalid`.
 */
export async function sendText(repo: Repo, request: SendRequest): Promise<SendOutcome> {
  const book = await readBook(repo);
  const session = await requireSession(repo, book, request.id);
  const text = cleanText(request.text);
  const { run } = await requireAgent(repo, session, 'send');
  const sender = { repo, session, request: { ...request, text } };
  const outcome = run.tmux === null ? await sendLine(sender, run) : await sendKeys(sender, run);
  if (outcome.kind === 'planned') return outcome;
  const { agent, way, characters, seen } = outcome;
  const data = { agent, way, characters, ...(seen === undefined ? {} : { seen }) };
  const event = { event: 'session.agent.sent', session: session.id, by: await nameCaller(repo, book), data };
  const at = repo.deps.clock.now().toISOString();
  await logEvent(repo.deps, repo.layout, { at, ...event });
  return outcome;
}

export interface LiveAgent {
  readonly adminDirectory: string;
  readonly facts: AgentFacts;
  readonly run: AgentRun;
  readonly status: AgentStatus;
}

/** The agent that runs there. Throws `agent.not-running`. */
export async function requireAgent(repo: Repo, session: Session, verb: 'send' | 'attach'): Promise<LiveAgent> {
  const adminDirectory = session.admin?.directory;
  const facts = adminDirectory === undefined ? undefined : await readFacts(adminDirectory);
  const status = facts === undefined ? undefined : statusOf(facts, repo.deps.clock.now().getTime());
  if (adminDirectory !== undefined && facts?.run != null && status?.isAlive === true)
    return { adminDirectory, facts, run: facts.run, status };
  throw new WtError('agent.not-running', { id: session.id, agent: status?.agent ?? null, verb });
}

const LONGEST = 262_144;

/** Throws `usage.invalid` for what a terminal would take for keys: all control characters but newline and tab. Pure. */
export function cleanText(text: string): string {
  const clean = text.replaceAll(/\r\n?/g, '\n').replace(/\n+$/, '');
  const found = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]|\p{Surrogate}/u.exec(clean)?.[0];
  const code = found?.codePointAt(0)?.toString(16).padStart(4, '0');
  const wrong =
    code !== undefined
      ? `it holds the control character U+${code}, which a terminal would take for a key`
      : clean.trim() === ''
        ? 'there is no text'
        : clean.length > LONGEST
          ? `it has ${clean.length} characters, at most ${LONGEST} are sent: put it into a file and name that`
          : undefined;
  if (wrong !== undefined) throw new WtError('usage.invalid', { option: '<text…>', reason: wrong });
  return clean;
}

interface Sender {
  readonly repo: Repo;
  readonly session: Session;
  readonly request: SendRequest;
}

async function sendKeys(sender: Sender, run: AgentRun): Promise<SendOutcome> {
  const { repo, session, request } = sender;
  const target = await targetOf(repo, session, run);
  const outcome = { id: session.id, agent: run.agent, way: 'tmux', characters: lengthOf(request.text) } as const;
  return untilReady(sender, async () => {
    if (request.dryRun) {
      const why = await findHindrance(repo, session, target);
      return why === undefined ? { done: { ...outcome, kind: 'planned' } } : { why, isTyped: false };
    }
    const status = async () => (await requireAgent(repo, session, 'send')).status;
    const typing = { ...request, buffer: `wt-${randomUUID()}`, status };
    const sent = await alone(sender, () => typeForAgent(target, typing, repo.deps.clock));
    if (sent.kind === 'sent') return { done: { ...outcome, kind: 'sent', seen: sent.seen } };
    if (sent.kind === 'gone') throw await gone(sender, run, sent.isTyped);
    return sent;
  });
}

/** The pane of an agent in tmux, and how its screens are read. */
export async function targetOf(repo: Repo, session: Session, run: AgentRun): Promise<Target> {
  const { settings } = await loadConfig(repo.root, repo.deps.env);
  const adapter = findAdapter(run.agent, settings.agents);
  return {
    tmux: tmuxAt(repo.deps.run, repo.root, run.tmux?.socket),
    pane: run.tmux?.pane ?? '',
    mark: session.admin?.directory ?? '',
    pid: run.owner.pid,
    screen: findScreen(run.agent, adapter?.like),
    takesLines: adapter?.takesLines === true,
  };
}

async function findHindrance(repo: Repo, session: Session, target: Target): Promise<NotReady | undefined> {
  const { run, status } = await requireAgent(repo, session, 'send');
  const look = await lookAtAgent(target);
  if (look === undefined) throw await gone({ repo, session }, run, false);
  return findNotReady(status, { ...target, pane: look.pane, reading: readScreen(look.screen, target.screen) });
}

/** Its pane has no agent any more. */
async function gone(
  { repo, session }: Pick<Sender, 'repo' | 'session'>,
  run: AgentRun,
  changed: boolean,
): Promise<WtError> {
  const after = await requireAgent(repo, session, 'send').catch((error: unknown) => error);
  const details = { id: session.id, agent: run.agent, verb: 'send' } as const;
  if (after instanceof Error) return new WtError('agent.not-running', details, { changed });
  // It lives, and somebody has moved its pane, or taken the terminal from it: a shell, an editor.
  const why = { state: 'running', reason: 'it is not what reads the keys of its pane', source: 'tmux' };
  return notReady({ session, run, why }, changed);
}

async function sendLine(sender: Sender, run: AgentRun): Promise<SendOutcome> {
  const { session, request, repo } = sender;
  const { text, enter, dryRun } = request;
  const { input, agent } = run;
  if (input === null) throw await takesNone(session, run);
  if (text.includes('\n') || !enter)
    throw new WtError('usage.invalid', {
      option: enter ? '<text…>' : '--no-enter',
      reason: `${agent} reads one line at a time in the background`,
    });
  const outcome = { id: session.id, agent, way: 'lines', characters: lengthOf(text) } as const;
  return untilReady(sender, async () => {
    const { status } = await requireAgent(repo, session, 'send');
    if (findBusy(status, true)) return { why: status, isTyped: false };
    if (dryRun) return { done: { ...outcome, kind: 'planned' } };
    const written = await writeFifo(input, `${text}\n`, 1000);
    if (written === 'written') return { done: { ...outcome, kind: 'sent' } };
    if (written === 'unread') throw new WtError('agent.not-running', { id: session.id, agent, verb: 'send' });
    const why = { state: status.state, reason: 'its input is full', source: 'pipe' };
    return { why, isTyped: written === 'cut' };
  });
}

async function takesNone({ id }: Session, { agent, how, owner }: AgentRun): Promise<WtError> {
  const terminal = await findTerminal(owner.pid);
  const reason =
    how === 'background'
      ? `${agent} reads no lines while it runs in the background: stop it, and take it up again with --tmux`
      : `${agent} has a terminal of its own (process ${owner.pid}${terminal === undefined ? '' : ` at ${terminal}`}): type there`;
  const fix = how === 'background' ? ['wt', 'stop', id] : ['wt', 'show', id];
  return new WtError('usage.invalid', { option: '<id>', reason, fix });
}

type Attempt = { readonly done: SendOutcome } | { readonly why: NotReady; readonly isTyped: boolean };

const LOOK_MS = 300;

/** Tries again until the time is over; never once something has been typed. */
async function untilReady({ repo, session, request }: Sender, attempt: () => Promise<Attempt>): Promise<SendOutcome> {
  const { clock, signal } = repo.deps;
  const startMs = clock.elapsedMs();
  for (;;) {
    throwIfInterrupted(signal);
    const tried = await attempt();
    if ('done' in tried) return tried.done;
    if (tried.isTyped || clock.elapsedMs() - startMs + LOOK_MS > request.waitMs) {
      const { run } = await requireAgent(repo, session, 'send');
      throw notReady({ session, run, why: tried.why }, tried.isTyped);
    }
    await clock.sleep(LOOK_MS);
  }
}

function notReady(
  { session, run, why }: { session: Session; run: AgentRun; why: NotReady },
  isTyped: boolean,
): WtError {
  const { state, reason, source } = why;
  return new WtError(
    'agent.not-ready',
    { id: session.id, agent: run.agent, state, reason, source, isTyped },
    { changed: isTyped },
  );
}

/** Two who send at once would mix their texts. */
async function alone<T>({ repo, session }: Sender, use: () => Promise<T>): Promise<T> {
  const { deps } = repo;
  const lease = await acquireLock(
    { ...deps, identity: createBriefIdentity('wt send', randomUUID()) },
    {
      directory: path.join(session.admin?.directory ?? '', 'wt-send'),
      timeoutMs: 30_000,
      onWait: (holder) => deps.io.err(`wt: waiting for ${holder}\n`),
    },
  );
  try {
    return await use();
  } finally {
    await lease.release().catch(() => {});
  }
}

/** In characters, not in the halves that JavaScript counts. */
function lengthOf(text: string): number {
  return Array.from(text).length;
}
