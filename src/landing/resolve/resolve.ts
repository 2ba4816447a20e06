import { WtError } from '../../core/errors.ts';
import { isAncestor } from '../../git/commit.ts';
import { listFileChanges } from '../../git/diff.ts';
import { findRef, refOfBranch, resolveCommit } from '../../git/ref.ts';
import { changedPaths, readStatus } from '../../git/status.ts';
import { treeOf } from '../../git/tree.ts';
import { beginEntry, endJournal, writeJournal, type EntryOf } from '../../registry/journal.ts';
import type { Effect } from '../../registry/operations.ts';
import type { Base, Resolving } from '../../registry/session.ts';
import { readBook, type Session } from '../../sessions/book.ts';
import { withScratch } from '../../sessions/cache.ts';
import { breakLocks } from '../../sessions/break-locks.ts';
import { commitSession } from '../../sessions/commit.ts';
import { hold, type Held } from '../../sessions/hold.ts';
import { findIdleness, requireAdmin } from '../../sessions/idle.ts';
import { rewoundRef } from '../../sessions/pins.ts';
import { gitAtWorktree, shielded, type Repo } from '../../sessions/repo.ts';
import { rebaseRow } from '../../sessions/rows.ts';
import { requireOwn, requireSession } from '../../sessions/select.ts';
import { explainConflict } from '../explain.ts';
import { prepareResolve, type ResolveOutcome, type ResolveRequest } from './resolve-plan.ts';
import { isKilledGit, isRefusedMove } from '../move.ts';
import { findMergeHead, finishAbort, finishResolve, giveUpMerge, layOut, takeLayoutBack } from './resolve-steps.ts';
import { mergeMessage } from '../sync/sync-plan.ts';
import { applySync } from '../sync/sync-steps.ts';
import { findUnresolved } from './unresolved.ts';

/** Lays the conflict with the target out in the session's own worktree. Throws `session.refused`, `base.not-found`, `usage.invalid`. */
export async function startResolve(repo: Repo, request: ResolveRequest): Promise<ResolveOutcome> {
  const { id } = await requireSession(repo, await readBook(repo), request.id);
  if (request.dryRun !== true) return hold(repo, (held) => start(held, requireOwn(held.book, id), request));
  const book = await readBook(repo);
  return withScratch(repo, async (env) => {
    const prepared = await prepareResolve(repo, requireOwn(book, id), request, env);
    return prepared.kind === 'ready' ? { ...prepared.outcome, kind: 'planned' } : prepared;
  });
}

async function start(held: Held, session: Session, request: ResolveRequest): Promise<ResolveOutcome> {
  const repo = shielded(held.repo);
  const prepared = await prepareResolve(held.repo, session, request);
  if (prepared.kind !== 'ready') return prepared;
  const { outcome, merged, stages } = prepared;
  const { resolving, into } = outcome;
  const entry: EntryOf<'resolve'> = {
    ...beginEntry(held.lease, resolving.at),
    kind: 'resolve',
    id: session.id,
    path: session.path,
    adminDirectory: requireAdmin(session).directory,
    merged,
    resolving,
  };
  await writeJournal(repo.layout.journal, entry);
  try {
    await layOut(repo, entry, { stages, message: mergeMessage(into, session.row.branch) });
  } catch (error) {
    if (isKilledGit(error)) await breakLocks(repo, entry);
    if (isRefusedMove(error) || (await takeLayoutBack(repo, entry)).length === 0)
      await endJournal(repo.layout.journal, entry.op);
    throw error;
  }
  await finishResolve(repo, held.lease, entry);
  await held.log('session.resolve.before', session.id, { into, files: outcome.files.map((file) => file.path) });
  await endJournal(repo.layout.journal, entry.op);
  // Does what the person has configured, and nothing otherwise (git-rerere(1)).
  await gitAtWorktree(repo, session.path)(['rerere'], { expect: [0, 1, 128] });
  return outcome;
}

