import type * as z from 'zod';
import type { Deps } from '../platform/deps.ts';
import type { Look } from '../ui/theme.ts';

/** A flag or an argument in commander's notation, with what it may hold. */
export interface Param {
  readonly flags: string;
  readonly help: string;
  readonly schema: z.ZodType;
  /** A flag that may be given several times: its value is the list of them. */
  readonly repeats?: boolean;
}
export type Params = Readonly<Record<string, Param>>;
export type Input<P extends Params> = { readonly [K in keyof P]: z.infer<P[K]['schema']> };

export interface Globals {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly dryRun: boolean;
  readonly yes: boolean;
  readonly input: boolean;
}

/** What a command works with. It never prints its answer; it returns it. */
export interface Context {
  readonly deps: Deps;
  readonly globals: Globals;
  readonly look: Look;
  /** Asks a person. Throws `confirm.required` with the command that needs no answer when nobody can give one. */
  readonly confirm: (question: string, withoutAsking: readonly string[]) => Promise<boolean>;
  /** Shows that something takes its time. */
  readonly busy: <T>(text: string, work: () => Promise<T>) => Promise<T>;
  /** Text for a person to read before the question; on stderr, so that stdout keeps to the answer. */
  readonly tell: (text: string) => void;
  /** Part of an answer that has no end yet (`--follow`, `exec`). */
  readonly emit: (text: string) => void;
}

export interface CommandSpec<A extends Params, O extends Params, R, D> {
  /** One paragraph below the summary in the help. */
  readonly description: string;
  readonly args: A;
  readonly options: O;
  readonly examples: readonly [string, ...string[]];
  /** Changes something, so `--dry-run` has a meaning. */
  readonly mutates: boolean;
  /** Long text: on a terminal it goes through the pager. */
  readonly paged?: boolean;
  /** Everything after the first argument belongs to another program. */
  readonly passThrough?: boolean;
  /** Shape of `data` in `--json`. */
  readonly data: z.ZodType<D>;
  run(context: Context, input: Input<A> & Input<O>): Promise<R>;
  /** Data in, text out. */
  human(outcome: R, look: Look): string;
  /** Undefined: everything has been emitted already. */
  json(outcome: R): D | undefined;
  /** Things worth knowing that are no failure; on stderr, and in `warnings` of the JSON. */
  warnings?(outcome: R): readonly string[];
  /** Exit code of a success; default 0. */
  exitCode?(outcome: R): number;
}

// `any` only here: the table holds commands of many shapes.
export type AnyCommand = CommandSpec<any, any, any, any>;

export const defineCommand = <const A extends Params, const O extends Params, R, D>(
  spec: CommandSpec<A, O, R, D>,
): CommandSpec<A, O, R, D> => spec;
