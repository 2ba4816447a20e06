import * as z from 'zod';
import { defineCommand, type Context } from '../cli/define.ts';
import { flag, messageOption, sessionsArg } from '../cli/params.ts';
import { STRATEGIES } from '../config/schema.ts';
import { WtError } from '../core/errors.ts';
import { exitCodeOf } from '../core/exit-codes.ts';
import { decideHow, type How, type HowAsked } from '../landing/how.ts';
import { landSession, previewMerge, type Landing, type LandingChecks } from '../landing/merge.ts';
import type { MergePlan, MergeRequest } from '../landing/plan.ts';
import type { Nothing } from '../landing/prepare.ts';
import { doneData, MergeData, plannedData } from '../landing/report.ts';
import { landTrain, planTrain, type Car, type TrainOutcome } from '../landing/train.ts';
import { openRepo } from '../sessions/open.ts';
import { removeSession, type RemoveOutcome } from '../sessions/remove.ts';
import type { Repo } from '../sessions/repo.ts';
import { trespassLines } from '../ui/conflicts.ts';
import { describeLanding, describeNothing, describeTrain, renderPlan, renderTrain } from '../ui/merge.ts';
import { reasonLine } from '../ui/refusals.ts';
import { createTheme, type Look } from '../ui/theme.ts';

interface Removal {
  readonly id: string;
  readonly outcome?: RemoveOutcome;
  /** Why it was kept. */
  readonly kept?: string;
}
interface Planned {
  readonly kind: 'planned';
  readonly cars: readonly Car[];
  readonly isTrain: boolean;
  readonly how: How;
}
interface Done {
  readonly kind: 'done';
  readonly train: TrainOutcome;
  readonly isTrain: boolean;
  readonly removals: readonly Removal[];
  readonly how: How;
}
type Outcome = Planned | Done | { readonly kind: 'declined'; readonly cars: readonly Car[] };

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
      schema: z.union([z.string().min(1, 'must not be empty'), z.literal(false)]).optional(),
    },
    noGate: { flags: '--no-gate', help: 'Run no gate', schema: z.boolean().optional() },
    keepGoing: flag('--keep-going', 'Skip what fails in a train, with what depends on it, and go on'),
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
    const how = await decideHow(repo, input);
    if (input.all && input.ids.length > 0)
      throw new WtError('usage.invalid', { option: '--all', reason: 'takes every session; name none beside it' });
    const isTrain = input.all || input.ids.length > 1;
    return isTrain ? runTrain(context, repo, input, how) : runOne(context, repo, input, how);
  },

  human(outcome, look) {
    if (outcome.kind === 'declined') return 'Nothing was merged.\n';
    return outcome.kind === 'planned' ? describePlanned(outcome, look) : describeDone(outcome, look);
  },
  warnings: (outcome) =>
    outcome.kind === 'done'
      ? [
          ...outcome.train.landed.flatMap(({ plan, warnings }) => [...trespassLines(plan.trespasses), ...warnings]),
          ...outcome.removals.flatMap(({ kept }) => kept ?? []),
        ]
      : [],
  json(outcome) {
    if (outcome.kind !== 'done') return plannedData(outcome.cars);
    const removed = outcome.removals.flatMap(({ id, outcome: one }) =>
      one === undefined ? [] : [{ id, trash: one.op }],
    );
    return { ...doneData(outcome.train, outcome.how.keepGoing), ...(removed.length === 0 ? {} : { removed }) };
  },
  exitCode(outcome) {
    const failed = outcome.kind === 'done' ? outcome.train.failed : [];
    const error = failed.find((one) => one.error !== undefined)?.error;
    return error === undefined ? 0 : exitCodeOf[error.code];
  },
});

const NONE = 'No session is approved or declared done. Name those that are to land.\n';

function describePlanned({ cars, isTrain, how }: Planned, look: Look): string {
  const [car] = cars;
  if (car === undefined) return NONE;
  const isPlain = !isTrain && car.kind === 'ready';
  const text = isPlain ? renderPlan(car.plan, how.gate, look) : renderTrain(cars, how, look);
  return `${text}\n${look.theme.dim('Nothing was changed.')}\n`;
}

function describeDone({ train, isTrain, removals }: Done, look: Look): string {
  const { theme } = look;
  if (train.landed.length + train.nothing.length + train.failed.length === 0) return NONE;
  const gone = removals.flatMap(({ id, outcome }) =>
    outcome === undefined
      ? []
      : [`${theme.ok} Removed ${theme.name(id)}  ${theme.dim(`in the trash: ${outcome.trash ?? ''}`)}\n`],
  );
  const one = [
    ...train.landed.map((landing) => describeLanding(landing, look)),
    ...train.nothing.map((none) => describeNothing(none, look)),
  ];
  return (isTrain ? describeTrain(train, look) : one.join('')) + gone.join('');
}

