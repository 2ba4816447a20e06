import path from 'node:path';
import type { SessionId } from '../core/names.ts';
import { WtError } from '../core/errors.ts';
import { isoFromMs, msOf } from '../core/time.ts';
import { loadConfig } from '../config/load.ts';
import { listDirectory, lstatOf } from '../platform/files.ts';
import { sizeOf } from '../platform/disk.ts';
import { listMountsInside } from '../platform/processes.ts';
import { addReading, provenTime, readReadings, writeReadings } from './expire-clock.ts';
import {
  expireEntries,
  isUnderWay,
  listRemovable,
  listRewound,
  setAside,
  takeOut,
  type Rewound,
} from './expire-steps.ts';
import { hold } from './hold.ts';
import { unpinEntries } from './pins.ts';
import type { Repo } from './repo.ts';
import { regenerableFolders } from './safety.ts';
import { PURGE, readTrashMeta, trashFolder, type TrashMeta } from './trash.ts';

/** How much may lie in the trash, and for how long. */
export interface TrashLimits {
  readonly keepMs: number;
  readonly maxBytes: number;
  readonly regenerable: ReadonlySet<string>;
}

/** One folder of the trash. Without `meta` it holds what was kept of something else than a session. */
export interface TrashItem {
  readonly op: string;
  readonly meta: TrashMeta | undefined;
  readonly at: string;
  readonly sizeBytes: number;
  /** Ignored folders in it that a build makes again, by their path in the session. */
  readonly regenerable: readonly { readonly path: string; readonly sizeBytes: number }[];
}

export interface Expired {
  readonly item: TrashItem;
  readonly reason: 'age' | 'size';
}
export interface Thinned {
  readonly item: TrashItem;
  readonly paths: readonly string[];
  readonly freedBytes: number;
}
export interface ExpiryPlan {
  readonly expired: readonly Expired[];
  readonly thinned: readonly Thinned[];
}

export interface Expiry extends ExpiryPlan {
  /** How many are over their time by what the clock says now, and go when a later clean says so too. */
  readonly waiting: number;
  /** Why not all of it was done, after something had changed. */
  readonly failure: string | undefined;
}

const UNTOUCHABLE_MS = 24 * 3_600_000;

/**
 * Decide. What is too old goes. When the rest is too large, folders that a build makes again go first, oldest entries
 * first; then whole entries, oldest first. Of the last day nothing goes for its size, and nothing at all of an entry
 * whose own times cannot be true. Pure.
 */
export function planExpiry(items: readonly TrashItem[], limits: TrashLimits, nowMs: number): ExpiryPlan {
  const ageOf = ({ at }: TrashItem): number => nowMs - msOf(at);
  const old = items.filter((item) => ageOf(item) > limits.keepMs && !isDoubtful(item));
  const rest = items.filter((item) => !old.includes(item)).toSorted((a, b) => msOf(a.at) - msOf(b.at));
  let over = rest.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) - limits.maxBytes;
  const free = rest.filter((item) => ageOf(item) >= UNTOUCHABLE_MS && !isDoubtful(item));
  const thinned: Thinned[] = [];
  for (const item of free) {
    if (over <= 0 || item.regenerable.length === 0) continue;
    const freedBytes = item.regenerable.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    thinned.push({ item, paths: item.regenerable.map(({ path: name }) => name), freedBytes });
    over -= freedBytes;
  }
  const large: TrashItem[] = [];
  for (const item of free) {
    if (over <= 0) break;
    large.push(item);
    over -= item.sizeBytes - (thinned.find((one) => one.item === item)?.freedBytes ?? 0);
  }
  return {
    expired: [
      ...old.map((item) => ({ item, reason: 'age' as const })),
      ...large.map((item) => ({ item, reason: 'size' as const })),
    ],
    thinned: thinned.filter(({ item }) => !large.includes(item)),
  };
}

/** Removed before it was made: one of the two was written by a clock that was wrong. */
function isDoubtful({ meta }: TrashItem): boolean {
  return meta !== undefined && msOf(meta.at) < msOf(meta.row.createdAt);
}

export async function trashLimits(repo: Repo): Promise<TrashLimits> {
  const { trash } = (await loadConfig(undefined, repo.deps.env)).settings;
  return { keepMs: trash.keep, maxBytes: trash.maxSize, regenerable: new Set(trash.regenerable) };
}

