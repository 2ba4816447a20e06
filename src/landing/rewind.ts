import { WtError } from '../core/errors.ts';
import { isAncestor, readParents } from '../git/commit.ts';
import { listFileChanges } from '../git/diff.ts';
import { branchOf, findRef } from '../git/ref.ts';
import { beginEntry, endJournal, writeJournal, type EntryOf } from '../registry/journal.ts';
import type { Effect } from '../registry/operations.ts';
import type { Held } from '../sessions/hold.ts';
import { listCheckouts, type Repo, shielded } from '../sessions/repo.ts';
import { findCheckout, requireNoOverlap } from './checkout.ts';
import { restoreCheckout } from './converge.ts';
import { moveBranch } from './move.ts';
import { finishMove } from './recovery.ts';

type Moved = Extract<Effect, { kind: 'moved' }>;

/** A move of the target that can be taken back: nobody has moved it since, and nothing uncommitted is in the way. */
export interface RewindPlan {
  readonly moved: Moved;
  readonly checkout: string | undefined;
}

/** Reads only. `tips`: where targets will be by then, when later moves are taken back first. Throws `target.moved` with the way by hand, `target.dirty`. */
export async function planRewind(
  repo: Repo,
  moved: Moved,
  tips: ReadonlyMap<string, string> = new Map(),
): Promise<RewindPlan> {
  const { target, from, to } = moved;
  const [now, trees] = await Promise.all([findRef(repo.git, target), listCheckouts(repo)]);
  const checkout = await findCheckout(trees, target);
  if ((tips.get(target) ?? now?.commit) !== to) throw await explainSince(repo, moved, checkout);
  if (await isPushed(repo, to)) throw await explainSince(repo, moved, checkout, 'pushed');
  const files = await listFileChanges(repo.git, to, from);
  if (checkout !== undefined)
    await requireNoOverlap(repo, checkout, { into: branchOf(target), files, seen: undefined, commit: from });
  return { moved, checkout };
}

/** The way by hand: where the target is checked out, else in a session that is cut from it. */
async function explainSince(
  repo: Repo,
  moved: Moved,
  checkout: string | undefined,
  reason: 'since' | 'pushed' = 'since',
): Promise<WtError> {
  const { id, from, to } = moved;
  const target = branchOf(moved.target);
  const words = await wordsByHand(repo, from, to);
  if (checkout !== undefined)
    return new WtError('target.moved', { target, reason, id, fix: ['git', '-C', checkout, ...words] });
  const fix = ['wt', 'create', '--base', target];
  return new WtError('target.moved', { target, reason, id, byHand: ['git', ...words], fix });
}

/** A remote branch has it: others may have built on it. */
async function isPushed(repo: Repo, commit: string): Promise<boolean> {
  const { stdout } = await repo.git(['for-each-ref', '--count=1', '--contains', commit, 'refs/remotes/']);
  return stdout !== '';
}

async function wordsByHand(repo: Repo, from: string, to: string): Promise<readonly string[]> {
  // What an undo took back is done again.
  if (await isAncestor(repo.git, to, from)) return ['merge', '--no-edit', from];
  const parents = (await readParents(repo.git, [to], [from])).get(to) ?? [];
  return ['revert', '--no-edit', ...(parents.length > 1 ? ['-m', '1', to] : [`${from}..${to}`])];
}

/** The checkout first, then the target by compare-and-swap; what it leaves behind is kept under `refs/wt/rewound/`. */
export async function applyRewind(held: Held, { moved, checkout }: RewindPlan): Promise<void> {
  const repo = shielded(held.repo);
  const { id, target, landed } = moved;
  const entry: EntryOf<'move'> = {
    ...beginEntry(held.lease, repo.deps.clock.now().toISOString()),
    kind: 'move',
    id,
    target,
    from: moved.to,
    to: moved.from,
    worktree: checkout ?? null,
    landed: { before: landed.after, after: landed.before },
  };
  await writeJournal(repo.layout.journal, entry);
  try {
    await moveBack(repo, entry);
  } catch (error) {
    if (checkout !== undefined) await restoreCheckout(repo, checkout, entry);
    await endJournal(repo.layout.journal, entry.op);
    throw error;
  }
  await finishMove(repo, held.lease, entry);
  await endJournal(repo.layout.journal, entry.op);
}

async function moveBack(repo: Repo, { target, ...entry }: EntryOf<'move'>): Promise<void> {
  if (!(await moveBranch(repo, { ...entry, ref: target, message: `wt undo ${entry.id}` })))
    throw new WtError('target.moved', { target: branchOf(target), reason: 'raced', id: entry.id });
}
