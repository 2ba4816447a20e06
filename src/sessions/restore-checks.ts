import path from 'node:path';
import { isBelow } from '../platform/dirs.ts';
import { listDirectory, lstatOf, readText, realPathOf } from '../platform/files.ts';
import { sessionPath, type Layout } from './layout.ts';
import { recordedPlace } from './own-places.ts';
import type { Repo } from './repo.ts';
import { trashFolder, type TrashMeta } from './trash.ts';

// `meta.json` is a file that anybody may edit: what it says is followed only where it cannot lead astray.

/** Where an entry belongs: the computed place of its id, wherever the repository is by now, else what it names. Pure. */
export function placeOf(layout: Layout, meta: TrashMeta): string {
  const computed = sessionPath(layout, meta.id, meta.row.folder);
  const tail = path.join(path.sep, path.basename(layout.worktrees), path.basename(computed));
  return meta.path.endsWith(tail) ? computed : meta.path;
}

/** Why nothing of an entry may be followed, or undefined. */
export async function findFlaw(repo: Repo, meta: TrashMeta): Promise<string | undefined> {
  const { id, row, admin, branch } = meta;
  if (row.id !== id) return `its meta.json is of ${id} and of ${row.id}`;
  if (admin !== null && !isPlainName(admin)) return `its meta.json names "${admin}", no plain name of a folder`;
  if (!isPlainBranch(branch.name)) return `its meta.json names "${branch.name}", which cannot be a branch`;
  const folder = trashFolder(repo, meta.op);
  for (const part of (await listDirectory(folder)).filter(({ name }) => name === 'tree' || name === 'admin')) {
    if (!part.isDirectory()) return `its "${part.name}" is no folder`;
    if (admin === null) return `its "${part.name}" is not in its meta.json`;
  }
  return undefined;
}

/**
 * Why a session may not come back to a place that is not computed, as that of an adopted worktree: git's own record of it
 * must name the same, beside a `.git` nothing is put, and the folder it lay in must be there, without links on the way.
 */
export async function findPlaceFlaw(repo: Repo, meta: TrashMeta): Promise<string | undefined> {
  const { path: place, admin } = meta;
  if (!path.isAbsolute(place) || path.resolve(place) !== place) return 'its meta.json names no plain path';
  if (
    place.split(path.sep).some((part) => part.toLowerCase() === '.git') ||
    place === repo.commonDir ||
    isBelow(repo.commonDir, place)
  )
    return 'its meta.json names a place inside a git directory';
  const parent = path.dirname(place);
  if (parent === place || place === repo.root || isBelow(place, repo.root))
    return 'its meta.json names a folder that is no session';
  if (admin !== null && (await placeInTrash(repo, meta.op, admin)) !== place)
    return 'its meta.json and git’s own record name different places';
  if (!(await lstatOf(parent))?.isDirectory() || (await realPathOf(parent)) !== parent)
    return `the folder it lay in is gone: ${parent}`;
  return undefined;
}

/** The worktree that the administrative folder in the trash belongs to. */
async function placeInTrash(repo: Repo, op: string, admin: string): Promise<string | undefined> {
  const text = await readText(path.join(trashFolder(repo, op), 'admin', 'gitdir'));
  return text === undefined ? undefined : recordedPlace(path.join(repo.commonDir, 'worktrees', admin), text);
}

function isPlainName(name: string): boolean {
  return name !== '' && !name.startsWith('.') && path.basename(name) === name && !/[\0\\]/.test(name);
}

/** What git takes as a branch and no path can be led out by (git-check-ref-format(1)). */
function isPlainBranch(name: string): boolean {
  return (
    name !== '' &&
    !name.startsWith('-') &&
    !/[\u0000-\u0020\u007f~^:?*[\\]|\.\.|@\{|\/\/|^\/|[/.]$|(?:^|\/)\.|\.lock(?:\/|$)/.test(name)
  );
}
