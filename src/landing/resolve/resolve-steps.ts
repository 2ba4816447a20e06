import path from 'node:path';
import { KEEPER, writeCommit } from '../../git/commit.ts';
import type { Git } from '../../git/git.ts';
import type { Stage } from '../../git/merge-tree.ts';
import { findRef, keepCommit, resolveCommit } from '../../git/ref.ts';
import { treeOf } from '../../git/tree.ts';
import { readText, removeFile, replaceFile } from '../../platform/files.ts';
import type { Lease } from '../../platform/lock.ts';
import type { EntryOf } from '../../registry/journal.ts';
import { recordOperation } from '../../registry/operations.ts';
import { takeFiles, takeIndex } from '../../sessions/from-changes.ts';
import { commitIndex, rewoundRef } from '../../sessions/pins.ts';
import { gitAtWorktree, type Repo } from '../../sessions/repo.ts';
import { rebaseRow } from '../../sessions/rows.ts';
import { restoreCheckout } from '../converge.ts';
import { moveCheckout } from '../move.ts';

type ResolveEntry = EntryOf<'resolve'>;
type AbortEntry = EntryOf<'abort'>;

/** Lays the merge out as git-merge(1) does: files and index, the stages of what conflicts, MERGE_HEAD last. */
export async function layOut(
  repo: Repo,
  entry: ResolveEntry,
  { stages, message }: { stages: readonly Stage[]; message: string },
): Promise<void> {
  const { adminDirectory, merged, resolving } = entry;
  const git = gitAtWorktree(repo, entry.path);
  await moveCheckout(git, resolving.tip, merged);
  await git(['update-index', '-z', '--index-info'], { input: formatStages(stages) });
  const paths = [...new Set(stages.map(({ path: name }) => name))];
  const listed = paths.map((name) => `#\t${name}\n`).join('');
  await replaceFile(path.join(adminDirectory, 'MERGE_MSG'), `${message}\n\n# Conflicts:\n${listed}`, 0o644);
  await replaceFile(path.join(adminDirectory, 'MERGE_MODE'), 'no-ff', 0o644);
  await replaceFile(path.join(adminDirectory, 'MERGE_HEAD'), `${resolving.target}\n`, 0o644);
}

/** A path leaves the index whole and comes back with its sides (git-update-index(1), --index-info). */
function formatStages(stages: readonly Stage[]): string {
  const zero = '0'.repeat(stages[0]?.object.length ?? 40);
  const paths = [...new Set(stages.map(({ path: name }) => name))];
  const gone = paths.map((name) => `0 ${zero}\t${name}\0`);
  return [
    ...gone,
    ...stages.map(({ mode, object, stage, path: name }) => `${mode} ${object} ${stage}\t${name}\0`),
  ].join('');
}

export async function finishResolve(repo: Repo, lease: Lease, entry: ResolveEntry): Promise<void> {
  const { id, resolving } = entry;
  await rebaseRow(repo, lease, entry, { resolving });
  await recordOperation(repo.layout.operations, entry, { kind: 'resolving', id, resolving, isGivenUp: false });
}

/** The merge that is open in a worktree: the commit that is merged. */
export async function findMergeHead(adminDirectory: string): Promise<string | undefined> {
  return (await readText(path.join(adminDirectory, 'MERGE_HEAD')))?.trim();
}

/** What was laid out goes again, unless somebody has edited it: then its names come back. */
export async function takeLayoutBack(repo: Repo, entry: ResolveEntry): Promise<readonly string[]> {
  const { adminDirectory, merged, resolving, path: worktree } = entry;
  const git = gitAtWorktree(repo, worktree);
  const index = await takeIndex(repo, git, adminDirectory);
  // It was clean; an unmerged index is of ours too.
  if (index === undefined || index === merged) await resetIndex(git, resolving.tip);
  const kept = await restoreCheckout(repo, worktree, { from: resolving.tip, to: merged });
  await forgetMerge(adminDirectory);
  return kept;
}

