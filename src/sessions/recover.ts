import { WtError } from '../core/errors.ts';
import { breakLocks } from './break-locks.ts';
import { scratchIndexOf } from './cache.ts';
import { recoverGate } from '../landing/gate/gate-tree.ts';
import { recoverMerge, recoverMove } from '../landing/recovery.ts';
import { recoverAbort, recoverResolve } from '../landing/resolve/resolve-steps.ts';
import { recoverSync } from '../landing/sync/sync-steps.ts';
import { livenessOf } from '../platform/identity.ts';
import type { Lease } from '../platform/lock.ts';
import { removeFile } from '../platform/files.ts';
import { endJournal, listJournal, type EntryOf, type JournalEntry } from '../registry/journal.ts';
import { recoverAdopt, recoverRelease } from './adopt-steps.ts';
import { recoverCommit, recoverReset } from './commit-steps.ts';
import { recoverCarry } from './carry-back.ts';
import { rollCreate } from './create-recovery.ts';
import { recoverExpire } from './expire-steps.ts';
import { findStrangePlace } from './own-places.ts';
import { finishRemove, hasBegunToMove, putBack } from './remove-steps.ts';
import type { Repo } from './repo.ts';
import { recoverRestore } from './restore-steps.ts';
import { recoverSweep } from './sweep.ts';
import { trashFolder } from './trash.ts';

/** Finishes or undoes what dead processes left open; the caller holds the lock. Returns a line for each. */
export async function recoverDead(repo: Repo, lease: Lease): Promise<readonly string[]> {
  const { entries, unreadable } = await listJournal(repo.layout.journal);
  const lines: string[] = unreadable.map((file) => `cannot read ${file}; it is left as it is`);
  for (const entry of entries) {
    if (livenessOf(entry.owner) !== 'dead') continue;
    try {
      const place = await findStrangePlace(repo, entry);
      if (place !== undefined)
        throw new WtError('path.unsafe', {
          path: place,
          reason: 'the journal names it, and it is not of this repository',
        });
      lines.push(await recover(repo, lease, entry));
      await removeFile(scratchIndexOf(repo, entry.op));
      await endJournal(repo.layout.journal, entry.op);
    } catch (error) {
      // One that cannot be settled now must not stand in the way of every other command.
      const reason = WtError.any(error) ? error.code : String(error);
      lines.push(`cannot settle the interrupted ${entry.kind} of ${entry.id}: ${reason}`);
    }
  }
  return lines;
}

async function recover(repo: Repo, lease: Lease, entry: JournalEntry): Promise<string> {
  await breakLocks(repo, entry);
  await removeFile(`${scratchIndexOf(repo, entry.op)}.lock`);
  if (isOfLanding(entry)) return recoverLanding(repo, lease, entry);
  switch (entry.kind) {
    case 'create':
      return recoverCreate(repo, lease, entry);
    case 'remove':
      return recoverRemove(repo, lease, entry);
    case 'restore':
      return recoverRestore(repo, lease, entry);
    case 'adopt':
      return recoverAdopt(repo, lease, entry);
    case 'release':
      return recoverRelease(repo, lease, entry);
    case 'commit':
      return recoverCommit(repo, lease, entry);
    case 'reset':
      return recoverReset(repo, entry);
    case 'sweep':
      return recoverSweep(repo, entry);
    case 'carry':
      return recoverCarry(repo, entry);
    case 'expire':
      return recoverExpire(repo, entry);
  }
}

type LandingEntry = EntryOf<'merge' | 'move' | 'sync' | 'resolve' | 'abort' | 'gate'>;

function isOfLanding(entry: JournalEntry): entry is LandingEntry {
  return ['merge', 'move', 'sync', 'resolve', 'abort', 'gate'].includes(entry.kind);
}

function recoverLanding(repo: Repo, lease: Lease, entry: LandingEntry): Promise<string> {
  switch (entry.kind) {
    case 'merge':
      return recoverMerge(repo, lease, entry);
    case 'move':
      return recoverMove(repo, lease, entry);
    case 'sync':
      return recoverSync(repo, lease, entry);
    case 'resolve':
      return recoverResolve(repo, lease, entry);
    case 'abort':
      return recoverAbort(repo, lease, entry);
    case 'gate':
      return recoverGate(repo);
  }
}

async function recoverCreate(repo: Repo, lease: Lease, entry: EntryOf<'create'>): Promise<string> {
  const outcome = await rollCreate(repo, lease, entry);
  if (outcome === 'finished') return `finished the interrupted create of ${entry.id}`;
  const kept = outcome === 'kept' ? `; the files in it are kept in ${trashFolder(repo, entry.op)}` : '';
  return `took back the interrupted create of ${entry.id}${kept}`;
}

async function recoverRemove(repo: Repo, lease: Lease, entry: EntryOf<'remove'>): Promise<string> {
  // Killed before the first move: meanwhile somebody may have gone on working there.
  if (entry.phase === 'intent' || !(await hasBegunToMove(repo, entry))) {
    await putBack(repo, entry);
    return `the interrupted removal of ${entry.id} had changed nothing`;
  }
  await finishRemove(repo, lease, entry);
  return `finished the interrupted removal of ${entry.id}`;
}
