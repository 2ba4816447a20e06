import type { Env } from '../platform/deps.ts';
import type { SessionRow } from '../registry/session.ts';
import { readBook, type Session } from './book.ts';
import { findCaller } from './caller.ts';
import type { Repo } from './repo.ts';

/** What a word on a commit is worth by now: it holds for that very commit and for no later one. */
export type Freshness = 'fresh' | 'stale' | 'missing';

/** Whether a person has approved exactly this tip. Pure. */
export function judgeApproval(
  { row }: { readonly row: Pick<SessionRow, 'approved'> },
  tip: string | undefined,
): Freshness {
  return judge(row.approved, tip);
}

/** Whether the agent's own word, done or failed, is about this tip. Pure. */
export function judgeDone({ row }: { readonly row: Pick<SessionRow, 'done'> }, tip: string | undefined): Freshness {
  return judge(row.done, tip);
}

function judge(word: { readonly commit: string } | undefined, tip: string | undefined): Freshness {
  if (word === undefined) return 'missing';
  return word.commit === tip ? 'fresh' : 'stale';
}

/** What was said of a commit, and when. */
export interface Word {
  readonly kind: 'approved' | 'done' | 'failed';
  readonly at: string;
}

/** The word that holds for this tip. Of a person's and an agent's that contradict each other the later one counts. Pure. */
export function wordOn(session: Pick<Session, 'row'>, tip: string | undefined): Word | undefined {
  const approved = judgeApproval(session, tip) === 'fresh' ? session.row.approved : undefined;
  const done = judgeDone(session, tip) === 'fresh' ? session.row.done : undefined;
  const isOverruled = done === undefined || !done.failed || (approved !== undefined && approved.at > done.at);
  if (approved !== undefined && isOverruled) return { kind: 'approved', at: approved.at };
  return done === undefined ? undefined : { kind: done.failed ? 'failed' : 'done', at: done.at };
}

/**
 * Whether a call comes from inside a session: from its worktree, also when -C leads out of it, or from a program that was
 * started in one and says so, which is all there is outside of a repository. A fence against mistakes, no wall: an agent has
 * all that its user has.
 */
export async function isInsideSession(repo: Repo | undefined, env: Env): Promise<boolean> {
  if (env['WT_SESSION'] || env['WT_ID']) return true;
  return repo !== undefined && (await findCaller(repo, await readBook(repo))) !== undefined;
}
