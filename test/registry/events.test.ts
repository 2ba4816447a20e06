import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { appendEvent } from '#src/registry/event-log.ts';
import { parseEvents, readEvents, type Event } from '#src/registry/events.ts';
import { makeRoom } from '../support/room.ts';

const at = '2026-01-01T00:00:00.000Z';
const plain = { at, event: 'session.create.after', session: 'a', by: 'user', data: {} };

const anyEvent: fc.Arbitrary<Event> = fc.record(
  {
    seq: fc.integer({ min: 1 }),
    at: fc.constant(at),
    event: fc.string({ unit: 'binary' }),
    session: fc.option(fc.string({ unit: 'binary' })),
    by: fc.string({ unit: 'binary' }),
    data: fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), fc.oneof(fc.string({ unit: 'binary' }), fc.integer()), {
      noNullPrototype: true,
    }),
    later: fc.integer(),
  },
  { requiredKeys: ['seq', 'at', 'event', 'session', 'by', 'data'], noNullPrototype: true },
);

describe('events', () => {
  test('come back from their lines as they were, unknown fields too', () => {
    fc.assert(
      fc.property(fc.array(anyEvent), (events) => {
        expect(parseEvents(events.map((event) => `${JSON.stringify(event)}\n`).join(''))).toEqual(events);
      }),
    );
  });

  test('are found between lines that are none, without a throw', () => {
    const noise = fc
      .oneof(fc.string({ unit: 'binary' }), fc.json(), fc.constantFrom('{"seq":1}', '{"seq":0}', 'null', '[]', '{"seq'))
      .map((text) => text.replaceAll('\n', ' '));
    fc.assert(
      fc.property(fc.array(fc.tuple(noise, anyEvent)), (pairs) => {
        const text = pairs.map(([line, event]) => `${line}\n${JSON.stringify(event)}\n`).join('');
        expect(parseEvents(text)).toEqual(pairs.map(([, event]) => event));
      }),
      { numRuns: 300 },
    );
  });
});

describe('the stream', () => {
  test('of one session has every event of it and no other', async () => {
    const file = path.join((await makeRoom()).dir, 'events.jsonl');
    const ids = ['a', 'ab', 'b"', 'é\n', '\u2028', null];
    const some = fc.array(
      fc.tuple(anyEvent, fc.constantFrom(...ids)).map(([event, session]): Event => ({ ...event, session })),
    );
    await fc.assert(
      fc.asyncProperty(some, fc.constantFrom('a', 'ab', 'b"', 'é\n', '\u2028'), async (events, id) => {
        await writeFile(file, events.map((event) => `${JSON.stringify(event)}\n`).join(''));
        expect(await readEvents(file, id)).toEqual(events.filter(({ session }) => session === id));
      }),
    );
  });

  test('numbers its events from one on', async () => {
    const file = path.join((await makeRoom()).dir, 'events.jsonl');
    expect(await readEvents(file)).toEqual([]);
    for (let n = 1; n <= 3; n++) expect(await appendEvent(file, plain)).toEqual({ seq: n, ...plain });
    expect((await readEvents(file)).map(({ seq }) => seq)).toEqual([1, 2, 3]);
    expect((await readFile(file, 'utf8')).split('\n')).toHaveLength(4);
  });

  test('closes the torn last line of a killed writer, wherever it was torn', async () => {
    const file = path.join((await makeRoom()).dir, 'events.jsonl');
    const whole = `${JSON.stringify({ seq: 1, ...plain })}\n${JSON.stringify({ seq: 2, ...plain, by: 'ü日' })}`;
    const firstLine = whole.indexOf('\n') + 1;
    const bytes = Buffer.from(whole);
    for (const cut of [firstLine + 1, firstLine + 20, bytes.length - 8, bytes.length - 1, bytes.length]) {
      await writeFile(file, bytes.subarray(0, cut));
      const isWhole = cut === bytes.length;
      await appendEvent(file, { ...plain, event: 'next' });
      await appendEvent(file, { ...plain, event: 'last' });
      expect((await readEvents(file)).map(({ seq, event }) => `${seq} ${event}`)).toEqual([
        '1 session.create.after',
        ...(isWhole ? ['2 session.create.after', '3 next', '4 last'] : ['2 next', '3 last']),
      ]);
    }
  });

  test('is numbered on after more events than its tail holds', async () => {
    const file = path.join((await makeRoom()).dir, 'events.jsonl');
    const line = (seq: number): string => `${JSON.stringify({ seq, ...plain, data: { text: 'x'.repeat(900) } })}\n`;
    await writeFile(file, Array.from({ length: 400 }, (_, i) => line(i + 1)).join(''));
    expect((await appendEvent(file, plain)).seq).toBe(401);
  });
});

test('numbers go on after an event longer than the tail that is read', async () => {
  const room = await makeRoom();
  const file = path.join(room.dir, 'events.jsonl');
  await appendEvent(file, plain);
  await appendEvent(file, { ...plain, data: { text: 'x'.repeat(300_000) } });
  expect((await appendEvent(file, plain)).seq).toBe(3);
});
