import path from 'node:path';
import { WtError } from '../core/errors.ts';
import { breakLocks } from './break-locks.ts';
import { scratchIndexOf } from './cache.ts';
import { msOf } from '../core/time.ts';
import { changeRefs, findRef, refOfBranch } from '../git/ref.ts';
import { convergeCheckout } from '../landing/converge.ts';
import { livenessOf } from '../platform/identity.ts';
import type { Lease } from '../platform/lock.ts';
import {
  discardOwnTree,
  listDirectory,
  lstatOf,
  makePrivateDirectory,
  moveDurably,
  readText,
  realPathOf,
  removeFile,
} from '../platform/files.ts';
import { endJournal, listJournal, type JournalEntry } from '../registry/journal.ts';
import { listAdminEntries, noteOf, rowOf, writeNote, type AdminEntry } from '../registry/notes.ts';
import { fencingNumber, readRegistry, writeRegistry } from '../registry/store.ts';
import { lockSession } from './git-lock.ts';
import { gitAtWorktree, type Repo } from './repo.ts';
import { findGitDir } from './worktree.ts';
import { readStatus } from '../git/status.ts';
import { moveToTrash, trashFolder, unpin } from './trash.ts';

type Entry<K extends JournalEntry['kind']> = Extract<JournalEntry, { kind: K }>;

/** Finishes or undoes what dead processes left open; the caller holds the lock. Returns a line for each. */
export async function recoverDead(repo: Repo, lease: Lease): Promise<readonly string[]> {
  const { entries, unreadable } = await listJournal(repo.layout.journal);
  const lines: string[] = unreadable.map((file) => `cannot read ${file}; it is left as it is`);
  for (const entry of entries) {
    if (livenessOf(entry.owner) !== 'dead') continue;
    try {
      lines.push(await recover(repo, lease, entry));
      await endJournal(repo.layout.journal, entry.op);
    } catch (error) {
      // One that cannot be settled now must not stand in the way of every other command.
      const reason = WtError.any(error) ? error.code : String(error);
      lines.push(`cannot settle the interrupted ${entry.kind} of ${entry.id}: ${reason}`);
    }
  }
  return lines;
}

async function recover(repo: Repo, lease: Lease, entry: JournalEntry): Promise<string> {
  await breakLocks(repo, entry);
  for (const end of ['', '.lock']) await removeFile(`${scratchIndexOf(repo, entry.op)}${end}`);
  switch (entry.kind) {
    case 'create': {
      const outcome = await rollCreate(repo, lease, entry);
      if (outcome === 'finished') return `finished the interrupted create of ${entry.id}`;
      const kept = outcome === 'kept' ? `; the files in it are kept in ${trashFolder(repo, entry.op)}` : '';
      return `took back the interrupted create of ${entry.id}${kept}`;
    }
    case 'remove':
      // Killed before the first move: meanwhile somebody may have gone on working there.
      if (entry.phase === 'intent' || !(await hasBegunToMove(repo, entry))) {
        await putBack(repo, entry);
        return `the interrupted removal of ${entry.id} had changed nothing`;
      }
      await finishRemove(repo, lease, entry);
      return `finished the interrupted removal of ${entry.id}`;
    case 'merge':
      return rollMerge(repo, entry);
  }
}

async function hasBegunToMove(repo: Repo, entry: Entry<'remove'>): Promise<boolean> {
  const isThere = (await lstatOf(entry.path)) !== undefined;
  return !isThere || (await lstatOf(path.join(trashFolder(repo, entry.op), 'tree'))) !== undefined;
}

/** Forward when the session was complete or somebody has committed in it, else back to nothing. */
async function rollCreate(repo: Repo, lease: Lease, entry: Entry<'create'>): Promise<'finished' | 'undone' | 'kept'> {
  const admin = await findAdminOf(repo, entry);
  const branch = await findRef(repo.git, refOfBranch(entry.branch));
  const isComplete = admin?.note?.state === 'ready';
  const hasMoved = admin?.note !== undefined && branch !== undefined && branch.commit !== entry.commit;
  if (!isComplete && !hasMoved) {
    return (await undoCreate(repo, lease, entry)) ? 'kept' : 'undone';
  }
  const row = { ...rowOf(admin.note, entry.path), state: 'ready' as const };
  await writeNote(admin.directory, noteOf(row));
  await saveRow(repo, lease, entry.id, row);
  await lockSession(admin.directory, entry.id);
  return 'finished';
}

/**
 * Takes a create back to nothing, the branch included. Every step may have been done before. Files that are not the
 * commit's own stay in the trash: somebody may have begun to work there. True when such files were kept.
 */
export async function undoCreate(repo: Repo, lease: Lease, entry: Entry<'create'>): Promise<boolean> {
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
  await saveRow(repo, lease, entry.id, undefined, (state) => state === 'creating');
  if (isPristine) await discardOwnTree(trashFolder(repo, entry.op));
  return !isPristine;
}

