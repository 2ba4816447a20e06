import { isoFromMs, msOf } from '../core/time.ts';
import { WtError, type Reason } from '../core/errors.ts';
import { sizeOf } from '../platform/disk.ts';
import { loadDefinition } from '../setup/definition.ts';
import type { Phase } from '../setup/step.ts';
import { readBook } from './book.ts';
import { expireTrash, trashLimits, type Expiry } from './expire.ts';
import { findMergedRequests, vouchFor, type AnyEvidence, type MergedRequest } from './forge-proof.ts';
import { runAfter, runBefore, type Commands } from './hooks.ts';
import { examineSessions, type Examined } from './list.ts';
import { findReasons, gatherRemoveFacts, removeSession, type RemoveFacts, type RemoveOutcome } from './remove.ts';
import type { Repo } from './repo.ts';
import { listSpares } from './spares/record.ts';
import { reclaimSpares, type Reclaimed } from './spares/reclaim.ts';

export interface CleanRequest {
  readonly dryRun: boolean;
  /** Only sessions without work for this long; also lets sessions go that never had commits. */
  readonly olderThanMs: number | undefined;
  /** Also sessions that nothing proves safe; they go into the trash like the others. */
  readonly all: boolean;
  readonly keepBranches: boolean;
  /** First end what wt has started in a session that goes. */
  readonly kill: boolean;
  /** Ask the forge about pushed sessions that git proves nothing of. */
  readonly forge: boolean;
  /** Commands around all of it, and the teardown of each session; absent: none. */
  readonly commands?: Commands | undefined;
}

export interface Kept {
  readonly id: string;
  readonly reasons: readonly (
    | Reason
    | { readonly code: 'new' | 'young' | 'broken' | 'busy'; readonly detail: string }
  )[];
  /** The next command for it. */
  readonly fix: readonly string[];
}

export interface CleanOutcome {
  readonly kind: 'planned' | 'cleaned';
  readonly removed: readonly {
    readonly id: string;
    readonly evidence: AnyEvidence | null;
    readonly freedBytes: number | null;
    readonly outcome: RemoveOutcome;
  }[];
  readonly kept: readonly Kept[];
  /** What of the trash has gone for good, or would. */
  readonly expiry: Expiry;
  /** Rows dropped because neither worktree nor branch is left. */
  readonly pruned: readonly { readonly id: string; readonly reason: string }[];
  /** Spares that no session would have got. */
  readonly spares: readonly Reclaimed[];
  /** What its commands had to say. */
  readonly warnings: readonly string[];
}

/** Commands that a clean runs: its own hooks, and of each session that goes the teardown. */
export const CLEAN_PHASES: readonly Phase[] = ['clean.before', 'teardown', 'clean.after'];

type Verdict =
  | { readonly kind: 'remove'; readonly merged?: MergedRequest | undefined }
  | { readonly kind: 'prune'; readonly reason: string }
  | { readonly kind: 'keep'; readonly kept: Kept };

/** One session at a time, each decided again under the lock; one that meanwhile changed is kept and said. */
export async function cleanSessions(repo: Repo, request: CleanRequest): Promise<CleanOutcome> {
  const limits = await trashLimits(repo); // a configuration that cannot be read stops it before anything is done
  const commands = request.dryRun ? undefined : request.commands;
  const place = { facts: undefined, cwd: repo.root, without: ['wt', 'clean', '--no-hooks'] };
  await runBefore(repo, commands, 'clean', place);
  const candidates = await judgeSessions(repo, request);
  const removed: CleanOutcome['removed'][number][] = [];
  const kept: Kept[] = [];
  const pruned: CleanOutcome['pruned'][number][] = [];
  for (const { id, verdict } of candidates) {
    if (verdict.kind === 'keep') {
      kept.push(verdict.kept);
      continue;
    }
    const refuse = (facts: RemoveFacts): void =>
      verdict.kind === 'prune' ? undefined : requireStillProven(facts, request);
    try {
      const size = (await readBook(repo)).sessions.get(id)?.path;
      const freedBytes = size === undefined ? null : ((await sizeOf(size)) ?? null);
      const outcome = await removeSession(repo, id, {
        force: request.all,
        keepBranch: request.keepBranches,
        kill: request.kill,
        verb: 'clean',
        dryRun: request.dryRun,
        refuse,
        merged: verdict.kind === 'remove' ? verdict.merged : undefined,
        commands,
      });
      if (verdict.kind === 'prune') pruned.push({ id, reason: verdict.reason });
      else removed.push({ id, evidence: outcome.plan.evidence, freedBytes, outcome });
    } catch (error) {
      if (WtError.is(error, 'session.not-found')) continue; // another clean was faster
      if (!WtError.is(error, 'session.refused')) throw error;
      kept.push({ id, reasons: error.details.reasons, fix: fixFor(id, error.details.reasons) });
    }
  }
  const expiry = await expireTrash(repo, limits, {
    dryRun: request.dryRun,
    hasChanged: !request.dryRun && removed.length + pruned.length > 0,
  });
  const spares = await cleanSpares(repo, request);
  const warnings = await runAfter(repo, commands, 'clean.after', {
    ...place,
    context: { removed: removed.map(({ id }) => id) },
    left: 'All of it is cleaned; hooks.clean.after was cut off.',
  });
  const said = [...removed.flatMap(({ outcome }) => outcome.warnings), ...warnings];
  return { kind: request.dryRun ? 'planned' : 'cleaned', removed, kept, pruned, expiry, spares, warnings: said };
}

