import { WtError } from '../core/errors.ts';
import type { Session } from '../sessions/book.ts';
import type { Repo } from '../sessions/repo.ts';
import { isInsideSession, judgeApproval } from '../sessions/word.ts';

/** Throws `approval.required` unless a person has approved exactly this tip, and always from inside a session. */
export async function requireApproval(repo: Repo, session: Session, tip: string): Promise<void> {
  const { id } = session;
  if (await isInsideSession(repo, repo.deps.env))
    throw new WtError('approval.required', { id, reason: 'inside', commit: tip });
  const freshness = judgeApproval(session, tip);
  if (freshness !== 'fresh') throw new WtError('approval.required', { id, reason: freshness, commit: tip });
}
