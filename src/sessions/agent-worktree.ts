import { readFacts } from '../agents/record.ts';
import { statusOf } from '../agents/status.ts';
import { WtError } from '../core/errors.ts';
import { proposeId, type SessionId } from '../core/names.ts';
import { realPathOf } from '../platform/files.ts';
import { logEvent } from '../registry/event-log.ts';
import { readBook, sessionAround, type Session } from './book.ts';
import type { Commands } from './hooks.ts';
import { removeSession } from './remove.ts';
import type { Repo } from './repo.ts';
import { findSession } from './select.ts';

/**
 * The id of the session that an agent's worktree of that name is to be. One that is there already is taken again, unless an agent
 * is at work in it. Throws `id.invalid`, `agent.running`.
 */
export async function claimWorktreeName(
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
export async function removeWorktree(
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
    await logEvent(repo.deps, repo.layout, {
      at,
      event: 'session.remove.failed',
      session: id,
      by,
      data: { reasons: [...reasons], path: worktree },
    });
    return { kind: 'kept', id, reasons };
  }
}
