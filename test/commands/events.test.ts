import { appendFile, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { makeBench } from '../support/wt.ts';

interface Stream {
  readonly events: readonly {
    seq: number;
    at: string;
    event: string;
    session: string | null;
    by: string;
    data: Record<string, unknown>;
  }[];
}

test('numbers what happened from one on, with time, session and who did it', async () => {
  const { wt, data, at, room } = await makeBench();
  await wt('create', 'a', '--agent', 'claude', { now: '2026-01-02T03:04:05.000Z' });
  await room.write(at('a'), { x: '1\n' });
  await wt('commit', { cwd: at('a') });
  const { events } = await data<Stream>('events');
  expect(events.map(({ seq, event, session, by }) => [seq, event, session, by])).toEqual([
    [1, 'session.create.before', 'a', 'user'],
    [2, 'session.create.after', 'a', 'user'],
    [3, 'session.commit.after', 'a', 'claude'],
  ]);
  expect(events[0]?.at).toBe('2026-01-02T03:04:05.000Z');
});

test('--since and --session narrow it', async () => {
  const { wt, data } = await makeBench();
  await wt('create', 'a');
  await wt('create', 'b');
  expect((await data<Stream>('events', '--since', '2')).events.map(({ seq }) => seq)).toEqual([3, 4]);
  expect((await data<Stream>('events', '--session', 'b')).events.map(({ seq }) => seq)).toEqual([3, 4]);
  expect((await data<Stream>('events', '--since', '99')).events).toEqual([]);
});

test('lines that are no events are passed over, and a torn last line costs the next event nothing', async () => {
  const { wt, data, root } = await makeBench();
  await wt('create', 'a');
  await appendFile(`${root}/.git/wt/events.jsonl`, 'garbage\n{"seq":3,"at":"2026-');
  await wt('create', 'b');
  const { events } = await data<Stream>('events');
  expect(events.map(({ seq, session }) => [seq, session])).toEqual([
    [1, 'a'],
    [2, 'a'],
    [3, 'b'],
    [4, 'b'],
  ]);
});

test('--follow goes on with what happens until it is interrupted', async () => {
  const { wt } = await makeBench();
  await wt('create', 'a');
  const interrupted = new AbortController();
  const seen: string[] = [];
  const following = wt('events', '--follow', {
    signal: interrupted.signal,
    onOut: (text) => {
      if (text !== '') seen.push(text);
      if (seen.length === 4) interrupted.abort('SIGINT');
    },
  });
  await wt('create', 'b');
  await following;
  expect(seen.map((line) => /session\.create\.\S+ {2}\S+/.exec(line)?.[0])).toEqual([
    'session.create.before  a',
    'session.create.after  a',
    'session.create.before  b',
    'session.create.after  b',
  ]);
});

test('a removed session stays in the stream', async () => {
  const { wt, data, root } = await makeBench();
  await wt('create', 'a');
  const before = await readFile(`${root}/.git/wt/events.jsonl`, 'utf8');
  await wt('remove', 'a');
  expect((await readFile(`${root}/.git/wt/events.jsonl`, 'utf8')).startsWith(before)).toBe(true);
  expect((await data<Stream>('events', '--session', 'a')).events.length).toBeGreaterThan(2);
});
