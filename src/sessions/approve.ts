import { WtError, type Reason } from '../core/errors.ts';
import type { Approved } from '../registry/session.ts';
import { readBook, type Book, type Session } from './book.ts';
import { hold } from './hold.ts';
import { inspectTree } from './inspect.ts';
import { readOwnWork, type OwnWork } from './own-work.ts';
import type { Repo } from './repo.ts';
import { updateRow } from './rows.ts';
import { findDirt } from './safety.ts';
import { requireSession } from './select.ts';
import { isInsideSession, judgeApproval } from './word.ts';

/** What a person says yes to: exactly these commits, up to this tip. */
export interface ApprovePlan extends OwnWork {
  readonly session: Session;
  readonly tip: string;
  /** The approval of another commit that this one takes the place of. */
  readonly before: Approved | undefined;
}

export type ApproveOutcome =
  | {
      readonly kind: 'planned' | 'approved' | 'already';
      readonly plan: ApprovePlan;
      readonly approved: Approved | null;
    }
  | { readonly kind: 'revoked'; readonly session: Session; readonly before: Approved | null };

/**
 * Reads only. Throws `approval.required` when called from inside a session, `session.refused` for uncommitted work, an
 * operation that is in progress, or no commits.
 */
export async function planApproval(repo: Repo, id: string | undefined, book?: Book): Promise<ApprovePlan> {
  const session = await requireSession(repo, book ?? (await readBook(repo)), id);
  const work = await readOwnWork(repo, session);
  const { branch, commits } = work;
  await requirePerson(repo, session, branch.commit);
  const { status, operation, switchedTo } = await inspectTree(repo, session);
  const reasons: Reason[] = [];
  if (operation !== undefined) reasons.push({ code: 'session.operation', operation });
  else if (switchedTo !== undefined)
    reasons.push({
      code: 'session.operation',
      operation: `checkout of ${switchedTo?.replace(/^refs\/heads\//, '') ?? 'a detached HEAD'} instead of ${session.row.branch}`,
    });
  const dirt = findDirt({ status, hidden: [] });
  if (dirt !== undefined) reasons.push(dirt);
  if (commits.length === 0) reasons.push({ code: 'session.empty', base: session.row.base.branch });
  if (reasons.length > 0) throw new WtError('session.refused', { id: session.id, verb: 'approve', reasons });
  return { ...work, session, tip: branch.commit, before: session.row.approved };
}

async function requirePerson(repo: Repo, { id }: Session, commit: string): Promise<void> {
  if (await isInsideSession(repo, repo.deps.env))
    throw new WtError('approval.required', { id, reason: 'inside', commit });
}

/**
 * Writes the approval down, judged again under the lock. `seen` is what a person said yes to: another tip by now is
 * `target.moved`. Nothing is to be undone: it changes no commit and no file, and `revokeApproval` takes it back.
 */
export async function approveSession(
  repo: Repo,
  id: string | undefined,
  seen: ApprovePlan | undefined,
): Promise<ApproveOutcome> {
  return hold(repo, async (held) => {
    const plan = await planApproval(held.repo, id, held.book);
    const { session, tip, before, commits } = plan;
    if (seen !== undefined && (seen.tip !== tip || seen.session.id !== session.id))
      throw new WtError('target.moved', {
        target: session.row.branch,
        reason: 'raced',
        id: session.id,
        fix: ['wt', 'approve', session.id],
      });
    if (judgeApproval(session, tip) === 'fresh') return { kind: 'already', plan, approved: before ?? null };
    const approved: Approved = { commit: tip, at: repo.deps.clock.now().toISOString(), by: 'user' };
    await updateRow(held.repo, held.lease, session.id, (row) => ({ ...row, approved }));
    await held.log('session.approve.after', session.id, { commit: tip, commits: commits.length });
    return { kind: 'approved', plan, approved };
  });
}

/** Takes an approval back. Also a person's word, so it is refused from inside a session like the approval itself. */
export async function revokeApproval(repo: Repo, id: string | undefined, dryRun: boolean): Promise<ApproveOutcome> {
  const session = await requireSession(repo, await readBook(repo), id);
  const before = session.row.approved ?? null;
  await requirePerson(repo, session, before?.commit ?? session.row.base.commit);
  if (before === null || dryRun) return { kind: 'revoked', session, before };
  return hold(repo, async (held) => {
    await updateRow(held.repo, held.lease, session.id, ({ approved: _, ...row }) => row);
    await held.log('session.approve.after', session.id, { commit: before.commit, revoked: true });
    return { kind: 'revoked', session, before };
  });
}
