import { stateWords } from './agent.ts';
import type { SessionStatus } from '../sessions/status.ts';
import type { SessionView } from '../sessions/view.ts';
import {
  approvalWords,
  changesText,
  conflictsText,
  distanceWords,
  doneWords,
  setupWords,
  TREE_WORDS,
} from './session.ts';
import { age, safeLine } from './text.ts';

/** Why a session needs a person, in one line: what holds, who says so, since when. Pure. */
export function whyWords(view: SessionView, now: Date): string {
  return safeLine(REASONS[view.status](view, now));
}

const REASONS: Readonly<Record<SessionStatus, (view: SessionView, now: Date) => string>> = {
  waiting: agentReason,
  failed: (view, now) =>
    view.done?.failed === true && !view.done.isStale ? doneWords(view, now) : agentReason(view, now),
  broken: (view) => (view.tree === 'ok' ? `its set-up ${setupWords(view)}` : TREE_WORDS[view.tree]),
  conflict: conflictReason,
  done: doneWords,
  approved: approvalWords,
  dirty: (view, now) => `uncommitted work (${changesText(view)})${ending(view, now)}`,
  ready: (view, now) => `${distanceWords(view)}, and nobody has looked at it${ending(view, now)}`,
  new: (view, now) => `no work yet${ending(view, now)}`,
  working: ({ status }) => status,
  busy: ({ status }) => status,
  landed: ({ status }) => status,
};

function agentReason({ agentStatus }: SessionView, now: Date): string {
  if (agentStatus === undefined) return 'its agent waits';
  const { agent, state, reason: what, source, at, how, pid } = agentStatus;
  const since = `for ${age(at, now)}`;
  const by = source.startsWith(`${agent} `) ? `its ${source.slice(agent.length + 1)}` : `its ${source}`;
  // Where it can be answered, when that is nowhere in wt.
  const where = how === 'foreground' || how === 'outside' ? `, in its terminal (process ${pid})` : '';
  if (state === 'waiting') return `${agent} waits for ${whatWords(what)}, ${since}: ${by} says so${where}`;
  if (state === 'idle') return `${agent} has ended its turn and waits for something to do, ${since}: ${by} says so`;
  if (state === 'died' && what === null) return `${agent} looks dead: ${by} is gone, and nobody saw it end`;
  if (state === 'died' && what === 'reboot') return `${agent} died when the machine was started anew`;
  return `${agent}: ${stateWords(agentStatus)}, ${age(at, now)} ago by ${by}`;
}

function whatWords(what: string | null): string {
  if (what === 'permission') return 'a permission';
  return what === null || what === 'question' ? 'an answer' : what;
}

function conflictReason(view: SessionView): string {
  const { changes, resolving, base } = view;
  if (resolving !== undefined) return `a conflict with ${resolving.into} is laid out in it, to be resolved`;
  if (changes !== null && changes.conflicted > 0) return `${changes.conflicted} of its files are in conflict`;
  const others = conflictsText(view);
  return `it conflicts with ${others === '' || others === 'base' ? (base.branch ?? 'its base') : others}`;
}

/** What became of the agent that left this. */
function ending({ agentStatus }: SessionView, now: Date): string {
  if (agentStatus === undefined) return '';
  return `; ${agentStatus.agent} ${stateWords(agentStatus)} ${age(agentStatus.at, now)} ago`;
}
