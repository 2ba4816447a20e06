import type { Wiring } from '../adapter.ts';
import { claudeHooks } from '../claude-hooks.ts';
import { hookCommand } from './command.ts';
import { jsonHooks, type HookEntry } from './json-file.ts';
import type { HookPlace } from './support.ts';

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
    const heard = Object.entries(claudeHooks(wiring)).flatMap(([event, groups]) =>
      groups.map((value) => ({ event, value })),
    );
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
  const [node = '', program = ''] = wiring.argv;
  const worktrees = { ...wiring, argv: [node, program, 'hooks', 'worktree'] };
  return [
    entry('WorktreeCreate', hookCommand(worktrees, [], { mayFail: true }), CREATE_SECONDS),
    entry('WorktreeRemove', hookCommand(worktrees), REMOVE_SECONDS),
  ];
}

function entry(event: string, command: string, timeout: number): HookEntry {
  return { event, value: { hooks: [{ type: 'command', command, timeout }] } };
}
