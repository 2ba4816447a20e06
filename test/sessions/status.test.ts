import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { WAYS } from '#src/agents/facts.ts';
import { AGENT_STATES, type AgentStatus } from '#src/agents/status.ts';
import { byAttention, deriveStatus, isAtWork, STATUSES, type StatusFacts } from '#src/sessions/status.ts';
import type { SessionView } from '#src/sessions/view.ts';
import { makeSession } from '../support/session.ts';
import { cardOf } from '#src/sessions/view.ts';

const TIMES = ['2026-01-01T09:00:00.000Z', '2026-01-01T10:00:00.000Z', '2026-01-01T11:00:00.000Z'] as const;
const anyTime = fc.constantFrom(...TIMES);
const ENDED = new Set(['exited', 'stopped', 'died']);

const anyAgent: fc.Arbitrary<AgentStatus> = fc
  .record({
    state: fc.constantFrom(...AGENT_STATES),
    reason: fc.constantFrom(null, 'permission', 'input', 'question', 'reboot', 'exit 3'),
    at: anyTime,
    startedAt: anyTime,
    how: fc.constantFrom(...WAYS),
    hasEnded: fc.boolean(),
  })
  .map(({ hasEnded, ...some }) => ({
    agent: 'claude',
    source: 'claude hook',
    isAsserted: true,
    // A failed one may live: the provider has refused it, say.
    isAlive: some.state === 'failed' ? !hasEnded : !ENDED.has(some.state),
    pid: 1,
    exitCode: null,
    turnEndedAt: null,
    conversation: null,
    log: null,
    ...some,
  }));

const anyFacts: fc.Arbitrary<StatusFacts> = fc.record({
  isBeingMade: fc.boolean(),
  isTreeWhole: fc.boolean(),
  agent: fc.option(anyAgent, { nil: undefined }),
  isInConflict: fc.boolean(),
  hasLanded: fc.boolean(),
  hasFailedSetup: fc.boolean(),
  wouldConflict: fc.boolean(),
  hasOperation: fc.boolean(),
  word: fc.option(
    fc.record({ kind: fc.constantFrom('approved' as const, 'done' as const, 'failed' as const), at: anyTime }),
    { nil: undefined },
  ),
  isDirty: fc.boolean(),
  isAhead: fc.boolean(),
});

/** Nothing is the matter with what git has. */
const whole = { isBeingMade: false, isTreeWhole: true } as const;
const calm = { ...whole, isInConflict: false, hasLanded: false, hasFailedSetup: false, wouldConflict: false } as const;

function holds(rule: (facts: StatusFacts) => void, fixed: Partial<StatusFacts> = {}): void {
  fc.assert(
    fc.property(anyFacts, (facts) => rule({ ...facts, ...fixed })),
    { numRuns: 1000 },
  );
}

