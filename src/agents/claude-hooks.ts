import type { Wiring } from './adapter.ts';
import { hookCommand } from './hooks/command.ts';

/** One entry below an event in the settings of Claude Code. */
export interface ClaudeHookGroup {
  readonly matcher?: string;
  readonly hooks: readonly ClaudeHook[];
}

export interface ClaudeHook {
  readonly type: 'command';
  readonly command: string;
  /** Seconds. */
  readonly timeout: number;
  /** The agent does not wait for it. Only where nothing hangs on its order. */
  readonly async?: true;
}

/** Event → what of it is heard; undefined: all. */
const HEARD: Readonly<Record<string, { readonly matcher?: string; readonly isAsync?: true }>> = {
  SessionStart: {},
  UserPromptSubmit: {},
  PreToolUse: { matcher: 'AskUserQuestion' },
  PermissionRequest: {},
  PostToolUse: { isAsync: true },
  PostToolUseFailure: { isAsync: true },
  Notification: {},
  Elicitation: {},
  ElicitationResult: {},
  Stop: {},
  StopFailure: {},
  SessionEnd: {},
};

const TIMEOUT_SECONDS = 10;

/**
 * The value of `hooks` in the settings of Claude Code that makes it call `wt hook`. By a shell, so that it is silent when wt is
 * gone. The same hook in two of its settings is called once. Pure.
 */
export function claudeHooks(wiring: Wiring): Readonly<Record<string, readonly ClaudeHookGroup[]>> {
  const groups = Object.entries(HEARD).map(([event, { matcher, isAsync }]) => {
    const hook: ClaudeHook = { type: 'command', command: hookCommand(wiring), timeout: TIMEOUT_SECONDS };
    const group: ClaudeHookGroup = {
      ...(matcher === undefined ? {} : { matcher }),
      hooks: [isAsync === true ? { ...hook, async: true } : hook],
    };
    return [event, [group]] as const;
  });
  return Object.fromEntries(groups);
}
