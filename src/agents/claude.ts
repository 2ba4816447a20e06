import path from 'node:path';
import type { Adapter, HookNews, Launch, StartRequest } from './adapter.ts';
import { claudeHooks } from './claude-hooks.ts';
import {
  ALIVE,
  asPayload,
  conversationAt,
  payloadOf,
  readNamedEvent,
  reasonOf,
  textAt,
  type Meaning,
  type Meanings,
  type Payload,
} from './payload.ts';
import { asFlag, asOperand, asResumed } from './prompt.ts';

/** Claude Code. Flags and hooks as of 2.1. */
export const claude: Adapter = {
  name: 'claude',
  command: ['claude'],
  conversations: 'assigned',
  start: (request) => launch(request, asFlag('--session-id', request.conversation)),
  resume: (request) => {
    const { conversation } = request;
    return launch(asResumed(request), conversation === undefined ? ['--continue'] : ['--resume', conversation]);
  },
  answer: contextAnswer,
  readHook: (call) => readClaudeEvent(payloadOf(call, 'hook_event_name'), MEANINGS),
};

function launch(request: StartRequest, conversation: readonly string[]): Launch {
  const { isHeadless, prompt, brief, wiring, args } = request;
  // The last --settings wins, so a person's own stays; then only its process tells what it does.
  const file =
    args.includes('--settings') || wiring === undefined ? undefined : path.join(wiring.folder, 'claude.json');
  const told = file === undefined ? ['--append-system-prompt', brief.text] : ['--settings', file];
  const words = ['claude', ...(isHeadless ? ['--print'] : []), ...conversation, ...told, ...args];
  const files =
    file === undefined || wiring === undefined
      ? []
      : [{ path: file, text: `${JSON.stringify({ hooks: claudeHooks(wiring) }, null, 2)}\n` }];
  if (!isHeadless) return { argv: [...words, ...asOperand(prompt)], files };
  return { argv: words, files, ...(prompt === undefined ? {} : { stdin: prompt }) };
}

/** What Claude Code, and agents that have taken over its hooks, read as context. Pure. */
export function contextAnswer(event: string, text: string): unknown {
  return { hookSpecificOutput: { hookEventName: event, additionalContext: text } };
}

/** Pure. Claude Code, and agents that have taken over its hooks. */
export function readClaudeEvent(payload: Payload, meanings: Meanings): HookNews | undefined {
  const news = readNamedEvent(payload, KEYS, meanings);
  const helper = conversationAt(payload, 'agent_id');
  return news === undefined || helper === undefined ? news : { ...news, helper, isSubagent: true };
}

const KEYS = { event: ['hook_event_name'], conversation: ['session_id'] };

/** Of a conversation that goes over into another one; the program goes on. */
const SWITCHES = new Set(['clear', 'resume', 'fork']);

/** SessionStart: at its prompt. After a compaction it is in the middle of a turn. Pure. */
export function startMeaning(payload: Payload): Meaning {
  const source = textAt(payload, 'source') ?? '';
  if (source === 'compact') return { wantsBrief: true, isRoutine: true };
  return { turn: 'idle', wantsBrief: true, ...(SWITCHES.has(source) ? { isSwitch: true } : {}) };
}

/** SessionEnd. Pure. */
export function endMeaning(payload: Payload): Meaning {
  return SWITCHES.has(textAt(payload, 'reason') ?? '') ? ALIVE : { turn: 'ended' };
}

const MEANINGS: Meanings = {
  SessionStart: startMeaning,
  UserPromptSubmit: { turn: 'working' },
  PreToolUse: (payload) =>
    textAt(payload, 'tool_name') === 'AskUserQuestion'
      ? { turn: 'waiting', reason: 'question' }
      : { turn: 'working', isRoutine: true },
  PostToolUse: { turn: 'working', isRoutine: true, mayTrail: true },
  PostToolUseFailure: { turn: 'working', isRoutine: true, mayTrail: true },
  PermissionRequest: { turn: 'waiting', reason: 'permission' },
  Elicitation: { turn: 'waiting', reason: 'question' },
  ElicitationResult: { turn: 'working' },
  Notification: (payload) => notified(textAt(payload, 'notification_type'), textAt(payload, 'message')),
  Stop: (payload) =>
    hasTasks(payload['background_tasks'])
      ? { turn: 'working', reason: 'background' }
      : { turn: 'idle', endsTurn: true },
  StopFailure: (payload) => ({ turn: 'failed', reason: reasonOf(payload['error'], 'error'), endsTurn: true }),
  SubagentStart: { isSubagent: true },
  SubagentStop: { isSubagent: true },
  SessionEnd: endMeaning,
};

/** It says a second time, and late, what other events have said at once; versions before those events say it here alone. */
function notified(type: string | undefined, message = ''): Meaning {
  if (type === 'permission_prompt' || (type === undefined && /permission/i.test(message)))
    return { turn: 'waiting', reason: 'permission', isRoutine: true };
  if (type === 'elicitation_dialog') return { turn: 'waiting', reason: 'question', isRoutine: true };
  if (type === 'elicitation_complete' || type === 'elicitation_response') return { turn: 'working', isRoutine: true };
  if (type === 'idle_prompt' || (type === undefined && /waiting for your input/i.test(message)))
    return { turn: 'idle', isRoutine: true };
  return ALIVE;
}

const OVER = new Set(['completed', 'failed', 'killed', 'stopped', 'cancelled']);

function hasTasks(tasks: unknown): boolean {
  return Array.isArray(tasks) && tasks.some((task) => !OVER.has(textAt(asPayload(task), 'status') ?? ''));
}
