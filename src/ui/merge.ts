import { WtError } from '../core/errors.ts';
import type { Landing } from '../landing/merge.ts';
import type { MergePlan } from '../landing/plan.ts';
import type { Nothing } from '../landing/prepare.ts';
import type { Removal } from '../landing/take-away.ts';
import type { Car, Failure, TrainOutcome } from '../landing/train.ts';
import { trespassLines } from './conflicts.ts';
import { explain } from './errors.ts';
import { reasonLine } from './refusals.ts';
import { renderRestacked } from './restack.ts';
import { plural, safe, shellLine, truncate } from './text.ts';
import type { Look, Theme } from './theme.ts';
import { firstOf, workLines } from './work.ts';

/** What a person decides on: one landing. */
export function renderPlan(plan: MergePlan, gate: string | undefined, { theme, isTerminal, width }: Look): string {
  const { session, into, strategy, message, checkout, target } = plan;
  const room = isTerminal ? width - 4 : Number.MAX_SAFE_INTEGER;
  const lines = [
    `${theme.name(session.id)} → ${theme.name(into)}  ${theme.dim(`${strategy}, onto ${target.commit.slice(0, 7)}, no conflicts`)}`,
    ...(strategy === 'merge' || strategy === 'squash'
      ? [`  ${theme.dim('message')}  ${truncate(safe(message.split('\n')[0] ?? ''), room - 9)}`]
      : []),
    ...gateLine(gate, theme, room),
    '',
    ...workLines(plan, theme, room),
    ...planWarnings(plan).map((line) => `${theme.warn} ${truncate(safe(line), room)}`),
    ...(checkout === undefined
      ? []
      : ['', `${theme.path(truncate(checkout, room - 20, 'middle'))} ${theme.dim('will be brought along')}`]),
  ];
  return `${lines.join('\n')}\n`;
}

/** What speaks against a landing, and does not forbid it. */
function planWarnings({ session, waitsFor, trespasses }: MergePlan): readonly string[] {
  const order = waitsFor.map((id) => `${session.id} was to land after ${id}, which has not landed`);
  return [...order, ...trespassLines(trespasses)];
}

function gateLine(gate: string | undefined, theme: Theme, room: number): readonly string[] {
  return gate === undefined ? [] : [`  ${theme.dim('gate')}     ${theme.command(truncate(safe(gate), room - 9))}`];
}

/** What a person decides on: a train, as far as it can be predicted. */
export function renderTrain(
  cars: readonly Car[],
  { gate, keepGoing }: { gate: string | undefined; keepGoing: boolean },
  { theme, isTerminal, width }: Look,
): string {
  const room = isTerminal ? width - 4 : Number.MAX_SAFE_INTEGER;
  const stop = keepGoing ? -1 : cars.findIndex(({ kind }) => kind === 'stopped');
  const wide = Math.max(...cars.map(({ id }) => id.length));
  const rows = cars.flatMap((car, i) => {
    const isReached = stop < 0 || i <= stop;
    const head = `${String(i + 1).padStart(2)}  ${theme.name(car.id)}${' '.repeat(wide - car.id.length)}  `;
    return [
      truncate(`${head}${isReached ? carWords(car, theme) : theme.dim('not reached')}`, room),
      ...(isReached ? carDetails(car, theme, room) : []),
    ];
  });
  const ready = cars.filter(({ kind }, i) => kind === 'ready' && (stop < 0 || i < stop)).length;
  return [
    `${theme.heading(`${plural(ready, 'session')} of ${cars.length} would land`)}, each on top of the one before`,
    ...gateLine(gate, theme, room),
    '',
    ...rows,
    '',
  ].join('\n');
}

function carWords(car: Car, theme: Theme): string {
  switch (car.kind) {
    case 'ready':
      return `→ ${theme.name(car.plan.into)}  ${theme.dim(`${plural(car.plan.commits.length, 'commit')}, ${plural(car.plan.files.length, 'file')}`)}`;
    case 'nothing':
      return theme.dim('nothing to land');
    case 'stopped':
      return theme.bad(failureWords(car.failure));
  }
}

function carDetails(car: Car, theme: Theme, room: number): readonly string[] {
  if (car.kind !== 'stopped' || car.failure.error === undefined) return [];
  const lines = explain(car.failure.error).lines ?? [];
  return firstOf(
    lines.map((line) => truncate(`      ${theme.dim(line)}`, room)),
    theme,
  );
}

/** Why it did not land, on one line. */
export function failureWords(failure: Failure): string {
  return failure.error === undefined
    ? `it lands after ${failure.because}, which does not`
    : explain(failure.error).message;
}

