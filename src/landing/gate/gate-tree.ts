import path from 'node:path';
import { WtError } from '../../core/errors.ts';
import { listHiddenPaths } from '../../git/status.ts';
import { addWorktree, dropWorktree } from '../../git/worktree.ts';
import { gitHolding, type Git } from '../../git/git.ts';
import { excludeOnce } from '../../git/ignore.ts';
import {
  discardOwnTree,
  listDirectory,
  lstatOf,
  makePrivateDirectory,
  realPathOf,
  removeFile,
} from '../../platform/files.ts';
import { acquireLock } from '../../platform/lock.ts';
import type { SessionId } from '../../core/names.ts';
import { beginEntry, carryOut } from '../../registry/journal.ts';
import { listAdminEntries } from '../../registry/notes.ts';
import { hold, type Held } from '../../sessions/hold.ts';
import { EXCLUDE_LINE } from '../../sessions/layout.ts';
import { gitAtWorktree, type Repo } from '../../sessions/repo.ts';
import { findGitDir } from '../../sessions/worktree.ts';

/** The gate worktree while this command has it, and git there whose orphans keep it. */
export interface GateTree {
  readonly folder: string;
  readonly git: Git;
  /** Kept open by what runs there: while an orphan lives, nobody else has the gate. */
  readonly fd: number | undefined;
}

const WAIT_MS = 6 * 3_600_000;
const CHECKOUT_MS = 1_800_000;
/** Also what is sparse in the main worktree. */
const WHOLE = ['core.sparseCheckout=false'];

/**
 * Runs with the gate worktree: one for the repository, made once and kept, so that what a build or
 * an install leaves behind there (ignored files) stays warm. One command at a time has it. Its tracked and untracked files are
 * wt's own and are put back each time.
 */
export async function withGateTree<T>(
  repo: Repo,
  { commit, id }: { commit: string; id: SessionId },
  use: (gate: GateTree) => Promise<T>,
): Promise<T> {
  const { deps, layout } = repo;
  await makePrivateDirectory(layout.lock);
  const lease = await acquireLock(deps, {
    directory: layout.gateLock,
    timeoutMs: WAIT_MS,
    onWait: (holder) => deps.io.err(`wt: waiting for the gate: ${holder}\n`),
  });
  try {
    if (!(await isReady(repo))) await hold(repo, (held) => makeTree(held, { commit, id }));
    // Of a command that was killed here; its orphans would still hold the lock.
    const gitDir = await findGitDir(layout.gate);
    if (gitDir !== undefined) for (const name of ['index.lock', 'HEAD.lock']) await removeFile(path.join(gitDir, name));
    return await use({
      folder: layout.gate,
      git: gitHolding(gitAtWorktree(repo, layout.gate), lease.fd),
      fd: lease.fd,
    });
  } finally {
    await lease.release();
  }
}

/** Brings the gate worktree to a commit: tracked files exactly, no untracked ones, ignored ones as they are. */
export async function checkOut({ git }: GateTree, commit: string): Promise<void> {
  await clearFlags(git);
  await git(['checkout', '--quiet', '--force', '--detach', commit], { timeoutMs: CHECKOUT_MS, config: WHOLE });
  await git(['clean', '-ffdq'], { timeoutMs: CHECKOUT_MS });
}

/** The same for a commit on top of which another one is staged. */
export async function checkOutStaged(
  gate: GateTree,
  { onto, commit }: { onto: string; commit: string },
): Promise<void> {
  await checkOut(gate, onto);
  await gate.git(['read-tree', '-m', '-u', onto, commit], { timeoutMs: CHECKOUT_MS, config: WHOLE });
}

/** Every file counts in a test, whatever is sparse in the main worktree or was hidden by what ran here before. */
async function clearFlags(git: Git): Promise<void> {
  const hidden = await listHiddenPaths(git);
  if (hidden.length === 0) return;
  const input = hidden.map((name) => `${name}\0`).join('');
  for (const flag of ['--no-skip-worktree', '--no-assume-unchanged'])
    await git(['update-index', flag, '-z', '--stdin'], { input });
}

/** The folder and git name each other, and git keeps it in this repository. */
async function isReady({ layout, commonDir }: Repo): Promise<boolean> {
  const gitDir = await findGitDir(layout.gate);
  return gitDir !== undefined && path.dirname(gitDir) === (await realPathOf(path.join(commonDir, 'worktrees')));
}

async function makeTree(held: Held, { commit, id }: { commit: string; id: SessionId }): Promise<void> {
  const { repo, lease } = held;
  const { layout, git, commonDir } = repo;
  if (await isReady(repo)) return;
  const stats = await lstatOf(layout.gate);
  if (stats !== undefined && (!stats.isDirectory() || (await listDirectory(layout.gate)).length > 0))
    throw new WtError('path.unsafe', {
      path: layout.gate,
      reason: 'the gate worktree belongs there, and this is something else; move it away',
      fix: ['ls', '-la', layout.gate],
    });
  await excludeOnce(commonDir, EXCLUDE_LINE);
  await makePrivateDirectory(layout.worktrees);
  // Its folder was deleted: git's record of it goes too, and what was said of how it was made ready.
  await removeFile(layout.gateStamp);
  await dropWorktree(git, layout.gate);
  const entry = { ...beginEntry(lease, repo.deps.clock.now().toISOString()), kind: 'gate' as const, id };
  await carryOut(layout.journal, entry, () =>
    addWorktree(git, { path: layout.gate, at: commit, isDetached: true, lockReason: 'wt: the gate' }),
  );
}

/** Killed while git made it: half a record breaks git for everybody. Nothing but git's has been in there yet. */
export async function recoverGate({ layout, commonDir }: Repo): Promise<string> {
  for (const { admin, directory, path: place } of await listAdminEntries(commonDir))
    if (place === layout.gate || (place === undefined && admin === '-gate')) await discardOwnTree(directory);
  await discardOwnTree(layout.gate);
  return 'took a half-made gate worktree away';
}
