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

/**
 * Size of a tree; undefined when it is missing. Links are not followed and mounts are not entered. `counted` holds over several
 * trees, so that what they share counts for the first. A folder that `asOwn` names is measured apart and left out of the rest.
 */
export async function treeSize(
  target: string,
  {
    counted = new Set(),
    asOwn,
  }: { counted?: Counted; asOwn?: ReadonlyMap<string, { bytes: number; files: number }> } = {},
): Promise<TreeSize | undefined> {
  const top = await lstat(target).catch(() => undefined);
  if (top === undefined) return undefined;
  const mounts = new Set(await listMountsInside(target));
  const sum = { bytes: 0, files: 0 };
  const count = (stats: Awaited<ReturnType<typeof lstat>>, into: { bytes: number; files: number }): void => {
    if (stats.nlink > 1 && !stats.isDirectory()) {
      const name = `${stats.dev}:${stats.ino}`;
      if (counted.has(name)) return;
      counted.add(name);
    }
    into.bytes += Number(stats.blocks) * BLOCK;
    into.files++;
  };
  if (!top.isDirectory()) {
    count(top, sum);
    return sum;
  }
  let level = [{ folder: target, into: sum }];
  while (level.length > 0) {
    const found = await mapLimit(level, AT_ONCE, async ({ folder, into }) => {
      const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
      const stats = await Promise.all(entries.map(({ name }) => lstat(path.join(folder, name)).catch(() => undefined)));
      return entries.flatMap(({ name }, i) => {
        const [place, one] = [path.join(folder, name), stats[i]];
        if (one === undefined || one.dev !== top.dev || mounts.has(place)) return [];
        const own = asOwn?.get(place) ?? into;
        count(one, own);
        return one.isDirectory() ? [{ folder: place, into: own }] : [];
      });
    });
    level = found.flat();
  }
  return sum;
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
