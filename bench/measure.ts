import type { AmountCase, Case, RaceCase, Side, Told } from './case.ts';
import { cpuMs as cpuNow } from './processes.ts';
import type { Room } from './room.ts';
import { ratioOfSums, ratios, spreadOf, type Spread } from './statistics.ts';
import { verdictOf, type Bar, type Verdict } from './verdict.ts';

/** What came of a case. */
export type Result =
  | { readonly kind: 'skipped'; readonly name: string; readonly title: string; readonly reason: string }
  | ({ readonly kind: 'table'; readonly name: string; readonly title: string } & Told)
  | Measured;

export interface Measured {
  readonly kind: 'measured';
  readonly name: string;
  readonly title: string;
  readonly floor: string;
  /** The ratio of a race, or an amount. */
  readonly value: Spread;
  /** Of an amount: its unit, `MB`. */
  readonly unit?: string;
  readonly rounds: number;
  readonly bar?: Bar;
  readonly verdict: Verdict;
  /** Of a race: ms of one round, the median; and the ratio of processor time, where it can be counted. */
  readonly times?: { readonly oursMs: number; readonly floorMs: number; readonly cpuRatio?: number };
  readonly peers: readonly PeerResult[];
}

export interface PeerResult {
  readonly name: string;
  /** Against the same floor; absent: it failed, and why. */
  readonly ratio?: Spread;
  readonly medianMs?: number;
  readonly failure?: string;
}

export async function measure(one: Case, room: Room, isQuick: boolean): Promise<Result> {
  const { name, title } = one;
  if (one.kind === 'table') return { kind: 'table', name, title, ...(await one.prepare(room, isQuick)) };
  const rounds = isQuick ? one.rounds.quick : one.rounds.full;
  return one.kind === 'race' ? race(one, room, rounds) : amount(one, room, rounds);
}

async function amount(one: AmountCase, room: Room, rounds: number): Promise<Result> {
  const { name, title, floor, unit, bar } = one;
  const ready = await one.prepare(room);
  if ('skipped' in ready) return { kind: 'skipped', name, title, reason: ready.skipped };
  const values: number[] = [];
  for (let round = 0; round < rounds; round++) values.push(await ready.measure());
  const value = spreadOf(values);
  const verdict = verdictOf(value.median, bar);
  return { kind: 'measured', name, title, floor, value, unit, rounds, ...(bar && { bar }), verdict, peers: [] };
}

/** Processor time comes in steps of 10 ms: less than this in all rounds says nothing. */
const COUNTABLE_MS = 300;

/** What each side took, round by round. */
interface Taken {
  readonly ms: number[];
  readonly cpuMs: number[];
  failure?: string;
}

async function race(one: RaceCase, room: Room, rounds: number): Promise<Result> {
  const { name, title, floor, bar, times = 1, isWarmedUp = true } = one;
  const ready = await one.prepare(room);
  if ('skipped' in ready) return { kind: 'skipped', name, title, reason: ready.skipped };
  const sides = [ready.ours, ready.floor, ...(ready.peers ?? [])];
  const taken = new Map<Side, Taken>(sides.map((side) => [side, { ms: [], cpuMs: [] }]));
  for (let round = isWarmedUp ? -1 : 0; round < rounds; round++) {
    for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
      const noted = taken.get(side);
      if (noted === undefined || noted.failure !== undefined) continue;
      try {
        const { ms, cpuMs } = await once(side, room, round + 1);
        if (round < 0) continue;
        noted.ms.push(ms);
        if (cpuMs !== undefined) noted.cpuMs.push(cpuMs);
      } catch (error) {
        if (side === ready.ours || side === ready.floor) throw error;
        noted.failure = error instanceof Error ? error.message : String(error);
      }
    }
  }
  const of = (side: Side): Taken => taken.get(side) ?? { ms: [], cpuMs: [] };
  const [ours, theirs] = [of(ready.ours), of(ready.floor)];
  const value = spreadOf(ratios(ours.ms, theirs.ms, times));
  const isCounted = theirs.cpuMs.reduce((sum, ms) => sum + ms, 0) >= COUNTABLE_MS;
  const cpu = isCounted ? ratioOfSums(ours.cpuMs, theirs.cpuMs, times) : undefined;
  return {
    kind: 'measured',
    name,
    title,
    floor,
    value,
    rounds,
    ...(bar && { bar }),
    verdict: verdictOf(value.median, bar),
    times: {
      oursMs: spreadOf(ours.ms).median,
      floorMs: spreadOf(theirs.ms).median * times,
      ...(cpu !== undefined && { cpuRatio: cpu }),
    },
    peers: (ready.peers ?? []).map((side) => peerResult(side.name, of(side), theirs, times)),
  };
}

function peerResult(name: string, { ms, failure }: Taken, floor: Taken, times: number): PeerResult {
  if (failure !== undefined) return { name, failure };
  return { name, ratio: spreadOf(ratios(ms, floor.ms, times)), medianMs: spreadOf(ms).median };
}

async function once(side: Side, room: Room, round: number): Promise<{ ms: number; cpuMs: number | undefined }> {
  await side.before?.(round);
  await room.quiet();
  const cpuBefore = cpuNow();
  const startMs = performance.now();
  await side.run(round);
  const ms = performance.now() - startMs;
  const cpuAfter = cpuNow();
  await side.after?.(round);
  return { ms, cpuMs: cpuBefore === undefined || cpuAfter === undefined ? undefined : cpuAfter - cpuBefore };
}
