import { hookCommand } from './command.ts';
import { jsonHooks } from './json-file.ts';

/** Event → seconds. It allows no more than three where it is about to end. */
const HEARD = {
  SessionStart: 10,
  UserPromptSubmit: 10,
  PermissionRequest: 10,
  PostToolUse: 10,
  Stop: 10,
  Interrupt: 3,
  SessionEnd: 3,
};

/** OpenAI Codex CLI. In a linked worktree it reads the file of the main worktree and no other (seen with 0.169). */
export const codexHookFile = jsonHooks({
  agent: 'codex',
  file: '.codex/hooks.json',
  isOnlyInMain: true,
  isStrict: true,
  listEntries: (wiring) =>
    Object.entries(HEARD).map(([event, timeout]) => ({
      event,
      value: { hooks: [{ type: 'command', command: hookCommand(wiring), timeout }] },
    })),
});
