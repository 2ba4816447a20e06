import * as z from 'zod';
import { askTrust } from '../cli/ask-trust.ts';
import { defineCommand, type Context } from '../cli/define.ts';
import { flag, hooksOption, messageOption, resolveOptions, sessionsArg } from '../cli/params.ts';
import { STRATEGIES } from '../config/schema.ts';
import { WtError } from '../core/errors.ts';
import { exitCodeOf } from '../core/exit-codes.ts';
import { gatherLandingCommands } from '../landing/around.ts';
import { decideHow, type How, type HowAsked } from '../landing/how.ts';
import { previewMerge, type LandingChecks } from '../landing/merge.ts';
import type { MergePlan, MergeRequest } from '../landing/plan.ts';
import type { Nothing } from '../landing/prepare.ts';
import { doneData, MergeData, plannedData } from '../landing/report.ts';
import { modeOf, resolveIn, resolvingData, type Resolved } from '../landing/resolve/resolve-modes.ts';
import { landAlone, landTrain, planTrain, type Car, type TrainOutcome } from '../landing/train.ts';
import { takeAway, type Removal } from '../landing/take-away.ts';
import type { Commands } from '../sessions/hooks.ts';
import { openRepo } from '../sessions/open.ts';
import type { Repo } from '../sessions/repo.ts';
import { loadDefinition } from '../setup/definition.ts';
import { describeDone, describePlanned, doneWarnings, renderPlan, renderTrain } from '../ui/merge.ts';
import { renderResolved, resolvedWarnings } from '../ui/resolve.ts';
import { foreignLine } from '../ui/text.ts';
import { narratorOf } from '../ui/setup.ts';
import { createTheme } from '../ui/theme.ts';

interface Planned {
  readonly kind: 'planned';
  readonly cars: readonly Car[];
  readonly isTrain: boolean;
  readonly how: HowFull;
}
interface Done {
  readonly kind: 'done';
  readonly train: TrainOutcome;
  readonly isTrain: boolean;
  readonly removals: readonly Removal[];
  readonly how: HowFull;
}
type Outcome = (
  | Planned
  | Done
  | { readonly kind: 'declined'; readonly cars: readonly Car[] }
  | { readonly kind: 'resolved' }
) & {
  /** What was done in the session before, or instead. */
  readonly resolved?: Resolved;
};

export default defineCommand({
  description:
    'Shows what will land and asks. The merged result is built in the object store, tested by the gate if there is one, and the base moves only if it has not moved meanwhile; a worktree that has the base checked out will be brought along, and unrelated uncommitted files there stay. A conflict or a red gate leaves everything as it was. Several sessions form a train: in the order of their dependencies, then of the fewest conflicts, each on top of the one before; it stops at the first that fails and keeps what has landed.',
  args: { ids: sessionsArg },
  options: {
    all: flag('--all', 'Every session that is approved, or declared done by its agent'),
    into: {
      flags: '--into <branch>',
      help: 'Branch to land on (default: the base of the session)',
      schema: z.string().min(1).optional(),
    },
    strategy: {
      flags: '--strategy <how>',
      help: 'merge (always a merge commit), squash, rebase or ff (default: merge)',
      schema: z.enum(STRATEGIES, `one of ${STRATEGIES.join(', ')}`).optional(),
    },
    message: messageOption,
    gate: {
      flags: '--gate <command>',
      help: 'Shell command that must pass on the merged result (default: merge.gate of the config)',
      schema: z.union([z.string().regex(/\S/, 'must not be empty'), z.literal(false)]).optional(),
    },
    noGate: { flags: '--no-gate', help: 'Run no gate', schema: z.boolean().optional() },
    keepGoing: flag('--keep-going', 'Skip what fails in a train, with what depends on it, and go on'),
    ...resolveOptions,
    hooks: hooksOption,
    remove: flag('--remove', 'Take each session away once it has landed'),
  },
  examples: [
    'wt merge fix-login',
    'wt merge fix-login --strategy squash --yes --remove',
    "wt merge fix-login search --gate 'npm test'",
    'wt merge --all --dry-run',
  ],
  mutates: true,
  data: MergeData,

  async run(context, input): Promise<Outcome> {
    const repo = await openRepo(context.deps);
    if (input.all && input.ids.length > 0)
      throw new WtError('usage.invalid', { option: '--all', reason: 'takes every session; name none beside it' });
    const mode = modeOf(input, { '--keep-going': input.keepGoing });
    if (mode !== undefined) return runResolve(context, repo, mode, input);
    const how = await decideAll(context, repo, input);
    const isTrain = input.all || input.ids.length > 1;
    return isTrain ? runTrain(context, repo, input, how) : runOne(context, repo, input, how);
  },

  human(outcome, look) {
    const before = outcome.resolved === undefined ? '' : renderResolved(outcome.resolved, 'merge', look);
    switch (outcome.kind) {
      case 'resolved':
        return before;
      case 'declined':
        return `${before}Nothing was merged.\n`;
      case 'planned':
        return before + describePlanned(outcome, look);
      case 'done':
        return before + describeDone(outcome, look);
    }
  },
  warnings: (outcome) => [
    ...(outcome.resolved === undefined ? [] : resolvedWarnings(outcome.resolved)),
    ...(outcome.kind === 'done' ? doneWarnings(outcome) : []),
  ],
  json(outcome) {
    const resolving = outcome.resolved === undefined ? {} : { resolving: resolvingData(outcome.resolved) };
    if (outcome.kind === 'resolved') return { ...plannedData([]), planned: undefined, ...resolving };
    if (outcome.kind !== 'done') return { ...plannedData(outcome.cars), ...resolving };
    const removed = outcome.removals.flatMap((one) =>
      one.kind === 'kept' ? [] : [{ id: one.id, trash: one.outcome.op }],
    );
    const gone = removed.length === 0 ? {} : { removed };
    return { ...doneData(outcome.train, outcome.how.keepGoing), ...gone, ...resolving };
  },
  exitCode(outcome) {
    const failed = outcome.kind === 'done' ? outcome.train.failed : [];
    const error = failed.find((one) => one.error !== undefined)?.error;
    return error === undefined ? 0 : exitCodeOf[error.code];
  },
});

