import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { changedPaths, readStatus } from '../git/status.ts';
import { hasPlainParents, isOurs } from '../landing/converge.ts';
import { discardOwnTree, lstatOf, makePrivateDirectory, moveDurably, removeFile } from '../platform/files.ts';
import type { Lease } from '../platform/lock.ts';
import { beginEntry, endJournal, writeJournal, type EntryOf } from '../registry/journal.ts';
import { removeEmptyFolders, type Changes } from './from-changes.ts';
import { gitAtWorktree, shielded, type Repo } from './repo.ts';

/**
 * Leaves the caller clean, once the session holds the work. What lies there is first renamed into the trash, byte for
 * byte: a filter may have dropped some of it on the way, and somebody may have written this very moment.
 */
export async function sweepCaller(
  held: { repo: Repo; lease: Lease },
  { worktree, gitDir }: Changes,
  spec: { id: EntryOf<'sweep'>['id']; keep: string },
): Promise<void> {
  const repo = shielded(held.repo);
  const startedAt = repo.deps.clock.now().toISOString();
  const entry: EntryOf<'sweep'> = {
    ...beginEntry(held.lease, startedAt),
    kind: 'sweep',
    ...spec,
    worktree,
    gitDir,
    phase: 'move',
  };
  let phase: EntryOf<'sweep'>['phase'] = 'move';
  await writeJournal(repo.layout.journal, entry);
  try {
    await moveAway(repo, entry);
    phase = 'reset';
    await writeJournal(repo.layout.journal, { ...entry, phase });
    await bringHeadBack(repo, worktree);
  } catch (error) {
    // Should even this fail, the next command does it.
    await recoverSweep(repo, { ...entry, phase }).then(
      () => endJournal(repo.layout.journal, entry.op),
      () => {},
    );
    throw error;
  }
  await endJournal(repo.layout.journal, entry.op);
}

async function moveAway(repo: Repo, { worktree, keep }: EntryOf<'sweep'>): Promise<void> {
  for (const name of changedPaths(await readStatus(gitAtWorktree(repo, worktree)))) {
    const [from, to] = [path.join(worktree, name), path.join(keep, name)];
    if ((await lstatOf(from)) === undefined) continue;
    await makePrivateDirectory(path.dirname(to));
    await moveDurably(from, to);
    await removeEmptyFolders(worktree, name);
  }
}

/**
 * Killed while files moved away: they come back, the work is then in both places. Killed after that: HEAD's files come
 * back where nothing lies by now, for what lies there may be somebody's new work.
 */
export async function recoverSweep(repo: Repo, entry: EntryOf<'sweep'>): Promise<string> {
  const { id, worktree, keep, phase } = entry;
  if (phase === 'move') {
    const left = await bringBack(keep, worktree);
    if (left === 0) await discardOwnTree(keep);
    return `the changes are in session ${id} and still in ${worktree}: cleaning up there was interrupted`;
  }
  await dropBeginnings(repo, worktree);
  await bringHeadBack(repo, worktree);
  return `finished cleaning up ${worktree} after its changes went into session ${id}`;
}

/** A file of which git had written only the beginning, or nothing yet, is no work of anybody's. */
async function dropBeginnings(repo: Repo, worktree: string): Promise<void> {
  const git = gitAtWorktree(repo, worktree);
  await git(['reset', '--quiet'], { expect: [0, 1], timeoutMs: 600_000 });
  const { stdout } = await git(['ls-files', '--modified', '--stage', '-z']);
  for (const record of stdout.split('\0').filter(Boolean)) {
    const to = record.split(' ')[1] ?? '';
    const change = { path: record.slice(record.indexOf('\t') + 1), from: '0'.repeat(to.length), to };
    if ((await hasPlainParents(worktree, change.path)) && (await isOurs(git, worktree, change)))
      await removeFile(path.join(worktree, change.path));
  }
}

/** HEAD's files where nothing lies. Never over what is there: it may have been edited this very moment. */
async function bringHeadBack(repo: Repo, worktree: string): Promise<void> {
  const git = gitAtWorktree(repo, worktree);
  await git(['reset', '--quiet'], { expect: [0, 1], timeoutMs: 600_000 });
  const { stdout: missing } = await git(['ls-files', '--deleted', '-z']);
  if (missing !== '') await git(['checkout-index', '-z', '--stdin'], { input: missing, timeoutMs: 600_000 });
}

/** Moves every kept file to where it was, unless something lies there; the number of those that stay. */
async function bringBack(keep: string, worktree: string): Promise<number> {
  const entries = await readdir(keep, { recursive: true, withFileTypes: true }).catch(() => []);
  let left = 0;
  for (const entry of entries.filter((one) => !one.isDirectory())) {
    const from = path.join(entry.parentPath, entry.name);
    const to = path.join(worktree, path.relative(keep, from));
    if ((await lstatOf(to)) !== undefined) {
      left++;
      continue;
    }
    await mkdir(path.dirname(to), { recursive: true });
    await moveDurably(from, to);
  }
  return left;
}
