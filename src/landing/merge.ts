import { WtError } from '../core/errors.ts';
import { readBook } from '../sessions/book.ts';
import { withScratch } from '../sessions/cache.ts';
import { hold } from '../sessions/hold.ts';
import { withGitEnv, type Repo } from '../sessions/repo.ts';
import type { Commands } from '../sessions/hooks.ts';
import { applyLanding } from './apply.ts';
import { hasBefore, passBefore, runLanded } from './around.ts';
import { runGate, type GateRequest } from './gate/gate.ts';
import { withGateTree } from './gate/gate-tree.ts';
import { findLandingHooks, passMessage, passTree, runAfter, type LandingHooks } from './gate/hooks.ts';
import type { MergePlan, MergeRequest } from './plan.ts';
import { prepare, writeLanding, type Nothing, type Prepared } from './prepare.ts';
import { findGreen, type Verdict } from './gate/verdict.ts';

/** What a person has seen: the session's tip, the files it leads to, and what it goes on top of, unless a train makes that first. */
export interface Approved extends Pick<MergePlan, 'tip' | 'tree'> {
  readonly target?: MergePlan['target'];
}

/** How a landing is checked before it counts. */
export interface LandingChecks {
  /** What a person said yes to: anything else by now is `target.moved`. */
  readonly approved: Approved | undefined;
  /** Shell command that must pass on the merged result. */
  readonly gate: string | undefined;
  /** How often it is built and tested anew when the target has moved meanwhile. */
  readonly retries: number;
  /** Told before a gate runs, for which session. */
  readonly onGate: (id: string) => void;
  readonly onLine: (line: string) => void;
  readonly gateTimeoutMs: number;
  /** What the configuration runs around it, and what makes the gate worktree ready; absent: none. */
  readonly commands?: Commands | undefined;
}

export interface Landing {
  readonly kind: 'landed';
  readonly plan: MergePlan;
  /** The target's new commit. */
  readonly commit: string;
  readonly verdict: Verdict | undefined;
  /** The verdict is of an earlier run on the same tree. */
  readonly isVerdictReused: boolean;
  readonly warnings: readonly string[];
}

/** A merged result that has passed everything, to land if nothing has moved meanwhile. */
interface Candidate {
  readonly plan: MergePlan;
  readonly commit: string;
  readonly verdict: Verdict | undefined;
  readonly isVerdictReused: boolean;
}

/** What would land, for a person to look at: everything is built in a throw-away object folder. Throws as {@link prepare}. */
export async function previewMerge(repo: Repo, request: MergeRequest): Promise<Prepared> {
  const book = await readBook(repo);
  return withScratch(repo, (env) => prepare(withGitEnv(repo, env), book, request, { isPreview: true }));
}

/**
 * Builds and tests without the lock, lands under it, and begins anew while the target moves in between. Throws as {@link prepare},
 * `gate.failed`, `hook.failed`, and `target.moved` after the last try.
 */
export async function landSession(
  repo: Repo,
  request: MergeRequest,
  checks: LandingChecks,
): Promise<Landing | Nothing> {
  const hooks = await findLandingHooks(repo, request.strategy);
  if (hasBefore(checks.commands)) {
    const seen = await previewMerge(repo, request);
    if (seen.kind === 'nothing') return seen;
    await passBefore(repo, checks.commands, seen.plan);
  }
  for (let attempt = 0; ; attempt++) {
    const candidate = needsChecks(hooks, checks) ? await test(repo, request, { hooks, checks }) : undefined;
    const landed = await hold(repo, async (held): Promise<Landing | Nothing | MergePlan> => {
      const prepared = await prepare(held.repo, held.book, request);
      if (prepared.kind === 'nothing') return prepared;
      const { plan } = prepared;
      requireApproved(plan, checks);
      if (candidate === undefined ? needsChecks(hooks, checks) : !isSame(plan, candidate.plan)) return plan;
      const commit = candidate?.commit ?? (await writeLanding(held.repo, prepared, hooks));
      await applyLanding(held, plan, commit);
      const { verdict, isVerdictReused = false } = candidate ?? {};
      return { kind: 'landed', plan, commit, verdict, isVerdictReused, warnings: [] };
    });
    if (!('kind' in landed)) {
      if (attempt < checks.retries) continue;
      throw new WtError('target.moved', { target: landed.into, reason: 'raced', id: landed.session.id });
    }
    if (landed.kind === 'nothing') return landed;
    const trouble = await runAfter(repo, hooks, landed.plan);
    const said = await runLanded(repo, checks.commands, landed);
    return { ...landed, warnings: [...(trouble === undefined ? [] : [trouble]), ...said] };
  }
}

function needsChecks({ onTree, onMessage }: LandingHooks, { gate }: LandingChecks): boolean {
  return gate !== undefined || onTree !== undefined || onMessage.length > 0;
}

function isSame(a: MergePlan, b: MergePlan): boolean {
  return a.tip === b.tip && a.target.commit === b.target.commit && a.tree === b.tree;
}

/** A gate tests whatever the target is by then; without one a person's look at the preview is the only test. */
function requireApproved(plan: MergePlan, { approved, gate }: LandingChecks): void {
  if (approved === undefined) return;
  const isSeen =
    approved.tree === plan.tree && (approved.target === undefined || approved.target.commit === plan.target.commit);
  if (approved.tip === plan.tip && (isSeen || gate !== undefined)) return;
  throw new WtError('target.moved', { target: plan.into, reason: 'raced', id: plan.session.id });
}

/** Undefined when there is nothing to land by now. */
async function test(
  repo: Repo,
  request: MergeRequest,
  { hooks, checks }: { hooks: LandingHooks; checks: LandingChecks },
): Promise<Candidate | undefined> {
  const prepared = await prepare(repo, await readBook(repo), request);
  if (prepared.kind === 'nothing') return undefined;
  requireApproved(prepared.plan, checks);
  const plan = { ...prepared.plan, message: await passMessage(repo, hooks, prepared.plan) };
  const commit = await writeLanding(repo, { ...prepared, plan }, hooks);
  const { gate: command, onLine, gateTimeoutMs: timeoutMs, commands } = checks;
  const gateRequest: GateRequest | undefined =
    command === undefined ? undefined : { command, plan, commit, onLine, timeoutMs, commands };
  const known = command === undefined ? undefined : await findGreen(repo, { tree: plan.tree, command });
  const done = { plan, commit, verdict: known, isVerdictReused: known !== undefined };
  const isTested = known !== undefined || gateRequest === undefined;
  if (isTested && hooks.onTree === undefined) return done;
  return withGateTree(repo, { commit, id: plan.session.id }, async (gate) => {
    await passTree(gate, hooks, { plan, commit });
    if (isTested) return done;
    checks.onGate(plan.session.id);
    const ran = await runGate(repo, gate, gateRequest);
    if (ran.kind === 'done' && ran.verdict.exitCode === 0) return { ...done, verdict: ran.verdict };
    const { output, ...how } =
      ran.kind === 'done'
        ? { command: gateRequest.command, exitCode: ran.verdict.exitCode, log: ran.verdict.log, output: ran.output }
        : ran.failure;
    const timedOut = ran.isLate ? { timedOut: true } : {};
    const isSetup = ran.kind === 'unready' ? { isSetup: true } : {};
    const failure = { id: plan.session.id, into: plan.into, tree: plan.tree, ...how, ...timedOut, ...isSetup, output };
    throw new WtError('gate.failed', failure);
  });
}
