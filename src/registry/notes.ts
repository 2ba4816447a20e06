import path from 'node:path';
import * as z from 'zod';
import { parseJson } from '../core/json.ts';
import { AgentName, SessionId, StoredRef } from '../core/names.ts';
import { listDirectory, readTextNow, replaceFile } from '../platform/files.ts';
import { SessionRow } from './session.ts';

/**
 * `wt.json` in a worktree's administrative folder: enough to write the session's row again. It survives
 * `git clean -fdx`, gc and a move, and it is what makes a worktree wt's own.
 */
export const Note = z.looseObject({
  id: SessionId,
  branch: StoredRef,
  base: SessionRow.shape.base,
  agent: AgentName.nullable().catch(null),
  task: z.string().nullable().catch(null),
  createdAt: z.iso.datetime(),
  ownsBranch: z.boolean(),
  state: z.enum(['creating', 'ready']),
  owns: SessionRow.shape.owns,
  after: SessionRow.shape.after,
  resolving: SessionRow.shape.resolving,
  ports: SessionRow.shape.ports,
  setup: SessionRow.shape.setup.catch(undefined),
  folder: SessionRow.shape.folder,
});
export type Note = z.infer<typeof Note>;

/** One folder below `<common>/worktrees`, read from the file system alone. */
export interface AdminEntry {
  /** Folder name, git's own short name of the worktree. */
  readonly admin: string;
  readonly directory: string;
  /** The worktree it belongs to by its `gitdir` file; undefined when that cannot be read. */
  readonly path: string | undefined;
  readonly note: Note | undefined;
  readonly locked: string | undefined;
}

export async function listAdminEntries(commonDir: string): Promise<readonly AdminEntry[]> {
  const parent = path.join(commonDir, 'worktrees');
  const folders = (await listDirectory(parent)).filter((entry) => entry.isDirectory());
  return folders.map((entry) => readAdminEntryNow(path.join(parent, entry.name)));
}

export function readAdminEntry(directory: string): Promise<AdminEntry> {
  return Promise.resolve().then(() => readAdminEntryNow(directory));
}

/** Every command does this for every session. */
function readAdminEntryNow(directory: string): AdminEntry {
  const [gitdir, text, locked] = ['gitdir', 'wt.json', 'locked'].map((name) => readTextNow(`${directory}/${name}`));
  const pointer = gitdir?.trim();
  return {
    admin: path.basename(directory),
    directory,
    path: pointer ? path.dirname(path.resolve(directory, pointer)) : undefined,
    note: parseNote(text),
    locked: locked?.trim(),
  };
}

export async function writeNote(directory: string, note: Note): Promise<void> {
  await replaceFile(path.join(directory, 'wt.json'), `${JSON.stringify(note, null, 2)}\n`);
}

/** The note of a row, and back. */
export function noteOf(row: SessionRow): Note {
  const { id, branch, base, agent, task, createdAt, ownsBranch, state } = row;
  return { id, branch, base, agent, task, createdAt, ownsBranch, state, ...plannedOf(row) };
}

export function rowOf(note: Note, worktree: string): SessionRow {
  const { id, branch, base, agent, task, createdAt, ownsBranch, state } = note;
  return { id, branch, base, path: worktree, agent, task, createdAt, state, ownsBranch, ...plannedOf(note) };
}

type Kept = 'owns' | 'after' | 'resolving' | 'setup' | 'ports' | 'folder';

function plannedOf({ owns, after, resolving, setup, ports, folder }: Pick<SessionRow, Kept>): Pick<SessionRow, Kept> {
  return {
    ...(owns === undefined ? {} : { owns }),
    ...(after === undefined ? {} : { after }),
    ...(resolving === undefined ? {} : { resolving }),
    ...(ports === undefined ? {} : { ports }),
    ...(setup === undefined ? {} : { setup }),
    ...(folder === undefined ? {} : { folder }),
  };
}

const KNOWN_NOTES = 2048;
const known = new Map<string, Note | undefined>();

/** Remembered by its text: a command looks at every note several times. */
function parseNote(text: string | undefined): Note | undefined {
  if (text === undefined) return undefined;
  if (!known.has(text)) {
    if (known.size >= KNOWN_NOTES) known.clear();
    const parsed = Note.safeParse(parseJson(text));
    known.set(text, parsed.success ? parsed.data : undefined);
  }
  return known.get(text);
}
