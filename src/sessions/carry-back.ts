import { WtError } from '../core/errors.ts';
import type { SessionId } from '../core/names.ts';
import { resolveCommit } from '../git/ref.ts';
import { findOperation } from '../git/repo.ts';
import { changedPaths, readStatus } from '../git/status.ts';
import { restoreCheckout } from '../landing/converge.ts';
import { beginEntry, endJournal, writeJournal, type EntryOf } from '../registry/journal.ts';
import type { Session } from './book.ts';
import { gatherChanges, placeChanges, requireUnchanged, takeFiles, takeIndex, type Changes } from './from-changes.ts';
import { hold } from './hold.ts';
import { gitAtWorktree, shielded, type Repo } from './repo.ts';
import { findGitDir } from './worktree.ts';

/** Work that `create --from-changes` moved into a session, on its way back. */
export interface CarryBack {
  readonly taken: Changes;
  readonly worktree: string;
  readonly id: SessionId;
  /** An undo that was cut short has put all of it there already. */
  readonly isThere: boolean;
}

/**
 * Undefined when the session holds no such work any more, or has gone on from there: then it is judged as any other.
 * Throws `target.dirty` when the worktree it came from is not as it was left.
 */
export async function planCarryBack(
  repo: Repo,
  { id, path, admin }: Session,
  carried: { worktree: string; head: string },
): Promise<CarryBack | undefined> {
  if (admin === undefined) return undefined;
  const git = gitAtWorktree(repo, path);
  if ((await resolveCommit(git, 'HEAD')) !== carried.head) return undefined;
  if (changedPaths(await readStatus(git)).length === 0) return undefined;
  const taken = await gatherChanges({ ...repo, top: path, gitDir: admin.directory, headCommit: carried.head });
  const { dirty, operation, isElsewhere } = await conditionOf(repo, carried);
  const isStopped = operation !== undefined || isElsewhere;
  const isThere = !isStopped && dirty.length > 0 && (await holdsAll(repo, carried.worktree, taken));
  if (isStopped || (dirty.length > 0 && !isThere))
    throw new WtError('target.dirty', {
      target: `the worktree the changes of ${id} came from`,
      path: carried.worktree,
      paths: [...dirty],
      operation: operation ?? (dirty.length === 0 ? 'work on another commit' : null),
    });
  return { taken, worktree: carried.worktree, id, isThere };
}

interface Condition {
  readonly dirty: readonly string[];
  readonly operation: string | undefined;
  readonly isElsewhere: boolean;
}

async function conditionOf(repo: Repo, carried: { worktree: string; head: string }): Promise<Condition> {
  const gitDir = await findGitDir(carried.worktree);
  if (gitDir === undefined) return { dirty: [], operation: 'move of the folder', isElsewhere: true };
  const place = gitAtWorktree(repo, carried.worktree);
  const [operation, status, head] = [
    await findOperation(gitDir),
    await readStatus(place),
    await resolveCommit(place, 'HEAD'),
  ];
  return { dirty: changedPaths(status), operation, isElsewhere: head !== carried.head };
}

async function holdsAll(repo: Repo, worktree: string, taken: Changes): Promise<boolean> {
  const [git, gitDir] = [gitAtWorktree(repo, worktree), await findGitDir(worktree)];
  if (gitDir === undefined) return false;
  return (await takeIndex(repo, git, gitDir)) === taken.index && (await takeFiles(repo, git, gitDir)) === taken.files;
}

/** Copies it back, staged and unstaged as it is; the session keeps its own until it goes into the trash. */
export async function carryBack(repo: Repo, { taken, worktree, id, isThere }: CarryBack): Promise<void> {
  if (isThere) return;
  await hold(repo, async (held) => {
    const place = shielded(held.repo);
    const entry: EntryOf<'carry'> = {
      ...beginEntry(held.lease, repo.deps.clock.now().toISOString()),
      kind: 'carry',
      id,
      worktree,
      head: taken.head,
      files: taken.files,
    };
    await writeJournal(repo.layout.journal, entry);
    try {
      await placeChanges(place, taken, { worktree, start: taken.head, id });
      await requireUnchanged(place, taken);
    } catch (error) {
      if ((await takeAway(place, entry)).length === 0) await endJournal(repo.layout.journal, entry.op);
      throw error;
    }
    await endJournal(repo.layout.journal, entry.op);
  });
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
