import type { Room } from './room.ts';
import type { Bar } from './verdict.ts';

type Work = (round: number) => void | Promise<void>;

/** One of the programs that are compared. Only `run` is measured. */
export interface Side {
  readonly name: string;
  readonly before?: Work;
  readonly run: Work;
  readonly after?: Work;
}

export interface Sides {
  readonly ours: Side;
  readonly floor: Side;
  /** Other programs of the kind, against the same floor. */
  readonly peers?: readonly Side[];
}

/** Why a case cannot be measured here. */
export interface Skipped {
  readonly skipped: string;
}

export interface Rounds {
  readonly full: number;
  readonly quick: number;
}

interface Common {
  readonly name: string;
  /** What is measured. */
  readonly title: string;
  /** What it is held against. */
  readonly floor: string;
  readonly bar?: Bar;
  readonly rounds: Rounds;
  /** Left out of a quick run: it needs too much to be made ready. */
  readonly isLong?: boolean;
}

/** Two programs in turn, A B then B A; the ratio of what they take. */
export interface RaceCase extends Common {
  readonly kind: 'race';
  /** Only one part in so many of the floor is run. */
  readonly times?: number;
  /** A first round that is not counted, to warm the caches. Default true. */
  readonly isWarmedUp?: boolean;
  readonly prepare: (room: Room) => Promise<Sides | Skipped>;
}

/** A program alone, and an amount that it takes. */
export interface AmountCase extends Common {
  readonly kind: 'amount';
  readonly unit: string;
  readonly prepare: (room: Room) => Promise<{ readonly measure: () => number | Promise<number> } | Skipped>;
}

export interface Told {
  readonly rows: readonly (readonly string[])[];
  /** What is too long for the results, and only printed. */
  readonly details: string;
}

/** What is told, without a bar: lines of a table. */
export interface TableCase extends Pick<Common, 'name' | 'title' | 'isLong'> {
  readonly kind: 'table';
  readonly prepare: (room: Room, isQuick: boolean) => Promise<Told>;
}

export type Case = RaceCase | AmountCase | TableCase;

/** Cases that share repositories; what they made goes when the last of them is done. */
export interface Group {
  readonly name: string;
  readonly cases: readonly Case[];
}
