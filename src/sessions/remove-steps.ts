import path from 'node:path';
import { WtError } from '../core/errors.ts';
import { changeRefs, findRef, refOfBranch } from '../git/ref.ts';
import { discardOwnTree, listDirectory, lstatOf, readText, realPathOf } from '../platform/files.ts';
import type { Lease } from '../platform/lock.ts';
import type { EntryOf } from '../registry/journal.ts';
import { recordOperation } from '../registry/operations.ts';
import type { Repo } from './repo.ts';
import { updateRow } from './rows.ts';
import { dropShadows } from './shadow.ts';
import { putBranchLog, unpin } from './pins.ts';
import { moveFromTrash, moveToTrash, trashFolder } from './trash.ts';

/** Whether a removal has come to its first move. */
export async function hasBegunToMove(repo: Repo, entry: EntryOf<'remove'>): Promise<boolean> {
  const isThere = (await lstatOf(entry.path)) !== undefined;
  return !isThere || (await lstatOf(path.join(trashFolder(repo, entry.op), 'tree'))) !== undefined;
}

/** A removal that cannot go through: what has moved comes back, the branch too, and nothing of it remains. */
export async function putBack(repo: Repo, entry: EntryOf<'remove'>): Promise<void> {
  const folder = trashFolder(repo, entry.op);
  await moveFromTrash(repo, entry.op, 'tree', entry.path);
  if (entry.adminDirectory !== null) await moveFromTrash(repo, entry.op, 'admin', entry.adminDirectory);
  const branch = await findRef(repo.git, refOfBranch(entry.branch));
  if (branch === undefined && entry.deleteBranchAt !== null) {
    await putBranchLog(repo, entry.op, entry.branch);
    await changeRefs(repo.git, [{ kind: 'create', ref: refOfBranch(entry.branch), to: entry.deleteBranchAt }], {
      shielded: true,
    });
  }
  const left = (await listDirectory(folder)).some(({ name }) => name === 'tree' || name === 'admin');
  if (left) return; // somebody took its place meanwhile: the trash keeps it
  await unpin(repo, entry.id, entry.op);
  await discardOwnTree(folder);
}

/** From the moment the backups are written: two renames, the branch, the row. Every step may have been done before. */
export async function finishRemove(repo: Repo, lease: Lease, entry: EntryOf<'remove'>): Promise<void> {
  await moveToTrash(repo, entry.op, 'tree', entry.path);
  await requireOwnTree(repo, entry);
  if (entry.adminDirectory !== null) await moveToTrash(repo, entry.op, 'admin', entry.adminDirectory);
  if (entry.deleteBranchAt !== null) await deleteBranch(repo, refOfBranch(entry.branch), entry.deleteBranchAt);
  await updateRow(repo, lease, entry.id, () => undefined);
  if (entry.adminDirectory !== null) await dropShadows(repo, path.basename(entry.adminDirectory));
  await recordOperation(repo.layout.operations, entry, {
    kind: 'trashed',
    id: entry.id,
    trash: entry.op,
    ...(entry.createdAt === undefined ? {} : { createdAt: entry.createdAt }),
  });
}

/** The last look comes after the rename: what was put there in that very moment goes back to where it was. */
async function requireOwnTree(repo: Repo, { op, adminDirectory, path: place }: EntryOf<'remove'>): Promise<void> {
  const tree = path.join(trashFolder(repo, op), 'tree');
  const stats = await lstatOf(tree);
  if (stats === undefined || adminDirectory === null) return;

  const text = stats.isDirectory() ? await readText(path.join(tree, '.git')).catch(() => '') : '';
  const named = await realPathOf(path.resolve(place, text?.replace(/^gitdir: /, '').trim() ?? ''));
  const own = await realPathOf(adminDirectory);
  if (named === own || named === adminDirectory) return;
  await moveFromTrash(repo, op, 'tree', place);
  throw new WtError('path.unsafe', { path: place, reason: 'something else was put there just now' });
}

/** Only while it still names that commit: one that somebody has moved meanwhile stays. */
export async function deleteBranch(repo: Repo, ref: string, from: string): Promise<void> {
  if (await changeRefs(repo.git, [{ kind: 'delete', ref, from }], { shielded: true })) return;
  if ((await findRef(repo.git, ref))?.commit === from)
    throw new WtError('git.failed', {
      args: ['git', 'update-ref', '-d', ref, from],
      exitCode: 128,
      stderr: 'the branch could not be deleted',
    });
}