async function resetIndex(git: Git, to: string): Promise<void> {
  await git(['read-tree', '--reset', to]);
  await git(['update-index', '-q', '--refresh'], { expect: [0, 1] });
}

async function forgetMerge(adminDirectory: string): Promise<void> {
  for (const name of ['MERGE_HEAD', 'MERGE_MSG', 'MERGE_MODE', 'AUTO_MERGE'])
    await removeFile(path.join(adminDirectory, name));
}

/** MERGE_HEAD comes last: with it all is there. */
export async function recoverResolve(repo: Repo, lease: Lease, entry: ResolveEntry): Promise<string> {
  const { id, resolving } = entry;
  if ((await findMergeHead(entry.adminDirectory)) === resolving.target) {
    await finishResolve(repo, lease, entry);
    return `finished laying out the conflict of ${id}`;
  }
  if ((await resolveCommit(gitAtWorktree(repo, entry.path), 'HEAD')) !== resolving.tip)
    return `the interrupted --resolve of ${id} is not continued: somebody has committed there since`;
  const kept = await takeLayoutBack(repo, entry);
  return kept.length === 0
    ? `the interrupted --resolve of ${id} had changed nothing`
    : `the --resolve of ${id} stopped half-way and ${kept.join(', ')} was edited since: look at git status in ${entry.path}`;
}

/** All files and the index as they are are pinned, then those of the tip come back and the merge is forgotten. */
export async function giveUpMerge(repo: Repo, entry: AbortEntry): Promise<void> {
  const { adminDirectory, resolving, path: worktree } = entry;
  if ((await findMergeHead(adminDirectory)) === undefined) return;
  const git = gitAtWorktree(repo, worktree);
  await keepState(repo, entry);
  await git(['update-index', '-q', '--refresh'], { expect: [0, 1] });
  await git(['read-tree', '--reset', '-u', resolving.tip], { timeoutMs: 600_000 });
  await git(['update-index', '-q', '--refresh'], { expect: [0, 1] });
  await git(['rerere', 'clear'], { expect: [0, 1, 128] });
  await forgetMerge(adminDirectory);
}

/** One that was cut short is done again, on what is there by then: its first picture stays below the second. */
async function keepState(repo: Repo, entry: AbortEntry): Promise<void> {
  const { id, op, adminDirectory, resolving, path: worktree } = entry;
  const ref = rewoundRef(id, op);
  const before = (await findRef(repo.git, ref))?.commit;
  const tree = await takeFiles(repo, gitAtWorktree(repo, worktree), adminDirectory);
  if (before !== undefined && (await treeOf(repo.git, before)) === tree) return;
  const index = await commitIndex(repo, op, { gitDir: adminDirectory, parent: resolving.tip });
  const to = await writeCommit(repo.git, {
    tree,
    parents: [resolving.tip, index, before].filter((commit) => commit !== undefined),
    message: `wt: what was resolved in ${id} before ${op}`,
    env: KEEPER,
  });
  if (before === undefined) await keepCommit(repo.git, { ref, to });
  else await repo.git(['update-ref', ref, to, before], { shielded: true });
}

export async function finishAbort(repo: Repo, lease: Lease, entry: AbortEntry): Promise<void> {
  const { id, resolving } = entry;
  await rebaseRow(repo, lease, entry, { resolving: null });
  await recordOperation(repo.layout.operations, entry, { kind: 'resolving', id, resolving, isGivenUp: true });
}

export async function recoverAbort(repo: Repo, lease: Lease, entry: AbortEntry): Promise<string> {
  const { id, resolving } = entry;
  if ((await resolveCommit(gitAtWorktree(repo, entry.path), 'HEAD')) !== resolving.tip)
    return `the interrupted --abort of ${id} is not continued: somebody has committed there since`;
  await giveUpMerge(repo, entry);
  await finishAbort(repo, lease, entry);
  return `finished the interrupted --abort of ${id}`;
}
