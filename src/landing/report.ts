import * as z from 'zod';
import { STRATEGIES } from '../config/schema.ts';
import { WtError } from '../core/errors.ts';
import { ResolvingData } from './resolve/resolve-modes.ts';
import type { Car, Failure, TrainOutcome } from './train.ts';

/** Why a session did not land: `reason` is an error code, or `dependency` when it is another one's failure. */
const Stopped = z.object({
  id: z.string(),
  reason: z.string(),
  paths: z.array(z.string()),
  /** The session it lands after. */
  because: z.string().optional(),
});

/** Shape of `data` in `wt merge --json`. */
export const MergeData = z.object({
  landed: z.array(
    z.object({
      id: z.string(),
      commit: z.string(),
      into: z.string(),
      strategy: z.enum(STRATEGIES),
      gate: z.object({ command: z.string(), tree: z.string(), log: z.string(), reused: z.boolean() }).optional(),
    }),
  ),
  /** What stopped the train; null when nothing did. */
  stopped: Stopped.nullable(),
  failed: z.array(Stopped),
  untried: z.array(z.string()),
  planned: z
    .array(
      z.object({
        id: z.string(),
        state: z.enum(['ready', 'nothing', 'stopped']),
        into: z.string().optional(),
        strategy: z.enum(STRATEGIES).optional(),
        commits: z.array(z.string()).optional(),
        files: z.array(z.string()).optional(),
        stopped: Stopped.optional(),
      }),
    )
    .optional(),
  /** Sessions that were cut from one that has landed: `left` ones are to be synced. */
  restacked: z.array(z.object({ id: z.string(), state: z.enum(['synced', 'current', 'left']) })).optional(),
  resolving: ResolvingData.optional(),
  removed: z.array(z.object({ id: z.string(), trash: z.string().nullable() })).optional(),
});
export type MergeData = z.infer<typeof MergeData>;

function stoppedData(failure: Failure): z.infer<typeof Stopped> {
  const { id, error } = failure;
  if (error === undefined) return { id, reason: 'dependency', paths: [], because: failure.because };
  const paths = WtError.is(error, 'merge.conflict')
    ? error.details.files.map(({ path }) => path)
    : WtError.is(error, 'target.dirty')
      ? [...error.details.paths]
      : [];
  return { id, reason: error.code, paths };
}

/** Pure. */
export function doneData({ landed, failed, untried, restacked }: TrainOutcome, keepGoing: boolean): MergeData {
  const stops = failed.map(stoppedData);
  return {
    landed: landed.map(({ plan: { session, into, strategy }, commit, verdict, isVerdictReused: reused }) => ({
      id: session.id as string,
      commit,
      into,
      strategy,
      ...(verdict === undefined
        ? {}
        : { gate: { command: verdict.command, tree: verdict.tree, log: verdict.log, reused } }),
    })),
    stopped: keepGoing ? null : (stops[0] ?? null),
    failed: stops,
    untried: [...untried],
    ...(restacked.length === 0 ? {} : { restacked: restacked.map(({ id, kind }) => ({ id, state: kind })) }),
  };
}

/** Pure. */
export function plannedData(cars: readonly Car[]): MergeData {
  const planned = cars.map((car) => {
    const { id, kind: state } = car;
    if (car.kind === 'stopped') return { id, state, stopped: stoppedData(car.failure) };
    if (car.kind === 'nothing') return { id, state, into: car.nothing.into };
    const { into, strategy, commits, files } = car.plan;
    return {
      id,
      state,
      into,
      strategy,
      commits: commits.map((one) => one.commit),
      files: files.map((one) => one.path),
    };
  });
  return { landed: [], stopped: null, failed: [], untried: [], planned };
}