/** Whether every file there is as the commit has it, by an index of our own; missing ones are fine, more are not. */
async function hasOnlyCommitted(repo: Repo, { op, path: tree, commit }: Entry<'create'>): Promise<boolean> {
  if ((await listDirectory(tree)).every(({ name }) => name === '.git')) return true;
  await makePrivateDirectory(repo.layout.cache);
  const env = { GIT_INDEX_FILE: scratchIndexOf(repo, op) };
  try {
    const git = gitAtWorktree(repo, tree);
    await git(['read-tree', commit], { env, shielded: true });
    const status = await readStatus(git, { ignored: true, env, shielded: true });
    const there = await Promise.all(status.modified.map((name) => lstatOf(path.join(tree, name))));
    return status.untracked.length + status.ignored.length === 0 && there.every((stats) => stats === undefined);
  } catch {
    return false; // what cannot be judged is kept
  } finally {
    await removeFile(env.GIT_INDEX_FILE);
  }
}

/** The branch's own log says which create made it; without a log the equal commit must do. */
async function isBranchOfCreate(repo: Repo, { op, branch }: Entry<'create'>): Promise<boolean> {
  const log = await readText(path.join(repo.commonDir, 'logs', refOfBranch(branch)));
  return log === undefined || log.includes(`(wt:${op})`);
}

/** A removal that cannot go through: what has moved comes back, the branch too, and nothing of it remains. */
export async function putBack(repo: Repo, entry: Entry<'remove'>): Promise<void> {
  const folder = trashFolder(repo, entry.op);
  for (const [part, home] of [
    ['admin', entry.adminDirectory],
    ['tree', entry.path],
  ] as const) {
    const kept = path.join(folder, part);
    if (home !== null && (await lstatOf(kept)) !== undefined && (await lstatOf(home)) === undefined)
      await moveDurably(kept, home);
  }
  const branch = await findRef(repo.git, refOfBranch(entry.branch));
  if (branch === undefined && entry.deleteBranchAt !== null) {
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
export async function finishRemove(repo: Repo, lease: Lease, entry: Entry<'remove'>): Promise<void> {
  await moveToTrash(repo, entry.op, 'tree', entry.path);
  if (entry.adminDirectory !== null) await moveToTrash(repo, entry.op, 'admin', entry.adminDirectory);
  if (entry.deleteBranchAt !== null) await deleteBranch(repo, refOfBranch(entry.branch), entry.deleteBranchAt);
  await saveRow(repo, lease, entry.id, undefined);
}

/** Only while it still names that commit: one that somebody has moved meanwhile stays. */
async function deleteBranch(repo: Repo, ref: string, from: string): Promise<void> {
  if (await changeRefs(repo.git, [{ kind: 'delete', ref, from }], { shielded: true })) return;
  if ((await findRef(repo.git, ref))?.commit === from)
    throw new WtError('git.failed', {
      args: ['git', 'update-ref', '-d', ref, from],
      exitCode: 128,
      stderr: 'the branch could not be deleted',
    });
}

/** Forward, unless the checkout was edited since; with nothing checked out the ref alone tells, and it moves at once. */
async function rollMerge(repo: Repo, entry: Entry<'merge'>): Promise<string> {
  const { id, from, to, worktree } = entry;
  const target = await findRef(repo.git, entry.target);
  if (target?.commit === to) return `finished the interrupted landing of ${id}`;
  if (target?.commit !== from || worktree === null) return `the interrupted landing of ${id} had changed nothing`;
  const kept = await convergeCheckout(repo, worktree, { from, to });
  if (kept.length === 0) return `finished the interrupted landing of ${id}`;
  const edited = kept.join(', ');
  return `the landing of ${id} stopped half-way and ${edited} was edited since: look at git status in ${worktree}`;
}

async function saveRow(
  repo: Repo,
  lease: Lease,
  id: string,
  row: ReturnType<typeof rowOf> | undefined,
  onlyIf: (state: string) => boolean = () => true,
): Promise<void> {
  const { file, state } = await readRegistry(repo.layout.registry);
  if (state === 'damaged') return; // it is rebuilt from the notes, which are right by now
  const rows = new Map(file.sessions);
  const old = rows.get(id);
  if (row === undefined && (old === undefined || !onlyIf(old.state))) return;
  if (row === undefined) rows.delete(id);
  else rows.set(id, row);
  await writeRegistry(repo.layout.registry, file, rows, await fencingNumber(lease, file));
}

/** The administrative folder this create made: by its lock's reason, by its note, or half-written under its name. */
async function findAdminOf(repo: Repo, entry: Entry<'create'>): Promise<AdminEntry | undefined> {
  const entries = await listAdminEntries(repo.commonDir);
  const isOurs = ({ locked, note }: AdminEntry): boolean =>
    locked === `wt:${entry.op}` || (note?.id === entry.id && note.createdAt === entry.startedAt);
  const sure = entries.find(isOurs);
  if (sure !== undefined) return sure;
  const half = entries.find(
    (admin) =>
      admin.admin === entry.id && admin.path === undefined && admin.note === undefined && (admin.locked ?? '') === '',
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
