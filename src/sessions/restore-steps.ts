import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { WtError } from '../core/errors.ts';
import { changeRefs, findRef, refOfBranch } from '../git/ref.ts';
import { discardOwnTree, lstatOf, readText, removeFile, replaceFile } from '../platform/files.ts';
import type { Lease } from '../platform/lock.ts';
import type { EntryOf } from '../registry/journal.ts';
import { noteOf, writeNote } from '../registry/notes.ts';
import { recordOperation } from '../registry/operations.ts';
import { requirePlainFolder } from '../registry/store.ts';
import { lockSession } from './git-lock.ts';
import { BRANCH_LOG, putBranchLog, unpin } from './pins.ts';
import { deleteBranch } from './remove-steps.ts';
import type { Repo } from './repo.ts';
import { saveRows } from './rows.ts';
import { moveFromTrash, trashFolder } from './trash.ts';

type RestoreEntry = EntryOf<'restore'>;

/**
 * Brings a session back: its branch, two renames, the row; then what the trash no longer needs goes. The tree goes before
 * the administrative folder, which git would tidy away while it names no worktree. Every step may have been done before.
 */
export async function finishRestore(repo: Repo, lease: Lease, entry: RestoreEntry): Promise<void> {
  const { id, trash, adminDirectory, row } = entry;
  await makeBranch(repo, entry);
  await requirePlainFolder(repo.layout.worktrees);
  await writePointers(repo, entry);
  await moveFromTrash(repo, trash, 'tree', entry.path);
  await requireMoved(repo, trash, 'tree', entry.path);
  if (adminDirectory !== null) {
    await moveFromTrash(repo, trash, 'admin', adminDirectory);
    await requireMoved(repo, trash, 'admin', adminDirectory);
    await lockSession(adminDirectory, id);
  }
  await saveRows(repo, lease, new Map([[id, row]]));
  await recordOperation(repo.layout.operations, entry, {
    kind: 'made',
    createdAt: row.createdAt,
    head: entry.commit,
    id,
    isRestored: true,
    hadBranch: entry.createBranchAt === null,
    carried: null,
  });
  await emptyTrash(repo, entry);
}

/** Somebody may have taken the place since it was found free. Then all that is in the trash stays there, with its record. */
async function requireMoved(repo: Repo, trash: string, part: 'tree' | 'admin', place: string): Promise<void> {
  if (!(await isPartInTrash(repo, trash, part))) return;
  const fix = ['wt', 'restore', '--list'];
  throw new WtError('path.exists', { path: place, what: 'something else by now', adoptable: false, fix });
}

/** Nothing of it has moved, but perhaps its branch is made. */
export async function isStillInTrash(
  repo: Repo,
  { trash, path: place, adminDirectory }: RestoreEntry,
): Promise<boolean> {
  return adminDirectory === null || (await isPartInTrash(repo, trash, 'tree')) || (await lstatOf(place)) === undefined;
}

/** Back, while nothing of it has moved. False when something has: that is for recovery to finish. */
export async function undoRestore(repo: Repo, entry: RestoreEntry): Promise<boolean> {
  if (!(await isStillInTrash(repo, entry))) return false;
  await takeBranchBack(repo, entry);
  return true;
}

/** Deletes the branch that this restore has made, by its own reflog, while it has not moved. The trash still pins its commits. */
export async function takeBranchBack(repo: Repo, { trash, branch, createBranchAt }: RestoreEntry): Promise<void> {
  const ref = refOfBranch(branch);
  const log = await readText(path.join(repo.commonDir, 'logs', ref));
  if (createBranchAt === null || log?.includes(restoreMessage(trash)) !== true) return;
  await deleteBranch(repo, ref, createBranchAt); // or it throws, and the next command goes on
}

function restoreMessage(trash: string): string {
  return `wt restore (${trash})`;
}

async function isPartInTrash(repo: Repo, trash: string, part: 'tree' | 'admin'): Promise<boolean> {
  return (await lstatOf(path.join(trashFolder(repo, trash), part))) !== undefined;
}

async function makeBranch(repo: Repo, { trash, branch, createBranchAt }: RestoreEntry): Promise<void> {
  const ref = refOfBranch(branch);
  if (createBranchAt === null || (await findRef(repo.git, ref))?.commit === createBranchAt) return;
  await putBranchLog(repo, trash, branch);
  const change = { kind: 'create' as const, ref, to: createBranchAt };
  if (await changeRefs(repo.git, [change], { message: restoreMessage(trash), shielded: true })) return;
  const args = ['git', 'update-ref', ref, createBranchAt];
  throw new WtError('git.failed', { args, exitCode: 128, stderr: 'the branch could not be made again' });
}

/** What the parts say of each other, for the place they go to; a pointer that means the same stays as git wrote it. */
async function writePointers(repo: Repo, entry: RestoreEntry): Promise<void> {
  const { trash, adminDirectory, head, row } = entry;
  const [tree, admin] = ['tree', 'admin'].map((part) => path.join(trashFolder(repo, trash), part)) as [string, string];
  if (adminDirectory === null) return;
  if ((await lstatOf(tree)) !== undefined) {
    const marker = path.join(tree, '.git');
    const named = (await readText(marker))?.replace(/^gitdir: /, '').trim();
    if (path.resolve(entry.path, named ?? '') !== adminDirectory)
      await replaceFile(marker, `gitdir: ${adminDirectory}\n`, 0o644);
  }
  if ((await lstatOf(admin)) === undefined) return;
  const [gitdir, text] = await Promise.all(['gitdir', 'HEAD'].map((name) => readText(path.join(admin, name))));
  if (path.resolve(adminDirectory, gitdir?.trim() ?? '') !== path.join(entry.path, '.git'))
    await replaceFile(path.join(admin, 'gitdir'), `${path.join(entry.path, '.git')}\n`, 0o644);
  if (text !== head) await replaceFile(path.join(admin, 'HEAD'), head, 0o644);
  await removeFile(path.join(admin, 'locked')); // it names the old id
  await writeNote(admin, noteOf(row));
}

/** Only what wt wrote itself; anything else that lies there stays. */
async function emptyTrash(repo: Repo, { trash, removedId }: RestoreEntry): Promise<void> {
  const folder = trashFolder(repo, trash);
  await unpin(repo, removedId, trash);
  for (const name of [BRANCH_LOG, 'meta.json']) await removeFile(path.join(folder, name));
  if ((await readdir(folder).catch(() => ['?'])).length === 0) await discardOwnTree(folder);
}

/** Forward, unless it had only come to a branch that somebody has taken meanwhile. */
export async function recoverRestore(repo: Repo, lease: Lease, entry: RestoreEntry): Promise<string> {
  try {
    await finishRestore(repo, lease, entry);
    return `finished the interrupted restore of ${entry.id}`;
  } catch (error) {
    if (!(await isStillInTrash(repo, entry))) throw error;
    if (!WtError.is(error, 'git.failed') && !WtError.is(error, 'path.exists')) throw error;
    await takeBranchBack(repo, entry);
    if (WtError.is(error, 'path.exists'))
      return `the interrupted restore of ${entry.id} stays undone: ${entry.path} is taken by now`;
    return `the interrupted restore of ${entry.id} had changed nothing`;
  }
}
