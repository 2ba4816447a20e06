import path from 'node:path';
import type { SessionId } from '../core/names.ts';
import { fileMark } from '../platform/files.ts';
import type { RegistryFile } from '../registry/file.ts';
import { listAdminEntries, rowOf, type AdminEntry } from '../registry/notes.ts';
import type { SessionRow } from '../registry/session.ts';
import { listJournal, type JournalEntry } from '../registry/journal.ts';
import { readRegistry, type RegistryRead } from '../registry/store.ts';
import { sessionPath, type Layout } from './layout.ts';

/** A session as the registry and git's administrative folders together tell it. No git process has been asked yet. */
export interface Session {
  readonly id: SessionId;
  /** What is stored. Its `path` is for readers of the file; use the one below. */
  readonly row: SessionRow;
  /** Where its worktree is: git's own record, or the computed place. */
  readonly path: string;
  /** Where wt would put it; another place than `path` for an adopted worktree, or when the repository was moved. */
  readonly home?: string;
  readonly admin: AdminEntry | undefined;
  /** A wt command that is at work on it just now. */
  readonly pending?: JournalEntry['kind'];
}

/** Everything wt knows without asking git: the reconciled registry. */
export interface Book {
  readonly file: RegistryFile;
  readonly sessions: ReadonlyMap<string, Session>;
  /** Linked worktrees that are no sessions. */
  readonly unmanaged: readonly AdminEntry[];
  /** The registry on disk has to be written again, and why. */
  readonly repair: { readonly kind: 'missing' | 'damaged' | 'rows'; readonly reason: string } | undefined;
}

interface Place {
  readonly layout: Layout;
  readonly commonDir: string;
}

const ahead = new WeakMap<Place, { readonly marks: string; readonly book: Book }>();

export async function readBook(place: Place): Promise<Book> {
  const known = ahead.get(place);
  ahead.delete(place);
  return known !== undefined && (await marksOf(place)) === known.marks ? known.book : scan(place);
}

/** The same, for whoever looks before the command does: its first look then costs nothing, unless something was written meanwhile. */
export async function readBookAhead(place: Place): Promise<Book> {
  const marks = await marksOf(place);
  const book = await scan(place);
  ahead.set(place, { marks, book });
  return book;
}

async function marksOf({ layout, commonDir }: Place): Promise<string> {
  const places = [layout.registry, path.join(commonDir, 'worktrees'), layout.journal];
  return (await Promise.all(places.map(fileMark))).join('\n');
}

async function scan({ layout, commonDir }: Place): Promise<Book> {
  const [registry, entries, journal] = await Promise.all([
    readRegistry(layout.registry),
    listAdminEntries(commonDir),
    listJournal(layout.journal),
  ]);
  return reconcile(registry, entries, layout, journal.entries);
}

/**
 * Joins the two sources. A row that was lost comes back from its note; a row's worktree is the entry that carries its
 * note, else the unnoted one at its computed path. Pure.
 */
export function reconcile(
  registry: RegistryRead,
  entries: readonly AdminEntry[],
  layout: Layout,
  journal: readonly Pick<JournalEntry, 'id' | 'kind'>[] = [],
): Book {
  const rows = new Map(registry.file.sessions);
  const noted = entriesById(entries, layout);
  const pending = new Map<string, JournalEntry['kind']>(journal.map(({ id, kind }) => [id, kind]));
  const restored: string[] = [];
  for (const [id, entry] of noted) {
    if (rows.has(id) || entry.note === undefined) continue;
    rows.set(id, rowOf(entry.note, entry.path ?? sessionPath(layout, id, entry.note.folder)));
    if (!pending.has(id)) restored.push(id); // else its own command is about to write the row
  }
  const sessions = new Map<string, Session>();
  for (const [id, row] of rows) {
    const computed = homeOf(layout, noted.get(id)?.note ?? row, entries);
    const admin = noted.get(id) ?? entries.find((entry) => entry.note === undefined && entry.path === computed);
    const kind = pending.get(id);
    const session = { id: row.id, row: confirmed(row, admin), path: admin?.path ?? computed, home: computed, admin };
    sessions.set(id, kind === undefined ? session : { ...session, pending: kind });
  }
  const taken = new Set([...sessions.values()].map((session) => session.admin?.admin));
  return {
    file: registry.file,
    sessions,
    unmanaged: entries.filter((entry) => !taken.has(entry.admin) && entry.path !== layout.gate),
    repair: repairOf(registry, restored),
  };
}

/** Where wt puts a session; a row that names another session's folder is not believed. */
function homeOf(
  layout: Layout,
  { id, folder }: Pick<SessionRow, 'id' | 'folder'>,
  entries: readonly AdminEntry[],
): string {
  const named = sessionPath(layout, id, folder);
  const isTaken =
    folder !== undefined && entries.some(({ path: at, note }) => at === named && note !== undefined && note.id !== id);
  return isTaken ? sessionPath(layout, id) : named;
}

/** Which branch and folder are the session's, and whether the branch may go with it, git's own folder knows better than a file that anybody edits. */
function confirmed(row: SessionRow, admin: AdminEntry | undefined): SessionRow {
  const note = admin?.note;
  if (note === undefined) return row;
  const { folder: _, ...rest } = row;
  const folder = note.folder === undefined ? {} : { folder: note.folder };
  return { ...rest, branch: note.branch, ownsBranch: note.ownsBranch, ...folder };
}

/** Of two worktrees with one note (a copied folder) the one at the computed path is the session's. */
function entriesById(entries: readonly AdminEntry[], layout: Layout): ReadonlyMap<string, AdminEntry> {
  const noted = new Map<string, AdminEntry>();
  for (const entry of entries) {
    const id = entry.note?.id;
    if (id !== undefined && (!noted.has(id) || entry.path === sessionPath(layout, id, entry.note?.folder)))
      noted.set(id, entry);
  }
  return noted;
}

function repairOf({ state, reason }: RegistryRead, restored: readonly string[]): Book['repair'] {
  const from = restored.length === 0 ? '' : `; brought back from git: ${restored.join(', ')}`;
  if (state === 'damaged') return { kind: 'damaged', reason: `${reason ?? 'it cannot be read'}${from}` };
  if (restored.length === 0) return undefined;
  return state === 'missing'
    ? { kind: 'missing', reason: `it was gone${from}` }
    : { kind: 'rows', reason: `rows were missing${from}` };
}

/** The rows to write for these sessions. */
export function rowsOf(sessions: Iterable<Session>): ReadonlyMap<string, SessionRow> {
  return new Map([...sessions].map(({ id, row }) => [id, row]));
}

/** The session whose worktree holds this path, or undefined. Both are real paths. */
export function sessionAround(book: Book, place: string | undefined): Session | undefined {
  if (place === undefined) return undefined;
  return [...book.sessions.values()].find(({ path: top }) => place === top || place.startsWith(`${top}${path.sep}`));
}
