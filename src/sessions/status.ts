import type { AgentStatus } from '../agents/status.ts';
import { lastWork } from '../core/time.ts';
import type { SessionView } from './view.ts';
import type { Word } from './word.ts';
import { byText } from '../core/text.ts';

/** In the order in which they ask for a person. Derived on every read, never stored. */
export const STATUSES = [
  'waiting',
  'conflict',
  'broken',
  'failed',
  'done',
  'approved',
  'ready',
  'dirty',
  'working',
  'busy',
  'new',
  'landed',
] as const;
export type SessionStatus = (typeof STATUSES)[number];

/** All that the status of a session comes from. */
export interface StatusFacts {
  /** A command of wt is at work on it. */
  readonly isBeingMade: boolean;
  readonly isTreeWhole: boolean;
  readonly agent: AgentStatus | undefined;
  /** Conflicts lie in its files, or a merge that was laid out there is open. */
  readonly isInConflict: boolean;
  readonly hasLanded: boolean;
  readonly hasFailedSetup: boolean;
  /** Merging it with its base would conflict. */
  readonly wouldConflict: boolean;
  /** A rebase, merge, … is open there. */
  readonly hasOperation: boolean;
  /** What was said of the commit that is there now. */
  readonly word: Word | undefined;
  readonly isDirty: boolean;
  /** It has commits that its base has not. */
  readonly isAhead: boolean;
}

/**
 * The first that holds. An agent that is asked something waits for a person; one that works needs none, whatever its files look like
 * meanwhile. A word is about one commit, so what hinders that commit comes before it: what cannot be read, conflicts, or has
 * landed. Uncommitted work was not part of what was approved or called done, so it is "dirty" first; an agent that gave up often
 * leaves such work behind, and "failed" says what a person has to know of it. Pure.
 */
export function deriveStatus(facts: StatusFacts): SessionStatus {
  const { agent } = facts;
  const word = wordThatCounts(facts);
  const candidates: readonly (readonly [SessionStatus, boolean])[] = [
    ['busy', facts.isBeingMade],
    ['broken', !facts.isTreeWhole],
    ['waiting', agent?.state === 'waiting'],
    ['working', isAtWork(agent)],
    ['conflict', facts.isInConflict],
    ['landed', facts.hasLanded],
    ['broken', facts.hasFailedSetup],
    ['conflict', facts.wouldConflict],
    ['busy', facts.hasOperation],
    ['failed', word === 'failed'],
    ['failed', word === undefined && (agent?.state === 'failed' || agent?.state === 'died')],
    ['waiting', word === undefined && agent?.state === 'idle'],
    ['dirty', facts.isDirty],
    ['approved', word === 'approved'],
    ['done', word === 'done'],
    ['ready', facts.isAhead],
  ];
  return candidates.find(([, holds]) => holds)?.[0] ?? 'new';
}

function wordThatCounts({ word, agent }: StatusFacts): Word['kind'] | undefined {
  return word !== undefined && (word.kind === 'approved' || isWordOfRun(word, agent)) ? word.kind : undefined;
}

/**
 * Whether what an agent said of the commit that is there still stands. It was spoken after the agent or in spite of it, so it does
 * when the agent is idle or dead; one from before it was started again does not: it has got something new to do since. Pure.
 */
export function isWordOfRun({ at }: { readonly at: string }, agent: AgentRunning | undefined): boolean {
  return agent === undefined || agent.state === 'exited' || agent.state === 'stopped' || at >= agent.startedAt;
}

type AgentRunning = Pick<AgentStatus, 'state' | 'startedAt'>;

/** Nothing is to be asked of it now. Pure. */
export function isAtWork(agent: Pick<AgentStatus, 'state'> | undefined): boolean {
  return agent?.state === 'starting' || agent?.state === 'running' || agent?.state === 'working';
}

/** What asks for a person first. Of those that wait, a question before a prompt, and who waits longest; else the latest work. Pure. */
export function byAttention(a: SessionView, b: SessionView): number {
  const rank = STATUSES.indexOf(a.status) - STATUSES.indexOf(b.status);
  if (rank !== 0) return rank;
  const urgency = urgencyOf(a) - urgencyOf(b);
  if (urgency !== 0) return urgency;
  const since = byText(waitsSince(a), waitsSince(b));
  return since !== 0 ? since : byText(lastWork(b), lastWork(a)) || byText(a.id, b.id);
}

/** 0: it cannot go on without an answer; 2: it waits for something to do. */
function urgencyOf({ status, agentStatus }: SessionView): number {
  if (status !== 'waiting' || agentStatus === undefined) return 0;
  if (agentStatus.state !== 'waiting' || agentStatus.reason === 'input') return 2;
  return agentStatus.reason === 'permission' ? 0 : 1;
}

function waitsSince({ status, agentStatus }: SessionView): string {
  return status === 'waiting' || status === 'failed' ? (agentStatus?.at ?? '') : '';
}
