import { hookCommand } from './command.ts';
import { jsonHooks } from './json-file.ts';

const HEARD = [
  'sessionStart',
  'userPromptSubmitted',
  'permissionRequest',
  'postToolUse',
  'notification',
  'errorOccurred',
  'agentStop',
  'sessionEnd',
];

const TIMEOUT_SECONDS = 10;

/** GitHub Copilot CLI, which reads every file of that folder: one of wt's own. Its calls do not name their event, so the words do. */
export const copilotHookFile = jsonHooks({
  agent: 'copilot',
  file: '.github/hooks/wt-sessions.json',
  preamble: { version: 1 },
  isStrict: true,
  listEntries: (wiring) =>
    HEARD.map((event) => ({
      event,
      value: { type: 'command', bash: hookCommand(wiring, [event]), timeoutSec: TIMEOUT_SECONDS },
    })),
});