export interface ContinueOutcome {
  readonly session: Session;
  readonly verb: Resolving['verb'];
  readonly into: string;
  /** The session's tip, with the merge in it. */
  readonly commit: string;
  /** wt has made that commit; else the session's agent had. */
  readonly isCommitted: boolean;
  /** Uncommitted paths that are no part of the merge. */
  readonly left: readonly string[];
}

/** Ends the merge in the session. Throws `merge.conflict` with the files that are not resolved, `usage.invalid`, `hook.failed`. */
export async function continueResolve(repo: Repo, id: string | undefined): Promise<ContinueOutcome> {
  const session = await requireSession(repo, await readBook(repo), id);
  const resolving = requireUnderWay(session, '--continue');
  const admin = requireAdmin(session);
  const git = gitAtWorktree(repo, session.path);
  const [open, head] = [await findMergeHead(admin.directory), await resolveCommit(git, 'HEAD')];
  const isMerged = head !== undefined && (await isAncestor(repo.git, resolving.target, head));
  if (open !== undefined && open !== resolving.target) throw refuseOther(session, 'merge of something else');
  if (open === undefined && !isMerged)
    throw new WtError('usage.invalid', {
      option: '--continue',
      reason: `the merge in ${session.id} is gone: it was aborted there`,
      fix: ['wt', 'sync', session.id, '--resolve'],
    });
  const unresolved = await findUnresolved(repo, session, resolving);
  if (unresolved.paths.length > 0) throw await leftOver(repo, session, resolving, unresolved.paths);
  const base = baseAfter(session, resolving);
  if (open === undefined) await hold(repo, (held) => adoptMerge(held, session.id, base));
  else {
    const resolved = { paths: unresolved.resolved, base: { before: session.row.base, after: base } };
    await commitSession(repo, { id: session.id, message: undefined, dryRun: false, resolved });
  }
  const commit = await resolveCommit(git, 'HEAD');
  return {
    session,
    verb: resolving.verb,
    into: resolving.into,
    commit: commit ?? '',
    isCommitted: open !== undefined,
    left: changedPaths(await readStatus(git)),
  };
}

function requireUnderWay({ id, row }: Session, option: string): Resolving {
  if (row.resolving !== undefined) return row.resolving;
  throw new WtError('usage.invalid', {
    option,
    reason: `no conflict is being resolved in ${id}`,
    fix: ['wt', 'show', id],
  });
}

function refuseOther({ id, row }: Session, operation: string): WtError {
  const verb = row.resolving?.verb ?? 'sync';
  return new WtError('session.refused', { id, verb, reasons: [{ code: 'session.operation', operation }] });
}

/** The base moves along only when it is what was merged in. */
function baseAfter({ row }: Session, { into, target }: Resolving): Base {
  return into === row.base.branch ? { ...row.base, commit: target } : row.base;
}

/** The agent has committed the merge itself: only the record is left to write. */
async function adoptMerge(held: Held, id: string, after: Base): Promise<void> {
  const session = requireOwn(held.book, id);
  const ref = refOfBranch(session.row.branch);
  const commit = (await findRef(held.repo.git, ref))?.commit;
  if (commit === undefined) throw new WtError('base.not-found', { base: session.row.branch, near: [] });
  const base = { before: session.row.base, after };
  await applySync(held, { session, ref, from: commit, to: commit, base, work: null }, '');
  const place = { id, adminDirectory: requireAdmin(session).directory };
  await rebaseRow(held.repo, held.lease, place, { resolving: null });
  await held.log('session.resolve.after', id, { commit });
}

async function leftOver(
  repo: Repo,
  session: Session,
  { into, tip, target }: Resolving,
  paths: readonly string[],
): Promise<WtError> {
  const sides = { session, target: { commit: target }, branch: { commit: tip }, paths };
  const { files, tasks } = await explainConflict(repo, sides);
  const verb = session.row.resolving?.verb ?? 'sync';
  return new WtError('merge.conflict', { id: session.id, into, verb, files, tasks, isLeft: true });
}

