import type { Wiring } from '../adapter.ts';
import { hookCommand } from './command.ts';
import { jsonHooks, type HookEntry } from './json-file.ts';
import type { HookPlace } from './support.ts';

/** Event → which of them; undefined: all. */
const HEARD: Readonly<Record<string, string | undefined>> = {
  SessionStart: undefined,
  UserPromptSubmit: undefined,
  PreToolUse: 'AskUserQuestion',
  PermissionRequest: undefined,
  PostToolUse: undefined,
  PostToolUseFailure: undefined,
  Notification: undefined,
  Elicitation: undefined,
  ElicitationResult: undefined,
  Stop: undefined,
  StopFailure: undefined,
  SessionEnd: undefined,
};

const TIMEOUT_SECONDS = 10;
/** Making a session runs its set-up. */
const CREATE_SECONDS = 3600;
const REMOVE_SECONDS = 600;

const WORKTREES = ['WorktreeCreate', 'WorktreeRemove'] as const;

/** Claude Code, by the settings that are this person's alone. In the main worktree it also makes its own worktrees as sessions. */
export const claudeHookFile = jsonHooks({
  agent: 'claude',
  file: '.claude/settings.local.json',
  isStrict: true,
  listEntries(wiring, place, taken) {
    const heard = Object.entries(HEARD).map(([event, matcher]) => entry(event, matcher, hookCommand(wiring)));
    return [...heard, ...(makesWorktrees(place, taken) ? worktreeEntries(wiring) : [])];
  },
  listObstacles: (place, taken) =>
    place === 'main' && !makesWorktrees(place, taken)
      ? ['its worktrees are made by your own WorktreeCreate hook, so they are no sessions: every such hook would run']
      : [],
});

function makesWorktrees(place: HookPlace, taken: ReadonlySet<string>): boolean {
  return place === 'main' && !WORKTREES.some((event) => taken.has(event));
}

function worktreeEntries(wiring: Wiring): readonly HookEntry[] {
  return [
    entry('WorktreeCreate', undefined, hookCommand(wiring, [], { mayFail: true }), CREATE_SECONDS),
    entry('WorktreeRemove', undefined, hookCommand(wiring), REMOVE_SECONDS),
  ];
}

function entry(event: string, matcher: string | undefined, command: string, timeout = TIMEOUT_SECONDS): HookEntry {
  return {
    event,
    value: { ...(matcher === undefined ? {} : { matcher }), hooks: [{ type: 'command', command, timeout }] },
  };
}
