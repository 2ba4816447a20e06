import { findProgram } from '../platform/program.ts';
import { parseJson } from '../core/json.ts';
import { isoFromMs } from '../core/time.ts';
import type { Deps } from '../platform/deps.ts';
import { isProgramInside } from '../platform/processes.ts';
import { asPayload, conversationAt, reasonOf, textAt, type Payload } from './payload.ts';
import type { AgentState, AgentStatus } from './status.ts';

/** One session of Claude Code as `claude agents --json` tells it, as far as it concerns one of ours. */
export interface ClaudeAgent {
  readonly cwd: string;
  readonly status: AgentStatus;
}

const SOURCE = 'claude agents';
const LIMIT_MS = 1000;

/**
 * What Claude Code itself knows of its sessions, also of those without hooks: started by hand, or in its own background. Nothing where
 * no claude runs in one of the folders, and whenever it does not answer within a second: it is a further source and never in anybody's way.
 */
export async function listClaudeAgents(
  { run, env, cwd }: Pick<Deps, 'run' | 'env' | 'cwd'>,
  folders: readonly string[],
): Promise<readonly ClaudeAgent[]> {
  try {
    if (!(await isProgramInside('claude', folders)) || (await findProgram(env, 'claude')) === undefined) return [];
    const request = { file: 'claude', args: ['agents', '--json'], cwd, timeoutMs: LIMIT_MS, ends: 'group' } as const;
    const { exitCode, stdout } = await run({ ...request, shielded: true });
    return exitCode === 0 ? parseClaudeAgents(stdout) : [];
  } catch {
    return [];
  }
}

/** What cannot be understood is passed over. Pure. */
export function parseClaudeAgents(text: string): readonly ClaudeAgent[] {
  const value = parseJson(text);
  if (!Array.isArray(value)) return [];
  return value.flatMap((one: unknown) => {
    const entry = asPayload(one);
    const cwd = textAt(entry, 'cwd');
    const startedMs = entry['startedAt'];
    if (cwd === undefined || typeof startedMs !== 'number' || !Number.isFinite(startedMs)) return [];
    if (Math.abs(startedMs) > MAX_MS) return [];
    return [{ cwd, status: statusFrom(entry, isoFromMs(startedMs)) }];
  });
}

const MAX_MS = 8.64e15;

function statusFrom(entry: Payload, startedAt: string): AgentStatus {
  const { state, reason } = stateFrom(entry);
  const pid = entry['pid'];
  return {
    agent: 'claude',
    state,
    reason,
    source: SOURCE,
    at: startedAt,
    isAsserted: true,
    isAlive: state === 'working' || state === 'waiting' || state === 'running' || state === 'idle',
    pid: typeof pid === 'number' && Number.isInteger(pid) && pid > 0 ? pid : 0,
    how: 'outside',
    startedAt,
    exitCode: null,
    turnEndedAt: null,
    conversation: conversationAt(entry, 'sessionId', 'session_id') ?? null,
    log: null,
  };
}

const STATES: Readonly<Record<string, AgentState>> = {
  working: 'working',
  busy: 'working',
  blocked: 'waiting',
  waiting: 'waiting',
  idle: 'idle',
  done: 'exited',
  failed: 'failed',
  stopped: 'stopped',
};

const REASONS: Readonly<Record<string, string>> = {
  'permission prompt': 'permission',
  'sandbox request': 'permission',
  'worker request': 'permission',
  'input needed': 'input',
  'dialog open': 'dialogue',
};

function stateFrom(entry: Payload): { state: AgentState; reason: string | null } {
  const waitingFor = textAt(entry, 'waitingFor', 'waiting_for');
  if (waitingFor !== undefined)
    return { state: 'waiting', reason: REASONS[waitingFor] ?? reasonOf(waitingFor, 'input') };
  const words = [textAt(entry, 'state'), textAt(entry, 'status')];
  const known = words.find((word) => word !== undefined && Object.hasOwn(STATES, word));
  return { state: STATES[known ?? ''] ?? 'running', reason: null };
}
