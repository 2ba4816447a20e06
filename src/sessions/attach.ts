import type { AgentRun, TmuxPlace } from '../agents/facts.ts';
import { readFacts } from '../agents/record.ts';
import { statusOf, type AgentStatus } from '../agents/status.ts';
import { attachPane, lookAtPane, tmuxAt } from '../agents/tmux.ts';
import { WtError } from '../core/errors.ts';
import { writeFifo } from '../platform/fifo.ts';
import { findTerminal } from '../platform/processes.ts';
import { readBook, type Session } from './book.ts';
import { followLogs } from './logs.ts';
import type { Repo } from './repo.ts';
import { requireSession } from './select.ts';
import { cleanText, requireAgent } from './send.ts';

/** How a running agent can be seen. */
export interface Attachable {
  readonly session: Session;
  readonly agent: string;
  readonly way:
    | { readonly kind: 'tmux'; readonly place: TmuxPlace }
    | { readonly kind: 'log'; readonly log: string; readonly input: string | null };
}

/** Throws `agent.not-running`, and `usage.invalid` for an agent that has a terminal of its own. */
export async function findAttachable(repo: Repo, id: string | undefined): Promise<Attachable> {
  const session = await requireSession(repo, await readBook(repo), id);
  const { run } = await requireAgent(repo, session, 'attach');
  const { agent, log, input, tmux } = run;
  if (tmux !== null) {
    const mark = session.admin?.directory ?? '';
    const look = await lookAtPane(tmuxAt(repo.deps.run, repo.root, tmux.socket), { pane: tmux.pane, mark });
    if (look !== undefined) return { session, agent, way: { kind: 'tmux', place: tmux } };
  }
  if (tmux === null && log !== null) return { session, agent, way: { kind: 'log', log, input } };
  throw await isElsewhere(session, run);
}

async function isElsewhere({ id }: Session, { agent, owner, tmux }: AgentRun): Promise<WtError> {
  const terminal = await findTerminal(owner.pid);
  const where = `process ${owner.pid}${terminal === undefined ? '' : ` at ${terminal}`}`;
  const reason =
    tmux === null
      ? `${agent} has a terminal of its own (${where}): look there`
      : `${agent} runs (${where}), but its tmux pane ${tmux.pane} is gone`;
  return new WtError('usage.invalid', { option: '<id>', reason, fix: ['wt', 'show', id] });
}

/** Shows it until the caller leaves. Returns what the agent is at then. */
export async function attach(repo: Repo, { session, way }: Attachable, talk: Talk): Promise<AgentStatus | undefined> {
  if (way.kind === 'tmux') await attachTmux(repo, way.place);
  else await followAndType(repo, session, way.input, talk);
  const facts = await readFacts(session.admin?.directory ?? '');
  return statusOf(facts, repo.deps.clock.now().getTime());
}

async function attachTmux({ deps, root }: Repo, place: TmuxPlace): Promise<void> {
  const { exitCode, stderr } = await attachPane(deps.run, root, place, deps.env);
  if (exitCode === 0) return;
  const message = `tmux: ${stderr.trim() === '' ? `exit code ${exitCode}` : stderr.trim()}`;
  throw new WtError('io.failed', { path: place.socket, syscall: 'tmux', errno: 'EIO', message });
}

/** What goes to and fro while a log is followed. */
export interface Talk {
  readonly onText: (text: string) => void;
  readonly tell: (line: string) => void;
  readonly lines: (signal: AbortSignal) => AsyncIterable<string>;
}

const LINES_BEFORE = 20;

/** Until the agent has ended or the caller leaves. */
async function followAndType(
  repo: Repo,
  session: Session,
  input: string | null,
  { onText, tell, lines }: Talk,
): Promise<void> {
  const over = new AbortController();
  const leave = (): void => over.abort();
  repo.deps.signal.addEventListener('abort', leave, { once: true });
  const typing = typeLines(lines(over.signal), input, tell);
  await followLogs(repo, { id: session.id, lines: LINES_BEFORE }, onText);
  repo.deps.signal.removeEventListener('abort', leave);
  over.abort();
  await typing;
}

async function typeLines(
  lines: AsyncIterable<string>,
  input: string | null,
  tell: (line: string) => void,
): Promise<void> {
  try {
    for await (const line of lines) {
      if (line.trim() === '') continue;
      if (input === null) tell('it takes no lines: nothing was sent');
      else await typeLine(input, line).then((said) => (said === undefined ? undefined : tell(said)));
    }
  } catch {
    // the terminal is gone, or the caller has left
  }
}

async function typeLine(input: string, line: string): Promise<string | undefined> {
  let text: string;
  try {
    text = cleanText(line);
  } catch (error) {
    if (!WtError.is(error, 'usage.invalid')) throw error;
    return `not sent: ${error.details.reason}`;
  }
  const written = await writeFifo(input, `${text}\n`, 1000);
  return {
    written: undefined,
    unread: 'not sent: nobody reads it',
    full: 'not sent: its input is full',
    cut: 'only a part was sent: its input is full',
  }[written];
}
