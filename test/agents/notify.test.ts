import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NO_FACTS, type AgentFacts, type AgentRun } from '#src/agents/facts.ts';
import { noticeOf, noticeOfFacts, noticesBetween, type Known } from '#src/agents/notify.ts';
import { bellFor, noticeSequence, noticeText } from '#src/ui/notice.ts';

const STARTED = '2026-03-02T10:00:00.000Z';
const LATER = '2026-03-02T10:05:00.000Z';

type Status = NonNullable<Known['agentStatus']>;
const agent = (state: Status['state'], changes: Partial<Status> = {}): Known => ({
  agentStatus: {
    agent: 'claude',
    state,
    reason: null,
    how: 'background',
    startedAt: STARTED,
    turnEndedAt: null,
    at: LATER,
    ...changes,
  },
});
const done = { at: LATER, failed: false, summary: 'Redirects', isStale: false };

describe('news to a person', () => {
  test.each<[string, Known, Known, string | undefined]>([
    ['a question', agent('working'), agent('waiting', { reason: 'permission' }), 'waiting'],
    [
      'the same question again',
      agent('waiting', { reason: 'permission' }),
      agent('waiting', { reason: 'input' }),
      undefined,
    ],
    ['a turn that has ended', agent('working'), agent('idle', { turnEndedAt: LATER }), 'waiting'],
    ['an agent that has been started without a prompt', agent('starting'), agent('idle'), undefined],
    ['a turn that ends with a word', agent('working'), { ...agent('idle', { turnEndedAt: LATER }), done }, 'done'],
    [
      'a turn that ends after a word',
      { ...agent('working'), done },
      { ...agent('idle', { turnEndedAt: LATER }), done },
      undefined,
    ],
    ['an exit code', agent('working'), agent('failed', { reason: 'exit 3' }), 'failed'],
    [
      'an exit in front of a person',
      agent('working', { how: 'foreground' }),
      agent('failed', { reason: 'exit 3', how: 'foreground' }),
      undefined,
    ],
    [
      'a limit in front of a person',
      agent('working', { how: 'foreground' }),
      agent('failed', { reason: 'rate_limit', how: 'foreground' }),
      'failed',
    ],
    ['a death', agent('working'), agent('died', { reason: 'SIGKILL' }), 'failed'],
    ['a reboot', agent('working'), agent('died', { reason: 'reboot' }), undefined],
    ['an end', agent('working'), agent('exited'), 'done'],
    ['a stop', agent('working'), agent('stopped'), undefined],
    ['work', agent('waiting'), agent('working'), undefined],
    [
      'a question of the next agent',
      agent('waiting', { startedAt: '2026-03-01T00:00:00.000Z' }),
      agent('waiting'),
      'waiting',
    ],
    ['a failure by its own word', {}, { done: { ...done, failed: true } }, 'failed'],
    ['a word that stays', { done }, { done }, undefined],
  ])('%s', (_, before, after, expected) => {
    expect(noticeOf('login', before, after)?.status).toBe(expected);
  });

  test('is none for a session that was not seen before', () => {
    const view = { id: 'a', ...agent('waiting') };
    expect(noticesBetween(undefined, [view])).toEqual([]);
    expect(noticesBetween([], [view])).toEqual([]);
    expect(noticesBetween([{ id: 'a', ...agent('working') }], [view])).toHaveLength(1);
  });

  test('is known from facts before and after, by whoever records an end first', () => {
    const owner = { pid: 1, start: '1', boot: 'x', pidns: null, host: 'h', nonce: 'n', fifo: null, command: 'claude' };
    const how = { agent: 'claude', how: 'background', owner, startedAt: STARTED, argv: [], hasHooks: true } as const;
    const run: AgentRun = { ...how, log: null, input: null, tmux: null, stoppingAt: null, end: null };
    const end = { at: LATER, exitCode: 3, signal: null, how: 'exit' } as const;
    const facts = (changes: Partial<AgentRun>): AgentFacts => ({ ...NO_FACTS, run: { ...run, ...changes } });
    expect(noticeOfFacts('a', facts({}), facts({ end }))?.reason).toBe('exit 3');
    expect(noticeOfFacts('a', facts({}), facts({ goneAt: LATER }))?.status).toBe('failed');
    expect(noticeOfFacts('a', facts({ goneAt: LATER }), facts({ goneAt: LATER, end }))).toBe(undefined);
    expect(noticeOfFacts('a', NO_FACTS, facts({}))).toBe(undefined);
  });
});

describe('a terminal', () => {
  const notice = { session: 'login', status: 'waiting', reason: 'permission', agent: 'claude', at: LATER } as const;

  test('is sent OSC 9, OSC 777 and a bell', () => {
    expect(noticeText(notice)).toEqual({ title: 'login waits', text: 'claude waits for a permission' });
    expect(noticeSequence(notice, { isInTmux: false })).toBe(
      '\u001b]9;login waits: claude waits for a permission\u0007' +
        '\u001b]777;notify;login waits;claude waits for a permission\u0007\u0007',
    );
  });

  test('gets them through tmux, which rings by itself', () => {
    expect(noticeSequence(notice, { isInTmux: true })).toBe(
      '\u001bPtmux;\u001b\u001b]9;login waits: claude waits for a permission\u0007\u001b\\' +
        '\u001bPtmux;\u001b\u001b]777;notify;login waits;claude waits for a permission\u0007\u001b\\\u0007',
    );
  });

  test('hears only of what the person wants to hear', () => {
    expect(bellFor([notice], { on: ['done'], terminal: true }, {})).toBe('');
    expect(bellFor([notice], { on: ['waiting'], terminal: false }, {})).toBe('');
    expect(bellFor([notice], { on: ['waiting'], terminal: true }, {})).toContain('\u0007');
    expect(bellFor([notice], { on: ['waiting'], terminal: true }, { TMUX: '/tmp/x,1,0' })).toContain('Ptmux;');
  });

  test('gets no order from the text of an agent, and no endless text', () => {
    const unit = fc.constantFrom('a', ';', '\u001b', '\u0007', '\u009c', '\n', '\u202e', '\\', ']', '9');
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 2000 }), fc.boolean(), (reason, isInTmux) => {
        const sequence = noticeSequence({ ...notice, status: 'failed', reason }, { isInTmux });
        const [, text = '?'] = /^\u001b+\]9;([^\u0007]*)\u0007/.exec(sequence.replace(/^\u001bPtmux;/, '')) ?? [];
        expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e;]/);
        expect(sequence.length).toBeLessThan(700);
        expect(sequence.split('\u0007')).toHaveLength(4);
      }),
    );
  });
});