export interface AbortOutcome {
  readonly session: Session;
  readonly into: string;
  /** Ref that keeps the files as they were, when something had been edited. */
  readonly kept: string | undefined;
  readonly edited: readonly string[];
  /** The merge had been ended there by hand already. */
  readonly isGone: boolean;
}

/** Back to the tip; what was edited meanwhile is pinned first. Throws `target.moved` when the session has commits on top. */
export async function abortResolve(repo: Repo, id: string | undefined): Promise<AbortOutcome> {
  const { id: own } = await requireSession(repo, await readBook(repo), id);
  return hold(repo, async (held) => {
    const session = requireOwn(held.book, own);
    await planAbort(held.repo, session);
    return abort(held, session, requireUnderWay(session, '--abort'));
  });
}

/** Reads only. */
async function planAbort(repo: Repo, session: Session): Promise<void> {
  const { tip, into } = requireUnderWay(session, '--abort');
  const branch = await findRef(repo.git, refOfBranch(session.row.branch));
  if (branch?.commit !== tip) {
    const fix = ['git', '-C', session.path, 'log', '--oneline', '-5'];
    throw new WtError('target.moved', { target: session.row.branch, reason: 'since', id: session.id, fix });
  }
  const { busy } = await findIdleness(repo, session);
  const reasons = busy.filter((one) => one.code !== 'session.operation' || !/^(?:merge|conflict)/.test(one.operation));
  if (reasons.length > 0)
    throw new WtError('session.refused', { id: session.id, verb: session.row.resolving?.verb ?? 'sync', reasons });
  const git = gitAtWorktree(repo, session.path);
  if ((await resolveCommit(git, 'HEAD')) !== tip) throw refuseOther(session, `checkout of something else than ${into}`);
}

async function abort(held: Held, session: Session, resolving: Resolving): Promise<AbortOutcome> {
  const repo = shielded(held.repo);
  const { directory } = requireAdmin(session);
  const isGone = (await findMergeHead(directory)) === undefined;
  const entry: EntryOf<'abort'> = {
    ...beginEntry(held.lease, repo.deps.clock.now().toISOString()),
    kind: 'abort',
    id: session.id,
    path: session.path,
    adminDirectory: directory,
    resolving,
  };
  await writeJournal(repo.layout.journal, entry);
  await giveUpMerge(repo, entry);
  await finishAbort(repo, held.lease, entry);
  await held.log('session.resolve.failed', session.id, { into: resolving.into });
  await endJournal(repo.layout.journal, entry.op);
  const kept = rewoundRef(session.id, entry.op);
  const edited = isGone || resolving.merged === undefined ? [] : await editedSince(repo, resolving.merged, kept);
  return { session, into: resolving.into, kept: edited.length === 0 ? undefined : kept, edited, isGone };
}

async function editedSince(repo: Repo, merged: string, kept: string): Promise<readonly string[]> {
  return (await listFileChanges(repo.git, merged, await treeOf(repo.git, kept))).map((file) => file.path);
}

/** Whether what `wt undo` is to give up is still under way. Throws `usage.invalid` with the way on. */
export async function requireResolving(repo: Repo, effect: Extract<Effect, { kind: 'resolving' }>): Promise<void> {
  const { id, resolving, isGivenUp } = effect;
  const session = requireOwn(await readBook(repo), id);
  if (!isGivenUp && session.row.resolving?.at === resolving.at) return planAbort(repo, session);
  throw new WtError('usage.invalid', {
    option: 'undo',
    reason: isGivenUp
      ? `the conflict of ${id} was given up, and what had been resolved cannot be laid out again; a ref below refs/wt/rewound/${id}/ keeps it`
      : `the conflict of ${id} is not being resolved any more`,
    fix: isGivenUp ? ['git', 'for-each-ref', `refs/wt/rewound/${id}/`] : ['wt', 'show', id],
  });
}
