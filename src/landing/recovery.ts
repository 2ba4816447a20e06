import { findRef } from '../git/ref.ts';
import type { Lease } from '../platform/lock.ts';
import type { EntryOf } from '../registry/journal.ts';
import { recordOperation } from '../registry/operations.ts';
import { pinRewoundAfterAll } from '../sessions/pins.ts';
import type { Repo } from '../sessions/repo.ts';
import { updateRow } from '../sessions/rows.ts';
import { convergeCheckout, restoreCheckout } from './converge.ts';

type MoveEntry = EntryOf<'merge'> | EntryOf<'move'>;

/** The target has moved: the session's row says so, and undo can find it. Every step may have been done before. */
export async function finishMove(repo: Repo, lease: Lease, entry: MoveEntry): Promise<void> {
  const { id, target, from, to, landed } = entry;
  await updateRow(repo, lease, id, ({ landed: _, ...row }) => ({
    ...row,
    ...(landed.after === null ? {} : { landed: landed.after }),
  }));
  await recordOperation(repo.layout.operations, entry, { kind: 'moved', id, target, from, to, landed });
}

/** Forward, unless the checkout was edited since; with nothing checked out the ref alone tells, and it moves at once. */
export async function recoverMerge(repo: Repo, lease: Lease, entry: EntryOf<'merge'>): Promise<string> {
  const { id, from, to, worktree } = entry;
  const now = (await findRef(repo.git, entry.target))?.commit;
  if (now === from && worktree !== null) {
    const kept = await convergeCheckout(repo, worktree, { from, to });
    if (kept.length > 0)
      return `the landing of ${id} stopped half-way and ${kept.join(', ')} was edited since: look at git status in ${worktree}`;
  } else if (now !== to) return `the interrupted landing of ${id} had changed nothing`;
  await finishMove(repo, lease, entry);
  return `finished the interrupted landing of ${id}`;
}

/** The checkout goes first and the target last: while that has not moved, the checkout goes back to it. */
export async function recoverMove(repo: Repo, lease: Lease, entry: EntryOf<'move'>): Promise<string> {
  const { id, from, to, worktree } = entry;
  const now = (await findRef(repo.git, entry.target))?.commit;
  if (now === to) {
    await pinRewoundAfterAll(repo, entry);
    await finishMove(repo, lease, entry);
    return `finished taking back the landing of ${id}`;
  }
  const kept = now === from && worktree !== null ? await restoreCheckout(repo, worktree, { from, to }) : [];
  return kept.length === 0
    ? `the interrupted undo of the landing of ${id} had changed nothing`
    : `the undo of the landing of ${id} stopped half-way and ${kept.join(', ')} was edited since: look at git status in ${worktree}`;
}
