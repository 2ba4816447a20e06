import type { Adapter, HookNews, Launch, StartRequest } from './adapter.ts';
import { contextAnswer, endMeaning, readClaudeEvent, startMeaning } from './claude.ts';
import { ALIVE, asPayload, conversationAt, payloadOf, textAt, type Meanings, type Payload } from './payload.ts';
import { asResumed, promptOf } from './prompt.ts';

/** OpenAI Codex CLI. Flags and hooks as of 0.169. */
export const codex: Adapter = {
  name: 'codex',
  command: ['codex'],
  conversations: 'learnt',
  start: (request) => launch(request, [], { withBrief: true }),
  resume: (request) => launch(asResumed(request), ['resume', request.conversation ?? '--last']),
  answer: contextAnswer,
  readHook: (call) => {
    const payload = payloadOf(call, 'hook_event_name');
    return textAt(asPayload(call.payload), 'type') === undefined
      ? readClaudeEvent(payload, MEANINGS)
      : readNotification(asPayload(call.payload));
  },
};

function launch(request: StartRequest, verb: readonly string[], { withBrief = false } = {}): Launch {
  const { isHeadless, gitDirectories, args } = request;
  // Its sandbox leaves git's own folders of a linked worktree read-only, and then it cannot commit.
  const folders = gitDirectories.flatMap((folder) => ['--add-dir', folder]);
  const words = ['codex', ...(isHeadless ? ['exec'] : []), ...folders, ...args, ...verb];
  const text = promptOf(request, { withBrief });
  if (!isHeadless) return { argv: [...words, ...(text === undefined ? [] : ['--', text])] };
  return text === undefined ? { argv: words } : { argv: [...words, '-'], stdin: text };
}

const MEANINGS: Meanings = {
  SessionStart: startMeaning,
  UserPromptSubmit: { turn: 'working' },
  PreToolUse: { turn: 'working', isRoutine: true },
  PostToolUse: { turn: 'working', isRoutine: true },
  PermissionRequest: { turn: 'waiting', reason: 'permission' },
  PreCompact: ALIVE,
  PostCompact: ALIVE,
  SubagentStart: { isSubagent: true },
  SubagentStop: { isSubagent: true },
  Stop: { turn: 'idle', endsTurn: true },
  Interrupt: { turn: 'idle', reason: 'interrupted', endsTurn: true },
  SessionEnd: endMeaning,
};

/** The older `notify` program: JSON in kebab-case as the last word. */
function readNotification(payload: Payload): HookNews | undefined {
  const event = textAt(payload, 'type');
  const cwd = textAt(payload, 'cwd');
  const conversation = conversationAt(payload, 'thread-id');
  const common = { ...(cwd === undefined ? {} : { cwd }), ...(conversation === undefined ? {} : { conversation }) };
  if (event === 'agent-turn-complete') return { event, ...common, turn: 'idle', endsTurn: true };
  if (event === 'approval-requested') return { event, ...common, turn: 'waiting', reason: 'permission' };
  return undefined;
}
