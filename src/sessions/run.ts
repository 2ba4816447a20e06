import type { Adapter } from '../agents/adapter.ts';
import { requireAdapter } from '../agents/adapters.ts';
import { CLAIM, withClaim, withoutClaim } from '../agents/changes.ts';
import type { AgentFacts, AgentRun, Conversation, TmuxPlace, Way } from '../agents/facts.ts';
import { howToInstall } from '../agents/install.ts';
import { beginLog } from '../agents/log.ts';
import { agentFiles, agentLogs } from '../agents/place.ts';
import { readFacts, recordNews, type AgentPlace } from '../agents/record.ts';
import { isDead, lifeOf } from '../agents/status.ts';
import type { AgentConfig } from '../config/agents.ts';
import { loadConfig } from '../config/load.ts';
import type { Settings } from '../config/schema.ts';
import { WtError } from '../core/errors.ts';
import { AgentName } from '../core/names.ts';
import { lstatOf, removeFile } from '../platform/files.ts';
import { findProgram } from '../platform/program.ts';
import { createBriefIdentity } from '../platform/identity.ts';
import { listMarked } from '../platform/members.ts';
import type { AdminEntry } from '../registry/notes.ts';
import { readBook, type Session } from './book.ts';
import { hold } from './hold.ts';
import { requireAdmin } from './idle.ts';
import { bringHooks } from './run-hooks.ts';
import { planStart, requireProgram, type StartPlan } from './run-plan.ts';
import { startAway, startHere, type Started } from './run-start.ts';
import { startInPane } from './run-tmux.ts';
import { isSettingUp } from './live.ts';
import type { Repo } from './repo.ts';
import { updateRowAndNote } from './rows.ts';
import { requireOwn, requireSession } from './select.ts';
import { checkTree } from './worktree.ts';

export interface RunRequest {
  /** Session id, branch or path; undefined: the one the caller stands in. */
  readonly id: string | undefined;
  /** Undefined: the session's own, else the one of the configuration. */
  readonly agent: string | undefined;
  /** Undefined: at its first start the task of the session. */
  readonly prompt: string | undefined;
  /** The person's own words for the agent. */
  readonly args: readonly string[];
  readonly how: 'foreground' | 'background' | 'tmux';
  /** The pane that this very call runs in. */
  readonly tmux?: TmuxPlace | undefined;
  /** Takes up again what it did last. */
  readonly isResumed: boolean;
  /** `aside`: what it prints in the foreground goes to stderr, for stdout is wt's. */
  readonly output: 'terminal' | 'aside';
}

/** What would be started, all checks passed. */
export interface RunPlan {
  readonly session: Session;
  readonly admin: AdminEntry;
  readonly place: AgentPlace;
  readonly adapter: Adapter;
  readonly request: RunRequest;
  readonly how: Way;
  /** Whether it may be made to tell what it does. */
  readonly mayTell: boolean;
  /** What it would be started with. */
  readonly start: StartPlan;
  readonly warnings: readonly string[];
}

export interface RunOutcome {
  readonly plan: RunPlan;
  readonly startedAt: string;
  readonly log: string | null;
  /** The pane it was started in. */
  readonly tmux: TmuxPlace | null;
  readonly conversation: string | null;
  readonly started: Started;
}

/** Reads only, and says whether it could be started. Throws `agent.running`, `agent.unknown`, `agent.not-resumable`, `program.missing`, `path.unsafe`. */
export async function planRun(repo: Repo, request: RunRequest): Promise<RunPlan> {
  const { settings } = await loadConfig(repo.root, repo.deps.env);
  const session = await requireSession(repo, await readBook(repo), request.id);
  const admin = await requireUsable(session);
  const facts = await readFacts(admin.directory);
  const name = request.agent ?? (request.isResumed ? facts.run?.agent : undefined) ?? session.row.agent;
  const adapter = requireAgent(name ?? undefined, settings);
  await requireFree(session, facts);
  const how = request.tmux === undefined ? request.how : 'tmux';
  const mayTell = configOf(settings, adapter)?.hooks !== false;
  const start = await planStart(repo, { session, admin, adapter, facts, request, how, mayTell });
  await requireProgram(start, adapter.name);
  const place = { id: session.id, adminDirectory: admin.directory, log: repo.layout };
  return { session, admin, place, adapter, request, how, mayTell, start, warnings: warningsOf(session) };
}

