import type { Owner } from '../platform/identity.ts';
import type { AgentFacts, AgentRun, Conversation } from './facts.ts';
import type { News } from './record.ts';

/** Which run is meant: the nonce of its owner's record, which it keeps from its claim to its end. */
export type RunId = string;

/** What the owner of a run is called before there is an agent. */
export const CLAIM = 'wt run';

interface Teller {
  readonly at: string;
  readonly by: string;
}

/** A start is claimed: nothing of the run before counts any more. Pure. */
export function withClaim(facts: AgentFacts, run: AgentRun, conversation: Conversation | null): AgentFacts {
  return { ...facts, run, conversation, hook: null, turnEndedAt: null, seenAt: run.startedAt };
}

/** The claim is handed on, from the wt that was called to the one that stays. Undefined: it is nobody's to hand on any more. Pure. */
export function withOwner(facts: AgentFacts, id: RunId, owner: Owner): News | undefined {
  const run = ownRun(facts, id);
  if (run === undefined || run.stoppingAt !== null) return undefined;
  return { facts: { ...facts, run: { ...run, owner: { ...owner, nonce: id } } }, events: [] };
}

/** The agent runs. `owner` undefined: it has ended by now. Pure. */
export function withStart(
  facts: AgentFacts,
  id: RunId,
  { pid, owner, isResumed, at, by }: Teller & { pid: number; owner: Owner | undefined; isResumed: boolean },
): News | undefined {
  const run = ownRun(facts, id);
  if (run === undefined) return undefined;
  const { agent, how, log } = run;
  // Without a start time it is nobody any more, whoever gets its process id.
  const next = { ...run, owner: { ...(owner ?? { ...run.owner, pid, start: null, command: agent }), nonce: id } };
  const data = { agent, pid, how, conversation: facts.conversation?.id ?? null, log };
  const event = isResumed ? 'session.agent.resumed' : 'session.agent.started';
  return { facts: { ...facts, run: next, seenAt: at }, events: [{ at, event, by, data }] };
}

/** How a process ended; one of the two is null. */
export interface ProcessEnd {
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/** The agent has ended. The event is told also when its session went meanwhile. Pure. */
export function withEnd(
  facts: AgentFacts,
  id: RunId,
  { agent, end: { exitCode, signal }, at, by }: Teller & { agent: string; end: ProcessEnd },
): News | undefined {
  const run = ownRun(facts, id);
  if (run === undefined && facts.run?.owner.nonce === id) return undefined; // somebody has told it already
  const isStopped = run !== undefined && run.stoppingAt !== null;
  const word = isStopped ? 'stopped' : signal !== null ? 'died' : exitCode === 0 ? 'exited' : 'failed';
  const reason = signal ?? (exitCode === null || exitCode === 0 ? null : `exit ${exitCode}`);
  const events = [
    { at, event: `session.agent.${word}`, by: isStopped ? 'user' : by, data: { agent, exitCode, reason } },
  ];
  if (run === undefined) return { facts, events };
  const end = { at, exitCode, signal, how: isStopped ? 'stopped' : 'exit' } as const;
  return { facts: { ...facts, run: { ...run, end }, seenAt: at }, events };
}

/** It is about to be ended: however it ends then, it was stopped. Pure. */
export function withStopping(facts: AgentFacts, id: RunId, at: string): News | undefined {
  const run = ownRun(facts, id);
  return run === undefined ? undefined : { facts: { ...facts, run: { ...run, stoppingAt: at } }, events: [] };
}

/** A start that failed leaves what was known before it. Pure. */
export function withoutClaim(facts: AgentFacts, id: RunId, before: AgentFacts): News | undefined {
  return facts.run?.owner.nonce === id ? { facts: before, events: [] } : undefined;
}

function ownRun({ run }: AgentFacts, id: RunId): AgentRun | undefined {
  return run !== null && run.owner.nonce === id && run.end === null ? run : undefined;
}
