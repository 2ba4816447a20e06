import { listCommits, findMergeBase, type Commit } from '../git/commit.ts';
import { listFileChanges, type FileChange } from '../git/diff.ts';
import { changedPaths } from '../git/status.ts';
import { gatherBrief, type ConflictBrief } from '../landing/resolve/brief.ts';
import { readEvents, type Event } from '../registry/events.ts';
import { sizeOf } from '../platform/disk.ts';
import type { Evidence } from '../landing/proof/proof.ts';
import { readBook, type Session } from './book.ts';
import { examineSession, type Examined } from './list.ts';
import type { Repo } from './repo.ts';
import { requireSession } from './select.ts';
import type { SessionStatus, SessionView } from './view.ts';

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
  const examined = await examineSession(repo, book, session, { conflicts: true });
  const [{ commits, files }, events, sizeBytes] = await Promise.all([
    readWork(repo, session, examined),
    readEvents(repo.layout.events),
    sizeOf(session.path),
  ]);
  const { status } = examined.inspection;
  return {
    session: examined.view,
    evidence: examined.evidence,
    commits,
    files,
    uncommitted: status === undefined ? [] : changedPaths(status),
    events: events.filter((event) => event.session === session.id).slice(-EVENTS_SHOWN),
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

/** What a person would do next with a session in this state. Pure. */
export function nextStep(view: SessionView): readonly string[] {
  const { id, status, path, behind, approved, setup } = view;
  const steps: Readonly<Record<SessionStatus, readonly string[]>> = {
    conflict: nextInConflict(view),
    broken: nextWhenBroken(view),
    waiting: ['cd', path],
    failed: ['wt', 'diff', id],
    done: ['wt', 'approve', id],
    approved: ['wt', 'merge', id],
    // Who has approved it once will want to look at what came since.
    ready: ['wt', approved === undefined ? 'merge' : 'approve', id],
    dirty: ['wt', 'commit', id],
    working: ['wt', 'diff', id],
    busy: setup?.state === 'running' ? ['wt', 'show', id] : ['git', '-C', path, 'status'],
    new: (behind ?? 0) > 0 ? ['wt', 'sync', id] : ['cd', path],
    landed: ['wt', 'clean'],
  };
  return steps[status];
}

function nextWhenBroken({ id, branch, tree, path }: SessionView): readonly string[] {
  if (tree === 'ok') return ['wt', 'setup', id];
  return tree === 'switched' ? ['git', '-C', path, 'switch', branch] : ['wt', 'doctor', '--fix'];
}

/** Laid out: to be ended; foreseen with the base: to be laid out; with another session: to be looked at. */
function nextInConflict({ id, path, changes, resolving, conflicts }: SessionView): readonly string[] {
  if (resolving !== undefined) return ['wt', resolving.verb, id, '--continue'];
  if (changes !== null && changes.conflicted > 0) return ['git', '-C', path, 'status'];
  return (conflicts?.base?.length ?? 0) > 0 ? ['wt', 'sync', id, '--resolve'] : ['wt', 'merge', id, '--dry-run'];
}
