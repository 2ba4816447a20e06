import path from 'node:path';
import { lstatOf, readText, realPathOf } from '../platform/files.ts';
import type { JournalEntry } from '../registry/journal.ts';
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
    if (!(await isOwnCheckout(repo, entry.worktree))) return entry.worktree;
  if (entry.kind === 'sweep' && !isBelow(repo.layout.trash, entry.keep)) return entry.keep;
  return undefined;
}

async function isOwnPlace(
  repo: Repo,
  entry: Extract<JournalEntry, { path: string }>,
  admin: string | null,
): Promise<boolean> {
  if (entry.path === sessionPath(repo.layout, entry.id)) return true;
  if (admin === null) return false;
  const op = entry.kind === 'restore' ? entry.trash : entry.op;
  // The record may lie in the trash already, or still.
  const records = await Promise.all(
    [admin, path.join(trashFolder(repo, op), 'admin')].map((folder) => readText(path.join(folder, 'gitdir'))),
  );
  return records.some((text) => text !== undefined && recordedPlace(admin, text) === entry.path);
}

/** The worktree that the `gitdir` file of an administrative folder names. */
function recordedPlace(adminDirectory: string, gitdir: string): string {
  return path.dirname(path.resolve(adminDirectory, gitdir.trim()));
}

/** Whether a folder is the main worktree or a linked one of this repository. */
export async function isOwnCheckout(repo: Repo, worktree: string): Promise<boolean> {
  const gitDir = await findGitDir(worktree);
  if (gitDir === undefined) return false;
  const [own, common] = await Promise.all([gitDir, repo.commonDir].map((folder) => realPathOf(folder)));
  return own === common || path.dirname(own ?? '') === path.join(common ?? '', 'worktrees');
}

function isBelow(folder: string, place: string): boolean {
  const relative = path.relative(folder, place);
  return relative !== '' && !relative.startsWith('..') && !path.isAbsolute(relative);
}
