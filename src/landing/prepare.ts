import type { Strategy } from '../config/schema.ts';
import { WtError } from '../core/errors.ts';
import { nearNames } from '../core/names.ts';
import { isAncestor, listAuthorship, listCommits, wantsSignature, writeCommit, type Commit } from '../git/commit.ts';
import { listFileChanges } from '../git/diff.ts';
import { mergeTree, type MergeResult } from '../git/merge-tree.ts';
import { branchOf, listRefs, refOfBranch, type Ref } from '../git/ref.ts';
import { readStatus, type Status } from '../git/status.ts';
import type { Worktree } from '../git/worktree.ts';
import type { Book, Session } from '../sessions/book.ts';
import { inspectTree } from '../sessions/inspect.ts';
import { gitAtWorktree, listCheckouts, type Repo } from '../sessions/repo.ts';
import { findDirt } from '../sessions/safety.ts';
import { requireSession } from '../sessions/select.ts';
import { requireApproval } from './approval.ts';
import { findCheckout, listHolders, requireNoOverlap } from './checkout.ts';
import { explainConflict } from './explain.ts';
import { factsOf } from '../sessions/facts.ts';
import { valuesOf } from '../setup/values.ts';
import { landingMessage, squashAuthorship } from './message.ts';
import { findTrespasses } from './radar/ownership.ts';
import { requireLandable, type MergePlan, type MergeRequest } from './plan.ts';
import { hasMerges, refuseReplay, replayCommits } from './replay.ts';

/** A landing that may happen, or one that has nothing to land: the caller has to tell them apart. */
export type Prepared =
  | { readonly kind: 'ready'; readonly plan: MergePlan; readonly commit: string | undefined }
  | Nothing;

export interface Nothing {
  readonly kind: 'nothing';
  readonly session: Session;
  readonly into: string;
  readonly reason: 'empty' | 'contained';
}

/** Where a target would be by then: what a train lands before it. By full name of the target. */
export type Stack = Map<string, Pick<Ref, 'commit' | 'tree'>>;

/**
 * Facts and the merged result of one landing; only objects are written. Throws `session.refused`, `approval.required`,
 * `merge.conflict`, `target.dirty`, `target.moved`, `base.not-found`.
 */
export async function prepare(
  repo: Repo,
  book: Book,
  request: MergeRequest,
  { stack, isPreview = false }: { stack?: Stack; isPreview?: boolean } = {},
): Promise<Prepared> {
  const session = await requireSession(repo, book, request.id);
  const { target, branch } = await requireRefs(repo, session, { named: request.into, stack });
  const [tree, trees] = await Promise.all([inspectTree(repo, session), listCheckouts(repo)]);
  requireLandable(session, { ...tree, dirt: findDirt({ status: tree.status, hidden: [] }) });
  // git takes merge drivers from the attributes of the worktree it is called in: those of the target, where it has one.
  const [holder] = listHolders(trees, target.name);
  const merging = holder === undefined ? repo : { ...repo, git: gitAtWorktree(repo, holder.path) };
  // None of these needs another one.
  const { strategy } = request;
  const isMerged = strategy === 'merge' || strategy === 'squash';
  const merged = isMerged ? mergeTree(merging.git, target.commit, branch.commit) : undefined;
  const seen = holder === undefined ? undefined : readStatus(gitAtWorktree(repo, holder.path));
  const begun = Promise.allSettled([merged, seen]);
  try {
    return await judge(repo, book, request, {
      session,
      target,
      branch,
      trees,
      merging,
      merged,
      seen,
      stack,
      isPreview,
    });
  } finally {
    await begun;
  }
}

/** What is known when the merged result is looked at. */
interface Judged extends Omit<Sides, 'commits'> {
  readonly trees: readonly Worktree[];
  readonly merging: Repo;
  /** Absent for the strategies that make commits themselves. */
  readonly merged: Promise<MergeResult> | undefined;
  /** Status of the worktree that has the target checked out. */
  readonly seen: Promise<Status> | undefined;
  readonly stack: Stack | undefined;
}

