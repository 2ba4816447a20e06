import { lstat, readdir, statfs } from 'node:fs/promises';
import path from 'node:path';

/** Bytes a folder takes on disk (du(1)); undefined when it is missing. Links are not followed, hard links count once. */
export async function sizeOf(target: string): Promise<number | undefined> {
  const stats = await lstat(target).catch(() => undefined);
  if (stats === undefined) return undefined;
  let bytes = 0;
  const linked = new Set<number>();
  const open = [target];
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    const parent = folder;
    const entries = await readdir(parent, { withFileTypes: true }).catch(() => []);
    const sizes = await Promise.all(
      entries.map(async (entry) => {
        const place = path.join(parent, entry.name);
        if (entry.isDirectory()) open.push(place);
        const file = await lstat(place).catch(() => undefined);
        if (file === undefined || (file.nlink > 1 && file.isFile() && linked.has(file.ino))) return 0;
        if (file.nlink > 1) linked.add(file.ino);
        return file.blocks;
      }),
    );
    bytes += sizes.reduce((sum, blocks) => sum + blocks * 512, 0);
  }
  return bytes;
}

export interface Space {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** Room on the file system that holds a folder, as far as this user may use it (statfs(2)); undefined when it cannot be asked. */
export async function spaceAt(folder: string): Promise<Space | undefined> {
  const found = await statfs(folder).catch(() => undefined);
  return found === undefined
    ? undefined
    : { freeBytes: found.bavail * found.bsize, totalBytes: found.blocks * found.bsize };
}
