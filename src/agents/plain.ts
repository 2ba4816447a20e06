import type { Adapter, HookCall, HookNews } from './adapter.ts';
import { readClaudeEvent, startMeaning } from './claude.ts';
import { TURNS, type Turn } from './facts.ts';
import { conversationAt, payloadOf, reasonOf, type Meanings } from './payload.ts';

/** The hooks of a program that wt does not know: `wt hook <name> <turn> [reason] [conversation]`, or the payload of Claude Code. */
export const plainHooks: Pick<Adapter, 'readHook' | 'readsInput'> = {
  readHook: (call) => readTurn(call) ?? readClaudeEvent(payloadOf(call, 'hook_event_name'), MEANINGS),
  readsInput: (argv) => turnOf(argv[0]) === undefined,
};

const turnOf = (word: string | undefined): Turn | undefined => TURNS.find((one) => one === word);

function readTurn({ argv: [word, reason, id = ''] }: HookCall): HookNews | undefined {
  const turn = turnOf(word);
  if (turn === undefined) return undefined;
  const conversation = conversationAt({ id }, 'id');
  return {
    event: turn,
    turn,
    ...(reason === undefined || reason === '' ? {} : { reason: reasonOf(reason, 'other') }),
    ...(conversation === undefined ? {} : { conversation }),
    ...(turn === 'idle' || turn === 'failed' ? { endsTurn: true } : {}),
  };
}

const MEANINGS: Meanings = {
  SessionStart: startMeaning,
  UserPromptSubmit: { turn: 'working' },
  PostToolUse: { turn: 'working', isRoutine: true },
  PermissionRequest: { turn: 'waiting', reason: 'permission' },
  Stop: { turn: 'idle', endsTurn: true },
  StopFailure: (payload) => ({ turn: 'failed', reason: reasonOf(payload['error'], 'error'), endsTurn: true }),
  SessionEnd: { turn: 'ended' },
};
