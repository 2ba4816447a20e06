import path from 'node:path';
import { readText } from '../platform/files.ts';
import { WtError, type ConflictPath } from '../core/errors.ts';
import { isAncestor, listCommits, wantsSignature, writeCommit, type Commit } from '../git/commit.ts';
import { listFileChanges } from '../git/diff.ts';
import type { GitOptions } from '../git/git.ts';
import { mergeTree } from '../git/merge-tree.ts';
import { branchOf, changeRefs, findRef, listRefs, refOfBranch, type Ref } from '../git/ref.ts';
import { withScratchObjects } from '../git/snapshot.ts';
import { listWorktrees } from '../git/worktree.ts';
import { nearNames } from '../core/names.ts';
import { beginEntry, endJournal, writeJournal, type EntryOf } from '../registry/journal.ts';
import { breakLocks } from '../sessions/break-locks.ts';
import { readBook, type Book, type Session } from '../sessions/book.ts';
import { scratchPath } from '../sessions/cache.ts';
import { hold, type Held } from '../sessions/hold.ts';
import { inspectTree } from '../sessions/inspect.ts';
import { gitAtWorktree, shielded, type Repo } from '../sessions/repo.ts';
import { findDirt } from '../sessions/safety.ts';
import { requireSession } from '../sessions/select.ts';
import { findCheckout, requireNoOverlap } from './checkout.ts';
import { isUntouched, restoreCheckout } from './converge.ts';
import { explainConflict } from './explain.ts';
import { landingMessage, requireLandable, type MergePlan, type MergeRequest } from './plan.ts';
import { finishMove } from './recovery.ts';
import { replayCommits } from './replay.ts';

/** A landing that may happen, one that has nothing to land, or one that conflicts: the caller has to tell them apart. */
export type Prepared =
  | { readonly kind: 'ready'; readonly plan: MergePlan; readonly commit: string | undefined }
  | {
      readonly kind: 'nothing';
      readonly session: Session;
      readonly into: string;
      readonly reason: 'empty' | 'contained';
    };

type MergeEntry = EntryOf<'merge'>;

export interface Landing {
  readonly plan: MergePlan;
  /** The target's new commit. */
  readonly commit: string;
}

/** What would land, for a person to look at: everything is built in a throw-away object folder. Throws `merge.conflict`. */
export async function previewMerge(repo: Repo, request: MergeRequest): Promise<Prepared> {
  const book = await readBook(repo);
  return withScratchObjects(repo.commonDir, scratchPath(repo, 'objects'), (env) =>
    prepare(repo, book, request, { env }),
  );
}

/** Lands under the lock. `approved` is what a person said yes to: anything else by now is `target.moved`. */
export async function landSession(
  repo: Repo,
  request: MergeRequest,
  approved: MergePlan | undefined,
): Promise<Landing | Extract<Prepared, { kind: 'nothing' }>> {
  return hold(repo, async (held) => {
    const prepared = await prepare(held.repo, held.book, request, {});
    if (prepared.kind === 'nothing') return prepared;
    const { plan } = prepared;
    if (approved !== undefined && (approved.tip !== plan.tip || approved.target.commit !== plan.target.commit)) {
      throw new WtError('target.moved', { target: plan.into, reason: 'raced', id: plan.session.id });
    }
    const commit = prepared.commit ?? (await writeLanding(held.repo, plan));
    await apply(held, plan, commit);
    return { plan, commit };
  });
}

