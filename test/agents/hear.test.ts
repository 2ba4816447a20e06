import { describe, expect, test } from 'vitest';
import type { HookNews } from '#src/agents/adapter.ts';
import { NO_FACTS, type AgentFacts } from '#src/agents/facts.ts';
import { withHook, type Heard } from '#src/agents/hear.ts';
import type { News } from '#src/agents/record.ts';
import type { Life } from '#src/agents/status.ts';
import type { Owner } from '#src/platform/identity.ts';
import { makeRun } from '../support/agent-facts.ts';

const at = (seconds: number): string => new Date(Date.UTC(2026, 0, 1, 12) + seconds * 1000).toISOString();

const owner = (pid: number): Owner => ({
  pid,
  start: String(pid),
  boot: 'b',
  pidns: 'p',
  host: 'h',
  nonce: '',
  fifo: null,
  command: 'claude',
});

const RUN = makeRun({ owner: owner(7), startedAt: at(0) });
const LIVE: AgentFacts = {
  ...NO_FACTS,
  run: RUN,
  conversation: { id: 'main', agent: 'claude', from: 'assigned', at: at(0) },
  seenAt: at(0),
};
const ENDED: AgentFacts = { ...LIVE, run: { ...RUN, end: { at: at(5), exitCode: 0, signal: null, how: 'exit' } } };

interface Told extends Partial<HookNews> {
  readonly s?: number;
  readonly agent?: string;
  readonly life?: Life;
  readonly isNested?: boolean;
  readonly starter?: Owner | undefined;
}

function heard(told: Told): Heard {
  const { s = 10, agent = 'claude', life = 'alive', isNested = false, starter: _, ...news } = told;
  const starter = 'starter' in told ? told.starter : owner(9);
  return {
    agent,
    news: { event: 'Event', conversation: 'main', ...news },
    at: at(s),
    isNestedBelow: () => isNested,
    lifeOf: () => life,
    findOwner: () => starter,
  };
}

const hear = (facts: AgentFacts, told: Told): News | undefined => withHook(facts, heard(told));
/** What is known after all of it. */
const after = (facts: AgentFacts, ...all: readonly Told[]): AgentFacts =>
  all.reduce((known, told) => hear(known, told)?.facts ?? known, facts);
const turnOf = (facts: AgentFacts): string | null =>
  facts.hook === null ? null : [facts.hook.turn, facts.hook.reason].filter((word) => word !== null).join(' ');

const WORKING = { event: 'UserPromptSubmit', turn: 'working' } as const;
const STEP = { event: 'PostToolUse', turn: 'working', isRoutine: true, mayTrail: true } as const;
const ASKS = { event: 'PermissionRequest', turn: 'waiting', reason: 'permission' } as const;
const STOP = { event: 'Stop', turn: 'idle', endsTurn: true } as const;
const SILENT = { event: 'Notification', turn: 'idle', isRoutine: true } as const;
const FAILS = { event: 'StopFailure', turn: 'failed', reason: 'rate_limit', endsTurn: true } as const;
const START = { event: 'SessionStart', turn: 'idle', wantsBrief: true } as const;
const BYE = { event: 'SessionEnd', turn: 'ended' } as const;

