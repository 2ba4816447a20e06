import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TURNS, WAYS } from '#src/agents/facts.ts';
import { deriveStatus, statusOf, type AgentState, type Life } from '#src/agents/status.ts';
import { DEAD } from '../support/dead.ts';
import { makeFacts, makeHook, makeRun, STARTED } from '../support/agent-facts.ts';

const start = Date.parse(STARTED);
const LATER = start + 3_600_000;
const shown = (facts = makeFacts(), life: Life = 'alive', nowMs = LATER): unknown => {
  if (facts.run === null) return undefined;
  const { state, reason, source, isAsserted, isAlive } = deriveStatus(facts, facts.run, { life, nowMs });
  return [state, reason, source, isAsserted ? 'asserted' : 'inferred', isAlive ? 'alive' : 'gone'].join(' · ');
};

describe('the status of an agent', () => {
  test('is nothing where none was seen, and is about the very process that was started', () => {
    expect(statusOf(makeFacts({ run: null, hook: makeHook() }), LATER)).toBeUndefined();
    expect(statusOf(makeFacts({ hook: makeHook() }), LATER)?.state).toBe('waiting');
    expect(statusOf(makeFacts({ run: makeRun({ owner: DEAD }), hook: makeHook() }), LATER)?.state).toBe('died');
    const earlier = makeRun({ owner: { ...DEAD, boot: 'of another start' } });
    expect(statusOf(makeFacts({ run: earlier }), LATER)).toMatchObject({ state: 'died', reason: 'reboot' });
  });

  test('says what the agent says of itself, and that it does', () => {
    expect(shown(makeFacts({ hook: makeHook() }))).toBe('waiting · permission · claude hook · asserted · alive');
    const idle = makeHook({ turn: 'idle', event: 'Stop', reason: null });
    expect(shown(makeFacts({ hook: idle }))).toBe('idle ·  · claude hook · asserted · alive');
  });

  test('does not count the words of a run before', () => {
    const old = makeHook({ at: '2026-01-01T09:00:00.000Z' });
    expect(shown(makeFacts({ hook: old }))).toBe('running ·  · process · inferred · alive');
  });

  test('is starting for a moment where hooks will tell, and running where only the process does', () => {
    expect(shown(makeFacts(), 'alive', start + 1000)).toBe('starting ·  · process · inferred · alive');
    const mute = makeFacts({ run: makeRun({ hasHooks: false }) });
    expect(shown(mute, 'alive', start + 1000)).toBe('running ·  · process · inferred · alive');
  });

  test.for<[number | null, string | null, 'exit' | 'stopped', string]>([
    [0, null, 'exit', 'exited ·  · exit code · asserted · gone'],
    [3, null, 'exit', 'failed · exit 3 · exit code · asserted · gone'],
    [null, 'SIGKILL', 'exit', 'died · SIGKILL · exit code · asserted · gone'],
    [null, 'SIGTERM', 'stopped', 'stopped ·  · wt stop · asserted · gone'],
  ])('after an end with %s %s (%s) is %s', ([exitCode, signal, how, words]) => {
    const end = { at: '2026-01-01T10:05:00.000Z', exitCode, signal, how };
    expect(shown(makeFacts({ run: makeRun({ end }), hook: makeHook() }))).toBe(words);
  });

  test('is exited, and not dead, for one that has said good-bye and is gone', () => {
    const hook = makeHook({ turn: 'ended', event: 'SessionEnd', reason: null });
    expect(shown(makeFacts({ hook }), 'dead')).toBe('exited ·  · claude hook · asserted · gone');
    expect(shown(makeFacts({ hook: { ...hook, at: '2026-01-01T09:00:00.000Z' } }), 'dead')).toBe(
      'died ·  · process · inferred · gone',
    );
  });

  test('is dead since its last sign of life, and not since one of a run before', () => {
    const seen = (seenAt: string): string | undefined => {
      const facts = makeFacts({ seenAt, run: makeRun({ owner: DEAD }) });
      return statusOf(facts, LATER)?.at;
    };
    expect(seen('2026-01-01T10:30:00.000Z')).toBe('2026-01-01T10:30:00.000Z');
    expect(seen('2026-01-01T09:30:00.000Z')).toBe(STARTED);
  });

  test('never calls a process that is gone at work, whatever its hooks said last', () => {
    const gone: readonly AgentState[] = ['exited', 'failed', 'died', 'stopped'];
    const end = fc.option(
      fc.record({
        at: fc.constant('2026-01-01T10:05:00.000Z'),
        exitCode: fc.option(fc.integer({ min: 0, max: 255 })),
        signal: fc.option(fc.constantFrom('SIGKILL', 'SIGTERM')),
        how: fc.constantFrom('exit' as const, 'stopped' as const),
      }),
    );
    const facts = fc.record({
      life: fc.constantFrom<Life>('alive', 'dead', 'unknown', 'reboot'),
      turn: fc.constantFrom(...TURNS),
      how: fc.constantFrom(...WAYS),
      end,
      minutes: fc.integer({ min: -10, max: 10 }),
    });
    fc.assert(
      fc.property(facts, ({ life, turn, how, end: ending, minutes }) => {
        const hook = makeHook({ turn, at: new Date(start + minutes * 60_000).toISOString() });
        const run = makeRun({ how, end: ending });
        const status = deriveStatus(makeFacts({ run, hook }), run, { life, nowMs: LATER });
        const isGone = ending !== null || life === 'dead' || life === 'reboot';
        expect([status.isAlive, gone.includes(status.state) || status.state === 'failed']).toEqual([
          !isGone,
          isGone || (turn === 'failed' && minutes >= 0),
        ]);
      }),
      { numRuns: 500 },
    );
  });
});
