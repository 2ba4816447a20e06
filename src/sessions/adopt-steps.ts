import path from 'node:path';
import { excludeOnce } from '../git/ignore.ts';
import { lstatOf, removeFile } from '../platform/files.ts';
import type { Lease } from '../platform/lock.ts';
import { beginEntry, carryOut, type EntryOf } from '../registry/journal.ts';
import { noteOf, writeNote } from '../registry/notes.ts';
import { recordOperation } from '../registry/operations.ts';
import type { SessionRow } from '../registry/session.ts';
import { lockSession, unlockSession } from './git-lock.ts';
import { EXCLUDE_LINE } from './layout.ts';
import type { Held } from './hold.ts';
import type { Repo } from './repo.ts';
import { saveRows } from './rows.ts';

export async function applyAdopt(held: Held, row: SessionRow, adminDirectory: string): Promise<void> {
  const entry = { ...begin(held), kind: 'adopt' as const, id: row.id, adminDirectory, row };
  await carryOut(held.repo.layout.journal, entry, () => finishAdopt(held.repo, held.lease, entry));
}

export async function applyRelease(held: Held, row: SessionRow, adminDirectory: string): Promise<void> {
  const entry = { ...begin(held), kind: 'release' as const, id: row.id, adminDirectory, row };
  await carryOut(held.repo.layout.journal, entry, () => finishRelease(held.repo, held.lease, entry));
}

function begin({ repo, lease }: Held): ReturnType<typeof beginEntry> {
  return beginEntry(lease, repo.deps.clock.now().toISOString());
}

/** A worktree becomes a session: note, lock, row. Every step may have been done before. */
async function finishAdopt(repo: Repo, lease: Lease, entry: EntryOf<'adopt'>): Promise<void> {
  const { id, adminDirectory, row } = entry;
  await excludeOnce(repo.commonDir, EXCLUDE_LINE); // it may be the first session there is
  await writeNote(adminDirectory, noteOf(row));
  await lockSession(adminDirectory, id);
  await saveRows(repo, lease, new Map([[id, row]]));
  await recordOperation(repo.layout.operations, entry, { kind: 'adopted', row });
}

/** It stops being one; the worktree, its branch and its files stay. */
async function finishRelease(repo: Repo, lease: Lease, entry: EntryOf<'release'>): Promise<void> {
  const { id, adminDirectory, row } = entry;
  await unlockSession(adminDirectory, id);
  await removeFile(path.join(adminDirectory, 'wt.json'));
  await saveRows(repo, lease, new Map([[id, undefined]]));
  await recordOperation(repo.layout.operations, entry, { kind: 'released', row });
}

export async function recoverAdopt(repo: Repo, lease: Lease, entry: EntryOf<'adopt'>): Promise<string> {
  if ((await lstatOf(entry.adminDirectory)) === undefined)
    return `the interrupted adoption of ${entry.id} had changed nothing`;
  await finishAdopt(repo, lease, entry);
  return `finished the interrupted adoption of ${entry.id}`;
}

export async function recoverRelease(repo: Repo, lease: Lease, entry: EntryOf<'release'>): Promise<string> {
  await finishRelease(repo, lease, entry);
  return `finished taking back the adoption of ${entry.id}`;
}
