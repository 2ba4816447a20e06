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
  /** How it is told to call `wt hook`, when it can be. */
  readonly hooks?: HookSupport;
  /** What one call of its hooks means; undefined: nothing. Whatever the payload is, it does not throw. Pure. */
  readHook(call: HookCall): HookNews | undefined;
  /** Whether a call with such words has something on its standard input; else it is left alone. Default: yes. Pure. */
  readsInput?(argv: readonly string[]): boolean;
  /** What a hook prints to put a text into the agent's context; it is asked when the news want a brief. Pure. */
  answer?(event: string, text: string): unknown;
  /** What its screen shows when nothing else tells: in tmux only. */
  readonly screen?: Screen;
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

/**
 * A settings file that the agent reads in its worktree. Where the flags of the program can bring hooks along, `start` does it by
 * `wiring`, and no file is written.
 */
export interface HookSupport {
  /** From the top of the worktree. */
  readonly file: string;
  /** The file with wt's hooks in it beside all that is there; undefined text: there is no file. Throws when it cannot be read. Pure. */
  install(text: string | undefined, wiring: Wiring, place: 'session' | 'main'): string;
  /** The file without wt's hooks; undefined: nothing is left of it. Pure. */
  remove(text: string): string | undefined;
  /** Whether wt's hooks are in it. Pure. */
  isInstalled(text: string): boolean;
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
  /** A helper of the agent's own: its turns are none of the agent's. */
  readonly isSubagent?: boolean;
  /** Said on every step of work: it is no event of its own while nothing changes. */
  readonly isRoutine?: boolean;
  /** The agent reads an answer: text to put into its context. */
  readonly wantsBrief?: boolean;
}

/** Patterns over the last lines of a screen, without colours. */
export interface Screen {
  /** It asks for a permission or has a dialogue open: nothing may be typed. */
  readonly blocked: readonly RegExp[];
  readonly working: readonly RegExp[];
  /** Its prompt is empty and waits. */
  readonly ready: readonly RegExp[];
}
