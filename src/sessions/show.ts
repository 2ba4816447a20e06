import { listCommits, findMergeBase, type Commit } from '../git/commit.ts';
import { listFileChanges, type FileChange } from '../git/diff.ts';
import { changedPaths } from '../git/status.ts';
import { gatherBrief, type ConflictBrief } from '../landing/resolve/brief.ts';
import { readEvents, type Event } from '../registry/events.ts';
import { sizeOf } from '../platform/disk.ts';
import type { Evidence } from '../landing/proof/proof.ts';
import { readBook, type Session } from './book.ts';
import { examineSession, withOutsideAgents, type Examined } from './list.ts';
import type { Repo } from './repo.ts';
import { nextStep } from './next.ts';
import { requireSession } from './select.ts';
import type { SessionView } from './view.ts';

export interface ShowOutcome {
  readonly session: SessionView;
  /** What shows that it has landed. */
  readonly evidence: Evidence | undefined;
  /** Commits of the session's own, newest first. */
  readonly commits: readonly Commit[];
  /** What those commits change. */
  readonly files: readonly FileChange[];
  /** Uncommitted paths. */
  readonly uncommitted: readonly string[];
  readonly events: readonly Event[];
  /** Bytes on disk; null when the folder is gone. */
  readonly sizeBytes: number | null;
  /** The command that suits the session's state. */
  readonly next: readonly string[];
  /** Only when asked for; null when there is no conflict. */
  readonly brief?: ConflictBrief | null;
}

const EVENTS_SHOWN = 10;

export async function showSession(
  repo: Repo,
  argument: string | undefined,
  options: { conflictBrief: boolean },
): Promise<ShowOutcome> {
  const book = await readBook(repo);
  const session = await requireSession(repo, book, argument);
  const inside = await examineSession(repo, book, session, { conflicts: true });
  const [examined = inside] = await withOutsideAgents(repo, [inside]);
  const [{ commits, files }, events, sizeBytes] = await Promise.all([
    readWork(repo, session, examined),
    readEvents(repo.layout.events, session.id),
    sizeOf(session.path),
  ]);
  const { status } = examined.inspection;
  return {
    session: examined.view,
    evidence: examined.evidence,
    commits,
    files,
    uncommitted: status === undefined ? [] : changedPaths(status),
    events: events.slice(-EVENTS_SHOWN),
    sizeBytes: sizeBytes ?? null,
    next: nextStep(examined.view),
    ...(options.conflictBrief ? { brief: (await gatherBrief(repo, session)) ?? null } : {}),
  };
}

async function readWork(
  repo: Repo,
  session: Session,
  { inspection }: Examined,
): Promise<{ commits: readonly Commit[]; files: readonly FileChange[] }> {
  const { branch, base } = inspection;
  if (branch === undefined) return { commits: [], files: [] };
  const from = base?.commit ?? session.row.base.commit;
  const mergeBase = (await findMergeBase(repo.git, from, branch.commit)) ?? session.row.base.commit;
  const [commits, files] = await Promise.all([
    listCommits(repo.git, [branch.commit, '--not', from, session.row.base.commit]),
    listFileChanges(repo.git, mergeBase, branch.commit),
  ]);
  return { commits, files };
}
