import type { AgentRun } from '../agents/facts.ts';
import { LOG_START, lastLines, readOn, readWholeLog, textReader } from '../agents/read-log.ts';
import { parseCapture } from '../agents/screen.ts';
import { lookAtPane, tmuxAt } from '../agents/tmux.ts';
import { isDead, lifeOf } from '../agents/status.ts';
import { WtError } from '../core/errors.ts';
import { lstatOf } from '../platform/files.ts';
import { readRun } from './agent.ts';
import { readBook, type Session } from './book.ts';
import type { Repo } from './repo.ts';
import { requireSession } from './select.ts';

/** The log of a session's last run. */
export interface RunLog {
  readonly id: string;
  readonly agent: string;
  /** Null: it is what a pane of tmux shows, and has scrolled by in it. */
  readonly file: string | null;
  readonly text: string;
}

export interface LogsRequest {
  readonly id: string | undefined;
  /** Undefined: all of it. */
  readonly lines: number | undefined;
}

/** Reads only. Throws `agent.not-running` when there is none, and says why. */
export async function readLogs(repo: Repo, { id, lines }: LogsRequest): Promise<RunLog> {
  const pane = await readPane(repo, id);
  if (pane !== undefined) return lines === undefined ? pane : { ...pane, text: lastLines(pane.text, lines) };
  const found = await requireLog(repo, id);
  const { bytes } = await readWholeLog(found.file);
  const text = bytes.toString('utf8');
  return { ...found, text: lines === undefined ? text : lastLines(text, lines) };
}

/** All that the pane of an agent in tmux has kept; undefined when it runs in none, or its pane is gone. */
async function readPane(repo: Repo, id: string | undefined): Promise<RunLog | undefined> {
  const session = await requireSession(repo, await readBook(repo), id);
  const run = await readRun(session);
  if (run?.tmux == null) return undefined;
  const tmux = tmuxAt(repo.deps.run, repo.root, run.tmux.socket);
  const target = { pane: run.tmux.pane, mark: session.admin?.directory ?? '' };
  const look = await lookAtPane(tmux, target, { history: true }).catch(() => undefined);
  if (look === undefined) return undefined;
  const rows = parseCapture(look.screen).shown.split('\n');
  const text = rows
    .map((row) => row.trimEnd())
    .join('\n')
    .trimEnd();
  return { id: session.id, agent: run.agent, file: null, text: text === '' ? '' : `${text}\n` };
}

/** Gives the log piece by piece until its agent has ended or the call is interrupted. */
export async function followLogs(
  repo: Repo,
  { id, lines }: LogsRequest,
  onText: (text: string) => void,
): Promise<void> {
  const { deps } = repo;
  const { file, session } = await requireLog(repo, id);
  const reader = textReader();
  let { bytes, next } = lines === 0 ? { bytes: Buffer.alloc(0), next: LOG_START } : await readWholeLog(file);
  const text = reader.add(bytes);
  onText(lines === undefined ? text : lastLines(text, lines));
  while (!deps.signal.aborted) {
    // First whether it lives, then what it has written: so nothing of its last words is missed.
    const isOver = !(await isAtWork(session, file));
    do {
      ({ bytes, next } = await readOn(file, next));
      if (bytes.length > 0) onText(reader.add(bytes));
    } while (bytes.length > 0 && !deps.signal.aborted);
    if (isOver) break;
    await pause(repo);
  }
  onText(reader.end());
}

const POLL_MS = 200;

async function pause({ deps }: Repo): Promise<void> {
  await Promise.race([
    deps.clock.sleep(POLL_MS),
    new Promise((resolve) => deps.signal.addEventListener('abort', resolve, { once: true })),
  ]);
}

/** Whether the run that writes this log goes on. A later run has a log of its own. */
async function isAtWork({ admin }: Session, file: string): Promise<boolean> {
  const run = await readRun({ admin });
  if (run === null || run.log !== file || run.end !== null) return false;
  return !isDead(lifeOf(run.owner));
}

async function requireLog(
  repo: Repo,
  id: string | undefined,
): Promise<Pick<RunLog, 'id' | 'agent'> & { file: string; session: Session }> {
  const session = await requireSession(repo, await readBook(repo), id);
  const run = await readRun(session);
  if (run?.log == null) throw noLog(session, run);
  if ((await lstatOf(run.log)) === undefined)
    throw new WtError('agent.not-running', {
      id: session.id,
      agent: run.agent,
      verb: 'logs',
      reason: 'its log was taken away',
    });
  return { id: session.id, agent: run.agent, file: run.log, session };
}

function noLog({ id }: Session, run: AgentRun | null): WtError {
  if (run === null) return new WtError('agent.not-running', { id, agent: null, verb: 'logs' });
  const isShown = run.how === 'tmux' && run.end === null;
  const reason = isShown
    ? 'it runs in a pane of tmux, which shows what it prints'
    : run.how === 'tmux'
      ? 'it ran in a pane of tmux, which is gone'
      : 'it had a terminal, and what it printed went there';
  const fix = ['wt', isShown ? 'attach' : 'show', id];
  return new WtError('agent.not-running', { id, agent: run.agent, verb: 'logs', reason, fix });
}