function configOf({ agents }: Settings, { name }: Adapter): AgentConfig | undefined {
  return (agents as Readonly<Record<string, AgentConfig>>)[name];
}

/** Throws `agent.unknown`. */
export function requireAgent(name: string | undefined, settings: Settings): Adapter {
  const wanted = name ?? settings.agent ?? null;
  return requireAdapter(wanted, settings.agents);
}

/** Whether an agent could be started in a session that is not there yet. Throws `agent.unknown`, `program.missing`. */
export async function requireStartable({ deps }: Repo, settings: Settings, agent: string | undefined): Promise<void> {
  const { command, name } = requireAgent(agent, settings);
  const [program = ''] = command;
  if (program.includes('/') || (await findProgram(deps.env, program)) !== undefined) return;
  throw new WtError('program.missing', { program, why: howToInstall(name) });
}

/** The same places that `wt exec` runs in, and none that is being made or moved just now. */
async function requireUsable(session: Session): Promise<AdminEntry> {
  if ((await checkTree(session)) !== 'ok' || session.row.state !== 'ready')
    throw new WtError('path.unsafe', {
      path: session.path,
      reason: 'the session has no working folder there',
      fix: ['wt', 'doctor', '--fix'],
    });
  const operation = session.pending ?? ((await isSettingUp(session)) ? 'setup' : undefined);
  if (operation !== undefined)
    throw new WtError('session.refused', {
      id: session.id,
      verb: 'run',
      reasons: [{ code: 'session.operation', operation: `wt ${operation}` }],
    });
  return requireAdmin(session);
}

/** One agent at a time; one whose process nobody could write down any more is known by its mark. */
async function requireFree({ id, path: folder }: Session, facts: AgentFacts): Promise<void> {
  requireClaimable(id, facts);
  const { run } = facts;
  const [pid] = run === null || run.end !== null ? [] : await listMarked(run.owner, folder);
  if (run === null || pid === undefined) return;
  throw new WtError('agent.running', { id, agent: run.agent, pid, since: run.startedAt, how: run.how });
}

function requireClaimable(id: string, { run }: AgentFacts): void {
  if (run === null || run.end !== null) return;
  if (isDead(lifeOf(run.owner))) return;
  const { agent, owner, startedAt, how } = run;
  throw new WtError('agent.running', { id, agent, pid: owner.pid, since: startedAt, how });
}

function warningsOf({ id, row }: Session): readonly string[] {
  return row.setup?.state === 'failed'
    ? [`the set-up of ${id} has failed${row.setup.step === undefined ? '' : ` (${row.setup.step})`}: wt setup ${id}`]
    : [];
}

/**
 * Starts the agent: in the foreground it returns when the agent has ended, in the background once it runs. Of two at once one
 * wins. A start that fails leaves no claim behind. Throws as {@link planRun} does, and `agent.failed`, `interrupted`.
 */
export async function startRun(repo: Repo, planned: RunPlan, onStart?: () => void): Promise<RunOutcome> {
  if (planned.request.how === 'tmux') return startInPane(repo, planned);
  const plan = { ...planned, start: await bringHooks(repo, planned) };
  const claim = await claimRun(repo, plan);
  const { run, before, conversation } = claim;
  try {
    const began = { ...claim, plan };
    const started = await (plan.request.how === 'background'
      ? startAway(repo, began)
      : startHere(repo, began, onStart));
    return {
      plan,
      startedAt: run.startedAt,
      log: run.log,
      tmux: run.tmux,
      conversation: conversation?.id ?? null,
      started,
    };
  } catch (error) {
    // What has really been started has an end of its own.
    if (!WtError.is(error, 'agent.failed')) await giveUp(repo, plan, run, before);
    throw error;
  }
}