async function judge(repo: Repo, book: Book, request: MergeRequest, judged: Judged): Promise<Prepared> {
  const { session, target, branch, trees, seen, stack } = judged;
  const into = branchOf(target.name);
  const commits = await listCommits(repo.git, ['--reverse', '--topo-order', branch.commit, '--not', target.commit]);
  const nothing = { kind: 'nothing' as const, session, into };
  if (commits.length === 0)
    return { ...nothing, reason: branch.commit === session.row.base.commit ? 'empty' : 'contained' };
  const built = await build(judged.merging, request.strategy, { ...judged, commits });
  if (built.tree === target.tree) return { ...nothing, reason: 'contained' };
  if (request.requireApproval) await requireApproval(repo, session, branch.commit);
  const [files, checkout, authorship] = await Promise.all([
    listFileChanges(repo.git, target.commit, built.tree),
    findCheckout(trees, target.name),
    request.strategy === 'squash' ? listAuthorship(repo.git, [branch.commit, '--not', target.commit]) : [],
  ]);
  if (checkout !== undefined) await requireNoOverlap(repo, checkout, { into, files, seen, commit: target.commit });
  const { author, coAuthors } = squashAuthorship(authorship);
  const { strategy, message: given, template } = request;
  const values = valuesOf(factsOf(repo, session));
  const message = landingMessage({ session, strategy, into, commits, given, template, values, coAuthors });
  const changed = new Map([[session.id as string, files.map(({ path }) => path)]]);
  const trespasses = findTrespasses([...book.sessions.values()], changed);
  const waitsFor = stack === undefined ? findUnlanded(book, session) : [];
  const made = { waitsFor, tree: built.tree, commits, files, message, author, trespasses };
  return {
    kind: 'ready',
    commit: built.commit,
    plan: { session, target, into, tip: branch.commit, strategy, checkout, ...made },
  };
}

/** Sessions that it was to land after, and that are still there and have not landed. */
function findUnlanded(book: Book, { row }: Session): readonly string[] {
  return (row.after ?? []).filter((id) => book.sessions.get(id)?.row.landed === undefined && book.sessions.has(id));
}

async function requireRefs(
  repo: Repo,
  session: Session,
  { named, stack }: { named: string | undefined; stack: Stack | undefined },
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
  if (target !== undefined) return { target: { ...target, ...stack?.get(target.name) }, branch };
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
  /** Nothing is signed. */
  readonly isPreview: boolean;
}

/** The merged tree, and for the strategies that make them so the commit. Throws `merge.conflict`; nothing is touched then. */
async function build(
  repo: Repo,
  strategy: Strategy,
  sides: Sides & Pick<Judged, 'merged'>,
): Promise<{ tree: string; commit: string | undefined }> {
  const { git } = repo;
  const { session, target, branch, commits, isPreview, merged } = sides;
  if (strategy === 'ff') {
    if (!(await isAncestor(git, target.commit, branch.commit)))
      throw new WtError('target.moved', { target: branchOf(target.name), reason: 'not-fast-forward', id: session.id });
    return { tree: branch.tree, commit: branch.commit };
  }
  const result =
    strategy === 'rebase'
      ? await replayCommits(git, commits, target, { isSigned: !isPreview && (await wantsSignature(git)) })
      : await (merged ?? mergeTree(git, target.commit, branch.commit));
  if (result.kind === 'conflict') {
    const { files, tasks } = await explainConflict(repo, { session, target, branch, paths: result.paths });
    const into = branchOf(target.name);
    const elsewhere = into === session.row.base.branch ? {} : { isElsewhere: true };
    throw new WtError('merge.conflict', { id: session.id, into, verb: 'merge', files, tasks, ...elsewhere });
  }
  if (result.kind === 'done') await requireNothingLost(repo, sides, result.tree);
  return { tree: result.tree, commit: result.kind === 'done' ? result.commit : undefined };
}

/** A replay leaves merges out: what was written or resolved in one of them must not go with it. */
async function requireNothingLost(
  { git }: Repo,
  { session, target, branch, commits }: Sides,
  tree: string,
): Promise<void> {
  if (!hasMerges(commits)) return;
  const merged = await mergeTree(git, target.commit, branch.commit);
  if (merged.kind === 'clean' && merged.tree === tree) return;
  throw refuseReplay('merge', session.id);
}

/** The commit that lands: the one the strategy has made already, else one with the plan's message and parents. */
export async function writeLanding(
  { git }: Repo,
  { plan, commit }: Extract<Prepared, { kind: 'ready' }>,
  { isSigned }: { readonly isSigned: boolean },
): Promise<string> {
  if (commit !== undefined) return commit;
  const { tree, target, tip, strategy, message, author } = plan;
  const [, name, email] = /^(.*) <(.*)>$/.exec(author ?? '') ?? [];
  return writeCommit(git, {
    tree,
    parents: strategy === 'squash' ? [target.commit] : [target.commit, tip],
    message,
    isSigned,
    ...(name === undefined || email === undefined ? {} : { env: { GIT_AUTHOR_NAME: name, GIT_AUTHOR_EMAIL: email } }),
  });
}
