import path from 'node:path';
import { changeRefs, findRef } from '../git/ref.ts';
import { lstatOf, moveDurably } from '../platform/files.ts';
import { beginEntry, carryOut, type EntryOf } from '../registry/journal.ts';
import type { SessionId } from '../core/names.ts';
import type { Held } from './hold.ts';
import { rewoundRef, unpinEntries } from './pins.ts';
import type { Repo } from './repo.ts';
import { trashFolder } from './trash.ts';

/** Beginning of the names of folders in the trash that nothing names any more: they are being deleted. */
export const PURGE = 'purge-';

/** What an operation has left in the trash, or keeps by a ref, goes: with its intent written down, so that no lock of git's stays. */
export async function expireEntry({ repo, lease }: Held, id: SessionId, trash: string): Promise<void> {
  const entry: EntryOf<'expire'> = {
    ...beginEntry(lease, repo.deps.clock.now().toISOString()),
    kind: 'expire',
    id,
    trash,
  };
  await carryOut(repo.layout.journal, entry, async () => {
    await setAside(repo, trash);
    await dropRefs(repo, entry);
  });
}

/** The folder first: an entry that can still be brought back has all that keeps its commits. */
export async function setAside(repo: Repo, trash: string): Promise<void> {
  const folder = trashFolder(repo, trash);
  if ((await lstatOf(folder)) !== undefined)
    await moveDurably(folder, path.join(repo.layout.trash, `${PURGE}${trash}`));
}

async function dropRefs(repo: Repo, { id, trash }: EntryOf<'expire'>): Promise<void> {
  await unpinEntries(repo, new Set([trash]));
  const rewound = await findRef(repo.git, rewoundRef(id, trash));
  if (rewound !== undefined)
    await changeRefs(repo.git, [{ kind: 'delete', ref: rewound.name, from: rewound.commit }], { shielded: true });
}

/** Nothing, while the folder is where it was; else to the end. */
export async function recoverExpire(repo: Repo, entry: EntryOf<'expire'>): Promise<string> {
  if ((await lstatOf(trashFolder(repo, entry.trash))) !== undefined)
    return `the interrupted clearing of ${entry.id} from the trash had changed nothing`;
  await dropRefs(repo, entry);
  return `finished the interrupted clearing of ${entry.id} from the trash`;
}
