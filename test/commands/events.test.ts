import { appendFile, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { until } from '../support/spawn.ts';
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

test('--follow sees an event at once, and looks at nothing while there is none', async () => {
  const { room, root, wt } = await makeBench();
  await wt('create', 'a');
  const file = `${root}/.git/wt/events.jsonl`;
  const seen: number[] = [];
  const interrupted = new AbortController();
  let runs = 0;
  const following = wt('events', '--follow', '--json', '--since', '2', {
    signal: interrupted.signal,
    onOut: (text) =>
      void seen.push(
        ...text
          .split('\n')
          .filter(Boolean)
          .map((line) => (JSON.parse(line) as { seq: number }).seq),
      ),
    wrap: (run) => (request) => {
      runs++;
      return run(request);
    },
  });
  await sleep(300);
  const before = runs;
  const line = (seq: number): string =>
    JSON.stringify({ seq, at: '2026-01-01T00:00:00.000Z', event: 'session.x', session: 'é', by: 'user', data: {} });
  await appendFile(file, line(3).slice(0, 20));
  await sleep(100);
  await appendFile(file, `${line(3).slice(20)}\n${line(4)}\n`);
  const writtenMs = Date.now();
  await until(() => seen.length === 2);
  expect(Date.now() - writtenMs).toBeLessThan(1000);
  interrupted.abort('SIGINT');
  await following;
  expect({ seen, runs: runs - before }).toEqual({ seen: [3, 4], runs: 0 });
  expect(await room.git(root, 'status', '--porcelain')).toBe('');
});
