import type { AgentStatus } from '../agents/status.ts';
import { isWordOfRun } from './status.ts';
import type { SessionView } from './view.ts';

/** What can be waited for. Of several that hold the first is told. */
export const WAIT_FOR = ['landed', 'approved', 'failed', 'done', 'waiting', 'idle', 'exited'] as const;
export type WaitFor = (typeof WAIT_FOR)[number];

export type WaitVerdict =
  | { readonly kind: 'reached'; readonly what: WaitFor }
  | { readonly kind: 'pending' }
  /** It cannot come any more by itself. */
  | { readonly kind: 'over' };

/** Whether a session has come to one of these. Pure. */
export function judgeWait(view: SessionView, wanted: readonly WaitFor[]): WaitVerdict {
  const what = WAIT_FOR.find((one) => wanted.includes(one) && HOLDS[one](view));
  if (what !== undefined) return { kind: 'reached', what };
  const isUpToPerson = wanted.includes('landed') || wanted.includes('approved');
  const hasEnded = view.agentStatus !== undefined && !view.agentStatus.isAlive;
  return { kind: hasEnded && !isUpToPerson ? 'over' : 'pending' };
}

const HOLDS: Readonly<Record<WaitFor, (view: SessionView) => boolean>> = {
  // While wt still lands it, it may go back.
  landed: ({ proof, status }) => proof !== undefined && proof !== 'empty' && status !== 'busy',
  approved: ({ approved }) => approved?.isStale === false,
  failed: hasFailed,
  done: (view) => hasWord(view) && view.done?.failed === false,
  waiting: isWaiting,
  idle: ({ agentStatus }) => agentStatus?.state === 'idle',
  exited: ({ agentStatus }) => agentStatus?.isAlive === false,
};

/** The agent's own word on the commit that is there, as far as it still stands. */
function hasWord({ done, agentStatus }: SessionView): boolean {
  return done?.isStale === false && isWordOfRun(done, agentStatus);
}

function hasFailed(view: SessionView): boolean {
  if (hasWord(view)) return view.done?.failed === true;
  return isBroken(view) || isLost(view.agentStatus);
}

/** For good, as far as the agent goes: it may look at another branch for a moment. */
function isBroken({ status, tree }: SessionView): boolean {
  return status === 'broken' && tree !== 'switched' && tree !== 'unreadable';
}

function isLost(agent: AgentStatus | undefined): boolean {
  return agent?.state === 'failed' || agent?.state === 'died';
}

/** Asked something, or its turn has ended and it has not said that it is through. */
function isWaiting(view: SessionView): boolean {
  const { agentStatus, approved } = view;
  if (agentStatus?.state === 'waiting') return true;
  return agentStatus?.state === 'idle' && !hasWord(view) && approved?.isStale !== false;
}
