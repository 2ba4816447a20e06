import { expect, test } from 'vitest';
import { makeHook, makeRun } from '../support/agent-facts.ts';
import { tell } from '../support/told.ts';
import { makeBench, type Bench } from '../support/wt.ts';

const NOW = '2026-01-01T10:05:00.000Z';

interface Next {
  readonly session: { id: string; status: string } | null;
  readonly why: string | null;
  readonly next: readonly string[] | null;
  readonly more: number;
  readonly working: number;
}

async function makeSessions(...ids: readonly string[]): Promise<Bench> {
  const bench = await makeBench();
  for (const id of ids) await bench.wt('create', id, { now: '2026-01-01T09:00:00.000Z' });
  return bench;
}

test('names who waits for a permission before who waits for a prompt, and the longest first', async () => {
  const bench = await makeSessions('idle', 'late', 'early', 'works');
  await bench.room.write(bench.at('works'), { x: '1\n' });
  const tmux = makeRun({ how: 'tmux' });
  await tell(bench, 'idle', { hook: makeHook({ turn: 'idle', reason: null, at: '2026-01-01T10:00:10.000Z' }) });
  await tell(bench, 'late', { run: tmux, hook: makeHook({ at: '2026-01-01T10:03:00.000Z' }) });
  await tell(bench, 'early', { run: tmux, hook: makeHook({ at: '2026-01-01T10:02:00.000Z' }) });
  await tell(bench, 'works', { hook: makeHook({ turn: 'working', reason: null }) });
  expect((await bench.wt('next', { now: NOW })).stdout).toMatchInlineSnapshot(`
    "early  waiting  2 more after it, one agent works
      claude waits for a permission, for 3m: its hook says so
      next: wt attach early
    "
  `);
  const { session, ...rest } = await bench.data<Next>('next', { now: NOW });
  expect([session?.id, session?.status]).toEqual(['early', 'waiting']);
  expect(rest).toEqual({
    why: 'claude waits for a permission, for 3m: its hook says so',
    next: ['wt', 'attach', 'early'],
    more: 2,
    working: 1,
  });
});

test('says that nothing waits, and that is no failure', async () => {
  const bench = await makeSessions('new', 'works');
  await tell(bench, 'works', { hook: makeHook({ turn: 'working', reason: null }) });
  expect(await bench.wt('next', { now: NOW })).toMatchObject({
    code: 0,
    stdout: 'Nothing waits for a person.  one agent works\n',
  });
  expect(await bench.data<Next>('next')).toEqual({ session: null, why: null, next: null, more: 0, working: 1 });
});

test('names a session whose agent has ended without any work', async () => {
  const bench = await makeSessions('empty');
  const end = { at: '2026-01-01T10:01:00.000Z', exitCode: 0, signal: null, how: 'exit' } as const;
  await tell(bench, 'empty', { run: makeRun({ log: '/log', end }) });
  expect((await bench.wt('next', { now: NOW })).stdout).toMatchInlineSnapshot(`
    "empty  new
      no work yet; claude exited 4m ago
      next: wt logs empty
    "
  `);
});
