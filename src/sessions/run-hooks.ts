import { findHookFile } from '../agents/hooks/files.ts';
import { tryInstallHooks } from './agent-hooks.ts';
import type { Repo } from './repo.ts';
import type { StartPlan } from './run-plan.ts';
import type { RunPlan } from './run.ts';

/**
 * An agent that takes no hooks by its words, and reads them from a file in its worktree, gets them there as by `wt hooks install`.
 * Where they are refused, only its process tells what it does, and the start says so.
 */
export async function bringHooks(repo: Repo, { session, adapter, mayTell, start }: RunPlan): Promise<StartPlan> {
  const hooks = findHookFile(adapter.like ?? adapter.name);
  if (start.hasHooks || !mayTell || hooks === undefined || hooks.isOnlyInMain) return start;
  const agent = { name: adapter.name, like: adapter.like, hooks };
  const installed = await tryInstallHooks(repo, { id: session.id, agent, dryRun: false });
  if ('outcome' in installed) return { ...start, hasHooks: true };
  const { path, reason } = installed.refused;
  repo.deps.io.err(`wt: ${adapter.name} gets no hooks${path === null ? '' : ` in ${path}`}: ${reason}\n`);
  return start;
}