async function prepare(repo: Repo, book: Book, request: MergeRequest, options: GitOptions): Promise<Prepared> {
  const session = await requireSession(repo, book, request.id);
  const { target, branch } = await requireRefs(repo, session, request.into);
  const into = branchOf(target.name);
  const [tree, trees] = await Promise.all([inspectTree(repo, session), listWorktrees(repo.git)]);
  requireLandable(session, { ...tree, dirt: findDirt({ status: tree.status, hidden: [] }) });
  const commits = await listCommits(repo.git, ['--reverse', '--topo-order', branch.commit, '--not', target.commit]);
  if (commits.length === 0)
    return {
      kind: 'nothing',
      session,
      into,
      reason: branch.commit === session.row.base.commit ? 'empty' : 'contained',
    };
  const built = await build(repo, request, { session, target, branch, commits }, options);
  if (built.tree === target.tree) return { kind: 'nothing', session, into, reason: 'contained' };
  const [files, checkout] = await Promise.all([
    listFileChanges(repo.git, target.commit, built.tree, options),
    findCheckout(trees, target.name),
  ]);
  if (checkout !== undefined) await requireNoOverlap(repo, checkout, { into, files });
  const message = request.message ?? landingMessage(session, request.strategy, commits);
  return {
    kind: 'ready',
    commit: built.commit,
    plan: {
      session,
      target,
      into,
      tip: branch.commit,
      strategy: request.strategy,
      message,
      tree: built.tree,
      commits,
      files,
      checkout,
    },
  };
}

async function requireRefs(
  repo: Repo,
  session: Session,
  named: string | undefined,
): Promise<{ target: Ref; branch: Ref }> {
  const into = named ?? session.row.base.branch;
  if (into === null)
    throw new WtError('usage.invalid', {
      option: '--into <branch>',
      reason: `${session.id} was cut from a bare commit, so the branch to land on must be named`,
      fix: ['wt', 'merge', session.id, '--into', 'main'],
    });
  if (into === session.row.branch)
    throw new WtError('usage.invalid', { option: '--into <branch>', reason: `${into} is the session's own branch` });
  const refs = await listRefs(repo.git, [refOfBranch(into), refOfBranch(session.row.branch)]);
  const target = refs.find((ref) => ref.name === refOfBranch(into));
  const branch = refs.find((ref) => ref.name === refOfBranch(session.row.branch));
  if (branch === undefined) throw new WtError('base.not-found', { base: session.row.branch, near: [] });
  if (target !== undefined) return { target, branch };
  const known = await listRefs(repo.git, ['refs/heads/']);
  throw new WtError('base.not-found', {
    base: into,
    near: nearNames(
      into,
      known.map((ref) => branchOf(ref.name)),
    ),
  });
}

interface Sides {
  readonly session: Session;
  readonly target: Ref;
  readonly branch: Ref;
  readonly commits: readonly Commit[];
}

/** The merged tree, and for the strategies that make them so the commit. Throws `merge.conflict`; nothing is touched then. */
async function build(
  repo: Repo,
  { strategy }: MergeRequest,
  sides: Sides,
  options: GitOptions,
): Promise<{ tree: string; commit: string | undefined }> {
  const { git } = repo;
  const { session, target, branch, commits } = sides;
  if (strategy === 'ff') {
    if (!(await isAncestor(git, target.commit, branch.commit)))
      throw new WtError('target.moved', { target: branchOf(target.name), reason: 'not-fast-forward', id: session.id });
    return { tree: branch.tree, commit: branch.commit };
  }
  const result =
    strategy === 'rebase'
      ? await replayCommits(git, commits, target, options)
      : await mergeTree(git, target.commit, branch.commit, options);
  if (result.kind === 'conflict') throw await conflictOf(repo, sides, result.paths);
  return { tree: result.tree, commit: result.kind === 'done' ? result.commit : undefined };
}

async function conflictOf(repo: Repo, { session, target, branch }: Sides, paths: readonly string[]): Promise<WtError> {
  const { files, tasks } = await explainConflict(repo, { session, target, branch, paths });
  return new WtError('merge.conflict', {
    id: session.id,
    into: branchOf(target.name),
    verb: 'merge',
    files: files satisfies readonly ConflictPath[],
    tasks,
  });
}

async function writeLanding(repo: Repo, { tree, target, tip, strategy, message }: MergePlan): Promise<string> {
  return writeCommit(repo.git, {
    tree,
    parents: strategy === 'squash' ? [target.commit] : [target.commit, tip],
    message,
    isSigned: await wantsSignature(repo.git),
  });
}

