import { WtError } from '../core/errors.ts';
import type { SessionId } from '../core/names.ts';
import type { Git } from '../git/git.ts';
import { resolveCommit } from '../git/ref.ts';
import { findOperation } from '../git/repo.ts';
import { changedPaths, listTrackedUnder, readStatus } from '../git/status.ts';
import { restoreCheckout } from '../landing/converge.ts';
import { beginEntry, endJournal, writeJournal, type EntryOf } from '../registry/journal.ts';
import type { Session } from './book.ts';
import { gatherChanges, placeChanges, requireUnchanged, takeFiles, takeIndex, type Changes } from './from-changes.ts';
import { hold } from './hold.ts';
import { findInTheWay } from './in-the-way.ts';
import { findOwnGitDir } from './own-places.ts';
import { gitAtWorktree, shielded, type Repo } from './repo.ts';
import { requireOwn } from './select.ts';

/** Work that `create --from-changes` moved into a session, on its way back. */
export interface CarryBack {
  readonly session: { readonly id: SessionId; readonly path: string; readonly gitDir: string };
  readonly worktree: string;
  readonly head: string;
  /** An undo that was cut short has put all of it there already. */
  readonly isThere: boolean;
}

/**
 * Reads only. Undefined when the session holds no such work any more, or has gone on from there: then it is judged as any
 * other. Throws `target.dirty` when the worktree it came from is not as it was left, or has ignored files in the way.
 */
export async function planCarryBack(
  repo: Repo,
  { id, path, admin }: Session,
  carried: { worktree: string; head: string },
): Promise<CarryBack | undefined> {
  if (admin === undefined) return undefined;
  const git = gitAtWorktree(repo, path);
  if ((await resolveCommit(git, 'HEAD')) !== carried.head) return undefined;
  const names = changedPaths(await readStatus(git));
  if (names.length === 0) return undefined;
  const back = { session: { id, path, gitDir: admin.directory }, ...carried };
  const { dirty, operation } = await conditionOf(repo, carried);
  const isThere = operation === undefined && dirty.length > 0 && (await holdsAll(repo, back));
  if (isThere) return { ...back, isThere };
  const isAsLeft = operation === undefined && dirty.length === 0;
  const hidden = isAsLeft ? await findHidden(gitAtWorktree(repo, carried.worktree), carried.worktree, names) : [];
  if (isAsLeft && hidden.length === 0) return { ...back, isThere };
  throw new WtError('target.dirty', {
    target: `the worktree the changes of ${id} came from`,
    path: carried.worktree,
    paths: [...dirty, ...hidden],
    operation: dirty.length === 0 ? (operation ?? null) : null,
  });
}

/** What is uncommitted in the worktree the work came from, and why nothing can be put there however clean it is. */
async function conditionOf(
  repo: Repo,
  carried: { worktree: string; head: string },
): Promise<{ readonly dirty: readonly string[]; readonly operation: string | undefined }> {
  // A file says which worktree it was; another repository's is none of ours.
  const gitDir = await findOwnGitDir(repo, carried.worktree);
  if (gitDir === undefined) return { dirty: [], operation: 'move of the folder' };
  const place = gitAtWorktree(repo, carried.worktree);
  const [operation, status, head] = [
    await findOperation(gitDir),
    await readStatus(place),
    await resolveCommit(place, 'HEAD'),
  ];
  const elsewhere = head === carried.head ? undefined : 'work on another commit';
  return { dirty: changedPaths(status), operation: operation ?? elsewhere };
}

/** Whether index and files there are those of the session. */
async function holdsAll(repo: Repo, { session, worktree }: Omit<CarryBack, 'isThere'>): Promise<boolean> {
  const gitDir = await findOwnGitDir(repo, worktree);
  if (gitDir === undefined) return false;
  const treesOf = async (folder: string, admin: string): Promise<string> => {
    const git = gitAtWorktree(repo, folder);
    return `${await takeIndex(repo, git, admin)} ${await takeFiles(repo, git, admin)}`;
  };
  return (await treesOf(worktree, gitDir)) === (await treesOf(session.path, session.gitDir));
}

/** Ignored files there that the work would be written over. */
async function findHidden(git: Git, worktree: string, names: readonly string[]): Promise<readonly string[]> {
  const tracked = new Set(await listTrackedUnder(git, ''));
  const found = await Promise.all(names.map((name) => findInTheWay(worktree, name, tracked)));
  return [...new Set(found.flat())].toSorted();
}

/** Copies it back, staged and unstaged as it is; the session keeps its own until it goes into the trash. */
export async function carryBack(repo: Repo, { session, worktree, head, isThere }: CarryBack): Promise<void> {
  if (isThere) return;
  const { id, path: top, gitDir } = session;
  const taken = await gatherChanges({ ...repo, top, gitDir, headCommit: head });
  await hold(repo, async (held) => {
    // Somebody may have begun to work there while this waited for the lock.
    const own = requireOwn(held.book, id);
    if ((await planCarryBack(held.repo, own, { worktree, head })) === undefined) return;
    const place = shielded(held.repo);
    const entry: EntryOf<'carry'> = {
      ...beginEntry(held.lease, repo.deps.clock.now().toISOString()),
      kind: 'carry',
      id,
      worktree,
      head,
      files: taken.files,
    };
    await writeJournal(repo.layout.journal, entry);
    try {
      await put(place, taken, entry);
    } catch (error) {
      if ((await takeAway(place, entry)).length === 0) await endJournal(repo.layout.journal, entry.op);
      throw error;
    }
    await endJournal(repo.layout.journal, entry.op);
  });
}

async function put(repo: Repo, taken: Changes, { id, worktree, head }: EntryOf<'carry'>): Promise<void> {
  await placeChanges(repo, taken, { worktree, start: head, id });
  await requireUnchanged(repo, taken);
}

/** The worktree was clean: what is of the carried work goes again. Names of files that somebody has edited since; then nothing is touched. */
async function takeAway(repo: Repo, { worktree, head, files }: EntryOf<'carry'>): Promise<readonly string[]> {
  const strangers = await restoreCheckout(repo, worktree, { from: head, to: files });
  if (strangers.length === 0) await gitAtWorktree(repo, worktree)(['reset', '--quiet'], { expect: [0, 1] });
  return strangers;
}

export async function recoverCarry(repo: Repo, entry: EntryOf<'carry'>): Promise<string> {
  const { id, worktree, head } = entry;
  const now = await resolveCommit(gitAtWorktree(repo, worktree), 'HEAD');
  const kept = now === head ? await takeAway(repo, entry) : ['HEAD'];
  return kept.length === 0
    ? `the interrupted undo of the create of ${id} had changed nothing`
    : `the undo of the create of ${id} stopped half-way and ${kept.join(', ')} was changed since: look at git status in ${worktree}`;
}
