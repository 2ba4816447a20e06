import path from 'node:path';
import { lstatOf, moveDurably, readText, realPathOf, removeFile, replaceFile } from '../../platform/files.ts';
import type { EntryOf } from '../../registry/journal.ts';
import { listAdminEntries } from '../../registry/notes.ts';
import type { Repo } from '../repo.ts';
import { findGitDir } from '../worktree.ts';
import { readRecord, spareAt } from './record.ts';

/**
 * Takes back what a create has done with a spare: tree and administrative folder go back to where they were, and it is a spare again.
 * Every step may have been done before, or never. Whoever began to work in it finds the spare changed, and no session ever gets it.
 */
export async function putSpareBack(repo: Repo, entry: EntryOf<'create'>): Promise<void> {
  if (entry.spare === null) return;
  const { tree, admin } = spareAt(repo.layout, entry.spare);
  const write = (file: string, text: string): Promise<void> => replaceFile(file, text, 0o644);
  const known = await listAdminEntries(repo.commonDir);
  const lock = `wt:${entry.op}`;
  const registered = known.find(
    ({ locked, note }) => locked === lock || (note?.id === entry.id && note.createdAt === entry.startedAt),
  )?.directory;
  if (registered !== undefined) {
    await write(path.join(registered, 'locked'), lock); // the session's own by now, when all but the last was done
    const isOwn = (await findGitDir(entry.path)) === (await realPathOf(registered));
    if (isOwn && (await lstatOf(tree)) === undefined) await moveDurably(entry.path, tree);
    if ((await lstatOf(admin)) === undefined) await moveDurably(registered, admin);
  }
  await removeFile(path.join(admin, 'index.lock')); // its git is dead
  if ((await readText(path.join(admin, 'locked'))) !== lock) return; // nothing was done with it, or all is undone
  const record = await readRecord({ admin });
  if ((await lstatOf(tree))?.isDirectory() === true) await write(path.join(tree, '.git'), `gitdir: ${admin}\n`);
  await write(path.join(admin, 'gitdir'), `${path.join(tree, '.git')}\n`);
  await write(path.join(admin, 'HEAD'), `${record?.commit ?? entry.commit}\n`);
  await removeFile(path.join(admin, 'wt.json'));
  await removeFile(path.join(admin, 'logs', 'HEAD'));
  await removeFile(path.join(admin, 'locked')); // last: it says whose it was
}
