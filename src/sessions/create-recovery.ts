import path from 'node:path';
import { msOf } from '../core/time.ts';
import { findRef, refOfBranch } from '../git/ref.ts';
import { readStatus } from '../git/status.ts';
import {
  discardOwnTree,
  listDirectory,
  lstatOf,
  makePrivateDirectory,
  readText,
  realPathOf,
  removeFile,
} from '../platform/files.ts';
import type { Lease } from '../platform/lock.ts';
import type { EntryOf } from '../registry/journal.ts';
import { listAdminEntries, noteOf, rowOf, writeNote, type AdminEntry } from '../registry/notes.ts';
import { recordOperation } from '../registry/operations.ts';
import type { SessionRow } from '../registry/session.ts';
import { scratchIndexOf } from './cache.ts';
import { lockSession } from './git-lock.ts';
import { deleteBranch } from './remove-steps.ts';
import { gitAtWorktree, type Repo } from './repo.ts';
import { saveRows, updateRow } from './rows.ts';
import { putSpareBack } from './spares/put-back.ts';
import { completeHandOut } from './spares/take.ts';
import { moveToTrash, trashFolder } from './trash.ts';
import { findGitDir } from './worktree.ts';

/** A create that has come to its end, for undo. */
export async function recordCreate(repo: Repo, entry: EntryOf<'create'>): Promise<void> {
  const { id, carried } = entry;
  await recordOperation(repo.layout.operations, entry, {
    kind: 'made',
    id,
    isRestored: false,
    hadBranch: false,
    createdAt: entry.startedAt,
    carried,
  });
}

/** Forward when the session was complete or somebody has committed in it, else back to nothing. */
export async function rollCreate(
  repo: Repo,
  lease: Lease,
  entry: EntryOf<'create'>,
): Promise<'finished' | 'undone' | 'kept'> {
  const admin = await findAdminOf(repo, entry);
  const branch = await findRef(repo.git, refOfBranch(entry.branch));
  const isComplete = admin?.note?.state === 'ready';
  const hasMoved = admin?.note !== undefined && branch !== undefined && branch.commit !== entry.commit;
  if (!isComplete && !hasMoved) {
    return (await undoCreate(repo, lease, entry)) ? 'kept' : 'undone';
  }
  await completeHandOut(repo, entry, admin.directory);
  const row = { ...rowOf(admin.note, entry.path), state: 'ready' as const };
  await writeNote(admin.directory, noteOf(row));
  await saveRows(repo, lease, new Map([[entry.id, row]]));
  await lockSession(admin.directory, entry.id);
  await recordCreate(repo, entry);
  return 'finished';
}

/**
 * Takes a create back to nothing, the branch included. Every step may have been done before. Files that are not the
 * commit's own stay in the trash: somebody may have begun to work there. True when such files were kept.
 */
export async function undoCreate(repo: Repo, lease: Lease, entry: EntryOf<'create'>): Promise<boolean> {
  await putSpareBack(repo, entry);
  const admin = await findAdminOf(repo, entry);
  const isOwn = await isOwnUnfinishedTree(entry.path, admin);
  const isPristine = !isOwn || (await hasOnlyCommitted(repo, entry));
  if (isOwn) await moveToTrash(repo, entry.op, 'tree', entry.path);
  if (admin !== undefined) {
    // Its git is dead, and with it the locks in a folder that was this create's alone.
    for (const name of ['index.lock', 'HEAD.lock', 'ORIG_HEAD.lock'])
      await removeFile(path.join(admin.directory, name));
    await moveToTrash(repo, entry.op, 'admin', admin.directory);
  }
  if (entry.createsBranch && (await isBranchOfCreate(repo, entry))) {
    const branch = await findRef(repo.git, refOfBranch(entry.branch));
    if (branch?.commit === entry.commit) await deleteBranch(repo, branch.name, branch.commit);
  }
  const isIts = ({ state, createdAt }: SessionRow): boolean => state === 'creating' || createdAt === entry.startedAt;
  await updateRow(repo, lease, entry.id, (row) => (isIts(row) ? undefined : row));
  if (isPristine) await discardOwnTree(trashFolder(repo, entry.op));
  return !isPristine;
}

/** Whether every file there is as the commit has it, by an index of our own; missing ones are fine, and empty ones that git was about to write; more are not. */
async function hasOnlyCommitted(repo: Repo, { op, path: tree, commit }: EntryOf<'create'>): Promise<boolean> {
  if ((await listDirectory(tree)).every(({ name }) => name === '.git')) return true;
  await makePrivateDirectory(repo.layout.cache);
  const env = { GIT_INDEX_FILE: scratchIndexOf(repo, op) };
  try {
    const git = gitAtWorktree(repo, tree);
    await git(['read-tree', commit], { env, shielded: true });
    const status = await readStatus(git, { ignored: true, env, shielded: true });
    const there = await Promise.all(status.modified.map((name) => lstatOf(path.join(tree, name))));
    return (
      status.untracked.length + status.ignored.length === 0 &&
      there.every((stats) => stats === undefined || stats.size === 0)
    );
  } catch {
    return false; // what cannot be judged is kept
  } finally {
    await removeFile(env.GIT_INDEX_FILE);
  }
}

/** The branch's own log says which create made it; without a log the equal commit must do. */
async function isBranchOfCreate(repo: Repo, { op, branch }: EntryOf<'create'>): Promise<boolean> {
  const log = await readText(path.join(repo.commonDir, 'logs', refOfBranch(branch)));
  return log === undefined || log.includes(`(wt:${op})`);
}

/** The administrative folder this create made: by its lock's reason, by its note, or half-written under its name. */
async function findAdminOf(repo: Repo, entry: EntryOf<'create'>): Promise<AdminEntry | undefined> {
  const entries = await listAdminEntries(repo.commonDir);
  const isOurs = ({ locked, note }: AdminEntry): boolean =>
    locked === `wt:${entry.op}` || (note?.id === entry.id && note.createdAt === entry.startedAt);
  const sure = entries.find(isOurs);
  if (sure !== undefined) return sure;
  const half = entries.find(
    (admin) =>
      admin.admin === path.basename(entry.path) &&
      admin.path === undefined &&
      admin.note === undefined &&
      (admin.locked ?? '') === '',
  );
  if (half === undefined) return undefined;
  const stats = await lstatOf(half.directory);
  return stats !== undefined && stats.mtimeMs >= msOf(entry.startedAt) - 1000 ? half : undefined;
}

/** True for what `git worktree add` leaves of itself: a folder whose `.git` names that entry, or an empty one. */
async function isOwnUnfinishedTree(tree: string, admin: AdminEntry | undefined): Promise<boolean> {
  if (!(await lstatOf(tree))?.isDirectory()) return false;
  const names = (await listDirectory(tree)).map((entry) => entry.name);
  const pointer = await readText(path.join(tree, '.git')).catch(() => undefined);
  if (pointer === undefined) return names.length === 0;
  if (pointer === '') return names.length === 1;
  return admin !== undefined && (await findGitDir(tree)) === (await realPathOf(admin.directory));
}
