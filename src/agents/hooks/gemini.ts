import { hookCommand } from './command.ts';
import { jsonHooks } from './json-file.ts';

const HEARD = ['SessionStart', 'BeforeAgent', 'AfterTool', 'Notification', 'AfterAgent', 'SessionEnd'];

const TIMEOUT_MS = 10_000;

/** Gemini CLI, which shows the names of hooks. */
export const geminiHookFile = jsonHooks({
  agent: 'gemini',
  file: '.gemini/settings.json',
  listEntries: (wiring) =>
    HEARD.map((event) => ({
      event,
      value: { hooks: [{ name: 'wt', type: 'command', command: hookCommand(wiring), timeout: TIMEOUT_MS }] },
    })),
});
