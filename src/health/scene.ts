import { WtError } from '../core/errors.ts';
import { listJournal } from '../registry/journal.ts';
import { EMPTY } from '../registry/file.ts';
import { listAdminEntries, type AdminEntry } from '../registry/notes.ts';
import { readRegistry, type RegistryRead } from '../registry/store.ts';
import { reconcile, type Book, type Session } from '../sessions/book.ts';
import type { Repo } from '../sessions/repo.ts';
import type { Finding } from './finding.ts';

/** What every check looks at, read once from the file system: no git has been asked, so that a broken git spoils nothing. */
export interface Scene {
  readonly repo: Repo;
  /** From the notes alone when the registry cannot be used. */
  readonly book: Book;
  readonly entries: readonly AdminEntry[];
  readonly journal: Awaited<ReturnType<typeof listJournal>>;
  /** Why the registry cannot be used at all. */
  readonly refused: WtError | undefined;
  readonly nowMs: number;
}

/** Looks, and changes nothing. */
export type Check = (scene: Scene) => Promise<readonly Finding[]>;

export async function readScene(repo: Repo): Promise<Scene> {
  const [registry, entries, journal] = await Promise.all([
    readOrRefuse(repo.layout.registry),
    listAdminEntries(repo.commonDir),
    listJournal(repo.layout.journal),
  ]);
  const refused = WtError.any(registry) ? registry : undefined;
  const read: RegistryRead = WtError.any(registry) ? { file: EMPTY, state: 'missing' } : registry;
  return {
    repo,
    book: reconcile(read, entries, repo.layout, journal.entries),
    entries,
    journal,
    refused,
    nowMs: repo.deps.clock.now().getTime(),
  };
}

async function readOrRefuse(file: string): Promise<RegistryRead | WtError> {
  try {
    return await readRegistry(file);
  } catch (error) {
    if (WtError.any(error)) return error;
    throw error;
  }
}

/** Sessions that no wt command is at work on. Pure. */
export function restingSessions({ book }: Scene): readonly Session[] {
  return [...book.sessions.values()].filter(({ pending, row }) => pending === undefined && row.state === 'ready');
}
