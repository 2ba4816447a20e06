import { lstat, readdir } from 'node:fs/promises';
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
