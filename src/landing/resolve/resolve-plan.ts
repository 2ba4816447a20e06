import { WtError, type ConflictPath, type Reason } from '../../core/errors.ts';
import { isAncestor } from '../../git/commit.ts';
import { layOutMerge, type Stage } from '../../git/merge-tree.ts';
import { findRef, refOfBranch } from '../../git/ref.ts';
import type { Env } from '../../platform/deps.ts';
import type { Resolving } from '../../registry/session.ts';
import type { Session } from '../../sessions/book.ts';
import { findIdleness } from '../../sessions/idle.ts';
import type { Repo } from '../../sessions/repo.ts';
import { explainConflict } from '../explain.ts';
import { refuseHidden, requireSyncBase, type SyncTarget } from '../sync/sync-plan.ts';
import { findWrittenOver } from '../sync/uncommitted.ts';

export interface ResolveRequest {
  /** Undefined: the session the caller stands in. */
  readonly id: string | undefined;
  /** What is to be gone on with afterwards. */
  readonly verb: Resolving['verb'];
  /** Branch to merge in; default the session's base. */
  readonly into?: string | undefined;
  readonly dryRun?: boolean;
}

/** `clean`: there is no conflict to resolve. `current`: the session has it all. Nothing was done then. */
export type ResolveOutcome =
  | { readonly kind: 'clean' | 'current'; readonly session: Session; readonly into: string }
  | {
      readonly kind: 'started' | 'planned';
      readonly session: Session;
      readonly into: string;
      readonly resolving: Resolving;
      readonly files: readonly ConflictPath[];
      readonly tasks: readonly string[];
    };

/** What would be laid out: files with markers, and the stages of what conflicts. */
export type ResolvePrepared =
  | Extract<ResolveOutcome, { kind: 'clean' | 'current' }>
  | {
      readonly kind: 'ready';
      readonly outcome: Extract<ResolveOutcome, { kind: 'started' | 'planned' }>;
      readonly merged: string;
      readonly stages: readonly Stage[];
    };

/** Builds it in the object store; nothing is touched. Throws `session.refused`, `base.not-found`, `usage.invalid`. */
export async function prepareResolve(
  repo: Repo,
  session: Session,
  { verb, into }: ResolveRequest,
  env: Env = {},
): Promise<ResolvePrepared> {
  const { id, row } = session;
  const [branch, target] = [
    await findRef(repo.git, refOfBranch(row.branch)),
    into === undefined || into === row.base.branch
      ? await requireSyncBase(repo, session)
      : await requireTarget(repo, session, into),
  ];
  if (branch === undefined) throw new WtError('base.not-found', { base: row.branch, near: [] });
  const tip = branch.commit;
  if (await isAncestor(repo.git, target.commit, tip)) return { kind: 'current', session, into: target.branch };
  const { busy, dirt, hidden } = await findIdleness(repo, session);
  const reasons: readonly Reason[] = [...busy, ...(dirt === undefined ? [] : [dirt])];
  if (reasons.length > 0) throw new WtError('session.refused', { id, verb, reasons });
  const { tree, stages } = await layOutMerge(repo.git, branch.name, target.ref, { env });
  if (stages.length === 0) return { kind: 'clean', session, into: target.branch };
  // The markers name the branches; that they have not moved meanwhile is seen afterwards.
  const [ours, theirs] = [await findRef(repo.git, branch.name), await findRef(repo.git, target.ref)];
  if (ours?.commit !== tip || theirs?.commit !== target.commit)
    throw new WtError('target.moved', {
      target: target.branch,
      reason: 'raced',
      id,
      fix: ['wt', verb, id, '--resolve'],
    });
  const written = await findWrittenOver(repo, session, { from: tip, to: tree, hidden, env });
  if (written.length > 0) throw refuseHidden(id, written);
  const paths = [...new Set(stages.map((stage) => stage.path))];
  const explained = await explainConflict(repo, { session, target, branch, paths });
  const at = repo.deps.clock.now().toISOString();
  const resolving = { verb, into: target.branch, tip, target: target.commit, merged: tree, at };
  return {
    kind: 'ready',
    outcome: { kind: 'started', session, into: target.branch, resolving, ...explained },
    merged: tree,
    stages,
  };
}

async function requireTarget(repo: Repo, { id, row }: Session, into: string): Promise<SyncTarget> {
  if (into === row.branch)
    throw new WtError('usage.invalid', { option: '--into <branch>', reason: `${into} is the branch of ${id} itself` });
  const ref = await findRef(repo.git, refOfBranch(into));
  if (ref === undefined) throw new WtError('base.not-found', { base: into, near: [] });
  return { branch: into, commit: ref.commit, ref: ref.name };
}
