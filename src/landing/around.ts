import { factsOf, writeTaskFile } from '../sessions/facts.ts';
import { gatherCommands, hasCommands, runAfter, runBefore, type Commands, type HookPlace } from '../sessions/hooks.ts';
import { LEAVE_PHASES } from '../sessions/leave.ts';
import type { Repo } from '../sessions/repo.ts';
import { checkTree } from '../sessions/worktree.ts';
import type { Definition } from '../setup/definition.ts';
import type { Phase } from '../setup/step.ts';
import type { Narrator } from '../setup/steps.ts';
import { hasGateSetup } from './gate/gate-setup.ts';
import type { MergePlan } from './plan.ts';

/** Phases that a landing runs: its own, what takes the session away, what makes the gate worktree ready. */
function phasesOf({ isRemoved, isGated }: { isRemoved: boolean; isGated: boolean }): readonly Phase[] {
  return ['merge.before', 'merge.after', ...(isRemoved ? LEAVE_PHASES : []), ...(isGated ? (['setup'] as const) : [])];
}

/** What of the configuration runs around landings. A gate of the configuration needs a person's word like the others. */
export async function gatherLandingCommands(
  repo: Repo,
  definition: Definition,
  asked: {
    readonly ids: readonly string[];
    readonly gate: string | false | undefined;
    readonly remove: boolean;
    readonly hooks: boolean;
    readonly narrator: Narrator;
  },
): ReturnType<typeof gatherCommands> {
  const { narrator, hooks } = asked;
  const isGated = asked.gate !== false && (asked.gate ?? definition.gate) !== undefined;
  const found = await gatherCommands(repo, definition, {
    phases: hooks ? phasesOf({ isRemoved: asked.remove, isGated }) : [],
    gate: asked.gate === undefined,
    narrator,
    without: ['wt', 'merge', ...asked.ids, '--no-hooks', '--no-gate'],
  });
  // The gate worktree gets files too, without any command.
  const hasFiles = hooks && isGated && (await hasGateSetup(repo, definition));
  return { ...found, commands: found.commands ?? (hasFiles ? { definition, narrator } : undefined) };
}

export function hasBefore(commands: Commands | undefined): boolean {
  return hasCommands(commands, 'merge.before');
}

/** In the session's worktree, before the merged result is built. Throws `hook.failed`. */
export async function passBefore(repo: Repo, commands: Commands | undefined, plan: MergePlan): Promise<void> {
  if (!hasBefore(commands)) return;
  const isThere = (await checkTree(plan.session)) === 'ok';
  if (isThere) await writeTaskFile(plan.session);
  const adminDirectory = plan.session.admin?.directory;
  const cwd = isThere ? plan.session.path : repo.root;
  await runBefore(repo, commands, 'merge', { ...placeOf(repo, plan), cwd, adminDirectory });
}

/** In the main worktree, once it has landed: a failure is a warning. */
export function runLanded(
  repo: Repo,
  commands: Commands | undefined,
  { plan, commit }: { plan: MergePlan; commit: string },
): Promise<readonly string[]> {
  const { env, context, ...place } = placeOf(repo, plan);
  return runAfter(repo, commands, 'merge.after', {
    ...place,
    cwd: repo.root,
    env: { ...env, WT_COMMIT: commit },
    context: { ...context, commit },
    left: `${plan.session.id} has landed on ${plan.into}; hooks.merge.after was cut off.`,
  });
}

function placeOf(repo: Repo, { session, into, strategy }: MergePlan): Omit<HookPlace, 'cwd'> {
  return {
    facts: factsOf(repo, session),
    env: { WT_INTO: into, WT_STRATEGY: strategy },
    context: { into, strategy },
    without: ['wt', 'merge', session.id, '--no-hooks'],
  };
}
