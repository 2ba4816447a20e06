import path from 'node:path';
import { lstatOf, readText, removeFile, replaceFile } from '../platform/files.ts';

/**
 * A session is locked in git's own way (git-worktree(1), "lock"), so that neither `git worktree remove`, `prune` nor the
 * cleaner of another tool takes it away. The reason says whose lock it is: wt lifts its own and no other.
 */
export function lockReason(id: string): string {
  return `wt ${id}: a session of wt, taken away with "wt remove ${id}"`;
}

/** The lock of this session; that of a create which is just making it ("wt:<op>") is none yet. Pure. */
export function isOwnLock(reason: string, id: string): boolean {
  return reason.startsWith(`wt ${id}:`);
}

/** The lock of a session that is just being made. Pure. */
export function isCreatingLock(reason: string): boolean {
  return /^wt:[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/.test(reason);
}

/** Locks a session's worktree, in place of the lock of its making. One that somebody else has put there stays as it is. */
export async function lockSession(
  adminDirectory: string,
  id: string,
  options: { isNamed: boolean } = { isNamed: true },
): Promise<void> {
  const file = path.join(adminDirectory, 'locked');
  const text = (await readText(file))?.trim();
  if (text === undefined || isCreatingLock(text) || (isOwnLock(text, id) && text !== lockReason(id)))
    await replaceFile(file, lockReason(id), undefined, options);
}

/** Lifts wt's own lock; somebody else's stays. */
export async function unlockSession(adminDirectory: string, id: string): Promise<void> {
  const file = path.join(adminDirectory, 'locked');
  if ((await lstatOf(file)) === undefined) return;
  if (isOwnLock((await readText(file)) ?? '', id)) await removeFile(file);
}
