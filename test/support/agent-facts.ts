import process from 'node:process';
import { NO_FACTS, type AgentFacts, type AgentRun, type HookFact } from '#src/agents/facts.ts';
import { describeProcess } from '#src/platform/identity.ts';
import { DEAD } from './dead.ts';

export const STARTED = '2026-01-01T10:00:00.000Z';

/** An owner that lives: this test. */
export const ALIVE = describeProcess(process.pid, 'fake') ?? DEAD;

/** A run as `wt run --background` leaves it. */
export function makeRun(changes: Partial<AgentRun> = {}): AgentRun {
  return {
    agent: 'claude',
    how: 'background',
    owner: ALIVE,
    startedAt: STARTED,
    argv: ['claude'],
    hasHooks: true,
    log: null,
    input: null,
    tmux: null,
    stoppingAt: null,
    end: null,
    ...changes,
  };
}

/** One in the background that reads lines. */
export const LISTENING = makeRun({ agent: 'lines', how: 'background', input: '/nowhere/input' });

export function makeHook(changes: Partial<HookFact> = {}): HookFact {
  return {
    at: '2026-01-01T10:01:00.000Z',
    agent: 'claude',
    event: 'PermissionRequest',
    turn: 'waiting',
    reason: 'permission',
    ...changes,
  };
}

export function makeFacts(changes: Partial<AgentFacts> = {}): AgentFacts {
  return { ...NO_FACTS, run: makeRun(), ...changes };
}
