import path from 'node:path';
import { discardOwnTree, listDirectory, lstatOf, removeFile } from '../platform/files.ts';
import type { Repo } from './repo.ts';

/** A name in the cache that nobody else uses: for a throw-away object folder or index. */
export function scratchPath(repo: Repo, kind: 'objects' | 'index'): string {
  return path.join(repo.layout.cache, `${kind}-${Math.floor(repo.deps.random() * 1e15).toString(36)}`);
}

/** The index copy of one operation, so that its recovery finds it. */
export function scratchIndexOf(repo: Repo, op: string): string {
  return path.join(repo.layout.cache, `index-${op}`);
}

const STALE_MS = 3_600_000;

/** Deletes scratch that killed processes left behind; the caller holds the lock, so no half-written file is in use. */
export async function sweepScratch(repo: Repo): Promise<void> {
  for (const folder of [repo.layout.journal, repo.layout.worktrees]) {
    for (const { name } of await listDirectory(folder))
      if (/\.[0-9a-f]{12}\.tmp$/.test(name)) await removeFile(path.join(folder, name));
  }
  const now = repo.deps.clock.now().getTime();
  for (const { name } of await listDirectory(repo.layout.cache)) {
    const file = path.join(repo.layout.cache, name);
    const stats = /^(?:objects|index)-/.test(name) ? await lstatOf(file) : undefined;
    if (stats !== undefined && now - stats.mtimeMs > STALE_MS) await discardOwnTree(file);
  }
}
