import { randomUUID } from 'node:crypto';
import path from 'node:path';
import type { SessionId } from '../core/names.ts';
import { listRefs } from '../git/ref.ts';
import { listDirectory, lstatOf, makePrivateDirectory, moveDurably, readText, realPathOf } from '../platform/files.ts';
import { listMountsInside } from '../platform/processes.ts';
import { beginEntry, endJournal, listJournal, writeJournal, type EntryOf } from '../registry/journal.ts';
import { parseLines } from '../registry/lines.ts';
import { listCalls, Operation } from '../registry/operations.ts';
import type { Held } from './hold.ts';
import { unpinEntries } from './pins.ts';
import type { Repo } from './repo.ts';
import { PURGE, readTrashMeta, trashFolder, writeTrashMeta } from './trash.ts';

export { PURGE } from './trash.ts';

/** What an operation has left in the trash, or keeps by a ref. */
export interface Leaving {
  readonly id: SessionId;
  readonly trash: string;
}

/**
 * They go: each with its intent written down, then all folders, then all refs at once. One that cannot be moved stays with
 * its refs, and the others go all the same. Gives those that went.
 */
export async function expireEntries(
  { repo, lease }: Held,
  leaving: readonly Leaving[],
): Promise<{ readonly gone: ReadonlySet<string>; readonly error: unknown }> {
  if (leaving.length === 0) return { gone: new Set(), error: undefined };
  const startedAt = repo.deps.clock.now().toISOString();
  const entries = leaving.map(({ id, trash }): EntryOf<'expire'> => ({
    ...beginEntry(lease, startedAt),
    kind: 'expire',
    id,
    trash,
  }));
  await Promise.all(entries.map((entry) => writeJournal(repo.layout.journal, entry)));
  const gone = new Set<string>();
  let error: unknown;
  for (const { trash } of entries)
    try {
      await setAside(repo, trash);
      gone.add(trash);
    } catch (failure) {
      error = failure;
    }
  await unpinEntries(repo, gone);
  for (const { op } of entries) await endJournal(repo.layout.journal, op);
  return { gone, error };
}

/** The folder first: an entry that can still be brought back has all that keeps its commits. */
export async function setAside(repo: Repo, trash: string): Promise<void> {
  const folder = trashFolder(repo, trash);
  if ((await lstatOf(folder)) !== undefined)
    await moveDurably(folder, path.join(repo.layout.trash, `${PURGE}${trash}`));
}

/** Nothing, while the folder is where it was; else to the end. */
export async function recoverExpire(repo: Repo, entry: EntryOf<'expire'>): Promise<string> {
  if ((await lstatOf(trashFolder(repo, entry.trash))) !== undefined)
    return `the interrupted clearing of ${entry.id} from the trash had changed nothing`;
  await unpinEntries(repo, new Set([entry.trash]));
  return `finished the interrupted clearing of ${entry.id} from the trash`;
}

/** What an operation that is under way has in the trash. All of it, where an entry of the journal cannot be read. */
export async function isUnderWay(repo: Repo): Promise<(op: string) => boolean> {
  const { entries, unreadable } = await listJournal(repo.layout.journal);
  const named = entries.flatMap((entry) => [
    entry.op,
    ...('trash' in entry ? [entry.trash] : []),
    ...('keep' in entry ? [path.relative(repo.layout.trash, entry.keep).split(path.sep)[0] ?? ''] : []),
  ]);
  return (op) => unreadable.length > 0 || named.includes(op);
}

/** Those of the folders in an entry that may be taken out of it: plain ones, nothing mounted, no repository inside. */
export async function listRemovable(repo: Repo, op: string, names: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of names) {
    const place = placeIn(repo, op, name);
    if (!(await isPlainFolder(repo, op, place)) || (await holdsRepository(place))) continue;
    if ((await listMountsInside(place)).length === 0) found.push(name);
  }
  return found;
}

/** Renames them aside. Gives what has really gone. */
export async function takeOut(repo: Repo, op: string, names: readonly string[]): Promise<readonly string[]> {
  const meta = await readTrashMeta(repo, op);
  if (meta === undefined || names.length === 0) return [];
  const gone: string[] = [];
  const aside = path.join(repo.layout.trash, `${PURGE}${randomUUID()}`);
  await makePrivateDirectory(aside);
  for (const name of names) {
    const place = placeIn(repo, op, name);
    if (!(await isPlainFolder(repo, op, place))) continue;
    // A folder that may not be written to cannot be moved either; then it stays.
    const isMoved = await moveDurably(place, path.join(aside, String(gone.length))).then(
      () => true,
      () => false,
    );
    if (isMoved) gone.push(name);
  }
  if (gone.length > 0) await writeTrashMeta(repo, { ...meta, thinned: [...(meta.thinned ?? []), ...gone] });
  return gone;
}

function placeIn(repo: Repo, op: string, name: string): string {
  return path.join(trashFolder(repo, op), 'tree', name).replace(/\/$/, '');
}

/** No link on the way to it: `meta.json` is a file that anybody may edit. */
async function isPlainFolder(repo: Repo, op: string, place: string): Promise<boolean> {
  const trash = await realPathOf(repo.layout.trash);
  const wanted = path.join(trash, op, path.relative(trashFolder(repo, op), place));
  return (await lstatOf(place))?.isDirectory() === true && (await realPathOf(place)) === wanted;
}

/** A repository in there, with a worktree or bare, may hold commits that are nowhere else. So may what cannot be read. */
async function holdsRepository(folder: string): Promise<boolean> {
  const entries = await listDirectory(folder).catch(() => undefined);
  if (entries === undefined) return true;
  const names = new Set(entries.map(({ name }) => name));
  if (names.has('.git') || ['HEAD', 'objects', 'refs'].every((name) => names.has(name))) return true;
  for (const entry of entries)
    if (entry.isDirectory() && (await holdsRepository(path.join(folder, entry.name)))) return true;
  return false;
}

export interface Rewound {
  readonly id: SessionId;
  readonly op: string;
  readonly at: string;
}

/** Commits that `wt undo` took a branch back from, and indexes that `wt commit` passed over, with the time of that. */
export async function listRewound(repo: Repo): Promise<readonly Rewound[]> {
  const refs = await listRefs(repo.git, ['refs/wt/rewound/']);
  if (refs.length === 0) return [];
  const found = refs.map(({ name }) => {
    const [id = '', op = ''] = name.slice('refs/wt/rewound/'.length).split('/');
    return { id: id as SessionId, op };
  });
  const last = (await listCalls(repo.layout.operations)).flatMap(({ operations }) => operations);
  const times = new Map(last.map(({ op, at }) => [op, at] as const));
  if (found.some(({ op }) => !times.has(op)))
    for (const { op, at } of parseLines(Operation, (await readText(repo.layout.operations)) ?? '')) times.set(op, at);
  return found.flatMap((one) => {
    const at = times.get(one.op);
    return at === undefined ? [] : [{ ...one, at }];
  });
}
