import type { Adapter, Launch, StartRequest } from './adapter.ts';
import { contextAnswer, endMeaning, startMeaning } from './claude.ts';
import { ALIVE, payloadOf, readNamedEvent, textAt, type Meanings } from './payload.ts';
import { asFlag, asResumed, asValue, promptOf } from './prompt.ts';

/** Gemini CLI. Flags as of 0.40, hooks as of docs/hooks/reference.md. */
export const gemini: Adapter = {
  name: 'gemini',
  command: ['gemini'],
  conversations: 'assigned',
  start: (request) => launch(request, asFlag('--session-id', request.conversation), { withBrief: true }),
  resume: (request) => launch(asResumed(request), ['--resume', request.conversation ?? 'latest']),
  answer: contextAnswer,
  readHook: (call) => readNamedEvent(payloadOf(call, 'hook_event_name'), KEYS, MEANINGS),
};

function launch(request: StartRequest, conversation: readonly string[], { withBrief = false } = {}): Launch {
  const { isHeadless, args } = request;
  const text = promptOf(request, { withBrief });
  const flag = isHeadless ? '--prompt' : '--prompt-interactive';
  return { argv: ['gemini', ...conversation, ...args, ...asValue(flag, text)] };
}

const KEYS = { event: ['hook_event_name'], conversation: ['session_id'] };

const MEANINGS: Meanings = {
  SessionStart: startMeaning,
  BeforeAgent: { turn: 'working' },
  BeforeModel: { turn: 'working', isRoutine: true },
  AfterModel: ALIVE,
  BeforeToolSelection: ALIVE,
  BeforeTool: ALIVE,
  AfterTool: { turn: 'working', isRoutine: true },
  PreCompress: ALIVE,
  Notification: (payload) =>
    textAt(payload, 'notification_type') === 'ToolPermission' ? { turn: 'waiting', reason: 'permission' } : ALIVE,
  AfterAgent: { turn: 'idle', endsTurn: true },
  SessionEnd: endMeaning,
};
