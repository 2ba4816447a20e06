import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NO_FACTS, parseFacts } from '#src/agents/facts.ts';
import { makeFacts, makeHook, makeRun } from '../support/agent-facts.ts';

const FULL = makeFacts({
  run: makeRun({
    log: '/l',
    input: '/i',
    tmux: { socket: '/s', pane: '%1', session: 'x' },
    end: { at: '2026-01-01T10:02:00.000Z', exitCode: 0, signal: null, how: 'exit' },
  }),
  conversation: { id: 'c', agent: 'claude', from: 'assigned', at: '2026-01-01T10:00:00.000Z' },
  hook: makeHook(),
  turnEndedAt: '2026-01-01T10:01:30.000Z',
  seenAt: '2026-01-01T10:01:30.000Z',
});

describe('the facts of an agent', () => {
  test('come back from their text as they were', () => {
    expect(parseFacts(JSON.stringify(FULL))).toEqual(FULL);
    expect(parseFacts(JSON.stringify(NO_FACTS))).toEqual(NO_FACTS);
  });

  test('are none when the file is missing, torn, or of a version nobody knows', () => {
    const whole = JSON.stringify(FULL);
    for (const text of [undefined, '', 'null', '[]', whole.slice(0, -1), whole.replace('"version":1', '"version":2')])
      expect(parseFacts(text)).toEqual(NO_FACTS);
  });

  test('keep what can be read beside what cannot', () => {
    const broken = { ...FULL, run: { ...FULL.run, owner: { pid: 'x' } } };
    expect(parseFacts(JSON.stringify(broken))).toEqual({ ...FULL, run: null });
  });

  test('are read without a throw, whatever a file holds', () => {
    const keys = ['run', 'conversation', 'hook', 'turnEndedAt', 'seenAt'] as const;
    fc.assert(
      fc.property(fc.constantFrom(...keys), fc.jsonValue(), fc.jsonValue(), (key, value, inner) => {
        for (const said of [value, { ...FULL[key as 'run'], how: inner }, { ...FULL[key as 'run'], end: inner }]) {
          const facts = parseFacts(JSON.stringify({ ...FULL, [key]: said }));
          expect(parseFacts(JSON.stringify(facts))).toEqual(facts);
        }
      }),
      { numRuns: 300 },
    );
  });
});
