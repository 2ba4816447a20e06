import { parseJson } from '../core/json.ts';
import { parseOwner, type Owner } from '../platform/identity.ts';

/**
 * What is known of the agent of a session: facts with their times and sources, and never a status. It lies in the session's
 * administrative folder, so it goes into the trash and comes back with it. Read on every call of a hook, so no zod here.
 */
export interface AgentFacts {
  readonly version: 1;
  /** The last start, by `wt run` or seen through a hook. */
  readonly run: AgentRun | null;
  readonly conversation: Conversation | null;
  /** The agent's own last word. */
  readonly hook: HookFact | null;
  /** When the last turn ended. Neither done nor approved. ISO 8601 UTC, as all times. */
  readonly turnEndedAt: string | null;
  /** Its last sign of life. */
  readonly seenAt: string | null;
}

/** `outside`: somebody has started it by hand, and a hook told of it. */
export const WAYS = ['foreground', 'background', 'tmux', 'outside'] as const;
export type Way = (typeof WAYS)[number];

export interface AgentRun {
  readonly agent: string;
  readonly how: Way;
  /** The agent's process; while it is being started, the wt that does so. */
  readonly owner: Owner;
  readonly startedAt: string;
  /** The words it was started with, without the prompt. */
  readonly argv: readonly string[];
  /** Its hooks tell what it does; without them only its process does. */
  readonly hasHooks: boolean;
  /** Where its output is, when it has no terminal. */
  readonly log: string | null;
  /** A pipe that its input is read from, when it takes lines. */
  readonly input: string | null;
  readonly tmux: TmuxPlace | null;
  /** When `wt stop` has told it to end: whatever ends it then, it was stopped. */
  readonly stoppingAt: string | null;
  readonly end: AgentEnd | null;
  /** When somebody found its process gone whose end nobody has recorded. Absent: nobody has. */
  readonly goneAt?: string;
}

export interface TmuxPlace {
  /** Socket of the server, tmux -S. */
  readonly socket: string;
  /** Unique in the server: `%7`. */
  readonly pane: string;
  readonly session: string;
}

/** `stopped`: by `wt stop`. */
export interface AgentEnd {
  readonly at: string;
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly how: 'exit' | 'stopped';
}

export interface Conversation {
  readonly id: string;
  readonly agent: string;
  /** Assigned at the start, or learnt from a hook. */
  readonly from: 'assigned' | 'hook';
  readonly at: string;
}

/** What a turn of an agent is at. `ended`: it has said good-bye. */
export const TURNS = ['working', 'waiting', 'idle', 'failed', 'ended'] as const;
export type Turn = (typeof TURNS)[number];

export interface HookFact {
  readonly at: string;
  readonly agent: string;
  /** As the agent calls it: `PermissionRequest`. */
  readonly event: string;
  readonly turn: Turn;
  /** What it waits for, or why it failed: `permission`, `question`, `input`, `rate_limit`. */
  readonly reason: string | null;
  /** The helper of the agent that waits; absent: the agent itself. */
  readonly helper?: string;
}

export const NO_FACTS: AgentFacts = {
  version: 1,
  run: null,
  conversation: null,
  hook: null,
  turnEndedAt: null,
  seenAt: null,
};

/** Pure. What cannot be read, or was written by a wt that knows more, counts as nothing known. */
export function parseFacts(text: string | undefined): AgentFacts {
  const value = parseJson(text);
  if (!isRecord(value) || value['version'] !== 1) return NO_FACTS;
  return {
    version: 1,
    run: parseRun(value['run']),
    conversation: parseConversation(value['conversation']),
    hook: parseHook(value['hook']),
    turnEndedAt: textOrNull(value['turnEndedAt']),
    seenAt: textOrNull(value['seenAt']),
  };
}

function parseRun(value: unknown): AgentRun | null {
  if (!isRecord(value)) return null;
  const owner = parseOwner(value['owner']);
  const { agent, how, startedAt, argv, hasHooks, log, input, goneAt } = value;
  const way = WAYS.find((one) => one === how);
  if (owner === undefined || way === undefined || typeof agent !== 'string' || typeof startedAt !== 'string')
    return null;
  return {
    agent,
    how: way,
    owner,
    startedAt,
    argv: Array.isArray(argv) ? argv.filter((word) => typeof word === 'string') : [],
    hasHooks: hasHooks === true,
    log: textOrNull(log),
    input: textOrNull(input),
    tmux: parseTmux(value['tmux']),
    stoppingAt: textOrNull(value['stoppingAt']),
    end: parseEnd(value['end']),
    ...(typeof goneAt === 'string' ? { goneAt } : {}),
  };
}

function parseTmux(value: unknown): TmuxPlace | null {
  if (!isRecord(value)) return null;
  const { socket, pane, session } = value;
  const isPlace = typeof socket === 'string' && typeof pane === 'string' && typeof session === 'string';
  return isPlace ? { socket, pane, session } : null;
}

function parseEnd(value: unknown): AgentEnd | null {
  if (!isRecord(value) || typeof value['at'] !== 'string') return null;
  const { at, exitCode, signal, how } = value;
  return {
    at,
    exitCode: typeof exitCode === 'number' ? exitCode : null,
    signal: textOrNull(signal),
    how: how === 'stopped' ? 'stopped' : 'exit',
  };
}

function parseConversation(value: unknown): Conversation | null {
  if (!isRecord(value)) return null;
  const { id, agent, from, at } = value;
  if (typeof id !== 'string' || typeof agent !== 'string' || typeof at !== 'string') return null;
  return { id, agent, from: from === 'assigned' ? 'assigned' : 'hook', at };
}

function parseHook(value: unknown): HookFact | null {
  if (!isRecord(value)) return null;
  const { at, agent, event, reason, helper } = value;
  const turn = TURNS.find((one) => one === value['turn']);
  if (turn === undefined || typeof at !== 'string' || typeof agent !== 'string' || typeof event !== 'string')
    return null;
  const who = typeof helper === 'string' ? { helper } : {};
  return { at, agent, event, turn, reason: textOrNull(reason), ...who };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
