import type { FormatName } from '../../config/schema.ts';
import type { FileRule, Step } from '../step.ts';

/** What another tool's file says, in wt's terms. */
export interface Found {
  readonly format: FormatName;
  readonly file: string;
  readonly steps: readonly Step[];
  readonly files: readonly FileRule[];
  /** Names of ports the tool would give, when it gives any. */
  readonly ports: readonly string[];
  /** What it says that wt has no use for or cannot do, in words. */
  readonly notes: readonly string[];
}

/** Reader of one tool's definition. It never runs or writes anything. */
export interface Format {
  readonly name: FormatName;
  /** Undefined when the repository has no such file. Throws `config.invalid` for one that cannot be understood. */
  readonly find: (root: string) => Promise<Found | undefined>;
}