/** How a landing goes, with the commands around it. */
type HowFull = How & { readonly commands: Commands | undefined };

interface MergeInput extends HowAsked {
  readonly hooks: boolean;
  readonly ids: readonly string[];
  readonly all: boolean;
  readonly remove: boolean;
}

async function runOne(context: Context, repo: Repo, input: MergeInput, how: HowFull): Promise<Outcome> {
  const { globals, busy } = context;
  const request: MergeRequest = { ...how.request, id: input.ids[0] };
  let approved: MergePlan | undefined;
  if (!globals.yes || globals.dryRun) {
    const preview = await busy('building the merge', () => previewMerge(repo, request));
    if (preview.kind === 'nothing')
      return nothingDone(repo, preview, { how, isRemoved: input.remove && !globals.dryRun });
    const { plan } = preview;
    const cars = [{ kind: 'ready' as const, id: plan.session.id, into: how.request.into, plan }];
    if (globals.dryRun) return { kind: 'planned', cars, isTrain: false, how };
    show(context, renderPlan(plan, how.gate, errorLook(context)));
    const isYes = await context.confirm(
      `Land ${plan.session.id} on ${plan.into}?`,
      argvOf([plan.session.id], input, how),
    );
    if (!isYes) return { kind: 'declined', cars };
    approved = plan;
  }
  const work = (): Promise<TrainOutcome> => landAlone(repo, request, checksOf(context, how, approved));
  const train = await (how.gate === undefined && how.commands === undefined ? busy('landing', work) : work());
  const [nothing] = train.nothing;
  if (nothing !== undefined) return nothingDone(repo, nothing, { how, isRemoved: input.remove });
  return { kind: 'done', how, isTrain: false, train, removals: await takeLanded(repo, train, { ...input, ...how }) };
}

async function nothingDone(
  repo: Repo,
  nothing: Nothing,
  { how, isRemoved }: { how: HowFull; isRemoved: boolean },
): Promise<Outcome> {
  const isGoing = isRemoved && nothing.reason === 'contained';
  const removals = await takeAway(repo, isGoing ? [nothing.session.id] : [], how.commands);
  return {
    kind: 'done',
    how,
    isTrain: false,
    removals,
    train: { landed: [], nothing: [nothing], failed: [], untried: [], restacked: [] },
  };
}

