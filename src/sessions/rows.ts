import type { Lease } from '../platform/lock.ts';
import { readAdminEntry, writeNote, type Note } from '../registry/notes.ts';
import type { Base, Resolving, SessionRow } from '../registry/session.ts';
import { fencingNumber, readRegistry, writeRegistry } from '../registry/store.ts';
import type { Repo } from './repo.ts';

/** Writes the registry with these changes to its rows, read afresh; undefined drops a row. The caller holds the lock. */
export async function saveRows(
  repo: Repo,
  lease: Lease,
  changes: ReadonlyMap<string, SessionRow | undefined>,
): Promise<void> {
  const { file, state } = await readRegistry(repo.layout.registry);
  if (state === 'damaged') return; // it is rebuilt from the notes, which are right by now
  const rows = new Map(file.sessions);
  for (const [id, row] of changes) {
    if (row === undefined) rows.delete(id);
    else rows.set(id, row);
  }
  if ([...changes].every(([id, row]) => row === undefined && !file.sessions.has(id))) return;
  await writeRegistry(repo.layout.registry, file, rows, await fencingNumber(lease, file));
}

/** Changes one row that is there; one that is gone meanwhile stays gone. */
export async function updateRow(
  repo: Repo,
  lease: Lease,
  id: string,
  update: (row: SessionRow) => SessionRow | undefined,
): Promise<void> {
  const { file } = await readRegistry(repo.layout.registry);
  const row = file.sessions.get(id);
  if (row !== undefined) await saveRows(repo, lease, new Map([[id, update(row)]]));
}

/** What is to change of a row: absent stays as it is, null goes. */
export interface RowNews {
  readonly base?: Base;
  readonly resolving?: Resolving | null;
}

/** Writes a session's base, and what is being resolved in it, into its row and into git's own record of the worktree. */
export async function rebaseRow(
  repo: Repo,
  lease: Lease,
  { id, adminDirectory }: { id: string; adminDirectory: string },
  { base, resolving }: RowNews,
): Promise<void> {
  const update = <R extends { base: Base; resolving?: Resolving | undefined }>(row: R): R => {
    const { resolving: before, ...rest } = row;
    const after = resolving === undefined ? before : (resolving ?? undefined);
    return {
      ...rest,
      ...(base === undefined ? {} : { base }),
      ...(after === undefined ? {} : { resolving: after }),
    } as R;
  };
  await updateRowAndNote(repo, lease, { id, adminDirectory }, update);
}

/** The row and the note say the same, so that a registry that is rebuilt knows it too. Without a folder of git's there is no note. */
export async function updateRowAndNote(
  repo: Repo,
  lease: Lease,
  { id, adminDirectory }: { id: string; adminDirectory: string | undefined },
  update: <R extends Note | SessionRow>(known: R) => R,
): Promise<void> {
  const note = adminDirectory === undefined ? undefined : (await readAdminEntry(adminDirectory)).note;
  if (adminDirectory !== undefined && note?.id === id) await writeNote(adminDirectory, update(note));
  await updateRow(repo, lease, id, (row) => update(row));
}