async function cleanSpares(repo: Repo, { dryRun }: CleanRequest): Promise<readonly Reclaimed[]> {
  if ((await listSpares(repo.layout)).length === 0) return [];
  return reclaimSpares(repo, await loadDefinition(repo.root, repo.deps.env), { dryRun, isMaker: false });
}

/** What clean would do with each session, without doing it. */
export async function judgeSessions(
  repo: Repo,
  request: CleanRequest,
): Promise<readonly { readonly id: string; readonly verdict: Verdict }[]> {
  const book = await readBook(repo);
  const judged: { id: string; verdict: Verdict; one: Examined; facts: RemoveFacts | undefined }[] = [];
  const examined = await examineSessions(repo, [...book.sessions.values()], { conflicts: false });
  for (const one of examined) {
    const { session } = one.inspection;
    const early = judgeEarly(one, request, repo.deps.clock.now().getTime());
    const facts = early === undefined ? await gatherRemoveFacts(repo, book, session) : undefined;
    const verdict = facts === undefined ? early : judgeFacts(one, facts, request);
    if (verdict !== undefined) judged.push({ id: session.id, verdict, one, facts });
  }
  const open = request.forge ? judged.filter(({ verdict }) => isOnlyUnproven(verdict)) : [];
  const merged = await findMergedRequests(
    repo,
    open.map(({ one }) => one.inspection),
  );
  return judged.map((entry) => {
    const { id, one, facts, verdict } = entry;
    const found = merged[open.indexOf(entry)];
    if (found === undefined || facts === undefined) return { id, verdict };
    const again = judgeFacts(one, vouchFor(facts, found), request);
    return { id, verdict: again.kind === 'remove' ? { ...again, merged: found } : again };
  });
}

/** Nothing stands in the way but that nobody knows it to have landed. Pure. */
function isOnlyUnproven(verdict: Verdict): boolean {
  return verdict.kind === 'keep' && verdict.kept.reasons.every(({ code }) => code === 'session.unmerged');
}

/** What the view alone decides: nothing left, broken, busy, too young. Pure. */
function judgeEarly({ view, inspection }: Examined, request: CleanRequest, nowMs: number): Verdict | undefined {
  const { id } = view;
  const keep = (
    code: 'broken' | 'busy' | 'young',
    detail: string,
    fix: readonly string[] = ['wt', 'show', id],
  ): Verdict => ({ kind: 'keep', kept: { id, reasons: [{ code, detail }], fix } });
  if (view.tree === 'missing' && inspection.branch === undefined && view.status !== 'busy')
    return { kind: 'prune', reason: 'neither worktree nor branch is left' };
  if (view.status === 'busy')
    return keep(
      'busy',
      inspection.operation === undefined || inspection.isSettingUp === true
        ? 'it is just being made'
        : `a ${inspection.operation} is in progress`,
    );
  if (view.tree === 'missing')
    return keep('broken', `its folder is gone, its branch ${view.branch} is kept`, ['wt', 'doctor', '--fix']);
  if (view.tree === 'foreign' || view.tree === 'unregistered')
    return keep('broken', `git and what lies at ${view.path} do not name each other`, ['wt', 'doctor']);
  const last = Math.max(msOf(view.createdAt), msOf(view.head?.committedAt ?? view.createdAt));
  if (request.olderThanMs !== undefined && nowMs - last < request.olderThanMs)
    return keep('young', `last work ${isoFromMs(last).slice(0, 10)}`);
  return undefined;
}

function judgeFacts({ view }: Examined, facts: RemoveFacts, request: CleanRequest): Verdict {
  const { evidence } = facts;
  const { firm, soft } = findReasons(facts);
  const isKilled = (reason: Reason): boolean =>
    request.kill && reason.code === 'session.live' && reason.isStarted === true;
  const reasons = [...firm, ...(request.all ? [] : soft)].filter((reason) => !isKilled(reason));
  if (reasons.length > 0)
    return {
      kind: 'keep',
      kept: {
        id: view.id,
        reasons,
        fix: view.status === 'conflict' ? ['wt', 'merge', view.id, '--dry-run'] : fixFor(view.id, reasons),
      },
    };
  if (!request.all && evidence?.proof === 'empty' && request.olderThanMs === undefined) {
    return {
      kind: 'keep',
      kept: {
        id: view.id,
        reasons: [{ code: 'new', detail: 'no commits yet' }],
        fix: ['wt', 'remove', view.id],
      },
    };
  }
  if (!request.all && evidence === undefined) {
    return {
      kind: 'keep',
      kept: {
        id: view.id,
        reasons: [{ code: 'session.unmerged', commits: view.ahead ?? 0, base: view.base.branch, subjects: [] }],
        fix: ['wt', 'merge', view.id],
      },
    };
  }
  return { kind: 'remove' };
}

function fixFor(id: string, reasons: Kept['reasons']): readonly string[] {
  const [first] = reasons;
  if (first?.code === 'session.dirty') return ['wt', 'commit', id];
  if (first?.code === 'session.unmerged') return ['wt', 'merge', id];
  return ['wt', 'show', id];
}

function requireStillProven(facts: RemoveFacts, request: CleanRequest): void {
  if (
    request.all ||
    (facts.evidence !== undefined && (facts.evidence.proof !== 'empty' || request.olderThanMs !== undefined))
  )
    return;
  const { count, subjects } = facts.unlanded;
  throw new WtError('session.refused', {
    id: facts.session.id,
    verb: 'remove',
    reasons: [{ code: 'session.unmerged', commits: count, base: facts.session.row.base.branch, subjects }],
  });
}
