import type { Wiring } from '../adapter.ts';

/** A session's worktree, or the main worktree. */
export type HookPlace = 'session' | 'main';

/** What a file says of wt's hooks. `outdated`: they are there, but not as they would be written now. */
export type HookState = 'current' | 'outdated' | 'absent';

/**
 * The file that makes an agent call `wt hook`. All of it pure; every function but the first is for a text that is fit. It is read
 * and written by `wt hooks` only, so a call of a hook never loads it.
 */
export interface HookSupport {
  readonly agent: string;
  /** From the top of the worktree. */
  readonly file: string;
  /**
   * The agent reads the main worktree's when it works in a session, and only where the session has the folder too, whatever is in
   * it. So codex does (seen with 0.169).
   */
  readonly isOnlyInMain: boolean;
  /** Why wt leaves this file alone. */
  whyUnfit(text: string): string | undefined;
  /** The file with wt's hooks beside all that is there; undefined text: there is no file. */
  install(text: string | undefined, wiring: Wiring, place: HookPlace): string;
  /** The file without wt's hooks; undefined: nothing is left of it. */
  remove(text: string): string | undefined;
  stateOf(text: string, wiring: Wiring, place: HookPlace): HookState;
  /** What keeps the agent from calling all of them, in words. */
  listObstacles(text: string, place: HookPlace): readonly string[];
}