async function runTrain(context: Context, repo: Repo, input: MergeInput, how: HowFull): Promise<Outcome> {
  const { globals, busy } = context;
  const request = { ...how.request, ids: input.ids, isAll: input.all, keepGoing: input.keepGoing };
  const plan = await busy('building the train', () => planTrain(repo, request));
  const { cars } = plan;
  if (globals.dryRun) return { kind: 'planned', cars, isTrain: true, how };
  const ids = cars.filter(({ kind }) => kind === 'ready').map(({ id }) => id);
  const isAsked = !globals.yes && ids.length > 0;
  if (isAsked) {
    show(context, renderTrain(cars, how, errorLook(context)));
    const isYes = await context.confirm(
      `Land ${ids.join(', ')}?`,
      argvOf(
        cars.map(({ id }) => id),
        input,
        how,
      ),
    );
    if (!isYes) return { kind: 'declined', cars };
  }
  const checks = checksOf(context, how, undefined);
  const work = (): Promise<TrainOutcome> => landTrain(repo, request, { plan, checks, isApproved: isAsked });
  const train = await (how.gate === undefined && how.commands === undefined ? busy('landing', work) : work());
  return { kind: 'done', how, train, isTrain: true, removals: await takeLanded(repo, train, { ...input, ...how }) };
}

async function takeLanded(
  repo: Repo,
  { landed }: TrainOutcome,
  { remove, commands }: { remove: boolean; commands: Commands | undefined },
): Promise<readonly Removal[]> {
  return takeAway(repo, remove ? landed.map(({ plan }) => plan.session.id) : [], commands);
}

/** How it lands, with the commands around it, which a person may have to approve first. */
async function decideAll(context: Context, repo: Repo, input: MergeInput): Promise<HowFull> {
  const { deps, globals } = context;
  const definition = await loadDefinition(repo.root, deps.env);
  const narrator = narratorOf(deps.io.err, createTheme(deps.io.errColor), '');
  const { commands, missing } = await gatherLandingCommands(repo, definition, { ...input, narrator });
  if (!globals.dryRun) await askTrust(context, missing);
  return { ...(await decideHow(repo, definition, input)), commands };
}

/** A conflict laid out or given up in the session; or ended there, and then it lands. */
async function runResolve(context: Context, repo: Repo, mode: Resolved['mode'], input: MergeInput): Promise<Outcome> {
  // Only what lands needs to know how, and it has to know before the conflict ends.
  const how = mode === 'continue' ? await decideAll(context, repo, input) : undefined;
  const spec = { id: input.ids[0], verb: 'merge' as const, into: input.into, dryRun: context.globals.dryRun };
  const resolved = await context.busy('merging', () => resolveIn(repo, mode, spec));
  if (resolved.mode !== 'continue' || how === undefined) return { kind: 'resolved', resolved };
  const { session, into } = resolved.outcome;
  const request = { ...how.request, into: input.into ?? into };
  try {
    return { ...(await runOne(context, repo, { ...input, ids: [session.id] }, { ...how, request })), resolved };
  } catch (error) {
    if (!WtError.any(error)) throw error;
    context.deps.io.err(`wt: the resolution is committed in ${session.id}; wt undo ${session.id} takes it back\n`);
    throw new WtError(error.kind, error.details, { cause: error, changed: true });
  }
}

function checksOf(
  { deps }: Context,
  { gate, retries, gateTimeoutMs, commands }: HowFull,
  approved: MergePlan | undefined,
): LandingChecks {
  const theme = createTheme(deps.io.errColor);
  return {
    approved,
    gate,
    retries,
    gateTimeoutMs,
    commands,
    onGate: (id) =>
      deps.io.err(`${theme.dim('gate for')} ${theme.name(id)}${theme.dim(':')} ${theme.command(gate ?? '')}\n`),
    onLine: (line) => deps.io.err(`  ${foreignLine(line)}\n`),
  };
}

function errorLook({ deps, look }: Context): Context['look'] {
  return { ...look, theme: createTheme(deps.io.errColor), isTerminal: true };
}

function show({ deps, globals, tell }: Context, text: string): void {
  if (deps.io.stderrIsTTY && !globals.json) tell(`${text}\n`);
}

/** The call that needs no answer. */
function argvOf(ids: readonly string[], input: MergeInput, { request: { into } }: How): readonly string[] {
  return [
    'wt',
    'merge',
    ...ids,
    ...(into === undefined ? [] : ['--into', into]),
    ...(input.strategy === undefined ? [] : ['--strategy', input.strategy]),
    ...(input.message === undefined ? [] : ['--message', input.message]),
    ...(input.gate === undefined ? [] : input.gate === false ? ['--no-gate'] : ['--gate', input.gate]),
    ...(input.keepGoing ? ['--keep-going'] : []),
    ...(input.hooks ? [] : ['--no-hooks']),
    ...(input.remove ? ['--remove'] : []),
    '--yes',
  ];
}
