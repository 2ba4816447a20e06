import type { Adapter, HookCall, HookNews, Launch, StartRequest } from './adapter.ts';
import { endMeaning, startMeaning } from './claude.ts';
import { ALIVE, payloadOf, readNamedEvent, reasonOf, textAt, type Meanings, type Payload } from './payload.ts';
import { asFlag, asValue, asResumed, promptOf } from './prompt.ts';

/** GitHub Copilot CLI. Flags as of 1.0.102. */
export const copilot: Adapter = {
  name: 'copilot',
  command: ['copilot'],
  conversations: 'assigned',
  start: (request) => launch(request, asFlag('--session-id', request.conversation), { withBrief: true }),
  resume: (request) => {
    const { conversation } = request;
    return launch(asResumed(request), conversation === undefined ? ['--continue'] : [`--resume=${conversation}`]);
  },
  readHook: readCall,
};

function launch(request: StartRequest, conversation: readonly string[], { withBrief = false } = {}): Launch {
  const { isHeadless, args } = request;
  const text = promptOf(request, { withBrief });
  const flag = isHeadless ? '--prompt' : '--interactive';
  return { argv: ['copilot', ...conversation, ...args, ...asValue(flag, text)] };
}

/** Its payloads do not name their event in all versions: then the words of the call do, as wt has written them into the settings. */
function readCall(call: HookCall): HookNews | undefined {
  return readNamedEvent(payloadOf(call, 'hookEventName'), KEYS, MEANINGS);
}

const KEYS = { event: ['hookEventName', 'hook_event_name'], conversation: ['sessionId', 'session_id'] };

const EVENTS: Meanings = {
  sessionStart: (payload) => ({ ...startMeaning(payload), isSwitch: textAt(payload, 'source') !== 'startup' }),
  userPromptSubmitted: { turn: 'working' },
  preToolUse: (payload) =>
    textAt(payload, 'toolName', 'tool_name') === 'ask_user' ? { turn: 'waiting', reason: 'question' } : ALIVE,
  // Before its rules have been asked, so nobody has to wait yet; when somebody has to, there is a notification.
  permissionRequest: ALIVE,
  postToolUse: { turn: 'working', isRoutine: true },
  postToolUseFailure: { turn: 'working', isRoutine: true },
  notification: (payload) => notified(textAt(payload, 'notification_type', 'notificationType')),
  errorOccurred: errorMeaning,
  agentStop: { turn: 'idle', endsTurn: true },
  subagentStart: { isSubagent: true },
  subagentStop: { isSubagent: true },
  sessionEnd: endMeaning,
};

/** Events have a second name each, in which their payloads are spelled as those of VS Code. */
const OTHER_NAMES: Readonly<Record<string, string>> = { userPromptSubmitted: 'UserPromptSubmit', agentStop: 'Stop' };

const MEANINGS: Meanings = Object.fromEntries(
  Object.entries(EVENTS).flatMap(([name, meaning]) => {
    const other = OTHER_NAMES[name] ?? `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
    return [
      [name, meaning],
      [other, meaning],
    ];
  }),
);

function notified(type: string | undefined): Omit<HookNews, 'event'> {
  if (type === 'permission_prompt') return { turn: 'waiting', reason: 'permission' };
  if (type === 'elicitation_dialog') return { turn: 'waiting', reason: 'question' };
  return ALIVE;
}

/** One that it gets over by itself is no end. */
function errorMeaning(payload: Payload): Omit<HookNews, 'event'> {
  if (payload['recoverable'] === true) return ALIVE;
  return {
    turn: 'failed',
    reason: reasonOf(textAt(payload, 'errorContext', 'error_context'), 'error'),
    endsTurn: true,
  };
}