describe('a word of the agent', () => {
  test('is written down and told, with who says it and why', () => {
    const { facts, events } = hear(LIVE, ASKS) ?? { facts: LIVE, events: [] };
    expect(facts.hook).toEqual({
      at: at(10),
      agent: 'claude',
      event: 'PermissionRequest',
      turn: 'waiting',
      reason: 'permission',
    });
    expect(facts.seenAt).toBe(at(10));
    expect(events).toEqual([
      {
        at: at(10),
        event: 'session.agent.waiting',
        by: 'claude',
        data: {
          agent: 'claude',
          source: 'hook',
          event: 'PermissionRequest',
          reason: 'permission',
          conversation: 'main',
        },
      },
    ]);
  });

  test('said twice is told twice, unless it is said at every step', () => {
    const working = after(LIVE, WORKING);
    expect(hear(working, { ...WORKING, s: 11 })?.events).toHaveLength(1);
    expect(hear(working, { ...STEP, s: 11 })).toBeUndefined();
    expect(hear(working, { ...STEP, s: 30 })).toEqual({ facts: { ...working, seenAt: at(30) }, events: [] });
  });

  test('at every step tells when a wait is over', () => {
    const { facts, events } = hear(after(LIVE, WORKING, ASKS), { ...STEP, s: 12 }) ?? { facts: LIVE, events: [] };
    expect([turnOf(facts), events.map(({ event }) => event)]).toEqual(['working', ['session.agent.working']]);
  });

  test('at every step does not take up a turn again that has just ended, nor is it told when another has overtaken it', () => {
    const ended = after(LIVE, WORKING, { ...STOP, s: 20 });
    expect(turnOf(after(ended, { ...STEP, s: 21 }))).toBe('idle');
    expect(hear(ended, { ...STEP, s: 21 })?.events ?? []).toEqual([]);
    expect(turnOf(after(ended, { ...STEP, s: 25 }))).toBe('working');
    expect(turnOf(after(ended, { ...WORKING, s: 21 }))).toBe('working');
    expect(hear(ended, { ...STEP, s: 19 })?.events ?? []).toEqual([]);
  });

  test('that ends a turn says when; silence and a start do not', () => {
    expect(after(LIVE, WORKING, { ...STOP, s: 20 }).turnEndedAt).toBe(at(20));
    expect(after(LIVE, WORKING, { ...FAILS, s: 20 }).turnEndedAt).toBe(at(20));
    expect(after(LIVE, START).turnEndedAt).toBeNull();
    const silent = after(LIVE, WORKING, { ...STOP, s: 20 }, { ...SILENT, s: 80 });
    expect([silent.turnEndedAt, silent.hook?.at]).toEqual([at(20), at(20)]);
  });

  test('of silence ends what works or waits, and nothing that has ended in another way', () => {
    expect(turnOf(after(LIVE, WORKING, { ...SILENT, s: 70 }))).toBe('idle');
    expect(turnOf(after(LIVE, ASKS, { ...SILENT, s: 70 }))).toBe('idle');
    expect(turnOf(after(LIVE, FAILS, { ...SILENT, s: 70 }))).toBe('failed rate_limit');
  });

  test('that is older than the last one is told and does not win', () => {
    const stopped = after(LIVE, { ...STOP, s: 20 });
    const late = hear(stopped, { ...WORKING, s: 19 });
    expect(late?.facts).toBe(stopped);
    expect(late?.events).toHaveLength(1);
    expect(hear(stopped, { ...STEP, s: 19 })?.facts ?? stopped).toBe(stopped);
  });

  test('from before the start is nothing', () => {
    expect(hear(LIVE, { ...STOP, s: -1 })).toBeUndefined();
  });

  test('of the run before does not count in this one', () => {
    const old: AgentFacts = {
      ...LIVE,
      hook: { at: at(-9), agent: 'claude', event: 'Stop', turn: 'idle', reason: null },
    };
    expect(turnOf(after(old, STEP))).toBe('working');
  });
});

describe('a conversation', () => {
  const learnt: AgentFacts = { ...LIVE, conversation: null };

  test('is learnt from the first hook', () => {
    expect(after(learnt, { ...START, conversation: 'c-1' }).conversation).toEqual({
      id: 'c-1',
      agent: 'claude',
      from: 'hook',
      at: at(10),
    });
  });

  test('is learnt even from a hook that says nothing else', () => {
    expect(after(learnt, { event: 'New', isRoutine: true, conversation: 'c-1', s: 1 }).conversation?.id).toBe('c-1');
  });

  test('other than the one that lives there changes nothing', () => {
    for (const facts of [LIVE, after(learnt, { ...START, conversation: 'main' })])
      for (const told of [START, WORKING, STOP, BYE])
        expect(hear(facts, { ...told, conversation: 'nested', s: 11 })).toBeUndefined();
  });

  test('of another agent changes nothing, known or not', () => {
    expect(hear(LIVE, { ...STOP, agent: 'codex', conversation: 'c-2' })).toBeUndefined();
    expect(hear(learnt, { ...STOP, agent: 'codex', conversation: 'c-2' })).toBeUndefined();
  });

  test('that the agent has started in turn changes nothing, nor when it is taken up from another', () => {
    const known = after(learnt, { ...START, conversation: 'main' });
    for (const facts of [LIVE, known])
      expect(hear(facts, { ...START, conversation: 'nested', isSwitch: true, isNested: true, s: 11 })).toBeUndefined();
  });

  test('is followed into the next one when the same program goes on', () => {
    const cleared = after(LIVE, WORKING, { ...START, isSwitch: true, conversation: 'next', s: 12 });
    expect([cleared.conversation?.id, turnOf(cleared)]).toEqual(['next', 'idle']);
    expect(turnOf(after(cleared, { ...WORKING, conversation: 'next', s: 13 }))).toBe('working');
  });

  test('that was taken up and has become another is the other one', () => {
    const resumed: AgentFacts = { ...LIVE, conversation: { id: 'old', agent: 'claude', from: 'hook', at: at(-500) } };
    expect(after(resumed, { ...START, conversation: 'forked' }).conversation?.id).toBe('forked');
  });

  test('is known by its id whatever the agent is called', () => {
    const mine: AgentFacts = {
      ...LIVE,
      run: { ...RUN, agent: 'work-claude' },
      conversation: { id: 'main', agent: 'work-claude', from: 'assigned', at: at(0) },
    };
    expect(after(mine, STOP).hook).toMatchObject({ agent: 'work-claude', turn: 'idle' });
  });
});