describe('the status of a session, whatever the facts of its agent and of git,', () => {
  test('is never "working" unless its agent lives and is at work', () => {
    holds((facts) => {
      const isWorking = deriveStatus(facts) === 'working';
      expect(!isWorking || (facts.agent?.isAlive === true && isAtWork(facts.agent))).toBe(true);
    });
  });

  test('is "waiting" for an agent that is asked something, unless it is broken or in the making', () => {
    holds((facts) => {
      const status = deriveStatus(facts);
      const isAsked = facts.agent?.state === 'waiting';
      expect(!isAsked || ['waiting', 'busy', 'broken'].includes(status)).toBe(true);
      expect(!isAsked || !facts.isTreeWhole || facts.isBeingMade || status === 'waiting').toBe(true);
    });
  });

  test('asks nobody to commit, resolve, approve or merge while its agent works', () => {
    holds(
      (facts) => {
        expect(!isAtWork(facts.agent) || deriveStatus(facts) === 'working').toBe(true);
      },
      { ...whole },
    );
  });

  test('is what was said of the commit, however the agent came to its end after it', () => {
    holds(
      (facts) => {
        const { word, agent } = facts;
        const isOver = agent !== undefined && !isAtWork(agent) && agent.state !== 'waiting';
        const isSpoken = word?.kind === 'approved' || (word?.at ?? '') >= (agent?.startedAt ?? '');
        expect(!isOver || word === undefined || !isSpoken || deriveStatus(facts) === word.kind).toBe(true);
      },
      { ...calm, isDirty: false, hasOperation: false },
    );
  });

  test('does not go by what an agent said before it was started again and died, or ended its turn', () => {
    holds(
      (facts) => {
        const { word, agent } = facts;
        if (word === undefined || word.kind === 'approved' || agent === undefined || word.at >= agent.startedAt) return;
        const [isLost, isIdle] = [agent.state === 'died' || agent.state === 'failed', agent.state === 'idle'];
        expect(deriveStatus(facts) === 'failed' || !isLost).toBe(true);
        expect(deriveStatus(facts) === 'waiting' || !isIdle).toBe(true);
      },
      { ...calm, hasOperation: false },
    );
  });

  test('is "failed" for an agent that failed or is gone and has said nothing', () => {
    holds(
      (facts) => {
        const isLost = facts.agent?.state === 'failed' || facts.agent?.state === 'died';
        expect(!isLost || deriveStatus(facts) === 'failed').toBe(true);
      },
      { ...calm, hasOperation: false, word: undefined },
    );
  });

  test('is what it would be without an agent, once that has ended by itself or was stopped', () => {
    holds((facts) => {
      const hasEnded = facts.agent?.state === 'exited' || facts.agent?.state === 'stopped';
      expect(!hasEnded || deriveStatus(facts) === deriveStatus({ ...facts, agent: undefined })).toBe(true);
    });
  });

  test('never hides work that is not committed behind "new", "ready", "done", "approved" or "landed" once it has not landed', () => {
    holds(
      (facts) => {
        expect(['new', 'ready', 'done', 'approved', 'landed']).not.toContain(deriveStatus(facts));
      },
      { isDirty: true, hasLanded: false },
    );
  });
});

describe('the order of attention', () => {
  const view = (id: string, status: SessionView['status'], agentStatus?: Partial<AgentStatus>): SessionView => ({
    ...cardOf(makeSession(id)),
    status,
    head: null,
    changes: null,
    ahead: 0,
    behind: 0,
    tree: 'ok',
    ...(agentStatus === undefined
      ? {}
      : { agentStatus: { ...fc.sample(anyAgent, { numRuns: 1, seed: 1 })[0], ...agentStatus } as AgentStatus }),
  });
  const order = (...views: readonly SessionView[]): readonly string[] =>
    views.toSorted(byAttention).map(({ id }) => id);

  test('is a permission, a question, a prompt, and of each who waits longest', () => {
    const waiting = { state: 'waiting' } as const;
    expect(
      order(
        view('prompt', 'waiting', { state: 'idle', reason: null, at: TIMES[0] }),
        view('input', 'waiting', { ...waiting, reason: 'input', at: TIMES[1] }),
        view('question', 'waiting', { ...waiting, reason: 'question', at: TIMES[0] }),
        view('late', 'waiting', { ...waiting, reason: 'permission', at: TIMES[2] }),
        view('early', 'waiting', { ...waiting, reason: 'permission', at: TIMES[1] }),
      ),
    ).toEqual(['early', 'late', 'question', 'prompt', 'input']);
  });

  test('puts who waits before conflicts, failures and reviews, and who works after them', () => {
    expect(
      order(
        view('works', 'working', { state: 'working' }),
        view('ready', 'ready'),
        view('failed', 'failed', { state: 'died' }),
        view('conflict', 'conflict'),
        view('waits', 'waiting', { state: 'waiting', reason: null }),
        view('landed', 'landed'),
      ),
    ).toEqual(['waits', 'conflict', 'failed', 'ready', 'works', 'landed']);
  });

  test('is one, whatever order they came in', () => {
    const anyView = fc
      .record({
        id: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
        status: fc.constantFrom(...STATUSES),
        agent: fc.option(anyAgent, { nil: undefined }),
      })
      .map(({ id, status, agent }) => view(id, status, agent));
    const views = fc.uniqueArray(anyView, { selector: ({ id }) => id });
    fc.assert(
      fc.property(views, (some) => {
        expect(some.toReversed().toSorted(byAttention)).toEqual(some.toSorted(byAttention));
      }),
    );
  });
});
