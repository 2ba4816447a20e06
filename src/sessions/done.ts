import { announce, noticeOf } from '../agents/notify.ts';
import { resolveCommit } from '../git/ref.ts';
import { countChanges, hasChanges, type Changes } from '../git/status.ts';
import type { Done } from '../registry/session.ts';
import { readBook, type Book, type Session } from './book.ts';
import { hold } from './hold.ts';
import { inspectTree } from './inspect.ts';
import { requireBranch } from './own-work.ts';
import { gitAtWorktree, type Repo } from './repo.ts';
import { updateRow } from './rows.ts';
import { requireSession } from './select.ts';

export interface DoneRequest {
  readonly id: string | undefined;
  readonly summary: string | undefined;
  /** The task has failed. */
  readonly fail: boolean;
  readonly dryRun: boolean;
}

export interface DoneOutcome {
  readonly kind: 'planned' | 'said';
  readonly session: Session;
  readonly done: Done;
  /** Uncommitted work, which is not part of the word; null when that cannot be read. */
  readonly changes: Changes | null;
  /** The commit is not the tip of the session's branch: another branch, or none, is checked out there. */
  readonly isAside: boolean;
  /** No commit since the session was cut. */
  readonly isEmpty: boolean;
}

/**
 * Writes down that the session's task is done, or has failed: a word on the commit at HEAD, said again it replaces the
 * one before. Never an approval. Nothing is to be undone: it changes no commit and no file.
 */
export async function declareDone(repo: Repo, request: DoneRequest): Promise<DoneOutcome> {
  if (request.dryRun) return { ...(await judge(repo, await readBook(repo), request, 'user')), kind: 'planned' };
  return hold(repo, async (held) => {
    const outcome = await judge(held.repo, held.book, request, held.by);
    const { session, done } = outcome;
    await updateRow(held.repo, held.lease, session.id, (row) => ({ ...row, done }));
    const { commit, failed, summary } = done;
    await held.log('session.done.after', session.id, { commit, failed, summary });
    await announce(repo.deps, repo.root, noticeOf(session.id, {}, { done, agent: session.row.agent }));
    return outcome;
  });
}

async function judge(repo: Repo, book: Book, { id, summary, fail }: DoneRequest, by: string): Promise<DoneOutcome> {
  const session = await requireSession(repo, book, id);
  const [branch, { tree, status }] = await Promise.all([requireBranch(repo, session), inspectTree(repo, session)]);
  const head = tree === 'ok' ? await resolveCommit(gitAtWorktree(repo, session.path), 'HEAD') : undefined;
  const commit = head ?? branch.commit;
  return {
    kind: 'said',
    session,
    done: { commit, at: repo.deps.clock.now().toISOString(), by, summary: summary ?? null, failed: fail },
    changes: status === undefined || !hasChanges(countChanges(status)) ? null : countChanges(status),
    isAside: commit !== branch.commit,
    isEmpty: commit === session.row.base.commit,
  };
}
