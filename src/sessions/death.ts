import { recordDeath } from '../agents/death.ts';
import { announceChange } from '../agents/notify.ts';
import type { Session } from './book.ts';
import type { Repo } from './repo.ts';

/** Writes down that the agent of a session is dead when nobody else has, and has a person told. Whoever watches must not fail for it. */
export async function recordUnseenDeath(repo: Repo, { id, admin }: Session): Promise<void> {
  if (admin === undefined) return;
  const place = { id, adminDirectory: admin.directory, log: repo.layout };
  try {
    const change = await recordDeath(repo.deps, place);
    if (change !== undefined) await announceChange(repo.deps, place, change);
  } catch {
    // it cannot be written; the next who looks tries again
  }
}
