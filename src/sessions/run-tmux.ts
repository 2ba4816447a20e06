import path from 'node:path';
import type { AgentRun, TmuxPlace } from '../agents/facts.ts';
import { readFacts } from '../agents/record.ts';
import { lifeOf } from '../agents/status.ts';
import { parseCapture } from '../agents/screen.ts';
import {
  closePane,
  findOwnPane,
  lookAtPane,
  paneName,
  requireTmux,
  startPane,
  tmuxAt,
  type Look,
} from '../agents/tmux.ts';
import { WtError } from '../core/errors.ts';
import { removeFile } from '../platform/files.ts';
import { throwIfInterrupted } from '../platform/interrupt.ts';
import { ownWords } from '../platform/program.ts';
import { HANDOVER, writeHandover } from './handover.ts';
import type { Repo } from './repo.ts';
import type { RunOutcome, RunPlan } from './run.ts';

/**
 * In tmux: a wt in a pane of its own starts the agent there, in the foreground. Returns once the agent runs and has not ended within a
 * moment. Throws `agent.failed` with the last rows of the pane, `program.missing`, `io.failed`.
 */
export async function startInPane(repo: Repo, plan: RunPlan): Promise<RunOutcome> {
  const { deps } = repo;
  const { session, admin, request, adapter } = plan;
  await requireTmux(deps.run, repo.root);
  const before = (await readFacts(admin.directory)).run;
  await closeAgentPane(repo, before, admin.directory);
  const { prompt, args, isResumed } = request;
  const handed = { id: session.id, agent: isResumed ? undefined : adapter.name, prompt, args, isResumed };
  const file = await writeHandover(deps, admin.directory, handed);
  try {
    const place = await startPane(
      deps.run,
      {
        name: findName(repo, session.id),
        cwd: session.path,
        programCwd: repo.root, // so that it is no process inside the session
        argv: [...ownWords(deps.program), 'run', session.id],
        env: { [HANDOVER]: file },
        mark: admin.directory,
      },
      deps.env,
    );
    return await awaitAgent(repo, plan, { place, before });
  } finally {
    await removeFile(file).catch(() => {}); // it has been read by now, or never will be
  }
}

function findName({ root, deps }: Repo, id: string): string {
  return findOwnPane(deps.env) === undefined ? paneName(path.basename(root), id) : paneName(id);
}

/** Closes the pane of a run that has ended; it stayed to be read. */
export async function closeAgentPane(
  { deps, root }: Pick<Repo, 'deps' | 'root'>,
  run: AgentRun | null,
  mark: string,
): Promise<void> {
  if (run?.tmux == null) return;
  const tmux = tmuxAt(deps.run, root, run.tmux.socket);
  // A server that is gone, or a tmux that is not there any more, has nothing to close.
  await closePane(tmux, { pane: run.tmux.pane, mark }).catch(() => {});
}

interface Begun {
  readonly place: TmuxPlace;
  readonly before: AgentRun | null;
}

const LOOK_MS = 50;
/** How long an agent that ends at once is waited for. */
const MOMENT_MS = 500;

async function awaitAgent(repo: Repo, plan: RunPlan, begun: Begun): Promise<RunOutcome> {
  const { deps, root } = repo;
  const tmux = tmuxAt(deps.run, root, begun.place.socket);
  const target = { pane: begun.place.pane, mark: plan.admin.directory };
  let since: number | undefined;
  for (;;) {
    await deps.clock.sleep(LOOK_MS);
    if (deps.signal.aborted && since === undefined) await closePane(tmux, target).catch(() => {});
    throwIfInterrupted(deps.signal);
    // A pane that has died says so on a line of its own, and its first line goes into the history for it.
    const seen = await findStarted(plan, begun, await lookAtPane(tmux, target, { history: true }));
    if (seen.kind === 'failed') throw await endedAtOnce(plan, seen, () => closePane(tmux, target));
    if (seen.kind === 'waits') continue;
    since ??= deps.clock.elapsedMs();
    const isSettled = seen.run.end !== null || deps.clock.elapsedMs() - since >= MOMENT_MS;
    if (isSettled) return outcomeOf(plan, seen.run, begun.place, seen.conversation);
  }
}

type Seen =
  | { readonly kind: 'waits' }
  | { readonly kind: 'runs'; readonly run: AgentRun; readonly conversation: string | null }
  | Failed;

interface Failed {
  readonly kind: 'failed';
  readonly run: AgentRun | undefined;
  readonly look: Look | undefined;
}

/** While its wt is about to start it, the run is that wt's own; when it has just gone, that wt is about to write down how. */
async function findStarted({ admin }: RunPlan, { place, before }: Begun, look: Look | undefined): Promise<Seen> {
  const { run, conversation } = await readFacts(admin.directory);
  const own = run !== null && isOwn(run, place, before) ? run : undefined;
  const isOver = look === undefined || look.pane.isDead;
  if (isOver && own?.end?.exitCode !== 0) return { kind: 'failed', run: own, look };
  if (own === undefined || (!isOver && isBetween(own, look))) return { kind: 'waits' };
  return { kind: 'runs', run: own, conversation: conversation?.id ?? null };
}

function isBetween({ end, owner }: AgentRun, { pane }: Look): boolean {
  return end !== null || owner.pid === pane.pid || lifeOf(owner) === 'dead';
}

function isOwn({ tmux, owner }: AgentRun, place: TmuxPlace, before: AgentRun | null): boolean {
  return tmux?.pane === place.pane && tmux.socket === place.socket && owner.nonce !== before?.owner.nonce;
}

function outcomeOf(plan: RunPlan, run: AgentRun, place: TmuxPlace, conversation: string | null): RunOutcome {
  const { exitCode = null, signal = null } = run.end ?? {};
  return {
    plan,
    startedAt: run.startedAt,
    log: null,
    tmux: place,
    conversation,
    started: { pid: run.owner.pid, end: run.end === null ? null : { exitCode, signal }, exitCode: 0 },
  };
}

const SHOWN_LINES = 12;

/** What the pane shows goes into the failure, so it need not stay. */
async function endedAtOnce(
  { session, adapter }: RunPlan,
  { run, look }: Failed,
  close: () => Promise<unknown>,
): Promise<WtError> {
  await close().catch(() => {});
  const rows = parseCapture(look?.screen ?? '')
    .shown.split('\n')
    .map((row) => row.trimEnd());
  const output = rows.filter((row) => row !== '' && !row.startsWith('Pane is dead'));
  return new WtError(
    'agent.failed',
    {
      id: session.id,
      agent: adapter.name,
      exitCode: run?.end?.exitCode ?? look?.pane.exitCode ?? null,
      signal: run?.end?.signal ?? null,
      log: null,
      output: output.slice(-SHOWN_LINES),
      fix: ['wt', 'run', session.id, '--tmux'],
    },
    { changed: true },
  );
}
