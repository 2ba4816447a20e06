import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { sizeOf } from '../../platform/disk.ts';
import { listDirectory, lstatOf, makePrivateDirectory, moveDurably, removeFile } from '../../platform/files.ts';
import { listProcessesInside } from '../../platform/processes.ts';
import { listJournal } from '../../registry/journal.ts';
import type { Definition } from '../../setup/definition.ts';
import { acquireLock } from '../../platform/lock.ts';
import { readStatus } from '../../git/status.ts';
import { scratchIndexOf } from '../cache.ts';
import { purge } from '../expire.ts';
import { hold } from '../hold.ts';
import { pinSession } from '../pins.ts';
import type { Repo } from '../repo.ts';
import { PURGE, trashFolder } from '../trash.ts';
import { isHalfMade, isWhole, listSpares, readRecord, type Spare } from './record.ts';
import { stampOf } from './stamp.ts';
import { gitOfSpare, isUntouched } from './take.ts';

/** Why a spare goes. */
export type SpareReason =
  /** Made with another set-up than there is now. */
  | 'stale'
  /** More than are wanted. */
  | 'surplus'
  /** Never finished, or no longer what it was. */
  | 'broken'
  /** There is something in it that wt has not put there. */
  | 'changed';

export interface Reclaimed {
  readonly path: string;
  readonly reason: SpareReason;
  readonly freedBytes: number | null;
  /** Folder in the trash that it is kept in: somebody has worked there. Null: it is deleted. */
  readonly kept: string | null;
}

/**
 * Takes away the spares that no session will get. What holds only what wt has made itself is deleted; one with anything else in it goes
 * into the trash. `isMaker`: the caller has the lock of those who make them, so none is just being made.
 */
export async function reclaimSpares(
  repo: Repo,
  definition: Definition,
  { dryRun, isMaker }: { dryRun: boolean; isMaker: boolean },
): Promise<readonly Reclaimed[]> {
  if ((await listSpares(repo.layout)).length === 0) return [];
  const judge = (): Promise<readonly Reclaimed[]> => reclaim(repo, definition, dryRun);
  if (isMaker) return judge();
  const lease = await acquireLock(repo.deps, {
    directory: repo.layout.spareLock,
    timeoutMs: 0,
    onWait: () => {},
  }).catch(() => undefined);
  if (lease === undefined) return []; // they are just being made: the maker does this first
  try {
    return await judge();
  } finally {
    await lease.release();
  }
}

async function reclaim(repo: Repo, definition: Definition, dryRun: boolean): Promise<readonly Reclaimed[]> {
  const reclaimed: Reclaimed[] = [];
  for (const { spare, reason } of await judgeSpares(repo, definition)) {
    const freedBytes = (await sizeOf(spare.tree)) ?? null;
    if (dryRun) reclaimed.push({ path: spare.tree, reason, freedBytes, kept: null });
    else {
      const kept = await hold(repo, (held) => takeAway(held.repo, spare, reason));
      if (kept !== undefined) reclaimed.push({ path: spare.tree, reason, freedBytes, kept });
    }
  }
  if (!dryRun && reclaimed.some(({ kept }) => kept === null)) await purge(repo);
  return reclaimed;
}

/** Those that go, with why. */
export async function judgeSpares(
  repo: Repo,
  definition: Definition,
): Promise<readonly { readonly spare: Spare; readonly reason: SpareReason }[]> {
  const { size } = definition.settings.pool;
  const stamp = await stampOf(repo, definition);
  const judged: { spare: Spare; reason: SpareReason }[] = [];
  let good = 0;
  for (const spare of await listSpares(repo.layout)) {
    const reason = await judgeSpare(repo, spare, stamp);
    if (reason !== undefined) judged.push({ spare, reason });
    else if (++good > size) judged.push({ spare, reason: 'surplus' });
  }
  return judged;
}

async function judgeSpare(repo: Repo, spare: Spare, stamp: string): Promise<SpareReason | undefined> {
  const record = await readRecord(spare);
  if (record === undefined || !(await isWhole(spare, record))) return 'broken';
  if (!(await isUntouched(repo, spare, record).catch(() => false))) return 'changed';
  return record.stamp === stamp ? undefined : 'stale';
}

/** The folder in the trash that keeps it, null when it is on its way to be deleted, undefined when it was handed out meanwhile. */
async function takeAway(repo: Repo, spare: Spare, reason: SpareReason): Promise<string | null | undefined> {
  const { entries } = await listJournal(repo.layout.journal);
  if (entries.some((entry) => entry.kind === 'create' && entry.spare === spare.name)) return undefined;
  const parts = [
    ['tree', spare.tree],
    ['admin', spare.admin],
  ] as const;
  const there = await Promise.all(parts.map(([, place]) => lstatOf(place)));
  if (there.every((stats) => stats === undefined)) return undefined;
  const isOwn = await holdsOnlyOwn(repo, spare, reason);
  const op = randomUUID();
  if (!isOwn) await pinWork(repo, op, spare);
  const folder = isOwn ? path.join(repo.layout.trash, `${PURGE}${op}`) : trashFolder(repo, op);
  await makePrivateDirectory(folder);
  // The record goes with the administrative folder, first: without it nobody is handed the tree.
  for (const [part, place] of parts.toReversed())
    if ((await lstatOf(place)) !== undefined) await moveDurably(place, path.join(folder, part));
  return isOwn ? null : folder;
}

/** Commits that were made there, and what was staged: no branch keeps them. */
async function pinWork(repo: Repo, op: string, spare: Spare): Promise<void> {
  const { exitCode, stdout } = await gitOfSpare(repo, spare)(['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'], {
    expect: [0, 1, 128],
  }).catch(() => ({ exitCode: 128, stdout: '' }));
  if (exitCode !== 0) return;
  const id = `spare-${spare.name}`;
  await pinSession(repo, op, { id, gitDir: spare.admin, branch: id, head: stdout.trim(), tip: null, known: [] });
}

/** Nothing but what wt and the set-up have put there, and nobody in it. */
async function holdsOnlyOwn(repo: Repo, spare: Spare, reason: SpareReason): Promise<boolean> {
  if ((await lstatOf(spare.tree)) === undefined) return true;
  if ((await listProcessesInside(spare.tree)).length > 0) return false;
  const record = await readRecord(spare);
  if (reason !== 'broken' && record !== undefined && (await isWhole(spare, record)))
    return isUntouched(repo, spare, record).catch(() => false);
  return isUnfinished(repo, spare);
}

/**
 * Of one whose making was killed: its tracked files are git's or were just being written, and it holds nothing that git would add. What
 * git ignores a command of the set-up has made.
 */
async function isUnfinished(repo: Repo, spare: Spare): Promise<boolean> {
  if (!(await isHalfMade(spare))) return false;
  if ((await listDirectory(spare.tree)).every(({ name }) => name === '.git')) return true;
  await makePrivateDirectory(repo.layout.cache);
  const env = { GIT_INDEX_FILE: scratchIndexOf(repo, spare.name) };
  try {
    const git = gitOfSpare(repo, spare);
    await git(['read-tree', 'HEAD'], { env });
    const status = await readStatus(git, { env });
    const there = await Promise.all(status.modified.map((name) => lstatOf(path.join(spare.tree, name))));
    return status.untracked.length === 0 && there.every((stats) => stats === undefined || stats.size === 0);
  } catch {
    return false; // what cannot be judged is kept
  } finally {
    await removeFile(env.GIT_INDEX_FILE);
  }
}
