import type { Env } from '../platform/deps.ts';
import type { Turn } from './facts.ts';

/**
 * How wt speaks with one kind of agent: how it is started with a prompt, taken up again, and told to call hooks, and what its hooks
 * mean. Data more than code; one file per agent. Loaded on every call of a hook, so no zod.
 */
export interface Adapter {
  readonly name: string;
  /** The known agent whose hooks it speaks, when it is not one itself. */
  readonly like?: string;
  /** The program and its first words. */
  readonly command: readonly string[];
  /** Whether a conversation can be given an id at the start, is learnt from a hook, or has none that could be taken up again. */
  readonly conversations: 'assigned' | 'learnt' | 'none';
  /** Text that is put on its standard input line by line while it runs without a terminal. */
  readonly takesLines?: boolean;
  /** Pure. */
  start(request: StartRequest): Launch;
  /** Undefined: it cannot take up what it did before. Pure. */
  resume(request: StartRequest): Launch | undefined;
  /** What one call of its hooks means; undefined: nothing. Whatever the payload is, it does not throw. Pure. */
  readHook(call: HookCall): HookNews | undefined;
  /** Whether a call with such words has something on its standard input; else it is left alone. Default: yes. Pure. */
  readsInput?(argv: readonly string[]): boolean;
  /** What a hook prints to put a text into the agent's context; it is asked when the news want a brief. Pure. */
  answer?(event: string, text: string): unknown;
}

export interface StartRequest {
  /** What it is to do; undefined: it is asked at its own prompt. */
  readonly prompt: string | undefined;
  /** Nobody sits at a terminal: it works and ends by itself. */
  readonly isHeadless: boolean;
  /** The id that is assigned, or that is taken up again; undefined when there is none. */
  readonly conversation: string | undefined;
  readonly worktree: string;
  /** Folders outside of the worktree that it writes when it commits: git's administrative folder and the common directory. */
  readonly gitDirectories: readonly string[];
  /** What it should know of where it is. */
  readonly brief: { readonly text: string; readonly file: string };
  /** How the program itself calls `wt hook <agent>`; undefined: no hooks. */
  readonly wiring: Wiring | undefined;
  /** The person's own words for the agent. */
  readonly args: readonly string[];
}

export interface Launch {
  readonly argv: readonly string[];
  /** Text on its standard input, which then ends. */
  readonly stdin?: string;
  readonly env?: Env;
  /** Private files that have to be there first, by absolute path: in the wiring's folder, or beside the brief. */
  readonly files?: readonly LaunchFile[];
}

export interface LaunchFile {
  readonly path: string;
  readonly text: string;
}

/** The words that call `wt hook <agent>`: node and the program by their absolute paths, so that PATH plays no part. */
export interface Wiring {
  readonly argv: readonly string[];
  /** A folder of wt's own for files that only this session's agent reads. */
  readonly folder: string;
}

export interface HookCall {
  /** Parsed standard input, or the last argument where the agent hands it over there. */
  readonly payload: unknown;
  /** Words after `wt hook <agent>`. */
  readonly argv: readonly string[];
}

export interface HookNews {
  /** As the agent calls it. */
  readonly event: string;
  /** Where the agent is, when it says so. */
  readonly cwd?: string;
  readonly conversation?: string;
  /** Undefined: a sign of life and no more. */
  readonly turn?: Turn;
  readonly reason?: string;
  /** A turn has come to its end, and not just its silence. */
  readonly endsTurn?: boolean;
  /** The same program has gone over to another conversation: cleared, forked, another one taken up. */
  readonly isSwitch?: boolean;
  /** A helper of the agent's own: its turns are none of the agent's, but a question of its is one to the person. */
  readonly isSubagent?: boolean;
  /** Which one, when it says so. The conversation is then that of the agent. */
  readonly helper?: string;
  /** The agent does not wait for this call, so it may come when the turn has ended. */
  readonly mayTrail?: boolean;
  /** Said on every step of work: it is no event of its own while nothing changes. */
  readonly isRoutine?: boolean;
  /** The agent reads an answer: text to put into its context. */
  readonly wantsBrief?: boolean;
}
