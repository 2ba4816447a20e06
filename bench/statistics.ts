/** A value below which a share of all lies: 0 the least, 0.5 the median, 1 the most. Between two values it is in between. Pure. */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new Error('there is no quantile of nothing');
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const [below = 0, above = 0] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return below + (above - below) * (at - Math.floor(at));
}

export interface Spread {
  readonly median: number;
  readonly p10: number;
  readonly p90: number;
}

/** Pure. */
export function spreadOf(values: readonly number[]): Spread {
  return { median: quantile(values, 0.5), p10: quantile(values, 0.1), p90: quantile(values, 0.9) };
}

/**
 * How many times one takes of what the other takes, round by round: what slowed the machine in one round slowed both. `times` is
 * what the second has to be taken times, when only a part of it was run. Pure.
 */
export function ratios(ours: readonly number[], theirs: readonly number[], times = 1): readonly number[] {
  if (ours.length !== theirs.length) throw new Error(`${ours.length} rounds cannot be compared with ${theirs.length}`);
  return ours.map((value, round) => value / ((theirs[round] ?? Number.NaN) * times));
}

/** Ratio of the sums; for what is counted too coarsely to be compared round by round. Pure. */
export function ratioOfSums(ours: readonly number[], theirs: readonly number[], times = 1): number {
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  return sum(ours) / (sum(theirs) * times);
}
