import { WtError } from '../core/errors.ts';
import { sessionAround, type Book, type Session } from '../sessions/book.ts';
import type { Repo } from '../sessions/repo.ts';

/** Throws `approval.required` unless a person has approved exactly this tip, and always from inside a session. */
export function requireApproval(repo: Repo, book: Book, { session, tip }: { session: Session; tip: string }): void {
  const { id } = session;
  const { env } = repo.deps;
  const isInside =
    sessionAround(book, repo.top) !== undefined || env['WT_SESSION'] !== undefined || env['WT_ID'] !== undefined;
  if (isInside) throw new WtError('approval.required', { id, reason: 'inside', commit: tip });
  const { approved } = session.row;
  if (approved?.commit === tip) return;
  throw new WtError('approval.required', { id, reason: approved === undefined ? 'missing' : 'stale', commit: tip });
}
