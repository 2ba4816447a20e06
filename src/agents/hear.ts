import { msOf } from '../core/time.ts';
import type { Owner } from '../platform/identity.ts';
import type { NewEvent } from '../registry/event-log.ts';
import type { HookNews } from './adapter.ts';
import type { AgentFacts, AgentRun, Conversation, HookFact, Turn } from './facts.ts';
import type { News } from './record.ts';
import { isDead, type Life } from './status.ts';

/** One call of a hook, as it concerns a session. */
export interface Heard {
  /** Who calls, by the name it was started under. */
  readonly agent: string;
  readonly news: HookNews;
  /** When it happened: when the hook was called. */
  readonly at: string;
  /** Whether an agent that the owner has started in turn is the caller, as far as that can be told. */
  readonly isNestedBelow: (owner: Owner) => boolean;
  readonly lifeOf: (owner: Owner) => Life;
  /** The agent's process, for one that nobody knows yet. */
  readonly findOwner: () => Owner | undefined;
}

/**
 * What a call of a hook changes. Another conversation than the one that lives there, the turns of a helper of the agent's, and what
 * comes too late change nothing. Undefined: there is nothing to be written down. Pure but for what it is handed.
 */
export function withHook(facts: AgentFacts, heard: Heard): News | undefined {
  const { news, lifeOf, at } = heard;
  const { run } = facts;
  if (run === null || run.end !== null || isDead(lifeOf(run.owner))) return withOutsider(facts, heard);
  if (at < run.startedAt || !isOwn(facts, run, heard)) return undefined;
  if (news.isSubagent === true) return withHelper(facts, run, heard);
  const conversation = learn(facts, run, heard);
  const known: AgentFacts = conversation === facts.conversation ? facts : { ...facts, conversation };
  if (run.how === 'outside' && news.turn === 'ended') return withGoodBye(known, run, heard);
  return withTurn(known, run, heard) ?? withSign(facts, known, at);
}

/**
 * Whether the run itself speaks, and not an agent that it has started in turn: who speaks first is the run, for it speaks before it
 * starts others.
 */
function isOwn({ conversation, hook }: AgentFacts, run: AgentRun, { agent, news, isNestedBelow }: Heard): boolean {
  const known = conversation?.agent === run.agent ? conversation : null;
  if (news.conversation !== undefined && known?.id === news.conversation) return true;
  if (agent !== run.agent) return false;
  if (news.conversation === undefined || known === null) return true;
  const isCertain = (known.from === 'assigned' && known.at >= run.startedAt) || since(hook, run) !== null;
  return !isCertain || (news.isSwitch === true && !isNestedBelow(run.owner));
}

function learn({ conversation }: AgentFacts, { agent }: AgentRun, { news, at }: Heard): Conversation | null {
  if (news.conversation === undefined) return conversation;
  if (conversation?.agent === agent && conversation.id === news.conversation) return conversation;
  return { id: news.conversation, agent, from: 'hook', at };
}

/** The last word of this run; one of a run before is none. */
const since = (hook: HookFact | null, run: AgentRun): HookFact | null =>
  hook !== null && hook.at >= run.startedAt ? hook : null;

function withTurn(facts: AgentFacts, run: AgentRun, { news, at }: Heard): News | undefined {
  const before = since(facts.hook, run);
  if (news.turn === undefined || (news.isRoutine === true && !isNewer(before, { ...news, turn: news.turn }, at)))
    return undefined;
  return withWord(facts, run, { ...news, turn: news.turn }, at);
}

/** The agent's last word is another one now. */
function withWord(facts: AgentFacts, run: AgentRun, news: HookNews & { readonly turn: Turn }, at: string): News {
  const { event, turn, reason = null, helper } = news;
  const before = since(facts.hook, run);
  const events = eventsOf(run.agent, news, at);
  // It comes late, another has overtaken it: told it is, but it does not win.
  if (before !== null && at < before.at) return { facts, events };
  const hook = { at, agent: run.agent, event, turn, reason, ...(helper === undefined ? {} : { helper }) };
  const turnEndedAt = news.endsTurn === true ? at : facts.turnEndedAt;
  return { facts: { ...facts, hook, turnEndedAt, seenAt: later(facts.seenAt, at) }, events };
}

/** A helper asks the person by the agent's own dialogue; the next that is heard of that very helper says that it was answered. */
function withHelper(facts: AgentFacts, run: AgentRun, { news, at }: Heard): News | undefined {
  const before = since(facts.hook, run);
  const { event, turn, helper, conversation } = news;
  const isAsked = before?.turn === 'waiting';
  if (helper === undefined) return undefined;
  if (turn === 'waiting') return isAsked ? undefined : withWord(facts, run, { ...news, turn }, at);
  if (!isAsked || before.helper !== helper) return undefined;
  return withWord(facts, run, { event, turn: 'working', ...(conversation === undefined ? {} : { conversation }) }, at);
}

