import path from 'node:path';
import { withScratchObjects } from '../git/snapshot.ts';
import type { Env } from '../platform/deps.ts';
import { discardOwnTree, listDirectory, lstatOf, removeFile } from '../platform/files.ts';
import { listJournal } from '../registry/journal.ts';
import type { Repo } from './repo.ts';
import { sweepShadows } from './shadow.ts';

/** A name in the cache that nobody else uses: for a throw-away object folder or index. */
export function scratchPath(repo: Repo, kind: 'objects' | 'index' | 'message'): string {
  return path.join(repo.layout.cache, `${kind}-${Math.floor(repo.deps.random() * 1e15).toString(36)}`);
}

/** Runs with a throw-away object folder, so that looking leaves nothing in the repository; what else is thrown away may lie in it too. */
export async function withScratch<T>(repo: Repo, use: (env: Env, folder: string) => Promise<T>): Promise<T> {
  const folder = scratchPath(repo, 'objects');
  return withScratchObjects(repo.commonDir, folder, (env) => use(env, folder));
}

/** The index copy of one operation, so that its recovery finds it. */
export function scratchIndexOf(repo: Repo, op: string): string {
  return path.join(repo.layout.cache, `index-${op}`);
}

const STALE_MS = 3_600_000;

/**
 * Deletes scratch that killed processes left behind; the caller holds the lock, so no half-written file is in use. What an
 * open operation is named in stays, however old: it may be the only copy of what was staged.
 */
export async function sweepScratch(repo: Repo): Promise<void> {
  for (const folder of [repo.layout.journal, repo.layout.worktrees]) {
    for (const entry of await listDirectory(folder))
      if (entry.isFile() && /\.[0-9a-f]{12}\.tmp$/.test(entry.name)) await removeFile(path.join(folder, entry.name));
  }
  const now = repo.deps.clock.now().getTime();
  const { entries } = await listJournal(repo.layout.journal);
  const open = new Set(entries.map(({ op }) => `index-${op}`));
  for (const { name } of await listDirectory(repo.layout.cache)) {
    if (open.has(name)) continue;
    const file = path.join(repo.layout.cache, name);
    const stats = /^(?:objects|index|message)-/.test(name) ? await lstatOf(file) : undefined;
    if (stats !== undefined && now - stats.mtimeMs > STALE_MS) await discardOwnTree(file);
  }
  await sweepShadows(repo, STALE_MS);
}
