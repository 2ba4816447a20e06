import type { Cleanable } from '../core/errors.ts';
import { sizeOf } from '../platform/disk.ts';
import { readBook } from './book.ts';
import { judgeSessions } from './clean.ts';
import type { Repo } from './repo.ts';

/** The sessions that `wt clean` would move into the trash now, by what git alone proves. */
export async function listCleanable(repo: Repo): Promise<readonly string[]> {
  const request = { dryRun: true, olderThanMs: undefined, all: false, keepBranches: false, kill: false, forge: false };
  const judged = await judgeSessions(repo, request);
  return judged.flatMap(({ id, verdict }) => (verdict.kind === 'remove' ? [id] : []));
}

/** Those, and what their folders take on disk. */
export async function findCleanable(repo: Repo): Promise<Cleanable> {
  const ids = await listCleanable(repo);
  const { sessions } = await readBook(repo);
  const sizes = await Promise.all(ids.map((id) => sizeOf(sessions.get(id)?.path ?? '')));
  return { ids, bytes: sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0) };
}
