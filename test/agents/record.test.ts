import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { describe, expect, test } from 'vitest';
import { readFacts, recordNews, type AgentPlace } from '#src/agents/record.ts';
import { describeProcess } from '#src/platform/identity.ts';
import { eventLogOf, whileLogging } from '#src/registry/event-log.ts';
import { readEvents } from '#src/registry/events.ts';
import { makeFacts, makeHook } from '../support/agent-facts.ts';
import { makeDeps } from '../support/deps.ts';
import { makeRoom, type Room } from '../support/room.ts';

const at = '2026-01-01T10:01:00.000Z';
const QUICK = { timeoutMs: 100, isDurable: false };

async function makePlace(room: Room, id = 'a'): Promise<AgentPlace> {
  const adminDirectory = path.join(room.dir, 'worktrees', id);
  await mkdir(adminDirectory, { recursive: true });
  return { id, adminDirectory, log: eventLogOf(room.dir) };
}

describe('news of an agent', () => {
  test('changes the facts and stands in the stream, or does neither', async () => {
    const room = await makeRoom();
    const place = await makePlace(room);
    const deps = makeDeps(room, room.dir);
    const facts = makeFacts({ hook: makeHook() });
    const events = [{ at, event: 'session.agent.waiting', by: 'claude', data: { reason: 'permission' } }];
    const news = await recordNews(deps, place, () => ({ facts, events }));
    expect(news.after).toEqual(facts);
    expect(await recordNews(deps, place, () => undefined)).toEqual({ before: facts, after: facts });
    expect(await readFacts(place.adminDirectory)).toEqual(facts);
    expect(await readEvents(place.log.events)).toEqual([{ seq: 1, session: 'a', ...events[0] }]);
  });

  test('of many at once is lost in nobody’s: each change is built on the one before', async () => {
    const room = await makeRoom();
    const places = await Promise.all(['a', 'b'].map((id) => makePlace(room, id)));
    const calls = Array.from({ length: 60 }, (_, i) => places[i % 2] as AgentPlace);
    await Promise.all(
      calls.map((place, i) =>
        recordNews(makeDeps(room, room.dir), place, (facts) => ({
          facts: { ...facts, seenAt: String(Number(facts.seenAt ?? 0) + 1) },
          events: [{ at, event: 'session.agent.working', by: 'claude', data: { call: i } }],
        })),
      ),
    );
    for (const place of places) expect((await readFacts(place.adminDirectory)).seenAt).toBe('30');
    const events = await readEvents((places[0] as AgentPlace).log.events);
    expect(events.map(({ seq }) => seq)).toEqual(calls.map((_, i) => i + 1));
    expect(events.map(({ data }) => Number(data['call'])).toSorted((a, b) => a - b)).toEqual(calls.map((_, i) => i));
  });

  test('waits for nobody who sits on the stream: it goes into the inbox, and the next writer takes it in', async () => {
    const room = await makeRoom();
    const place = await makePlace(room);
    const deps = makeDeps(room, room.dir);
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    const owner = describeProcess(child.pid as number, 'wt list');
    await mkdir(place.log.eventsLock, { recursive: true });
    await writeFile(path.join(place.log.eventsLock, 'l.1'), JSON.stringify(owner));
    const facts = makeFacts({ hook: makeHook() });
    const event = { at, event: 'session.agent.waiting', by: 'claude', data: {} };
    await recordNews(deps, place, () => ({ facts, events: [event] }), QUICK);
    expect([await readFacts(place.adminDirectory), await readEvents(place.log.events)]).toEqual([facts, []]);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
    await whileLogging(deps, place.log, QUICK, (append) => append({ ...event, event: 'next', session: 'a' }));
    expect((await readEvents(place.log.events)).map((one) => [one.seq, one.event])).toEqual([
      [1, 'session.agent.waiting'],
      [2, 'next'],
    ]);
  });
});
