import { findHookFile } from '../agents/hooks/files.ts';
import { parseWorktreeCall } from '../agents/worktree-call.ts';
import { parseJson } from '../core/json.ts';
import { WtError } from '../core/errors.ts';
import { AgentName } from '../core/names.ts';
import type { Deps } from '../platform/deps.ts';
import { loadDefinition } from '../setup/definition.ts';
import type { Narrator } from '../setup/steps.ts';
import { tryInstallHooks } from './agent-hooks.ts';
import { claimWorktreeName, removeWorktree, type WorktreeRemoval } from './agent-worktree.ts';
import { findMissingTrust, gatherCommands } from './hooks.ts';
import { LEAVE_PHASES } from './leave.ts';
import { makeSession, type NewSession } from './make-session.ts';
import { nameSession } from './naming.ts';
import { openRepo } from './open.ts';
import { CREATE_PHASES } from './ready.ts';
import type { Repo } from './repo.ts';

/** Who asks for worktrees so far. */
const AGENT = 'claude';

export type WorktreeOutcome =
  | {
      readonly kind: 'created';
      readonly id: string;
      readonly path: string;
      readonly isNew: boolean;
      readonly warnings: readonly string[];
    }
  | (WorktreeRemoval & { readonly warnings: readonly string[] });

/** What the calls need of the command that serves them. */
export interface WorktreeService {
  readonly dryRun: boolean;
  readonly narratorFor: (id: string) => Narrator;
  readonly busy: NewSession['busy'];
}

/**
 * What Claude Code asks for instead of `git worktree add` and `remove`: a session. Making one fails loudly, for the agent must not
 * work in another place; taking one away never loses work.
 */
export async function serveWorktreeCall(deps: Deps, service: WorktreeService): Promise<WorktreeOutcome> {
  const { io } = deps;
  const call = parseWorktreeCall(parseJson(io.stdinIsTTY ? '' : await io.readStdin()));
  if (call === undefined)
    throw new WtError('usage.invalid', {
      option: 'standard input',
      reason: 'it has to be a WorktreeCreate hook with a name, or a WorktreeRemove hook with a worktree_path',
    });
  const repo = await openRepo(call.cwd === undefined ? deps : { ...deps, cwd: call.cwd });
  return call.kind === 'create' ? make(repo, service, call.name) : takeAway(repo, service, call.path);
}

async function make(
  repo: Repo,
  { dryRun, narratorFor, busy }: WorktreeService,
  name: string,
): Promise<WorktreeOutcome> {
  const { id, session } = await claimWorktreeName(repo, name);
  const definition = await loadDefinition(repo.root, repo.deps.env);
  const wanted = { phases: CREATE_PHASES, env: definition.settings.setup.envFile !== undefined };
  const missing = session === undefined ? await findMissingTrust(repo, definition, wanted) : undefined;
  const target = await nameSession(repo, definition.settings, id, { branch: undefined, base: undefined, task: null });
  const { branch, folder, isNamedByBranch } = target;
  const { outcome, ready } = await makeSession(repo, {
    request: {
      id: target.id,
      branch,
      folder,
      isBranchNamed: isNamedByBranch,
      base: undefined,
      agent: AgentName.parse(AGENT),
      task: null,
      reuse: true,
      owns: [],
      after: [],
    },
    options: { definition, dryRun, fetch: false, fromChanges: false },
    commands: missing === undefined ? { definition, narrator: narratorFor(id) } : undefined,
    busy,
  });
  if (outcome.kind === 'planned') return { kind: 'created', id, path: outcome.plan.path, isNew: true, warnings: [] };
  const untrusted =
    missing === undefined
      ? []
      : [`the set-up of ${id} was left out, for nobody has approved its commands: wt trust, then wt setup ${id}`];
  const hooks = await tellOfHooks(repo, id);
  return {
    kind: 'created',
    id,
    path: outcome.session.path,
    isNew: outcome.kind === 'created',
    warnings: [...(ready?.warnings ?? []), ...untrusted, ...hooks],
  };
}

/** The agent reads the settings of the worktree it goes into; without hooks there, only its process tells what it does. */
async function tellOfHooks(repo: Repo, id: string): Promise<readonly string[]> {
  const hooks = findHookFile(AGENT);
  if (hooks === undefined) return [];
  const installed = await tryInstallHooks(repo, { id, agent: { name: AGENT, hooks }, dryRun: false });
  if ('outcome' in installed) return installed.outcome.obstacles;
  const { path, reason } = installed.refused;
  return [`${path ?? AGENT} has no hooks: ${reason}`];
}

async function takeAway(repo: Repo, service: WorktreeService, path: string): Promise<WorktreeOutcome> {
  const { commands, missing } = await gatherCommands(repo, await loadDefinition(repo.root, repo.deps.env), {
    phases: LEAVE_PHASES,
    narrator: service.narratorFor(''),
    without: ['wt', 'remove', '--no-hooks'],
  });
  const may = missing === undefined ? commands : undefined;
  const removal = await removeWorktree(repo, path, { by: AGENT, commands: may, dryRun: service.dryRun });
  return { ...removal, warnings: warningsOf(removal, path) };
}

function warningsOf(removal: WorktreeRemoval, path: string): readonly string[] {
  if (removal.kind === 'foreign') return [`${path} is no session of wt's, so it was left alone`];
  if (removal.kind === 'kept') return [`session ${removal.id} stays: ${removal.reasons.join(', ')}`];
  return [];
}
