import path from 'node:path';
import { isBelow } from '../platform/dirs.ts';
import { lstatOf, readText, realPathOf } from '../platform/files.ts';
import type { JournalEntry } from '../registry/journal.ts';
import { listAdminEntries } from '../registry/notes.ts';
import { sessionPath } from './layout.ts';
import type { Repo } from './repo.ts';
import { trashFolder } from './trash.ts';
import { findGitDir } from './worktree.ts';

/**
 * A journal entry says where recovery moves and deletes. Every such place must be this repository's own: the computed
 * one, or one that git's own record names. Gives the first that is not.
 */
export async function findStrangePlace(repo: Repo, entry: JournalEntry): Promise<string | undefined> {
  const admin = 'adminDirectory' in entry ? entry.adminDirectory : null;
  if (admin !== null && path.dirname(admin) !== path.join(repo.commonDir, 'worktrees')) return admin;
  if ('path' in entry && !(await isOwnPlace(repo, entry, admin))) return entry.path;
  if ('worktree' in entry && entry.worktree !== null && (await lstatOf(entry.worktree)) !== undefined)
    if ((await findOwnGitDir(repo, entry.worktree)) === undefined) return entry.worktree;
  if (entry.kind === 'sweep' && !isBelow(repo.layout.trash, entry.keep)) return entry.keep;
  return undefined;
}

async function isOwnPlace(
  repo: Repo,
  entry: Extract<JournalEntry, { path: string }>,
  admin: string | null,
): Promise<boolean> {
  if (entry.path === sessionPath(repo.layout, entry.id) || (await isPlainPlace(repo, entry))) return true;
  if (admin === null) return false;
  const op = entry.kind === 'restore' ? entry.trash : entry.op;
  // The record may lie in the trash already, or still.
  const records = await Promise.all(
    [admin, path.join(trashFolder(repo, op), 'admin')].map((folder) => readText(path.join(folder, 'gitdir'))),
  );
  return records.some((text) => text !== undefined && recordedPlace(admin, text) === entry.path);
}

/** A folder of its own name below `.worktrees`, and no other worktree's. */
async function isPlainPlace(
  repo: Repo,
  { path: place, id, op }: Extract<JournalEntry, { path: string }>,
): Promise<boolean> {
  if (place !== sessionPath(repo.layout, id, path.basename(place))) return false;
  const holders = (await listAdminEntries(repo.commonDir)).filter((admin) => admin.path === place);
  return holders.every(({ note, locked }) => note?.id === id || locked === `wt:${op}`);
}

/** The worktree that the `gitdir` file of an administrative folder names. Pure. */
export function recordedPlace(adminDirectory: string, gitdir: string): string {
  return path.dirname(path.resolve(adminDirectory, gitdir.trim()));
}

/** The git directory of the main worktree or a linked one of this repository; undefined for any other folder. */
export async function findOwnGitDir(repo: Repo, worktree: string): Promise<string | undefined> {
  const gitDir = await findGitDir(worktree);
  if (gitDir === undefined) return undefined;
  const [own, common] = await Promise.all([realPathOf(gitDir), realPathOf(repo.commonDir)]);
  return own === common || path.dirname(own) === path.join(common, 'worktrees') ? gitDir : undefined;
}
