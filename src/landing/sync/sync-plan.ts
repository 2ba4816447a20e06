import { WtError } from '../../core/errors.ts';
import { nearNames } from '../../core/names.ts';
import {
  findMergeBase,
  isAncestor,
  listCommits,
  wantsSignature,
  writeCommit,
  writeStandIn,
  type Commit,
} from '../../git/commit.ts';
import type { GitOptions } from '../../git/git.ts';
import { mergeTree, type MergeResult } from '../../git/merge-tree.ts';
import { branchOf, findRef, listRefs, refOfBranch, resolveCommit } from '../../git/ref.ts';
import { treeOf } from '../../git/tree.ts';
import type { Env } from '../../platform/deps.ts';
import type { Base, BaseChange, Carried } from '../../registry/session.ts';
import type { Session } from '../../sessions/book.ts';
import { findIdleness, type Idleness } from '../../sessions/idle.ts';
import type { Repo } from '../../sessions/repo.ts';
import { explainConflict } from '../explain.ts';
import { hasMerges, refuseReplay, replayCommits } from '../replay.ts';
import { findWrittenOver, mergeWork, takeWork } from './uncommitted.ts';

export const SYNC_STRATEGIES = ['rebase', 'merge'] as const;
export type SyncStrategy = (typeof SYNC_STRATEGIES)[number];

export interface SyncOptions {
  readonly strategy: SyncStrategy;
  readonly includeDirty: boolean;
  /** A throw-away object directory, for a dry run. */
  readonly env?: Env;
  /** Also when a session is contained in its base: its agent goes on from there. */
  readonly isNamed: boolean;
}

/** How one session comes on its base: built, and not yet done. */
export interface SyncPlan {
  readonly session: Session;
  readonly ref: string;
  readonly from: string;
  readonly to: string;
  readonly base: BaseChange;
  readonly strategy: SyncStrategy;
  /** Commits of its own. */
  readonly commits: number;
  readonly work: Carried | null;
  /** A remote branch has commits that the session then has no more. */
  readonly isPublished: boolean;
}

export type SyncPrepared =
  | { readonly kind: 'ready'; readonly plan: SyncPlan }
  | { readonly kind: 'current' | 'landed'; readonly session: Session; readonly base: Base };

/** A branch to bring in: its short name, its commit, the ref that names it. */
export interface SyncTarget {
  readonly branch: string;
  readonly commit: string;
  readonly ref: string;
}

/** The branch a session is cut from, as it is now: local, else the one of a remote. Throws `usage.invalid`, `base.not-found`. */
export async function requireSyncBase(repo: Repo, { id, row }: Session): Promise<SyncTarget> {
  const { branch } = row.base;
  if (branch === null)
    throw new WtError('usage.invalid', {
      option: '<id>',
      reason: `${id} was cut from a bare commit, so it has no base to bring in`,
      fix: ['wt', 'show', id],
    });
  const refs = await listRefs(repo.git, [refOfBranch(branch), `refs/remotes/*/${branch}`]);
  const found = refs.find(({ name }) => name === refOfBranch(branch)) ?? (refs.length === 1 ? refs[0] : undefined);
  if (found !== undefined) return { branch, commit: found.commit, ref: found.name };
  const known = (await listRefs(repo.git, ['refs/heads/'])).map(({ name }) => branchOf(name));
  throw new WtError('base.not-found', { base: branch, near: nearNames(branch, known) });
}

/** Builds it in the object store; nothing is touched. Throws `session.refused`, `merge.conflict`, `usage.invalid`. */
export async function prepareSync(
  repo: Repo,
  session: Session,
  target: { branch: string; commit: string },
  { strategy, includeDirty, env = {}, isNamed }: SyncOptions,
): Promise<SyncPrepared> {
  const { row } = session;
  const branch = await findRef(repo.git, refOfBranch(row.branch));
  if (branch === undefined) throw new WtError('base.not-found', { base: row.branch, near: [] });
  const from = branch.commit;
  const base = { before: row.base, after: { ...row.base, branch: target.branch, commit: target.commit } };
  if (await isAncestor(repo.git, target.commit, from)) return { kind: 'current', session, base: base.after };
  const isContained = await isAncestor(repo.git, from, target.commit);
  const isLanded = row.landed?.tip === from || (isContained && from !== row.base.commit);
  if (isLanded && !isNamed) return { kind: 'landed', session, base: base.after };
  const idle = await requireIdle(repo, session, includeDirty);
  const sides = { session, from, target };
  const isSigned = env['GIT_OBJECT_DIRECTORY'] === undefined && (await wantsSignature(repo.git));
  const built = isContained
    ? { to: target.commit, commits: 0 }
    : await buildTip(repo, sides, strategy, { env, isSigned });
  const ends = { from, to: built.to };
  const work = await planWork(repo, session, idle, { ...ends, into: target.branch, env });
  const isPublished = await isOnRemote(repo, { branch: row.branch, ...ends, env });
  return { kind: 'ready', plan: { session, ref: branch.name, ...ends, base, strategy, ...built, work, isPublished } };
}

async function requireIdle(repo: Repo, session: Session, includeDirty: boolean): Promise<Idleness> {
  const idle = await findIdleness(repo, session);
  const reasons = [...idle.busy, ...(idle.dirt === undefined || includeDirty ? [] : [idle.dirt])];
  if (reasons.length > 0) throw new WtError('session.refused', { id: session.id, verb: 'sync', reasons });
  return idle;
}

