import { WtError } from '../core/errors.ts';
import { livenessOf } from '../platform/identity.ts';
import { listJournal } from '../registry/journal.ts';
import { readBookAhead } from './book.ts';
import { hold } from './hold.ts';
import type { Repo } from './repo.ts';

/**
 * Before any command: when a dead process left an operation open, or the registry has to be rebuilt, that is done first.
 * Costs two directory reads when all is well. A reader that cannot get the lock goes on and sees the state as it is.
 */
export async function settle(repo: Repo): Promise<void> {
  const { entries } = await listJournal(repo.layout.journal);
  const dead = entries.some((entry) => livenessOf(entry.owner) === 'dead');
  if (!dead && (await readBookAhead(repo)).repair === undefined) return;
  try {
    await hold(repo, async () => {});
  } catch (error) {
    if (
      !WtError.is(error, 'registry.busy') &&
      !WtError.is(error, 'io.failed') &&
      !(error instanceof Error && 'syscall' in error)
    )
      throw error;
  }
}
