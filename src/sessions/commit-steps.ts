import { createHash } from 'node:crypto';
import path from 'node:path';
import { WtError } from '../core/errors.ts';
import { KEEPER, writeCommit } from '../git/commit.ts';
import { changeRefs, findRef, keepCommit, resolveCommit } from '../git/ref.ts';
import { lstatOf, moveDurably, readText } from '../platform/files.ts';
import type { Lease } from '../platform/lock.ts';
import type { EntryOf } from '../registry/journal.ts';
import { recordOperation } from '../registry/operations.ts';
import { scratchIndexOf } from './cache.ts';
import { takeFiles, takeIndex } from './from-changes.ts';
import { pinRewound, pinRewoundAfterAll, rewoundRef } from './pins.ts';
import { gitAtWorktree, type Repo } from './repo.ts';
import { rebaseRow } from './rows.ts';

/** What HEAD of a worktree names: a branch, or 'HEAD' while it is detached (or, with reftables, not kept in that file). */
export async function readHeadRef(adminDirectory: string): Promise<string> {
  const ref = /^ref: (.+)$/m.exec((await readText(path.join(adminDirectory, 'HEAD'))) ?? '')?.[1];
  return ref === undefined || ref.endsWith('/.invalid') ? 'HEAD' : ref;
}

/** A commit is there: undo can find it. */
export async function finishCommit(repo: Repo, lease: Lease, entry: EntryOf<'commit'>, to: string): Promise<void> {
  const { id, ref, from, index, path: worktree, adminDirectory, resolved: base } = entry;
  if (base !== null) {
    await rebaseRow(repo, lease, entry, { base: base.after, resolving: null });
    return recordOperation(repo.layout.operations, entry, { kind: 'synced', id, ref, from, to, base, work: null });
  }
  const indexTo = (await takeIndex(repo, gitAtWorktree(repo, worktree), adminDirectory)) ?? null;
  if (index !== null && index !== indexTo) await keepStaged(repo, entry, index);
  const effect = { kind: 'committed' as const, id, ref, from, to, indexFrom: index, indexTo };
  await recordOperation(repo.layout.operations, entry, effect);
}

/** What was staged and then edited further is in no commit: a ref keeps it from the next gc, and for undo. */
async function keepStaged(repo: Repo, { id, op, from }: EntryOf<'commit'>, index: string): Promise<void> {
  const tree = (await repo.git(['rev-parse', '--verify', '--quiet', `${from}^{tree}`], { expect: [0, 1, 128] })).stdout;
  if (tree.trim() === index) return; // nothing was staged
  const parents = from === '' ? [] : [from];
  const commit = await writeCommit(repo.git, { tree: index, parents, message: `wt: index of ${op}`, env: KEEPER });
  await keepCommit(repo.git, { ref: rewoundRef(id, op), to: commit });
}

/** Puts back what was staged before, while nothing is committed and the index is still what `wt commit` made of it: everything staged. */
export async function restoreIndex(repo: Repo, entry: EntryOf<'commit'>): Promise<void> {
  const { from, path: worktree, adminDirectory, op } = entry;
  const git = gitAtWorktree(repo, worktree);
  const saved = scratchIndexOf(repo, op);
  const isAsStaged =
    (await lstatOf(saved)) !== undefined &&
    (await resolveCommit(git, 'HEAD')) === (from === '' ? undefined : from) &&
    (await takeIndex(repo, git, adminDirectory)) === (await takeFiles(repo, git, adminDirectory));
  if (isAsStaged) await moveDurably(saved, path.join(adminDirectory, 'index'));
}

/** What a message is known by again, whatever white space git has taken off it. */
export function fingerprint(message: string): string {
  return createHash('sha256').update(message.replaceAll(/\s+/g, ' ').trim()).digest('hex');
}

/** A person may have committed after `wt commit` was killed; a hook may have changed the message, and then nobody can tell. */
async function isOwnCommit(repo: Repo, { message }: EntryOf<'commit'>, head: string): Promise<boolean> {
  if (message === '') return true; // written by an older wt
  const { stdout } = await repo.git(['log', '-1', '--format=%B', head]);
  return fingerprint(stdout) === message;
}

export async function recoverCommit(repo: Repo, lease: Lease, entry: EntryOf<'commit'>): Promise<string> {
  const { id, from, path: worktree } = entry;
  const git = gitAtWorktree(repo, worktree);
  const head = (await lstatOf(worktree)) === undefined ? undefined : await resolveCommit(git, 'HEAD');
  if (head !== undefined && head !== from && ((await resolveCommit(git, 'HEAD^')) ?? '') === from) {
    if (!(await isOwnCommit(repo, entry, head)))
      return `the interrupted commit of ${id} is not continued: somebody has committed there since`;
    await finishCommit(repo, lease, entry, head);
    return `finished the interrupted commit of ${id}`;
  }
  if (head !== undefined) await restoreIndex(repo, entry);
  return `the interrupted commit of ${id} had committed nothing`;
}

/** The branch and then the index, which moves only while it is still the one that goes with the branch. */
export async function applyReset(repo: Repo, entry: EntryOf<'reset'>): Promise<void> {
  const { op, id, ref, from, to } = entry;
  const git = gitAtWorktree(repo, entry.path);
  const changes = [{ kind: 'update' as const, ref, to, from }, pinRewound(id, op, from)];
  if (!(await changeRefs(git, changes, { message: 'wt undo', shielded: true })))
    throw new WtError('target.moved', { target: ref.replace(/^refs\/heads\//, ''), reason: 'since', id });
  try {
    await finishReset(repo, entry);
  } catch (error) {
    if (!WtError.any(error)) throw error;
    throw new WtError(error.kind, error.details, { cause: error, changed: true }); // the next command finishes
  }
}

async function finishReset(repo: Repo, entry: EntryOf<'reset'>): Promise<void> {
  const { id, ref, from, to, indexFrom, indexTo, path: worktree, adminDirectory } = entry;
  const git = gitAtWorktree(repo, worktree);
  const now = await takeIndex(repo, git, adminDirectory);
  if (indexTo !== null && now === indexFrom) {
    // "-i": the files stay as they are, whatever has been edited in them since (git-read-tree(1)).
    await git(['read-tree', '-m', '-i', indexTo], { shielded: true });
    await git(['update-index', '-q', '--refresh'], { expect: [0, 1], shielded: true });
  }
  await recordOperation(repo.layout.operations, entry, { kind: 'committed', id, ref, from, to, indexFrom, indexTo });
}

export async function recoverReset(repo: Repo, entry: EntryOf<'reset'>): Promise<string> {
  const now = await resolveCommit(gitAtWorktree(repo, entry.path), entry.ref);
  const pin = await findRef(repo.git, rewoundRef(entry.id, entry.op));
  if (now !== entry.to && (now === entry.from || pin === undefined))
    return `the interrupted undo of the commit of ${entry.id} had changed nothing`;
  await pinRewoundAfterAll(repo, entry);
  await finishReset(repo, entry);
  return `finished taking back the commit of ${entry.id}`;
}
