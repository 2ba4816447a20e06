import { msOf } from '../core/time.ts';
import { isFromEarlierBoot, livenessOf, type Owner } from '../platform/identity.ts';
import type { AgentEnd, AgentFacts, AgentRun, HookFact, Turn, Way } from './facts.ts';

/**
 * What an agent is at. `running`: its process lives, and nothing tells more. `idle`: its turn has ended, and it waits for the next
 * prompt. `died`: gone without an exit code, or ended by a signal. Derived on every read, never stored.
 */
export const AGENT_STATES = [
  'starting',
  'running',
  'working',
  'waiting',
  'idle',
  'exited',
  'failed',
  'died',
  'stopped',
] as const;
export type AgentState = (typeof AGENT_STATES)[number];

export interface AgentStatus {
  readonly agent: string;
  readonly state: AgentState;
  /** What it waits for or why it ended: `permission`, `exit 3`, `SIGKILL`, `reboot`. */
  readonly reason: string | null;
  /** Who says so: `claude hook`, `exit code`, `process`, `wt stop`. */
  readonly source: string;
  /** Since when. ISO 8601 UTC. */
  readonly at: string;
  /** Told by the agent, or recorded; else inferred from its process alone. */
  readonly isAsserted: boolean;
  readonly isAlive: boolean;
  readonly pid: number;
  readonly how: Way;
  readonly startedAt: string;
  readonly exitCode: number | null;
  readonly turnEndedAt: string | null;
  readonly conversation: string | null;
  readonly log: string | null;
}

/** How long an agent with hooks may take to tell of itself before only its process counts. */
const STARTING_MS = 20_000;

/** Undefined: no agent was ever seen there. */
export function statusOf(facts: AgentFacts, nowMs: number): AgentStatus | undefined {
  if (facts.run === null) return undefined;
  return deriveStatus(facts, facts.run, { life: lifeOf(facts.run.owner), nowMs });
}

/** `reboot`: dead, for the machine was started anew since. */
export type Life = 'alive' | 'dead' | 'unknown' | 'reboot';

export function lifeOf(owner: Owner): Life {
  const liveness = livenessOf(owner);
  return liveness === 'dead' && isFromEarlierBoot(owner) ? 'reboot' : liveness;
}

/** Proven to be gone. Pure. */
export function isDead(life: Life): boolean {
  return life === 'dead' || life === 'reboot';
}

/** Pure half of {@link statusOf}. */
export function deriveStatus(
  facts: AgentFacts,
  run: AgentRun,
  { life, nowMs }: { life: Life; nowMs: number },
): AgentStatus {
  const { agent, how, startedAt, log, owner, end } = run;
  const isAlive = end === null && !isDead(life);
  const common = {
    agent,
    isAlive,
    pid: owner.pid,
    how,
    startedAt,
    exitCode: end?.exitCode ?? null,
    turnEndedAt: facts.turnEndedAt,
    conversation: facts.conversation?.agent === agent ? facts.conversation.id : null,
    log,
  };
  if (end !== null) return { ...common, ...ended(end), at: end.at, isAsserted: true };
  // A hook of an earlier run says nothing of this one.
  const hook = facts.hook !== null && facts.hook.at >= startedAt ? facts.hook : undefined;
  if (!isAlive) return { ...common, ...gone(facts, run, hook, life) };
  if (hook !== undefined) {
    const told = { reason: hook.reason, source: `${hook.agent} hook`, at: hook.at, isAsserted: life === 'alive' };
    return { ...common, ...told, state: STATE_OF_TURN[hook.turn] };
  }
  const isStarting = run.hasHooks && nowMs - msOf(startedAt) < STARTING_MS;
  const state = isStarting ? 'starting' : 'running';
  return { ...common, state, reason: null, source: 'process', at: startedAt, isAsserted: false };
}

type Ending = Pick<AgentStatus, 'state' | 'reason' | 'source' | 'at' | 'isAsserted'>;

/** Without a recorded end: it was being stopped, or has said good-bye and ended by itself, or nobody knows. */
function gone(
  facts: AgentFacts,
  { startedAt, stoppingAt, goneAt }: AgentRun,
  hook: HookFact | undefined,
  life: Life,
): Ending {
  if (stoppingAt !== null)
    return { state: 'stopped', reason: null, source: 'wt stop', at: stoppingAt, isAsserted: true };
  if (hook?.turn === 'ended')
    return { state: 'exited', reason: null, source: `${hook.agent} hook`, at: hook.at, isAsserted: true };
  const at = goneAt ?? (facts.seenAt !== null && facts.seenAt > startedAt ? facts.seenAt : startedAt);
  return { state: 'died', reason: life === 'reboot' ? 'reboot' : null, source: 'process', at, isAsserted: false };
}

const STATE_OF_TURN: Readonly<Record<Turn, AgentState>> = {
  working: 'working',
  waiting: 'waiting',
  idle: 'idle',
  failed: 'failed',
  ended: 'idle',
};

function ended({ exitCode, signal, how }: AgentEnd): Pick<Ending, 'state' | 'reason' | 'source'> {
  if (how === 'stopped') return { state: 'stopped', reason: null, source: 'wt stop' };
  if (exitCode === 0) return { state: 'exited', reason: null, source: 'exit code' };
  if (signal !== null) return { state: 'died', reason: signal, source: 'exit code' };
  // It has said good-bye to nobody who would know its exit code.
  if (exitCode === null) return { state: 'exited', reason: null, source: 'hook' };
  return { state: 'failed', reason: `exit ${exitCode}`, source: 'exit code' };
}
