import type { Adapter, HookNews, Launch, StartRequest } from './adapter.ts';
import {
  ALIVE,
  asPayload,
  conversationAt,
  readNamedEvent,
  reasonOf,
  textAt,
  type Meanings,
  type Payload,
} from './payload.ts';
import { asResumed, asValue, promptOf } from './prompt.ts';

/** opencode. Flags and events as of 1.18; its events come by a plugin of wt's, as they are. */
export const opencode: Adapter = {
  name: 'opencode',
  command: ['opencode'],
  conversations: 'learnt',
  start: (request) => launch(request, [], { withBrief: true }),
  resume: (request) => {
    const { conversation } = request;
    return launch(asResumed(request), conversation === undefined ? ['--continue'] : ['--session', conversation]);
  },
  readHook: ({ payload }) => readEvent(asPayload(payload)),
};

function launch(request: StartRequest, conversation: readonly string[], { withBrief = false } = {}): Launch {
  const { isHeadless, args } = request;
  const text = promptOf(request, { withBrief });
  if (isHeadless)
    return { argv: ['opencode', 'run', ...conversation, ...args], ...(text === undefined ? {} : { stdin: text }) };
  return { argv: ['opencode', ...conversation, ...args, ...asValue('--prompt', text)] };
}

/** `{type, properties}`, with the folder beside it, which the plugin adds. */
function readEvent(payload: Payload): HookNews | undefined {
  const properties = asPayload(payload['properties']);
  const info = asPayload(properties['info']);
  const own = conversationAt(properties, 'sessionID') ?? conversationAt(info, 'sessionID', 'id');
  const parent = conversationAt(info, 'parentID') ?? conversationAt(payload, 'parentID');
  const news = readNamedEvent(
    { ...properties, type: payload['type'], cwd: payload['cwd'] ?? payload['directory'] },
    KEYS,
    MEANINGS,
  );
  if (news === undefined) return undefined;
  if (parent === undefined) return own === undefined ? news : { ...news, conversation: own };
  return { ...news, conversation: parent, isSubagent: true, ...(own === undefined ? {} : { helper: own }) };
}

const KEYS = { event: ['type'], conversation: ['sessionID'] };

const MEANINGS: Meanings = {
  'session.created': { turn: 'idle', isSwitch: true },
  'session.status': (payload) => statusMeaning(asPayload(payload['status'])),
  'session.idle': { turn: 'idle', endsTurn: true },
  'session.error': (payload) => errorMeaning(asPayload(payload['error'])),
  'permission.asked': { turn: 'waiting', reason: 'permission' },
  'permission.updated': { turn: 'waiting', reason: 'permission' },
  'permission.replied': { turn: 'working' },
  'question.asked': { turn: 'waiting', reason: 'question' },
  'question.replied': { turn: 'working' },
  'question.rejected': { turn: 'working' },
  'tool.execute.after': { turn: 'working', isRoutine: true },
  'server.instance.disposed': { turn: 'ended' },
};

function statusMeaning(status: Payload): HookMeaning {
  const type = textAt(status, 'type');
  if (type === 'busy') return { turn: 'working', isRoutine: true };
  if (type === 'retry') return { turn: 'working', reason: 'retry', isRoutine: true };
  return type === 'idle' ? { turn: 'idle', isRoutine: true } : ALIVE;
}

function errorMeaning(error: Payload): HookMeaning {
  const name = textAt(error, 'name');
  if (name === 'MessageAbortedError') return { turn: 'idle', reason: 'interrupted', endsTurn: true };
  return { turn: 'failed', reason: reasonOf(name, 'error'), endsTurn: true };
}

type HookMeaning = Omit<HookNews, 'event'>;