interface MergeInput extends HowAsked {
  readonly ids: readonly string[];
  readonly all: boolean;
  readonly remove: boolean;
}

async function runOne(context: Context, repo: Repo, input: MergeInput, how: How): Promise<Outcome> {
  const { globals, busy } = context;
  const request: MergeRequest = { ...how.request, id: input.ids[0] };
  let approved: MergePlan | undefined;
  if (!globals.yes || globals.dryRun) {
    const preview = await busy('building the merge', () => previewMerge(repo, request));
    if (preview.kind === 'nothing')
      return nothingDone(repo, preview, { how, isRemoved: input.remove && !globals.dryRun });
    const { plan } = preview;
    const cars = [{ kind: 'ready' as const, id: plan.session.id, plan }];
    if (globals.dryRun) return { kind: 'planned', cars, isTrain: false, how };
    show(context, renderPlan(plan, how.gate, errorLook(context)));
    const isYes = await context.confirm(`Land ${plan.session.id} on ${plan.into}?`, argvOf([plan.session.id], input));
    if (!isYes) return { kind: 'declined', cars };
    approved = plan;
  }
  const work = (): Promise<Landing | Nothing> => landSession(repo, request, checksOf(context, how, approved));
  const landing = await (how.gate === undefined ? busy('landing', work) : work());
  if (landing.kind === 'nothing') return nothingDone(repo, landing, { how, isRemoved: input.remove });
  const removals = input.remove ? [await takeAway(repo, landing.plan.session.id)] : [];
  return {
    kind: 'done',
    how,
    isTrain: false,
    removals,
    train: { landed: [landing], nothing: [], failed: [], untried: [] },
  };
}

async function nothingDone(
  repo: Repo,
  nothing: Nothing,
  { how, isRemoved }: { how: How; isRemoved: boolean },
): Promise<Outcome> {
  const isGoing = isRemoved && nothing.reason === 'contained';
  const removals = isGoing ? [await takeAway(repo, nothing.session.id)] : [];
  return {
    kind: 'done',
    how,
    isTrain: false,
    removals,
    train: { landed: [], nothing: [nothing], failed: [], untried: [] },
  };
}

async function runTrain(context: Context, repo: Repo, input: MergeInput, how: How): Promise<Outcome> {
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
      ),
    );
    if (!isYes) return { kind: 'declined', cars };
  }
  const checks = checksOf(context, how, undefined);
  const work = (): Promise<TrainOutcome> => landTrain(repo, request, { plan, checks, isApproved: isAsked });
  const train = await (how.gate === undefined ? busy('landing', work) : work());
  const removals: Removal[] = [];
  if (input.remove) for (const { plan: landed } of train.landed) removals.push(await takeAway(repo, landed.session.id));
  return { kind: 'done', how, train, isTrain: true, removals };
}

function checksOf({ deps }: Context, { gate, retries }: How, approved: MergePlan | undefined): LandingChecks {
  const theme = createTheme(deps.io.errColor);
  return {
    approved,
    gate,
    retries,
    onGate: (id) =>
      deps.io.err(`${theme.dim('gate for')} ${theme.name(id)}${theme.dim(':')} ${theme.command(gate ?? '')}\n`),
    onLine: (line) => deps.io.err(`  ${line}\n`),
  };
}

function errorLook({ deps, look }: Context): Context['look'] {
  return { ...look, theme: createTheme(deps.io.errColor), isTerminal: true };
}

function show({ deps, globals, tell }: Context, text: string): void {
  if (deps.io.stderrIsTTY && !globals.json) tell(`${text}\n`);
}

/** The call that needs no answer. */
function argvOf(ids: readonly string[], input: MergeInput): readonly string[] {
  return [
    'wt',
    'merge',
    ...ids,
    ...(input.into === undefined ? [] : ['--into', input.into]),
    ...(input.strategy === undefined ? [] : ['--strategy', input.strategy]),
    ...(input.message === undefined ? [] : ['--message', input.message]),
    ...(input.gate === undefined ? [] : input.gate === false ? ['--no-gate'] : ['--gate', input.gate]),
    ...(input.keepGoing ? ['--keep-going'] : []),
    ...(input.remove ? ['--remove'] : []),
    '--yes',
  ];
}

/** The landing stands whatever becomes of the removal: a refusal is told, not thrown. */
async function takeAway(repo: Repo, id: string): Promise<Removal> {
  try {
    const spec = { force: false, keepBranch: false, verb: 'remove' as const, dryRun: false };
    return { id, outcome: await removeSession(repo, id, spec) };
  } catch (error) {
    const reasons = WtError.is(error, 'session.refused') ? error.details.reasons.map(reasonLine) : [String(error)];
    return { id, kept: `${id} has landed and was kept: ${reasons.join('; ')}` };
  }
}
