import type { Stats } from 'node:fs';
import { lstat, readdir, statfs } from 'node:fs/promises';
import path from 'node:path';
import { mapLimit } from '../core/pool.ts';
import { listMountsInside } from './processes.ts';

/** What a folder takes on disk, and how many files and folders there are in it. */
export interface TreeSize {
  readonly bytes: number;
  readonly files: number;
}

/** Files that were counted already, by device and inode: of several hard links only the first counts. */
export type Counted = Set<string>;

const BLOCK = 512;
const AT_ONCE = 64;

/** Bytes a folder takes on disk (du(1)); undefined when it is missing. Links are not followed, hard links count once. */
export async function sizeOf(target: string): Promise<number | undefined> {
  return (await treeSize(target))?.bytes;
}

/** Sums that parts of a tree go into instead; undefined: they are left out. By absolute path. */
export type Apart = ReadonlyMap<string, Sum | undefined>;
interface Sum {
  bytes: number;
  files: number;
}

/**
 * Size of a tree; undefined when it is missing. Links are not followed and mounts are not entered. `counted` holds over several
 * trees, so that what they share counts for the first.
 */
export async function treeSize(
  target: string,
  { counted = new Set(), asOwn = new Map() }: { counted?: Counted; asOwn?: Apart } = {},
): Promise<TreeSize | undefined> {
  const top = await lstat(target).catch(() => undefined);
  if (top === undefined) return undefined;
  const sum: Sum = { bytes: 0, files: 0 };
  count(top, sum, counted);
  const mounts = new Set(top.isDirectory() ? await listMountsInside(target) : []);
  let level = top.isDirectory() ? [{ folder: target, into: sum }] : [];
  while (level.length > 0) {
    const found = await mapLimit(level, AT_ONCE, async ({ folder, into }) => {
      const entries = await listStats(folder);
      return entries.flatMap(({ place, stats }) => {
        const own = asOwn.has(place) ? asOwn.get(place) : into;
        if (own === undefined || stats.dev !== top.dev || mounts.has(place)) return [];
        count(stats, own, counted);
        return stats.isDirectory() ? [{ folder: place, into: own }] : [];
      });
    });
    level = found.flat();
  }
  return sum;
}

async function listStats(folder: string): Promise<readonly { readonly place: string; readonly stats: Stats }[]> {
  const names = await readdir(folder).catch(() => []);
  const found = names.map(async (name) => {
    const place = path.join(folder, name);
    const stats = await lstat(place).catch(() => undefined);
    return stats === undefined ? undefined : { place, stats };
  });
  return (await Promise.all(found)).filter((one) => one !== undefined);
}

function count(stats: Stats, into: Sum, counted: Counted): void {
  if (stats.nlink > 1 && !stats.isDirectory()) {
    const name = `${stats.dev}:${stats.ino}`;
    if (counted.has(name)) return;
    counted.add(name);
  }
  into.bytes += stats.blocks * BLOCK;
  into.files++;
}

export interface Space {
  readonly freeBytes: number;
  readonly totalBytes: number;
  /** Undefined where the file system makes them as they are needed. */
  readonly freeInodes: number | undefined;
  /** A copy on it shares its blocks with what it was made from. */
  readonly sharesBlocks: boolean;
}

/** statfs(2), f_type: btrfs; and APFS as Darwin numbers it. */
const SHARING = new Set([0x91_23_68_3e, 0x1a]);

/** Room on the file system that holds a folder, as far as this user may use it (statfs(2)); undefined when it cannot be asked. */
export async function spaceAt(folder: string): Promise<Space | undefined> {
  const found = await statfs(folder).catch(() => undefined);
  return found === undefined
    ? undefined
    : {
        freeBytes: found.bavail * found.bsize,
        totalBytes: found.blocks * found.bsize,
        freeInodes: found.files === 0 ? undefined : found.ffree,
        sharesBlocks: SHARING.has(found.type),
      };
}
