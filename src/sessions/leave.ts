import type { Phase } from '../setup/step.ts';
import type { Session } from './book.ts';
import { factsOf, writeTaskFile } from './facts.ts';
import { hasCommands, runAfter, runBefore, type Commands, type HookPlace } from './hooks.ts';
import type { Repo } from './repo.ts';
import type { TreeState } from './worktree.ts';

/** Commands that run when a session is taken away, in this order. Those of a clean run once for all of it. */
export const LEAVE_PHASES: readonly Phase[] = ['remove.before', 'teardown', 'remove.after'];

/** What is to be done around the removal of one session. */
export interface Leave {
  /** In the worktree: `hooks.remove.before`, which may refuse, then the teardown. Throws `hook.failed`. */
  before(session: Session, tree: TreeState): Promise<{ warnings: readonly string[]; hasRun: boolean }>;
  /** In the main worktree: `hooks.remove.after`. */
  after(session: Session): Promise<readonly string[]>;
}

/** Undefined when there is nothing to run. A teardown belongs to every removal, the hooks of remove to `wt remove` alone. */
export function planLeave(repo: Repo, commands: Commands | undefined, verb: string): Leave | undefined {
  const hooks = verb === 'remove' ? commands : undefined;
  const hasAny = hasCommands(commands, 'teardown') || LEAVE_PHASES.some((phase) => hasCommands(hooks, phase));
  if (!hasAny) return undefined;
  const place = (session: Session, cwd: string): HookPlace => ({
    facts: factsOf(repo, session),
    cwd,
    adminDirectory: session.admin?.directory,
    without: ['wt', verb, ...(verb === 'clean' ? [] : [session.id]), '--no-hooks'],
  });
  return {
    async before(session, tree) {
      const isThere = tree === 'ok';
      if (isThere) await writeTaskFile(session);
      await runBefore(repo, hooks, 'remove', place(session, isThere ? session.path : repo.root));
      if (!hasCommands(commands, 'teardown')) return { warnings: [], hasRun: hasCommands(hooks, 'remove.before') };
      if (!isThere)
        return { warnings: [`the teardown of ${session.id} did not run: its folder is gone`], hasRun: true };
      const left = `${session.id} is there; its teardown was cut off.`;
      const warnings = await runAfter(repo, commands, 'teardown', { ...place(session, session.path), left });
      return { warnings: warnings.map((text) => `${session.id}: ${text}`), hasRun: true };
    },
    async after(session) {
      const left = `${session.id} is in the trash; hooks.remove.after was cut off.`;
      const { adminDirectory: _, ...rest } = place(session, repo.root);
      return runAfter(repo, hooks, 'remove.after', { ...rest, left });
    },
  };
}
