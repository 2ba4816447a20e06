import path from 'node:path';
import { msOf } from '../core/time.ts';
import { refOfBranch } from '../git/ref.ts';
import { listDirectory, lstatOf, readText, removeFile } from '../platform/files.ts';
import { listProcessesInside } from '../platform/processes.ts';
import type { JournalEntry } from '../registry/journal.ts';
import { rewoundRef } from './pins.ts';
import type { Repo } from './repo.ts';
import { findGitDir } from './worktree.ts';

const SETTLE_MS = 250;
const SHARED_SETTLE_MS = 2000;

/**
 * Lock files of a git that a dead operation of ours had started: of the refs its journal names, made since it began, and
 * standing still. Without this nobody could move those refs again. The lock of the packed refs is everybody's: it goes
 * only when no git at all is at work in the repository.
 */
export async function breakLocks(repo: Repo, entry: JournalEntry): Promise<void> {
  await breakStill(repo, entry, await locksOf(repo, entry), SETTLE_MS);
  const shared = ['packed-refs.lock', 'packed-refs.new'].map((name) => path.join(repo.commonDir, name));
  if ((await breakStill(repo, entry, shared, SHARED_SETTLE_MS, () => isGitAtWork(repo))) > 0)
    throw new Error('packed-refs.lock is in use');
}

/** Removes those that stood still; the number of those that were left. */
async function breakStill(
  repo: Repo,
  entry: JournalEntry,
  files: readonly string[],
  waitMs: number,
  isInUse: () => Promise<boolean> = () => Promise.resolve(false),
): Promise<number> {
  const found = new Map<string, number>();
  for (const file of files) {
    const stats = await lstatOf(file);
    if (stats !== undefined && stats.mtimeMs >= msOf(entry.startedAt) - 1000) found.set(file, stats.ino);
  }
  if (found.size === 0) return 0;
  await repo.deps.clock.sleep(waitMs);
  if (await isInUse()) return found.size;
  for (const [file, inode] of found) if ((await lstatOf(file))?.ino === inode) await removeFile(file);
  return 0;
}

async function isGitAtWork(repo: Repo): Promise<boolean> {
  const inside = await Promise.all([repo.root, repo.commonDir].map((folder) => listProcessesInside(folder)));
  return inside.flat().some(({ command }) => command === 'git');
}

async function locksOf(repo: Repo, entry: JournalEntry): Promise<readonly string[]> {
  const files = refsOf(entry).map((name) => path.join(repo.commonDir, `${name}.lock`));
  const pinned = pinsOf(entry);
  if (pinned !== undefined) {
    const [id, op] = pinned;
    const pins = path.join(repo.commonDir, 'refs', 'wt', 'trash', id, op);
    for (const { name } of await listDirectory(pins)) if (name.endsWith('.lock')) files.push(path.join(pins, name));
  }
  const worktree = worktreeOf(entry);
  // A person's own git may hold the index there for as long as an editor is open.
  const isInUse = worktree !== null && (await listProcessesInside(worktree)).some(({ command }) => command === 'git');
  const gitDir = worktree === null || isInUse ? undefined : await findGitDir(worktree);
  if (gitDir !== undefined)
    for (const name of ['index.lock', 'HEAD.lock', 'ORIG_HEAD.lock']) files.push(path.join(gitDir, name));
  // git-reset(1) locks the branch that is checked out even where it does not move it.
  const head = gitDir === undefined ? undefined : await readText(path.join(gitDir, 'HEAD'));
  const ref = /^ref: (refs\/heads\/.+)$/m.exec(head ?? '')?.[1];
  if (ref !== undefined && (entry.kind === 'sweep' || entry.kind === 'carry'))
    files.push(path.join(repo.commonDir, `${ref}.lock`));
  return files;
}

/** Id and operation of the trash entry whose pins it makes or drops. */
function pinsOf(entry: JournalEntry): readonly [string, string] | undefined {
  if (entry.kind === 'remove') return [entry.id, entry.op];
  if (entry.kind === 'restore') return [entry.removedId, entry.trash];
  return entry.kind === 'expire' ? [entry.id, entry.trash] : undefined;
}

/** Refs that the operation moves. */
function refsOf(entry: JournalEntry): readonly string[] {
  if ('branch' in entry) return [refOfBranch(entry.branch)];
  if (entry.kind === 'expire') return [rewoundRef(entry.id, entry.trash)];
  const pin = rewoundRef(entry.id, entry.op);
  if ('target' in entry) return [entry.target, pin];
  if ('ref' in entry) return entry.ref === 'HEAD' ? [pin] : [entry.ref, pin];
  return [pin];
}

const MOVES_ITS_INDEX: ReadonlySet<JournalEntry['kind']> = new Set(['commit', 'reset', 'sync', 'resolve', 'abort']);

/** The worktree whose index the operation writes. */
function worktreeOf(entry: JournalEntry): string | null {
  if ('worktree' in entry) return entry.worktree;
  return 'path' in entry && MOVES_ITS_INDEX.has(entry.kind) ? entry.path : null;
}