/** How it is to run, by its flags. Throws `usage.invalid`. Pure. */
export function wayOf({ background, tmux }: { background: boolean; tmux: boolean }): RunRequest['how'] {
  if (background && tmux)
    throw new WtError('usage.invalid', { option: '--tmux', reason: 'give either --background or --tmux' });
  return background ? 'background' : tmux ? 'tmux' : 'foreground';
}

/** Starts the agent of a session that was just made. The session stays when that fails, and the failure says how to go on. */
export async function runNew(
  repo: Repo,
  request: Pick<RunRequest, 'prompt' | 'args' | 'how' | 'output'> & { id: string },
): Promise<RunOutcome> {
  try {
    return await startRun(repo, await planRun(repo, { ...request, agent: undefined, isResumed: false }));
  } catch (error) {
    if (!WtError.any(error)) throw error;
    const fix = ['wt', 'run', request.id, ...(request.how === 'foreground' ? [] : [`--${request.how}`])];
    throw new WtError(error.kind, { ...error.details, fix }, { cause: error, changed: true });
  }
}

async function giveUp(repo: Repo, { place }: RunPlan, run: AgentRun, before: AgentFacts): Promise<void> {
  await recordNews(repo.deps, place, (facts) =>
    facts.run?.end === null ? withoutClaim(facts, run.owner.nonce, before) : undefined,
  ).catch(() => {});
  if (run.log !== null && (await lstatOf(run.log))?.size === 0) await removeFile(run.log).catch(() => {});
}

/** A start that is nobody else's any more. */
export interface Claim {
  readonly run: AgentRun;
  readonly before: AgentFacts;
  readonly conversation: Conversation | null;
  readonly by: string;
}

async function claimRun(repo: Repo, plan: RunPlan): Promise<Claim> {
  const { adapter, place, how, start, request } = plan;
  const { id } = plan.session;
  return hold(repo, async ({ repo: locked, lease, book, by }) => {
    const session = requireOwn(book, id);
    await requireUsable(session);
    await requireFree(session, await readFacts(place.adminDirectory));
    const { deps } = locked;
    const startedAt = deps.clock.now().toISOString();
    const { owner } = await createBriefIdentity(CLAIM, start.run).owner('', deps.run);
    const isAway = request.how === 'background';
    const run: AgentRun = {
      agent: adapter.name,
      how,
      owner,
      startedAt,
      argv: start.shownWords,
      hasHooks: start.hasHooks,
      log: isAway ? await beginLog(agentLogs(repo.commonDir), { id, at: startedAt }) : null,
      input: isAway && adapter.takesLines === true ? agentFiles(place.adminDirectory).input : null,
      tmux: request.tmux ?? null,
      stoppingAt: null,
      end: null,
    };
    const conversation = conversationOf(plan, startedAt);
    const { before } = await recordNews(deps, place, (facts) => {
      requireClaimable(id, facts);
      const kept = request.isResumed ? (conversation ?? facts.conversation) : conversation;
      return { facts: withClaim(facts, run, kept), events: [] };
    });
    if (session.row.agent === null) await setAgent(locked, lease, session, adapter.name);
    return { run, before, conversation: conversation ?? (request.isResumed ? before.conversation : null), by };
  });
}

/** The one that is assigned; one that is taken up stays as it is known. */
function conversationOf({ start, adapter, request }: RunPlan, at: string): Conversation | null {
  if (request.isResumed || start.conversation === undefined) return null;
  return { id: start.conversation, agent: adapter.name, from: 'assigned', at };
}

async function setAgent(
  repo: Repo,
  lease: Parameters<typeof updateRowAndNote>[1],
  { id, admin }: Session,
  agent: string,
): Promise<void> {
  const name = AgentName.parse(agent);
  await updateRowAndNote(repo, lease, { id, adminDirectory: admin?.directory }, (known) => ({ ...known, agent: name }));
}