/** From here on it is quick and goes through: intent, the checkout brought along or the ref moved by compare-and-swap, the row. */
async function apply(held: Held, plan: MergePlan, commit: string): Promise<void> {
  const repo = shielded(held.repo);
  const { session, target, into, checkout } = plan;
  const at = repo.deps.clock.now().toISOString();
  await held.log('session.merge.before', session.id, { into, from: target.commit, to: commit });
  const entry: MergeEntry = {
    ...beginEntry(held.lease, at),
    kind: 'merge',
    id: session.id,
    target: target.name,
    from: target.commit,
    to: commit,
    tip: plan.tip,
    worktree: checkout ?? null,
    landed: { before: session.row.landed ?? null, after: { commit, tip: plan.tip, into, at } },
  };
  await writeJournal(repo.layout.journal, entry);
  try {
    await moveTarget(repo, plan, commit);
  } catch (error) {
    const isUndone = await undoLanding(repo, entry, error);
    if (isUndone) await endJournal(repo.layout.journal, entry.op);
    const reason = { error: WtError.any(error) ? error.code : 'internal' };
    await held.log('session.merge.failed', session.id, reason).catch(() => {});
    if (isUndone || !WtError.any(error)) throw error;
    throw new WtError(error.kind, error.details, { cause: error, changed: true });
  }
  await finishMove(repo, held.lease, entry);
  await held.log('session.merge.after', session.id, {
    into,
    from: target.commit,
    to: commit,
    tip: plan.tip,
    strategy: plan.strategy,
  });
  await endJournal(repo.layout.journal, entry.op);
}

/**
 * git stopped while it brought a checkout along: what it had written goes back, if there is anything. Its index lock is ours to break only when
 * git was killed; after an ordinary refusal the lock is somebody else's. False leaves the journal to the next command.
 */
async function undoLanding(repo: Repo, entry: MergeEntry, error: unknown): Promise<boolean> {
  if (entry.worktree === null || WtError.is(error, 'target.moved')) return true;
  // git said that all went well, only not with the target: what it moved is not ours to judge.
  if (WtError.is(error, 'git.failed') && error.details.exitCode === 0) return true;
  const isKilled =
    WtError.is(error, 'git.timeout') || (WtError.is(error, 'git.failed') && (error.details.exitCode ?? 0) > 128);
  try {
    if ((await findRef(repo.git, entry.target))?.commit !== entry.from) return false;
    if (isKilled) await breakLocks(repo, entry);
    if (!isKilled && (await isUntouched(repo, entry.worktree, entry))) return true;
    return (await restoreCheckout(repo, entry.worktree, { from: entry.from, to: entry.to })).length === 0;
  } catch {
    return false;
  }
}

async function moveTarget(repo: Repo, { session, target, into, checkout }: MergePlan, commit: string): Promise<void> {
  const message = `wt merge ${session.id}`;
  if (checkout === undefined) {
    if (
      await changeRefs(repo.git, [{ kind: 'update', ref: target.name, to: commit, from: target.commit }], { message })
    )
      return;
    throw new WtError('target.moved', { target: into, reason: 'raced', id: session.id });
  }
  const git = gitAtWorktree(repo, checkout);
  const { exitCode, stderr } = await git(
    ['merge', '--quiet', '--ff-only', '--no-squash', '--no-autostash', '--no-stat', commit],
    {
      timeoutMs: 600_000,
      env: { GIT_REFLOG_ACTION: message },
      expect: [0, 1, 2, 128],
    },
  );
  // Another branch may have been checked out there this very moment: only the target's own move counts.
  const loose = await readText(path.join(repo.commonDir, target.name));
  if (exitCode === 0 && loose?.trim() === commit) return;
  const now = await findRef(repo.git, target.name);
  // The files come first and the target last: when it is there, git stumbled over something that comes after.
  if (now?.commit === commit) return;
  if (now?.commit !== target.commit)
    throw new WtError('target.moved', { target: into, reason: 'raced', id: session.id });
  throw new WtError('git.failed', {
    args: ['git', '-C', checkout, 'merge', '--ff-only', commit],
    exitCode,
    stderr: stderr.trim(),
  });
}
