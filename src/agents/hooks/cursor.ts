import { hookCommand } from './command.ts';
import { jsonHooks } from './json-file.ts';

const HEARD = [
  'sessionStart',
  'beforeSubmitPrompt',
  'afterShellExecution',
  'afterMCPExecution',
  'afterFileEdit',
  'stop',
  'sessionEnd',
];

const TIMEOUT_SECONDS = 10;

/** Cursor's agent. Nothing that it asks leave of a hook for. */
export const cursorHookFile = jsonHooks({
  agent: 'cursor-agent',
  file: '.cursor/hooks.json',
  preamble: { version: 1 },
  isStrict: true,
  listEntries: (wiring) =>
    HEARD.map((event) => ({ event, value: { command: hookCommand(wiring, [event]), timeout: TIMEOUT_SECONDS } })),
});