describe('a helper of the agent', () => {
  const helper = { isSubagent: true, helper: 'h-1' } as const;

  test('has turns of its own, which are none of the agent', () => {
    for (const told of [STEP, STOP, BYE, WORKING])
      expect(hear(after(LIVE, WORKING), { ...told, ...helper })).toBeUndefined();
    expect(hear(LIVE, { ...ASKS, isSubagent: true })).toBeUndefined();
    expect(hear(NO_FACTS, { ...ASKS, ...helper })).toBeUndefined();
    expect(hear(LIVE, { ...ASKS, ...helper, conversation: 'nested' })).toBeUndefined();
  });

  test('asks the person as the agent does, until it is heard of again', () => {
    const asked = after(LIVE, WORKING, { ...ASKS, ...helper });
    expect(turnOf(asked)).toBe('waiting permission');
    expect(hear(asked, { ...STEP, s: 12 })?.events ?? []).toEqual([]);
    expect(turnOf(after(asked, { ...STEP, s: 30 }))).toBe('waiting permission');
    expect(hear(asked, { ...STEP, ...helper, helper: 'h-2', s: 12 })).toBeUndefined();
    const answered = after(asked, { ...STEP, ...helper, s: 12 });
    expect([turnOf(answered), answered.hook?.helper]).toEqual(['working', undefined]);
    expect(turnOf(after(asked, { event: 'SubagentStop', ...helper, s: 12 }))).toBe('working');
    expect(turnOf(after(asked, { ...STOP, s: 12 }))).toBe('idle');
  });
});

describe('an agent that was started by hand', () => {
  test('is a run from outside, with its process', () => {
    const { facts, events } = hear(NO_FACTS, { ...START, conversation: 'c-1' }) ?? { facts: NO_FACTS, events: [] };
    expect(facts).toMatchObject({
      run: { agent: 'claude', how: 'outside', owner: { pid: 9 }, startedAt: at(10), hasHooks: true, end: null },
      conversation: { id: 'c-1', from: 'hook' },
      hook: { turn: 'idle' },
      turnEndedAt: null,
    });
    expect(events.map(({ event }) => event)).toEqual(['session.agent.started', 'session.agent.idle']);
  });

  test('takes the place of one that is over, and of one that is dead', () => {
    const begun = { ...START, conversation: 'c-1', s: 60 };
    expect(after(ENDED, begun).run).toMatchObject({ how: 'outside', startedAt: at(60) });
    for (const life of ['dead', 'reboot'] as const)
      expect(after(LIVE, { ...begun, life }).run).toMatchObject({ how: 'outside', owner: { pid: 9 } });
    expect(after(LIVE, { ...begun, life: 'unknown' }).run?.how).toBe('background');
  });

  test('is over when it says good-bye', () => {
    const outside = after(NO_FACTS, START, WORKING);
    const { facts, events } = hear(outside, { ...BYE, s: 20 }) ?? { facts: outside, events: [] };
    expect(facts.run?.end).toEqual({ at: at(20), exitCode: null, signal: null, how: 'exit' });
    expect(events.map(({ event }) => event)).toEqual(['session.agent.exited']);
  });

  test('is nobody when no process is found, or nothing is said of a turn', () => {
    expect(hear(NO_FACTS, { ...START, starter: undefined })).toBeUndefined();
    expect(hear(NO_FACTS, { event: 'New', isRoutine: true })).toBeUndefined();
    expect(hear(NO_FACTS, BYE)).toBeUndefined();
  });

  test('is not the one that has just ended and still talks', () => {
    expect(hear(ENDED, { ...STOP, s: 6 })).toBeUndefined();
    expect(hear(ENDED, { ...WORKING, s: 60, starter: owner(7) })).toBeUndefined();
    expect(hear(ENDED, { ...WORKING, s: 60 })?.facts.run?.how).toBe('outside');
    expect(hear(ENDED, { ...START, s: 6 })?.facts.run?.how).toBe('outside');
  });
});

test('a good-bye to wt, which sees the end itself, is no event', () => {
  const { facts, events } = hear(after(LIVE, WORKING), { ...BYE, s: 20 }) ?? { facts: LIVE, events: [] };
  expect([turnOf(facts), facts.run?.end, events]).toEqual(['ended', null, []]);
});
