import path from 'node:path';
import { WtError } from '../core/errors.ts';
import { changeRefs, findRef } from '../git/ref.ts';
import { readText } from '../platform/files.ts';
import { beginEntry, endJournal, writeJournal, type EntryOf } from '../registry/journal.ts';
import { breakLocks } from '../sessions/break-locks.ts';
import type { Held } from '../sessions/hold.ts';
import { gitAtWorktree, shielded, type Repo } from '../sessions/repo.ts';
import { isUntouched, restoreCheckout } from './converge.ts';
import { isKilledGit } from './move.ts';
import type { MergePlan } from './plan.ts';
import { finishMove } from './recovery.ts';

type MergeEntry = EntryOf<'merge'>;

/** From here on it is quick and goes through: intent, the checkout brought along or the ref moved by compare-and-swap, the row. */
export async function applyLanding(held: Held, plan: MergePlan, commit: string): Promise<void> {
  const repo = shielded(held.repo);
  const { session, target, into, checkout } = plan;
  const at = repo.deps.clock.now().toISOString();
  const news = { into, from: target.commit, to: commit };
  await held.log('session.merge.before', session.id, news, { isDurable: false });
  const entry: MergeEntry = {
    ...beginEntry(held.lease, at),
    kind: 'merge',
    id: session.id,
    target: target.name,
    from: target.commit,
    to: commit,
    tip: plan.tip,
    worktree: checkout ?? null,
    landed: { before: session.row.landed ?? null, after: { commit, tip: plan.tip, into, at } },
  };
  await writeJournal(repo.layout.journal, entry);
  try {
    await moveTarget(repo, plan, commit);
  } catch (error) {
    const isUndone = await undoLanding(repo, entry, error);
    if (isUndone) await endJournal(repo.layout.journal, entry.op);
    const reason = { error: WtError.any(error) ? error.code : 'internal' };
    await held.log('session.merge.failed', session.id, reason).catch(() => {});
    if (isUndone || !WtError.any(error)) throw error;
    throw new WtError(error.kind, error.details, { cause: error, changed: true });
  }
  await finishMove(repo, held.lease, entry);
  await held.log('session.merge.after', session.id, { ...news, tip: plan.tip, strategy: plan.strategy });
  await endJournal(repo.layout.journal, entry.op);
}

/**
 * git stopped while it brought a checkout along: what it had written goes back, if there is anything. Its index lock is ours to break only when
 * git was killed; after an ordinary refusal the lock is somebody else's. False leaves the journal to the next command.
 */
async function undoLanding(repo: Repo, entry: MergeEntry, error: unknown): Promise<boolean> {
  if (entry.worktree === null || WtError.is(error, 'target.moved')) return true;
  // git said that all went well, only not with the target: what it moved is not ours to judge.
  if (WtError.is(error, 'git.failed') && error.details.exitCode === 0) return true;
  const isKilled = isKilledGit(error);
  try {
    if ((await findRef(repo.git, entry.target))?.commit !== entry.from) return false;
    if (isKilled) await breakLocks(repo, entry);
    if (!isKilled && (await isUntouched(repo, entry.worktree, entry))) return true;
    return (await restoreCheckout(repo, entry.worktree, { from: entry.from, to: entry.to })).length === 0;
  } catch {
    return false;
  }
}

async function moveTarget(repo: Repo, { session, target, into, checkout }: MergePlan, commit: string): Promise<void> {
  const message = `wt merge ${session.id}`;
  if (checkout === undefined) {
    if (
      await changeRefs(repo.git, [{ kind: 'update', ref: target.name, to: commit, from: target.commit }], { message })
    )
      return;
    throw new WtError('target.moved', { target: into, reason: 'raced', id: session.id });
  }
  const git = gitAtWorktree(repo, checkout);
  const { exitCode, stderr } = await git(
    ['merge', '--quiet', '--ff-only', '--no-squash', '--no-autostash', '--no-stat', commit],
    {
      timeoutMs: 600_000,
      env: { GIT_REFLOG_ACTION: message },
      expect: [0, 1, 2, 128],
    },
  );
  // Another branch may have been checked out there this very moment: only the target's own move counts.
  const loose = await readText(path.join(repo.commonDir, target.name));
  if (exitCode === 0 && loose?.trim() === commit) return;
  const now = await findRef(repo.git, target.name);
  // The files come first and the target last: when it is there, git stumbled over something that comes after.
  if (now?.commit === commit) return;
  if (now?.commit !== target.commit)
    throw new WtError('target.moved', { target: into, reason: 'raced', id: session.id });
  throw new WtError('git.failed', {
    args: ['git', '-C', checkout, 'merge', '--ff-only', commit],
    exitCode,
    stderr: stderr.trim(),
  });
}
