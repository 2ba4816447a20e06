import { findHookFile } from '../agents/hooks/files.ts';
import { parseWorktreeCall, type WorktreeCall } from '../agents/worktree-call.ts';
import { parseJson } from '../core/json.ts';
import { WtError } from '../core/errors.ts';
import { AgentName } from '../core/names.ts';
import { installHooks } from '../sessions/agent-hooks.ts';
import { claimWorktreeName, removeWorktree, type WorktreeRemoval } from '../sessions/agent-worktree.ts';
import { findMissingTrust, gatherCommands } from '../sessions/hooks.ts';
import { LEAVE_PHASES } from '../sessions/leave.ts';
import { openRepo } from '../sessions/open.ts';
import { CREATE_PHASES } from '../sessions/ready.ts';
import type { Repo } from '../sessions/repo.ts';
import { loadDefinition } from '../setup/definition.ts';
import { narratorOf } from '../ui/setup.ts';
import { createTheme } from '../ui/theme.ts';
import type { Context, Input, Param, Params } from './define.ts';

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

/**
 * What Claude Code asks for instead of `git worktree add` and `remove`: a session. Making one fails loudly, for the agent must not
 * work in another place; taking one away never loses work.
 */
export async function serveWorktreeCall(context: Context): Promise<WorktreeOutcome> {
  const { io } = context.deps;
  const call = parseWorktreeCall(parseJson(io.stdinIsTTY ? '' : await io.readStdin()));
  if (call === undefined)
    throw new WtError('usage.invalid', {
      option: 'standard input',
      reason: 'it has to be a WorktreeCreate hook with a name, or a WorktreeRemove hook with a worktree_path',
    });
  const deps = call.cwd === undefined ? context.deps : { ...context.deps, cwd: call.cwd };
  const inner: Context = { ...context, deps, globals: { ...context.globals, input: false } };
  const repo = await openRepo(deps);
  return call.kind === 'create' ? make(inner, repo, call) : takeAway(inner, repo, call);
}

async function make(
  context: Context,
  repo: Repo,
  { name }: Extract<WorktreeCall, { kind: 'create' }>,
): Promise<WorktreeOutcome> {
  const { id, session } = await claimWorktreeName(repo, name);
  const definition = await loadDefinition(repo.root, repo.deps.env);
  const wanted = { phases: CREATE_PHASES, env: definition.settings.setup.envFile !== undefined };
  const missing = session === undefined ? await findMissingTrust(repo, definition, wanted) : undefined;
  const create = (await import('../commands/create.ts')).default;
  const made = await create.run(context, {
    ...defaultsOf(create),
    id,
    agent: AgentName.parse(AGENT),
    reuse: true,
    setup: missing === undefined,
  });
  const { outcome } = made;
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
    warnings: [...made.warnings, ...untrusted, ...hooks],
  };
}

/** What a command is called with when nothing is said. */
function defaultsOf<A extends Params, O extends Params>({
  args,
  options,
}: {
  readonly args: A;
  readonly options: O;
}): Input<A> & Input<O> {
  const all = Object.entries<Param>({ ...args, ...options }).map(([name, { schema }]) => [
    name,
    schema.parse(undefined),
  ]);
  return Object.fromEntries(all) as Input<A> & Input<O>;
}

/** The agent reads the settings of the worktree it goes into; without hooks there, only its process tells what it does. */
async function tellOfHooks(repo: Repo, id: string): Promise<readonly string[]> {
  const hooks = findHookFile(AGENT);
  if (hooks === undefined) return [];
  try {
    const { obstacles } = await installHooks(repo, { id, agent: { name: AGENT, hooks }, dryRun: false });
    return obstacles;
  } catch (error) {
    if (!WtError.is(error, 'hooks.refused')) throw error;
    return [`${error.details.path ?? AGENT} has no hooks: ${error.details.reason}`];
  }
}

async function takeAway(
  context: Context,
  repo: Repo,
  { path }: Extract<WorktreeCall, { kind: 'remove' }>,
): Promise<WorktreeOutcome> {
  const { io, env } = context.deps;
  const { commands, missing } = await gatherCommands(repo, await loadDefinition(repo.root, env), {
    phases: LEAVE_PHASES,
    narrator: narratorOf(io.err, createTheme(io.errColor), ''),
    without: ['wt', 'remove', '--no-hooks'],
  });
  const may = missing === undefined ? commands : undefined;
  const removal = await removeWorktree(repo, path, { by: AGENT, commands: may, dryRun: context.globals.dryRun });
  return { ...removal, warnings: warningsOf(removal, path) };
}

function warningsOf(removal: WorktreeRemoval, path: string): readonly string[] {
  if (removal.kind === 'foreign') return [`${path} is no session of wt's, so it was left alone`];
  if (removal.kind === 'kept') return [`session ${removal.id} stays: ${removal.reasons.join(', ')}`];
  return [];
}
