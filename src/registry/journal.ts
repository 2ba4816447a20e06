import { randomUUID } from 'node:crypto';
import path from 'node:path';
import type * as z from 'zod';
import { parseJson } from '../core/json.ts';
import { listDirectory, makePrivateDirectory, readText, removeFile, replaceFile } from '../platform/files.ts';
import type { Lease } from '../platform/lock.ts';
import { JournalEntry, type Common } from './entry.ts';

export { JournalEntry };
export type { EntryOf } from './entry.ts';

/** What every entry has besides the session's id, for an operation that begins now. */
export function beginEntry(
  lease: Pick<Lease, 'owner' | 'generation'>,
  startedAt: string,
): Omit<z.infer<typeof Common>, 'id'> {
  return { op: randomUUID(), owner: lease.owner, generation: lease.generation, startedAt };
}

export async function writeJournal(directory: string, entry: JournalEntry): Promise<void> {
  await makePrivateDirectory(directory);
  await replaceFile(path.join(directory, `${entry.op}.json`), `${JSON.stringify(entry)}\n`);
}

export async function endJournal(directory: string, op: string): Promise<void> {
  await removeFile(path.join(directory, `${op}.json`));
}

/** Does an operation between its intent and its end; one that fails half-way stays open, for recovery. */
export async function carryOut<E extends JournalEntry>(
  directory: string,
  entry: E,
  work: (entry: E) => Promise<void>,
): Promise<void> {
  await writeJournal(directory, entry);
  await work(entry);
  await endJournal(directory, entry.op);
}

/** Open operations, oldest first. A file that cannot be read is reported by name, never deleted. */
export async function listJournal(
  directory: string,
): Promise<{ entries: readonly JournalEntry[]; unreadable: readonly string[] }> {
  const names = (await listDirectory(directory)).map((entry) => entry.name).filter((name) => name.endsWith('.json'));
  const entries: JournalEntry[] = [];
  const unreadable: string[] = [];
  for (const name of names) {
    const text = await readText(path.join(directory, name));
    if (text === undefined) continue; // ended meanwhile
    const parsed = JournalEntry.safeParse(parseJson(text));
    if (parsed.success && `${parsed.data.op}.json` === name) entries.push(parsed.data);
    else unreadable.push(path.join(directory, name));
  }
  return { entries: entries.toSorted((a, b) => a.generation - b.generation), unreadable };
}