/** How long after the end of a turn a call may still come that belongs to it and that the agent has not waited for. */
const TRAILING_MS = 1500;

/** A routine event tells something only when the turn is another one; silence ends no turn that has ended in another way. */
function isNewer(
  before: HookFact | null,
  { turn, mayTrail }: Pick<HookNews, 'mayTrail'> & { readonly turn: Turn },
  at: string,
): boolean {
  if (before === null) return true;
  if (at < before.at) return false; // another has overtaken it
  const isOver = before.turn === 'idle' || before.turn === 'failed';
  if (mayTrail === true && isOver && msOf(at) - msOf(before.at) < TRAILING_MS) return false;
  if (turn === 'working' && before.helper !== undefined) return false; // it goes on beside the helper that waits
  if (turn === 'idle') return before.turn === 'working' || before.turn === 'waiting';
  return before.turn !== turn;
}

const SIGN_MS = 10_000;

/** A sign of life is written down now and then; a conversation that was learnt at once. */
function withSign(before: AgentFacts, facts: AgentFacts, at: string): News | undefined {
  const isFresh = before.seenAt !== null && msOf(at) - msOf(before.seenAt) < SIGN_MS;
  if (before === facts && isFresh) return undefined;
  return { facts: { ...facts, seenAt: later(facts.seenAt, at) }, events: [] };
}

/** How long hooks of an agent that has just ended may still come. */
const LATE_MS = 5000;

/** Nobody is known to be there: somebody has started an agent by hand. */
function withOutsider(facts: AgentFacts, heard: Heard): News | undefined {
  const { agent, news, at, findOwner } = heard;
  if (news.turn === undefined || news.turn === 'ended' || news.isSubagent === true || isAfterwards(facts, heard))
    return undefined;
  const owner = findOwner();
  if (owner === undefined || isSameProcess(owner, facts.run?.owner)) return undefined;
  const run: AgentRun = {
    agent,
    how: 'outside',
    owner,
    startedAt: at,
    argv: [],
    hasHooks: true,
    log: null,
    input: null,
    tmux: null,
    stoppingAt: null,
    end: null,
  };
  const conversation: Conversation | null =
    news.conversation === undefined ? null : { id: news.conversation, agent, from: 'hook', at };
  const started: AgentFacts = { version: 1, run, conversation, hook: null, turnEndedAt: null, seenAt: at };
  const data = { agent, pid: owner.pid, how: run.how, conversation: news.conversation ?? null };
  const begun: Omit<NewEvent, 'session'> = { at, event: 'session.agent.started', by: agent, data };
  const told = withTurn(started, run, heard);
  return { facts: told?.facts ?? started, events: [begun, ...(told?.events ?? [])] };
}

/** The last words of a run that is over. */
function isAfterwards({ run, conversation }: AgentFacts, { agent, news, at }: Heard): boolean {
  if (run === null) return false;
  if (at < run.startedAt) return true;
  if (run.end === null || run.agent !== agent || news.wantsBrief === true) return false;
  const isOther = news.conversation !== undefined && news.conversation !== conversation?.id;
  return !isOther && msOf(at) - msOf(run.end.at) < LATE_MS;
}

const isSameProcess = (a: Owner, b: Owner | undefined): boolean =>
  b !== undefined && a.pid === b.pid && a.start === b.start && a.boot === b.boot;

/** Nobody else will tell that one of these has ended. */
function withGoodBye(facts: AgentFacts, run: AgentRun, { news, at }: Heard): News {
  const end = { at, exitCode: null, signal: null, how: 'exit' } as const;
  const data = { agent: run.agent, exitCode: null, reason: null, source: 'hook', event: news.event };
  return {
    facts: { ...facts, run: { ...run, end }, seenAt: later(facts.seenAt, at) },
    events: [{ at, event: 'session.agent.exited', by: run.agent, data }],
  };
}

/** A good-bye is no event: the end itself is told by who has started it. */
function eventsOf(
  agent: string,
  { turn, reason, event, conversation }: HookNews,
  at: string,
): readonly Omit<NewEvent, 'session'>[] {
  if (turn === undefined || turn === 'ended') return [];
  const data = {
    agent,
    source: 'hook',
    event,
    ...(reason === undefined ? {} : { reason }),
    ...(conversation === undefined ? {} : { conversation }),
  };
  return [{ at, event: `session.agent.${turn}`, by: agent, data }];
}

const later = (a: string | null, b: string): string => (a !== null && a > b ? a : b);