/** Until when an entry is kept by its age. */
export function keptUntil(at: string, { keepMs }: TrashLimits): string {
  return isoFromMs(msOf(at) + keepMs);
}

/** Everything in the trash, measured. */
export async function gatherTrash(repo: Repo, limits: TrashLimits): Promise<readonly TrashItem[]> {
  const folders = (await listDirectory(repo.layout.trash)).filter(
    (entry) => entry.isDirectory() && !entry.name.startsWith(PURGE),
  );
  return Promise.all(folders.map(({ name }) => measureItem(repo, name, limits)));
}

async function measureItem(repo: Repo, op: string, { regenerable }: TrashLimits): Promise<TrashItem> {
  const folder = trashFolder(repo, op);
  const [meta, stats, size] = await Promise.all([readTrashMeta(repo, op), lstatOf(folder), sizeOf(folder)]);
  const names = regenerableFolders(meta?.regenerable ?? [], regenerable).filter((name) => isInside(name));
  const sizes = await Promise.all(names.map((name) => sizeOf(path.join(folder, 'tree', name))));
  return {
    op,
    meta,
    at: meta?.at ?? isoFromMs(stats?.mtimeMs ?? 0),
    sizeBytes: size ?? 0,
    regenerable: names.flatMap((name, i) => (sizes[i] === undefined ? [] : [{ path: name, sizeBytes: sizes[i] }])),
  };
}

/** A path of a file that anybody may have edited must not lead out of the session. */
function isInside(name: string): boolean {
  return !path.isAbsolute(name) && !name.split('/').includes('..');
}

/**
 * What is due is looked at before the lock is taken; under it there are only renames and one change of refs for all, and
 * others get their turn in between. Deleting is the work of a process of its own, in the background. A failure is thrown
 * only while nothing has changed.
 */
export async function expireTrash(
  repo: Repo,
  limits: TrashLimits,
  { dryRun, hasChanged }: { dryRun: boolean; hasChanged: boolean },
): Promise<Expiry> {
  const done = { expired: [] as Expired[], thinned: [] as Thinned[] };
  try {
    return await expire(repo, limits, dryRun, done);
  } catch (error) {
    if (!hasChanged && done.expired.length + done.thinned.length === 0) throw error;
    return { ...done, waiting: 0, failure: reasonOf(error) };
  }
}

async function expire(
  repo: Repo,
  limits: TrashLimits,
  dryRun: boolean,
  done: { readonly expired: Expired[]; readonly thinned: Thinned[] },
): Promise<Expiry> {
  const now = repo.deps.clock.now().getTime();
  const [items, rewound, known] = await Promise.all([gatherTrash(repo, limits), listRewound(repo), readReadings(repo)]);
  const readings = addReading(known, now);
  const proven = provenTime(readings, now, limits.keepMs);
  const planned = planExpiry(items, limits, proven);
  const wanted = planExpiry(items, limits, now);
  const waiting = wanted.expired.filter(({ item }) => !planned.expired.some((one) => one.item === item)).length;
  if (dryRun) {
    const isBusy = await isUnderWay(repo);
    const isFree = ({ item }: { item: TrashItem }): boolean => !isBusy(item.op);
    const free = { expired: planned.expired.filter(isFree), thinned: planned.thinned.filter(isFree) };
    return { ...free, waiting, failure: undefined };
  }
  const isOld = (time: number) => (one: Rewound) => time - msOf(one.at) > limits.keepMs;
  if (readings !== known && (wanted.expired.length + wanted.thinned.length > 0 || rewound.some(isOld(now))))
    await writeReadings(repo, readings);
  const errors = await expireItems(repo, planned.expired, rewound.filter(isOld(proven)), done.expired);
  await thinItems(repo, planned.thinned, done.thinned);
  await purge(repo);
  const [error] = errors;
  if (error !== undefined) throw error;
  return { ...done, waiting, failure: undefined };
}

function reasonOf(error: unknown): string {
  if (WtError.any(error)) return error.code;
  return error instanceof Error ? error.message : String(error);
}

/** How many go in one turn of the lock. */
const TURN = 50;