/** How a train went. */
function describeTrain({ landed, nothing, failed, untried }: TrainOutcome, look: Look): string {
  const { theme } = look;
  const blocks = [
    ...landed.map((landing) => describeLanding(landing, look)),
    ...nothing.map((one) => describeNothing(one, look)),
    ...failed.map((failure) => describeFailure(failure, theme)),
  ];
  const rest = untried.length === 0 ? '' : `${theme.dim(`Not tried: ${untried.join(', ')}`)}\n`;
  const sum = `${plural(landed.length, 'session')} landed, ${failed.length} did not\n`;
  return `${blocks.join('')}${rest}${failed.length === 0 ? '' : sum}`;
}

function describeFailure(failure: Failure, theme: Theme): string {
  const head = `${theme.bad('✗')} ${theme.name(failure.id)} ${theme.dim('stays as it was:')} ${safe(failureWords(failure))}\n`;
  if (failure.error === undefined) return head;
  const { lines = [], fix } = explain(failure.error);
  const shown = lines.filter((line) => line !== '').map((line) => `  ${safe(line)}\n`);
  return `${head}${shown.join('')}${fix === undefined ? '' : `  next: ${theme.command(shellLine(fix))}\n`}`;
}

function describeLanding({ plan, commit, verdict, isVerdictReused }: Landing, { theme }: Look): string {
  const along = plan.checkout === undefined ? '' : `  ${theme.path(plan.checkout)} ${theme.dim('was brought along')}\n`;
  const gate =
    verdict === undefined
      ? ''
      : `  ${theme.dim(`the gate is green${isVerdictReused ? ', from an earlier run on the same files' : ''}:`)} ${theme.command(safe(verdict.command))}\n`;
  const from = plan.target.commit.slice(0, 7);
  const how = `${plan.strategy}, ${plural(plan.commits.length, 'commit')}, ${plural(plan.files.length, 'file')}`;
  return `${theme.ok} Landed ${theme.name(plan.session.id)} on ${theme.name(plan.into)}  ${theme.dim(`${from}..${commit.slice(0, 7)} (${how})`)}\n${gate}${along}`;
}

function describeNothing({ session, into, reason }: Nothing, { theme }: Look): string {
  return reason === 'empty'
    ? `Nothing to land: ${theme.name(session.id)} has no commits of its own yet.\n`
    : `Nothing to land: ${theme.name(into)} has everything of ${theme.name(session.id)} already.\n`;
}

/** What became of a session that was to go once it had landed. */
function removalLine(removal: Removal, { theme }: Look): string {
  if (removal.kind === 'kept') return '';
  return `${theme.ok} Removed ${theme.name(removal.id)}  ${theme.dim(`in the trash: ${removal.outcome.trash ?? ''}`)}\n`;
}

function removalWarnings(removal: Removal): readonly string[] {
  if (removal.kind === 'removed') return removal.outcome.warnings;
  const { id, error } = removal;
  const why = WtError.is(error, 'session.refused') ? error.details.reasons.map(reasonLine) : [explain(error).message];
  return [`${id} has landed and was kept: ${why.join('; ')}`];
}

const NONE = 'No session is approved or declared done. Name those that are to land.\n';

/** What a call would land. */
export function describePlanned(
  {
    cars,
    isTrain,
    how,
  }: { cars: readonly Car[]; isTrain: boolean; how: { gate: string | undefined; keepGoing: boolean } },
  look: Look,
): string {
  const [car] = cars;
  if (car === undefined) return NONE;
  const isPlain = !isTrain && car.kind === 'ready';
  const text = isPlain ? renderPlan(car.plan, how.gate, look) : renderTrain(cars, how, look);
  return `${text}\n${look.theme.dim('Nothing was changed.')}\n`;
}

/** What a call has landed, and what became of the sessions. */
export function describeDone(
  { train, isTrain, removals }: { train: TrainOutcome; isTrain: boolean; removals: readonly Removal[] },
  look: Look,
): string {
  if (train.landed.length + train.nothing.length + train.failed.length === 0) return NONE;
  const gone = removals.map((removal) => removalLine(removal, look));
  const one = [
    ...train.landed.map((landing) => describeLanding(landing, look)),
    ...train.nothing.map((none) => describeNothing(none, look)),
  ];
  const into = train.landed.at(-1)?.plan.into ?? '';
  return (
    (isTrain ? describeTrain(train, look) : one.join('')) + renderRestacked(train.restacked, into, look) + gone.join('')
  );
}

export function doneWarnings({
  train,
  removals,
}: {
  train: TrainOutcome;
  removals: readonly Removal[];
}): readonly string[] {
  return [
    ...train.landed.flatMap(({ plan, warnings }) => [...planWarnings(plan), ...warnings]),
    ...removals.flatMap((removal) => [...removalWarnings(removal)]),
  ];
}
