import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Adapter } from '#src/agents/adapter.ts';
import { TURNS } from '#src/agents/facts.ts';
import { findKnownAdapter, listKnownAdapters } from '#src/agents/known.ts';
import { plainHooks } from '#src/agents/plain.ts';
import { RECORDED } from './payloads.ts';

type Reader = Pick<Adapter, 'readHook' | 'readsInput'>;
const readerOf = (agent: string): Reader => findKnownAdapter(agent) ?? plainHooks;
const READERS: readonly (readonly [string, Reader])[] = [
  ...listKnownAdapters().map((adapter) => [adapter.name, adapter] as const),
  ['any other', plainHooks],
];

describe('a call of a hook', () => {
  test.each(RECORDED.map((one) => [`${one.agent}: ${one.title}`, one] as const))(
    'of %s means what it says',
    (_, one) => {
      const { agent, argv = [], payload, news } = one;
      const found = readerOf(agent).readHook({ argv, payload });
      expect(found === undefined).toBe(news === undefined);
      expect(found ?? {}).toMatchObject(news ?? {});
      const { turn, endsTurn, isSwitch, isSubagent, isRoutine, wantsBrief } = found ?? {};
      expect({ turn, endsTurn, isSwitch, isSubagent, isRoutine, wantsBrief }).toEqual({
        turn: news?.turn,
        endsTurn: news?.endsTurn,
        isSwitch: news?.isSwitch,
        isSubagent: news?.isSubagent,
        isRoutine: news?.isRoutine,
        wantsBrief: news?.wantsBrief,
      });
    },
  );

  test('names its conversation and folder where the payload has them', () => {
    const { payload = {} } = RECORDED[0] ?? {};
    const { cwd, conversation, event } = readerOf('claude').readHook({ argv: [], payload }) ?? {};
    expect({ cwd, conversation, event }).toEqual({
      cwd: '/home/ada/a',
      conversation: '7f1e2d3c-0000-4000-8000-000000000001',
      event: 'SessionStart',
    });
  });

  test('has no conversation whose id could be taken for a flag, and no reason that is none', () => {
    for (const session_id of ['--dangerously-skip-permissions', '', '-x', 'a b', 'a\nb', 'x'.repeat(300), 7])
      expect(
        readerOf('claude').readHook({ argv: [], payload: { session_id, hook_event_name: 'Stop' } }),
      ).not.toHaveProperty('conversation');
    expect(
      readerOf('claude').readHook({ argv: [], payload: { hook_event_name: 'StopFailure', error: '\u001b[31m' } }),
    ).toMatchObject({ reason: 'error' });
  });

  test('of an agent that hands nothing over leaves its input alone', () => {
    const reads = (agent: string, ...argv: string[]): boolean => readerOf(agent).readsInput?.(argv) ?? true;
    expect([reads('aider'), reads('my-agent', 'working'), reads('my-agent'), reads('claude')]).toEqual([
      false,
      false,
      true,
      true,
    ]);
  });
});

/** Payloads that are nearly right, and those that are anything at all. */
const keys = [
  'hook_event_name',
  'session_id',
  'cwd',
  'type',
  'properties',
  'status',
  'error',
  'background_tasks',
  'agent_id',
];
const events = RECORDED.flatMap(({ payload }) => Object.values(payload ?? {})).filter(
  (value) => typeof value === 'string',
);
const anyPayload = fc.oneof(
  fc.jsonValue(),
  fc.dictionary(
    fc.constantFrom(...keys, '__proto__', 'constructor', 'toString'),
    fc.oneof(fc.jsonValue(), fc.constantFrom(...events)),
  ),
  fc.constantFrom(undefined, null, [], '', 0, Number.NaN),
);
const anyWords = fc.array(fc.oneof(fc.string(), fc.constantFrom(...TURNS, 'Stop', '__proto__')), { maxLength: 4 });

test.each(READERS)('whatever a hook of %s is handed, it says something of sense or nothing', (_, reader) => {
  fc.assert(
    fc.property(anyPayload, anyWords, (payload, argv) => {
      const news = reader.readHook({ argv, payload });
      if (news === undefined) return;
      expect(typeof news.event).toBe('string');
      expect(news.event.length).toBeLessThan(100);
      expect([...TURNS, undefined]).toContain(news.turn);
      for (const text of [news.reason, news.conversation, news.cwd])
        expect(['string', 'undefined']).toContain(typeof text);
    }),
    { numRuns: 400 },
  );
});
