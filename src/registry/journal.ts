import path from 'node:path';
import * as z from 'zod';
import { SessionId } from '../core/names.ts';
import { parseJson } from '../core/json.ts';
import { listDirectory, makePrivateDirectory, readText, removeFile, replaceFile } from '../platform/files.ts';
import { Owner } from '../platform/identity.ts';

const Common = z.object({ op: z.string(), owner: Owner, generation: z.number().int(), startedAt: z.iso.datetime() });

/** An operation that has begun and not ended. Written before its first effect, deleted after its last. */
export const JournalEntry = z.discriminatedUnion('kind', [
  Common.extend({
    kind: z.literal('create'),
    id: SessionId,
    branch: z.string(),
    commit: z.string(),
    /** The branch is made by this operation, so undoing deletes it while it still names `commit`. */
    createsBranch: z.boolean(),
    path: z.string(),
  }),
  Common.extend({
    kind: z.literal('remove'),
    id: SessionId,
    /** `intent`: nothing has moved. `commit`: backups are written, the move goes through. */
    phase: z.enum(['intent', 'commit']),
    path: z.string(),
    adminDirectory: z.string().nullable(),
    branch: z.string(),
    /** Delete the branch if it still names this commit; null keeps it. */
    deleteBranchAt: z.string().nullable(),
  }),
  Common.extend({
    kind: z.literal('merge'),
    id: SessionId,
    target: z.string(),
    from: z.string(),
    to: z.string(),
    tip: z.string(),
    /** Worktree that has the target checked out. */
    worktree: z.string().nullable(),
  }),
]);
export type JournalEntry = z.infer<typeof JournalEntry>;

export async function writeJournal(directory: string, entry: JournalEntry): Promise<void> {
  await makePrivateDirectory(directory);
  await replaceFile(path.join(directory, `${entry.op}.json`), `${JSON.stringify(entry)}\n`);
}

export async function endJournal(directory: string, op: string): Promise<void> {
  await removeFile(path.join(directory, `${op}.json`));
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
    if (parsed.success) entries.push(parsed.data);
    else unreadable.push(path.join(directory, name));
  }
  return { entries: entries.toSorted((a, b) => a.generation - b.generation), unreadable };
}
