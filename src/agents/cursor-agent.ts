import type { Adapter, HookNews, Launch, StartRequest } from './adapter.ts';
import { endMeaning, startMeaning } from './claude.ts';
import { ALIVE, payloadOf, readNamedEvent, textAt, type Meanings, type Payload } from './payload.ts';
import { asOperand, asResumed, promptOf } from './prompt.ts';

/** Cursor's agent in the terminal. */
export const cursorAgent: Adapter = {
  name: 'cursor-agent',
  command: ['cursor-agent'],
  conversations: 'learnt',
  start: (request) => launch(request, [], { withBrief: true }),
  resume: (request) => {
    const { conversation } = request;
    return launch(asResumed(request), conversation === undefined ? ['--continue'] : [`--resume=${conversation}`]);
  },
  answer: (_, text) => ({ additional_context: text }),
  readHook: (call) => readEvent(payloadOf(call, 'hook_event_name')),
};

function launch(request: StartRequest, conversation: readonly string[], { withBrief = false } = {}): Launch {
  const { isHeadless, args } = request;
  const text = promptOf(request, { withBrief });
  const words = ['cursor-agent', ...(isHeadless ? ['--print'] : []), ...conversation, ...args];
  return { argv: [...words, ...asOperand(text)] };
}

/** Its folder is the first of the workspace's, where the event has none of its own. */
function readEvent(payload: Payload): HookNews | undefined {
  const roots = payload['workspace_roots'];
  const root: unknown = Array.isArray(roots) ? roots[0] : undefined;
  return readNamedEvent({ ...payload, cwd: textAt(payload, 'cwd') ?? root }, KEYS, MEANINGS);
}

const KEYS = { event: ['hook_event_name'], conversation: ['conversation_id', 'session_id'] };

const MEANINGS: Meanings = {
  sessionStart: startMeaning,
  beforeSubmitPrompt: { turn: 'working' },
  beforeShellExecution: ALIVE,
  beforeMCPExecution: ALIVE,
  preToolUse: ALIVE,
  afterShellExecution: { turn: 'working', isRoutine: true },
  afterMCPExecution: { turn: 'working', isRoutine: true },
  afterFileEdit: { turn: 'working', isRoutine: true },
  afterAgentThought: { turn: 'working', isRoutine: true },
  postToolUse: { turn: 'working', isRoutine: true },
  postToolUseFailure: { turn: 'working', isRoutine: true },
  subagentStart: { isSubagent: true },
  subagentStop: { isSubagent: true },
  stop: (payload) => {
    const status = textAt(payload, 'status');
    if (status === 'error') return { turn: 'failed', reason: 'error', endsTurn: true };
    return { turn: 'idle', endsTurn: true, ...(status === 'aborted' ? { reason: 'interrupted' } : {}) };
  },
  sessionEnd: endMeaning,
};
