import path from 'node:path';
import { listDirectory, lstatOf } from '../platform/files.ts';

/** What lies where git is about to write a file, except what is known to go: over an ignored file it writes without a word. */
export async function findInTheWay(
  checkout: string,
  name: string,
  leaving: ReadonlySet<string>,
): Promise<readonly string[]> {
  const parts = name.split('/');
  for (let depth = 1; depth <= parts.length; depth++) {
    const prefix = parts.slice(0, depth).join('/');
    const stats = await lstatOf(path.join(checkout, prefix));
    if (stats === undefined) return [];
    if (stats.isDirectory() && depth < parts.length) continue;
    if (stats.isDirectory()) return (await listFiles(checkout, prefix)).filter((file) => !leaving.has(file));
    return leaving.has(prefix) ? [] : [prefix];
  }
  return [];
}

async function listFiles(checkout: string, folder: string): Promise<readonly string[]> {
  const files: string[] = [];
  for (const entry of await listDirectory(path.join(checkout, folder))) {
    const name = `${folder}/${entry.name}`;
    if (entry.isDirectory()) files.push(...(await listFiles(checkout, name)));
    else files.push(name);
  }
  return files;
}
