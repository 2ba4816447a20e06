import { fromErrno, WtError } from '../core/errors.ts';
import { removeSession, type RemoveOutcome } from '../sessions/remove.ts';
import type { Commands } from '../sessions/hooks.ts';
import type { Repo } from '../sessions/repo.ts';

/** What became of a session that was to go once it had landed. */
export type Removal =
  | { readonly kind: 'removed'; readonly id: string; readonly outcome: RemoveOutcome }
  | { readonly kind: 'kept'; readonly id: string; readonly error: WtError };

/** Takes landed sessions away. The landings stand whatever becomes of it: a refusal is an answer. */
export async function takeAway(repo: Repo, ids: readonly string[], commands?: Commands): Promise<readonly Removal[]> {
  const removals: Removal[] = [];
  for (const id of ids) {
    try {
      const spec = { force: false, keepBranch: false, verb: 'remove' as const, dryRun: false, commands };
      removals.push({ kind: 'removed', id, outcome: await removeSession(repo, id, spec) });
    } catch (error) {
      const failure = WtError.any(error) ? error : fromErrno(error);
      if (failure === undefined) throw error;
      removals.push({ kind: 'kept', id, error: failure });
    }
  }
  return removals;
}
