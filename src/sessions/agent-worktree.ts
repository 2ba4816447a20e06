import { findHookFile } from '../agents/hooks/files.ts';
import { readFacts } from '../agents/record.ts';
import { statusOf } from '../agents/status.ts';
import { WtError } from '../core/errors.ts';
import { AgentName, proposeId, type SessionId } from '../core/names.ts';
import { realPathOf } from '../platform/files.ts';
import { whileLogging } from '../registry/event-log.ts';
import { loadDefinition } from '../setup/definition.ts';
import type { Narrator } from '../setup/steps.ts';
import { installHooks } from './agent-hooks.ts';
import { readBook, sessionAround, type Session } from './book.ts';
import { createReady } from './create-ready.ts';
import { findMissingTrust, gatherCommands, type Commands } from './hooks.ts';
import { LEAVE_PHASES } from './leave.ts';
import { nameSession } from './naming.ts';
import { CREATE_PHASES } from './ready.ts';
import { removeSession } from './remove.ts';
import type { Repo } from './repo.ts';
import { findSession } from './select.ts';

/**
 * The id of the session that an agent's worktree of that name is to be. One that is there already is taken again, unless an agent
 * is at work in it. Throws `id.invalid`, `agent.running`.
 */
async function claimWorktreeName(
  repo: Repo,
  name: string,
): Promise<{ readonly id: SessionId; readonly session: Session | undefined }> {
  const id = proposeId(name);
  if (id === null) throw new WtError('id.invalid', { id: name, reason: 'no id can be made from it', proposal: null });
  const session = findSession(await readBook(repo), id);
  if (session?.admin === undefined) return { id: id as SessionId, session };
  const status = statusOf(await readFacts(session.admin.directory), repo.deps.clock.now().getTime());
  if (status?.isAlive === true) {
    const { agent, pid, how, startedAt } = status;
    throw new WtError('agent.running', { id: session.id, agent, pid, how, since: startedAt });
  }
  return { id: session.id, session };
}

export type WorktreeRemoval =
  | { readonly kind: 'removed'; readonly id: string }
  /** It has work that is nowhere else, or somebody is in it. */
  | { readonly kind: 'kept'; readonly id: string; readonly reasons: readonly string[] }
  | { readonly kind: 'foreign' };

/** Takes the session away that lies there, as `wt remove` would; what that refuses stays where it is. */
async function removeWorktree(
  repo: Repo,
  worktree: string,
  { by, commands, dryRun }: { readonly by: string; readonly commands: Commands | undefined; readonly dryRun: boolean },
): Promise<WorktreeRemoval> {
  const place = await realPathOf(worktree);
  const session = sessionAround(await readBook(repo), place);
  if (session === undefined || session.path !== place) return { kind: 'foreign' };
  const { id } = session;
  try {
    const request = { force: false, keepBranch: false, verb: 'remove', dryRun } as const;
    await removeSession(repo, id, commands === undefined ? request : { ...request, commands });
    return { kind: 'removed', id };
  } catch (error) {
    if (!WtError.is(error, 'session.refused')) throw error;
    const reasons = error.details.reasons.map(({ code }) => code);
    if (dryRun) return { kind: 'kept', id, reasons };
    const at = repo.deps.clock.now().toISOString();
    await whileLogging(repo.deps, repo.layout, { timeoutMs: 10_000, isDurable: true }, (append) =>
      append({ at, event: 'session.remove.failed', session: id, by, data: { reasons: [...reasons], path: worktree } }),
    );
    return { kind: 'kept', id, reasons };
  }
}

/** Who asks for worktrees so far. */
const AGENT = AgentName.parse('claude');

export type WorktreeOutcome =
  | { readonly kind: 'created'; readonly id: string; readonly path: string; readonly warnings: readonly string[] }
  | (WorktreeRemoval & { readonly warnings: readonly string[] });

interface Service {
  readonly narrator: Narrator;
  readonly dryRun: boolean;
}

/**
 * A session for an agent that wants a worktree of that name, with hooks in it. Commands that nobody has approved are left out.
 * Throws what a create throws, for the agent must not work in another place.
 */
export async function makeWorktree(repo: Repo, name: string, { narrator, dryRun }: Service): Promise<WorktreeOutcome> {
  const { id, session } = await claimWorktreeName(repo, name);
  const definition = await loadDefinition(repo.root, repo.deps.env);
  const wanted = { phases: CREATE_PHASES, env: definition.settings.setup.envFile !== undefined };
  const missing = session === undefined ? await findMissingTrust(repo, definition, wanted) : undefined;
  const asked = { branch: undefined, base: undefined, task: null };
  const target = await nameSession(repo, definition.settings, id, asked);
  const { outcome, ready } = await createReady(repo, {
    request: {
      id: target.id,
      branch: target.branch,
      folder: target.folder,
      isBranchNamed: false,
      base: undefined,
      agent: AGENT,
      task: null,
      reuse: true,
    },
    options: { definition, dryRun, fetch: false, fromChanges: false },
    commands: missing === undefined ? { definition, narrator } : undefined,
    busy: (_text, work) => work(),
  });
  if (outcome.kind === 'planned') return { kind: 'created', id, path: outcome.plan.path, warnings: [] };
  const untrusted =
    missing === undefined
      ? []
      : [`the set-up of ${id} was left out, for nobody has approved its commands: wt trust, then wt setup ${id}`];
  const hooks = await addHooks(repo, id);
  const { path } = outcome.session;
  return { kind: 'created', id, path, warnings: [...(ready?.warnings ?? []), ...untrusted, ...hooks] };
}

/** The agent reads the settings of the worktree it goes into; without hooks there, only its process tells what it does. */
async function addHooks(repo: Repo, id: string): Promise<readonly string[]> {
  const hooks = findHookFile(AGENT);
  if (hooks === undefined) return [];
  try {
    return (await installHooks(repo, { id, agent: { name: AGENT, hooks }, dryRun: false })).obstacles;
  } catch (error) {
    if (!WtError.is(error, 'hooks.refused')) throw error;
    return [`${error.details.path ?? AGENT} has no hooks: ${error.details.reason}`];
  }
}

/** As `wt remove`, and never more: what that refuses stays, and an event says so. */
export async function takeWorktreeAway(
  repo: Repo,
  worktree: string,
  { narrator, dryRun }: Service,
): Promise<WorktreeOutcome> {
  const { commands, missing } = await gatherCommands(repo, await loadDefinition(repo.root, repo.deps.env), {
    phases: LEAVE_PHASES,
    narrator,
    without: ['wt', 'remove', '--no-hooks'],
  });
  const may = missing === undefined ? commands : undefined;
  const removal = await removeWorktree(repo, worktree, { by: AGENT, commands: may, dryRun });
  return { ...removal, warnings: warningsOf(removal, worktree) };
}

function warningsOf(removal: WorktreeRemoval, worktree: string): readonly string[] {
  if (removal.kind === 'foreign') return [`${worktree} is no session of wt's, so it was left alone`];
  if (removal.kind === 'kept') return [`session ${removal.id} stays: ${removal.reasons.join(', ')}`];
  return [];
}
