import { WtError } from '../../core/errors.ts';
import { branchOf, changeRefs, findRef } from '../../git/ref.ts';
import type { Lease } from '../../platform/lock.ts';
import { beginEntry, endJournal, writeJournal, type EntryOf } from '../../registry/journal.ts';
import { recordOperation } from '../../registry/operations.ts';
import type { BaseChange, Carried } from '../../registry/session.ts';
import type { Session } from '../../sessions/book.ts';
import { breakLocks } from '../../sessions/break-locks.ts';
import type { Held } from '../../sessions/hold.ts';
import { requireAdmin } from '../../sessions/idle.ts';
import { pinRewoundAfterAll, unpinEntries } from '../../sessions/pins.ts';
import { shielded, type Repo } from '../../sessions/repo.ts';
import { rebaseRow } from '../../sessions/rows.ts';
import { restoreCheckout } from '../converge.ts';
import { isKilledGit, isRefusedMove, moveBranch, moveWork, moveWorkBack } from '../move.ts';
import { pinWork } from './uncommitted.ts';

type SyncEntry = EntryOf<'sync'>;

/** What of a session moves: its branch with its checkout, its uncommitted work, its recorded base. */
export interface SyncMove {
  readonly session: Session;
  readonly ref: string;
  readonly from: string;
  readonly to: string;
  readonly base: BaseChange;
  readonly work: Carried | null;
}

/**
 * From the intent on it goes through: work pinned, files, index, branch, base. What fails before the branch has moved is
 * taken back. Throws `target.moved` when somebody has committed there meanwhile.
 */
export async function applySync(held: Held, move: SyncMove, message: string): Promise<void> {
  const repo = shielded(held.repo);
  const { session, ref, from, to, base, work } = move;
  const entry: SyncEntry = {
    ...beginEntry(held.lease, repo.deps.clock.now().toISOString()),
    kind: 'sync',
    id: session.id,
    path: session.path,
    adminDirectory: requireAdmin(session).directory,
    ref,
    from,
    to,
    base,
    work,
  };
  await writeJournal(repo.layout.journal, entry);
  try {
    if (from !== to && !(await moveSession(repo, entry, message)))
      throw new WtError('target.moved', {
        target: branchOf(ref),
        reason: 'raced',
        id: session.id,
        fix: ['wt', 'sync', session.id],
      });
  } catch (error) {
    if (isKilledGit(error)) await breakLocks(repo, entry);
    // Where files were edited half-way it stays open; the next command tries again and names them.
    if (isRefusedMove(error) || (await takeBack(repo, entry)).length === 0)
      await endJournal(repo.layout.journal, entry.op);
    throw error;
  }
  await finishSync(repo, held.lease, entry);
  await endJournal(repo.layout.journal, entry.op);
}

async function moveSession(repo: Repo, entry: SyncEntry, message: string): Promise<boolean> {
  const { ref, from, to, work, path: worktree } = entry;
  if (work === null) return moveBranch(repo, { ...entry, worktree, message });
  await pinWork(repo, entry, from, work);
  await moveWork(repo, entry, work);
  return changeRefs(repo.git, [{ kind: 'update', ref, to, from }], { message });
}

async function takeBack(repo: Repo, entry: SyncEntry): Promise<readonly string[]> {
  const { from, to, work, path: worktree } = entry;
  if (from === to || (await findRef(repo.git, entry.ref))?.commit === to) return [];
  if (work === null) return restoreCheckout(repo, worktree, { from, to });
  const kept = await moveWorkBack(repo, entry, work);
  if (kept.length === 0) await unpinEntries(repo, new Set([entry.op]));
  return kept;
}

/** The branch is there: the row and git's own record say so, and undo can find it. Every step may have been done before. */
async function finishSync(repo: Repo, lease: Lease, entry: SyncEntry): Promise<void> {
  const { id, ref, from, to, base, work } = entry;
  await rebaseRow(repo, lease, entry, { base: base.after, ...(from === to ? {} : { resolving: null }) });
  await recordOperation(repo.layout.operations, entry, { kind: 'synced', id, ref, from, to, base, work });
}

/** Forward once the branch has moved, for it goes last; else back. */
export async function recoverSync(repo: Repo, lease: Lease, entry: SyncEntry): Promise<string> {
  const { id, from, to, work, path: worktree } = entry;
  const now = (await findRef(repo.git, entry.ref))?.commit;
  if (now === to) {
    if (from !== to && work === null) await pinRewoundAfterAll(repo, entry);
    await finishSync(repo, lease, entry);
    return `finished the interrupted sync of ${id}`;
  }
  if (now !== from) return `the interrupted sync of ${id} is not continued: somebody has committed there since`;
  const kept = await takeBack(repo, entry);
  return kept.length === 0
    ? `the interrupted sync of ${id} had changed nothing`
    : `the sync of ${id} stopped half-way and ${kept.join(', ')} was edited since: look at git status in ${worktree}`;
}