/** What becomes of uncommitted work; null when there is none. Throws when something would be written over. */
async function planWork(
  repo: Repo,
  session: Session,
  { dirt, hidden }: Idleness,
  ends: { from: string; to: string; into: string; env: Env },
): Promise<Carried | null> {
  const { from, to, env } = ends;
  const work =
    dirt === undefined ? null : await mergeWork(repo, session.id, await takeWork(repo, session, 'sync', env), ends);
  const moves = work === null ? { from, to } : { from: work.filesFrom, to: work.filesTo };
  const written = await findWrittenOver(repo, session, { ...moves, hidden, env });
  if (written.length > 0) throw refuseHidden(session.id, written);
  return work;
}

export function refuseHidden(id: string, paths: readonly string[], verb: 'sync' | 'undo' = 'sync'): WtError {
  const counts = { staged: 0, modified: 0, untracked: 0, hidden: paths.length };
  return new WtError('session.refused', { id, verb, reasons: [{ code: 'session.dirty', ...counts, paths }] });
}

interface Building {
  readonly env: Env;
  readonly isSigned: boolean;
}

interface Sides {
  readonly session: Session;
  readonly from: string;
  readonly target: { readonly branch: string; readonly commit: string };
}

async function buildTip(
  repo: Repo,
  sides: Sides,
  strategy: SyncStrategy,
  options: Building,
): Promise<{ to: string; commits: number }> {
  const { git } = repo;
  const { session, from, target } = sides;
  const cut = await resolveCommit(git, session.row.base.commit);
  const not = [target.commit, ...(cut === undefined ? [] : [cut])];
  const commits = await listCommits(git, ['--reverse', '--topo-order', from, '--not', ...not]);
  if (strategy === 'rebase')
    return { to: await rebase(repo, sides, { commits, cut, options }), commits: commits.length };
  const { env, isSigned } = options;
  const merged = await mergeTree(git, from, target.commit, { env });
  if (merged.kind === 'conflict') throw await conflictOf(repo, sides, merged.paths);
  const to = await writeCommit(git, {
    tree: merged.tree,
    parents: [from, target.commit],
    message: mergeMessage(target.branch, session.row.branch),
    isSigned,
    env,
  });
  return { to, commits: commits.length };
}

/** As git words it (git-fmt-merge-msg(1)). Pure. */
export function mergeMessage(from: string, into: string): string {
  return `Merge branch '${from}' into ${into}`;
}

/** Replays, and trusts that only while a plain merge comes to the same files: a merge's own edits are in no commit to replay. */
async function rebase(
  repo: Repo,
  sides: Sides,
  spec: { commits: readonly Commit[]; cut: string | undefined; options: Building },
): Promise<string> {
  const { target, session } = sides;
  const onto = { commit: target.commit, tree: await treeOf(repo.git, target.commit) };
  const replayed = await replayCommits(repo.git, spec.commits, onto, spec.options);
  const merged = await mergeFromCut(repo, sides, spec.cut, { env: spec.options.env });
  if (replayed.kind === 'conflict' && merged.kind === 'conflict') throw await conflictOf(repo, sides, replayed.paths);
  if (replayed.kind === 'done' && merged.kind === 'clean' && merged.tree === replayed.tree) return replayed.commit;
  // What the base has picked from the session conflicts in a merge, and not when it is replayed.
  if (replayed.kind === 'done' && merged.kind === 'conflict' && !hasMerges(spec.commits)) return replayed.commit;
  if (hasMerges(spec.commits)) throw refuseReplay('sync', session.id);
  const reason = `one by one the commits of ${session.id} do not come to what a merge with ${target.branch} comes to`;
  throw refuseReplay('sync', session.id, reason);
}

/** The plain merge; where the session was cut above the common ancestor (from another session's branch) that counts instead. */
async function mergeFromCut(
  { git }: Repo,
  { from, target }: Sides,
  cut: string | undefined,
  options: GitOptions,
): Promise<MergeResult> {
  const shared = await findMergeBase(git, from, target.commit);
  const isAbove =
    cut !== undefined &&
    shared !== undefined &&
    cut !== shared &&
    (await isAncestor(git, shared, cut)) &&
    (await isAncestor(git, cut, from));
  if (!isAbove) return mergeTree(git, target.commit, from, options);
  const standIn = await writeStandIn(git, { tree: await treeOf(git, target.commit), parents: [cut] }, options);
  return mergeTree(git, standIn, from, options);
}

async function conflictOf(repo: Repo, { session, from, target }: Sides, paths: readonly string[]): Promise<WtError> {
  const sides = { session, target, branch: { commit: from }, paths };
  const { files, tasks } = await explainConflict(repo, sides);
  return new WtError('merge.conflict', { id: session.id, into: target.branch, verb: 'sync', files, tasks });
}

async function isOnRemote(
  { git }: Repo,
  { branch, from, to, env }: { branch: string; from: string; to: string; env: Env },
): Promise<boolean> {
  const remotes = await listRefs(git, [`refs/remotes/*/${branch}`]);
  for (const { commit } of remotes)
    if (
      (await isAncestor(git, commit, from)) &&
      (await git(['merge-base', '--is-ancestor', commit, to], { env, expect: [0, 1] })).exitCode !== 0
    )
      return true;
  return false;
}
