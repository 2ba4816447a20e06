import path from 'node:path';
import { msOf } from '../core/time.ts';
import { refOfBranch } from '../git/ref.ts';
import { listDirectory, lstatOf, removeFile } from '../platform/files.ts';
import { listProcessesInside } from '../platform/processes.ts';
import type { JournalEntry } from '../registry/journal.ts';
import type { Repo } from './repo.ts';
import { findGitDir } from './worktree.ts';

const SETTLE_MS = 250;

/**
 * Lock files of a git that a dead operation of ours had started: only those its journal names, made since it began, and
 * standing still. Without this nobody could move those refs again.
 */
export async function breakLocks(repo: Repo, entry: JournalEntry): Promise<void> {
  const found = new Map<string, number>();
  for (const file of await locksOf(repo, entry)) {
    const stats = await lstatOf(file);
    if (stats !== undefined && stats.mtimeMs >= msOf(entry.startedAt) - 1000) found.set(file, stats.ino);
  }
  if (found.size === 0) return;
  await repo.deps.clock.sleep(SETTLE_MS);
  for (const [file, inode] of found) if ((await lstatOf(file))?.ino === inode) await removeFile(file);
}

async function locksOf(repo: Repo, entry: JournalEntry): Promise<readonly string[]> {
  const shared = ['packed-refs.lock', 'packed-refs.new'];
  const own = entry.kind === 'merge' ? [`${entry.target}.lock`] : [`${refOfBranch(entry.branch)}.lock`];
  const files = [...shared, ...own].map((name) => path.join(repo.commonDir, name));
  if (entry.kind === 'remove') {
    const pins = path.join(repo.commonDir, 'refs', 'wt', 'trash', entry.id, entry.op);
    for (const { name } of await listDirectory(pins)) if (name.endsWith('.lock')) files.push(path.join(pins, name));
  }
  const worktree = entry.kind === 'merge' ? entry.worktree : null;
  // A person's own git may hold the index there for as long as an editor is open.
  const isInUse = worktree !== null && (await listProcessesInside(worktree)).some(({ command }) => command === 'git');
  const gitDir = worktree === null || isInUse ? undefined : await findGitDir(worktree);
  if (gitDir !== undefined)
    for (const name of ['index.lock', 'HEAD.lock', 'ORIG_HEAD.lock']) files.push(path.join(gitDir, name));
  return files;
}