function turnsOf<T>(all: readonly T[]): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(all.length / TURN) }, (_, i) => all.slice(i * TURN, (i + 1) * TURN));
}

/** Adds to `expired` what went. Gives what kept others from going. */
async function expireItems(
  repo: Repo,
  due: readonly Expired[],
  rewound: readonly Rewound[],
  expired: Expired[],
): Promise<readonly unknown[]> {
  const free: { trash: string; id: SessionId | undefined; due: Expired | undefined }[] = [];
  for (const one of due)
    if ((await listMountsInside(trashFolder(repo, one.item.op))).length === 0)
      free.push({ trash: one.item.op, id: one.item.meta?.id, due: one });
  for (const { id, op } of rewound) free.push({ trash: op, id, due: undefined });
  const errors: unknown[] = [];
  for (const turn of turnsOf(free))
    await hold(repo, async (held) => {
      const isBusy = await isUnderWay(held.repo);
      const now: typeof free = [];
      // Somebody may have brought one back since it was measured.
      for (const one of turn)
        if (!isBusy(one.trash) && (await isStillThere(held.repo, one.trash, one.due))) now.push(one);
      const { gone, error } = await expireEntries(
        held,
        now.flatMap(({ id, trash }) => (id === undefined ? [] : [{ id, trash }])),
      );
      if (error !== undefined) errors.push(error);
      for (const { trash, due: one } of now) if (one !== undefined && gone.has(trash)) expired.push(one);
      for (const { trash, due: one } of now.filter(({ id }) => id === undefined))
        try {
          await setAside(held.repo, trash);
          if (one !== undefined) expired.push(one);
        } catch (failure) {
          errors.push(failure);
        }
    });
  return errors;
}

async function isStillThere(repo: Repo, op: string, due: Expired | undefined): Promise<boolean> {
  if (due === undefined) return (await lstatOf(trashFolder(repo, op))) === undefined; // its refs go with the folder
  if (due.item.meta === undefined) return (await lstatOf(trashFolder(repo, op))) !== undefined;
  return (await readTrashMeta(repo, op)) !== undefined;
}

async function thinItems(repo: Repo, due: readonly Thinned[], thinned: Thinned[]): Promise<void> {
  const free: Thinned[] = [];
  for (const one of due) {
    const paths = await listRemovable(repo, one.item.op, one.paths);
    if (paths.length > 0) free.push({ ...one, paths });
  }
  for (const turn of turnsOf(free))
    await hold(repo, async (held) => {
      const isBusy = await isUnderWay(held.repo);
      for (const { item, paths } of turn) {
        const gone = isBusy(item.op) ? [] : await takeOut(held.repo, item.op, paths);
        const freed = item.regenerable.filter((one) => gone.includes(one.path));
        if (gone.length > 0)
          thinned.push({ item, paths: gone, freedBytes: freed.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) });
      }
    });
}

/** Also what an earlier purge did not come to the end of. */
export async function purge(repo: Repo): Promise<void> {
  const names = (await listDirectory(repo.layout.trash))
    .map(({ name }) => name)
    .filter((name) => name.startsWith(PURGE));
  const gone = new Set<string>();
  const folders: string[] = [];
  for (const name of names) {
    const folder = path.join(repo.layout.trash, name);
    const op = name.slice(PURGE.length);
    // One that lies there under its own name can still be brought back.
    if ((await lstatOf(trashFolder(repo, op))) === undefined) gone.add(op);
    if ((await listMountsInside(folder)).length === 0) folders.push(folder);
  }
  await unpinEntries(repo, gone);
  for (let i = 0; i < folders.length; i += ARGUMENTS) {
    const args = ['-n', '19', 'sh', '-c', DELETE, 'sh', ...folders.slice(i, i + ARGUMENTS)];
    repo.deps.detach({ file: 'nice', args, cwd: repo.layout.trash });
  }
}

/**
 * Folders without write permission, as some package caches make them, would stay for ever. Files keep their modes: other
 * places may have the same ones by hard links. Links are not followed, and no other file system is entered.
 */
const DELETE =
  'for one do find "$one" -xdev -type d ! -perm -700 -exec chmod u+rwx {} \\; 2>/dev/null; find "$one" -xdev -delete 2>/dev/null; done';

/** As many folders as fit on a command line. */
const ARGUMENTS = 200;
