import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { SPARES_FLAG } from '#src/platform/node.ts';
import type { Bench, Result } from './wt.ts';

/** One spare is wanted. */
export const POOL = { env: { WT_POOL_SIZE: '1' } };

/** Names of the folders of spares. */
export async function spareFolders({ root }: Pick<Bench, 'root'>): Promise<readonly string[]> {
  const names = await readdir(path.join(root, '.worktrees')).catch(() => []);
  return names.filter((name) => name.startsWith('.spare-')).toSorted();
}

/** Makes spares as the process in the background does; what it says. */
export async function makeSpares(bench: Bench, size = 1): Promise<string> {
  const { stderr, code } = await bench.wt(SPARES_FLAG, { env: { WT_POOL_SIZE: String(size) } });
  if (code !== 0) throw new Error(stderr);
  return stderr;
}

/** The folder of the only spare. */
export async function spareOf(bench: Bench): Promise<string> {
  const [name = ''] = await spareFolders(bench);
  return path.join(bench.root, '.worktrees', name);
}

/** A create where one spare is wanted, and whether it was one. */
export async function create(bench: Bench, id: string, ...more: string[]): Promise<Result & { wasSpare: boolean }> {
  const before = await spareFolders(bench);
  const result = await bench.wt('create', id, ...more, POOL);
  const after = new Set(await spareFolders(bench));
  return { ...result, wasSpare: before.some((name) => !after.has(name)) };
}
