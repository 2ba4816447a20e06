import type { FormatName } from '../../config/schema.ts';
import type { WtError } from '../../core/errors.ts';
import type { FileRule, Step } from '../step.ts';

/** A step whose time limit is the configuration's to say. */
export type FoundStep = Omit<Step, 'timeoutMs'>;

/** What another tool's file says, in wt's terms. */
export interface Found {
  readonly format: FormatName;
  readonly file: string;
  readonly steps: readonly FoundStep[];
  readonly files: readonly FileRule[];
  /** Names of ports the tool would give, when it gives any. */
  readonly ports: readonly string[];
  /** What it says that wt has no use for or cannot do, in words. */
  readonly notes: readonly string[];
  /** Why it cannot be read; then the rest is empty. */
  readonly broken?: WtError;
}

/** Reader of one tool's definition. It never runs or writes anything. */
export interface Format {
  readonly name: FormatName;
  /** Undefined when the repository has no such file. Throws `config.invalid` for one that cannot be understood. */
  readonly find: (root: string) => Promise<Found | undefined>;
}

/** Whether there is nothing in it that wt could do: it then stands in no other's way. Pure. */
export function isEmpty({ steps, files, ports, broken }: Found): boolean {
  return steps.length === 0 && files.length === 0 && ports.length === 0 && broken === undefined;
}
