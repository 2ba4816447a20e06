import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { describeProcess } from '#src/platform/identity.ts';
import type { Waited } from '#src/sessions/wait.ts';
import { makeHook, makeRun } from '../support/agent-facts.ts';
import { REBOOTED, tell } from '../support/told.ts';
import { DEAD } from '../support/dead.ts';
import { failure } from '../support/listing.ts';
import { startWt, until } from '../support/spawn.ts';
import { makeBench, type Bench, type Stage } from '../support/wt.ts';

interface Answer {
  readonly sessions: readonly (Waited & { reason: string | null; reached: string | null })[];
}

const working = makeHook({ turn: 'working', reason: null });
const idle = makeHook({ turn: 'idle', reason: null });
const soon = { exitCode: 0, signal: null, how: 'exit', at: '2026-01-01T10:02:00.000Z' } as const;

async function makeSessions(...ids: readonly string[]): Promise<Bench> {
  const bench = await makeBench();
  for (const id of ids) {
    await bench.wt('create', id);
    await tell(bench, id, { hook: working });
  }
  return bench;
}

/** A wait that has begun, and what it comes to; `later` happens once it waits. */
async function waiting(
  bench: Bench,
  argv: readonly (string | Stage)[],
  later: () => Promise<unknown>,
): Promise<Answer> {
  let looked = 0;
  const stage: Stage = { wrap: (run) => (request) => (looked++, run(request)) };
  const answer = bench.data<Answer>('wait', '--timeout', '20s', ...argv, stage);
  answer.catch(() => {});
  await until(() => looked > 2);
  await sleep(150);
  await later();
  return answer;
}

const brief = ({ sessions }: Answer): readonly string[] =>
  sessions.map(({ id, reached, status, reason }) => [id, reached, status, reason].join(' '));

function startAgent(): { child: ChildProcess; owner: ReturnType<typeof describeProcess> } {
  const child = spawn('sleep', ['60']);
  onTestFinished(() => void child.kill('SIGKILL'));
  return { child, owner: describeProcess(child.pid ?? 0, 'agent') };
}

test('--all waits for every session that is there', async () => {
  const bench = await makeSessions('asks', 'works');
  await tell(bench, 'asks', { hook: makeHook() });
  const answer = await bench.data<Answer>('wait', '--all', '--any');
  expect(brief(answer)).toEqual(['asks waiting waiting permission', 'works  working ']);
  await tell(bench, 'works', { hook: makeHook() });
  expect((await bench.data<Answer>('wait', '--all')).sessions.map(({ reached }) => reached)).toEqual([
    'waiting',
    'waiting',
  ]);
});

test('what holds already is told at once, with the words of the session', async () => {
  const bench = await makeSessions('asks', 'through');
  await tell(bench, 'asks', { hook: makeHook() });
  await bench.work('through', { f: '1\n' });
  await bench.wt('done', 'through', '--summary', 'All of it,\nwith tests');
  const { sessions } = await bench.data<Answer>('wait', 'asks', 'through');
  expect(sessions.map(({ id, reached, status, reason }) => [id, reached, status, reason])).toEqual([
    ['asks', 'waiting', 'waiting', 'permission'],
    ['through', 'done', 'working', null],
  ]);
  expect(sessions.map(({ summary }) => summary)).toEqual([null, 'All of it,\nwith tests']);
  expect((await bench.wt('wait', 'asks', 'through', { now: '2026-01-01T10:05:00.000Z' })).stdout)
    .toMatchInlineSnapshot(`
      "asks  waiting  waiting (permission) · claude hook · 4m
      through  done  working · claude hook · 4m  All of it,
      "
    `);
  expect(sessions[0]?.agentStatus).toMatchObject({ state: 'waiting', source: 'claude hook', isAsserted: true });
});

test('returns when the agent asks, and when its turn has ended without a word', async () => {
  const bench = await makeSessions('a');
  const asked = await waiting(bench, ['a'], () => tell(bench, 'a', { hook: makeHook() }));
  expect(brief(asked)).toEqual(['a waiting waiting permission']);
  await tell(bench, 'a', { hook: working });
  expect(brief(await waiting(bench, ['a'], () => tell(bench, 'a', { hook: idle })))).toEqual(['a waiting waiting ']);
});

test('returns with done by the word of the agent, while its turn still goes on', async () => {
  const bench = await makeSessions('a');
  const said = await waiting(bench, ['a'], async () => {
    await bench.work('a', { f: '1\n' });
    await bench.wt('done', { cwd: bench.at('a') });
  });
  expect(brief(said)).toEqual(['a done working ']);
});

test('a word from before the agent was started again is none', async () => {
  const bench = await makeSessions('a');
  await bench.wt('done', 'a', { now: '2026-01-01T09:00:00.000Z' });
  await tell(bench, 'a', { hook: idle });
  expect(await failure(bench, 'wait', 'a', '--for', 'done', '--timeout', '1s')).toMatchObject({ code: 'wait.failed' });
  expect(brief(await bench.data<Answer>('wait', 'a'))).toEqual(['a waiting waiting ']);
});

test('a turn that is followed by the next one at once has not ended', async () => {
  const bench = await makeSessions('a');
  const now = (): string => new Date().toISOString();
  const asked = await waiting(bench, ['a'], async () => {
    await tell(bench, 'a', { hook: { ...idle, at: now() }, turnEndedAt: now() });
    await sleep(200);
    await tell(bench, 'a', { hook: { ...working, at: now() } });
    await sleep(900);
    await tell(bench, 'a', { hook: makeHook({ at: now() }) });
  });
  expect(brief(asked)).toEqual(['a waiting waiting permission']);
  const ended = await waiting(bench, ['a', '--for', 'idle'], () =>
    tell(bench, 'a', { hook: { ...idle, at: now() }, turnEndedAt: now() }),
  );
  expect(brief(ended)).toEqual(['a idle waiting ']);
});

test('--any returns with the first, and tells of the others that they have not come so far', async () => {
  const bench = await makeSessions('a', 'b', 'c');
  const first = await waiting(bench, ['a', 'b', 'c', '--any'], () => tell(bench, 'b', { hook: makeHook() }));
  expect(brief(first)).toEqual(['a  working ', 'b waiting waiting permission', 'c  working ']);
});

test('without --any it waits for all, however they come', async () => {
  const bench = await makeSessions('a', 'b');
  const both = await waiting(bench, ['a', 'b'], async () => {
    await tell(bench, 'b', { hook: makeHook() });
    await sleep(300);
    await bench.wt('done', 'a', '--fail', '--summary', 'The API is gone');
  });
  expect(brief(both)).toEqual(['a failed working ', 'b waiting waiting permission']);
});

test('sees within a second that an agent was killed, without a word of anybody', async () => {
  const bench = await makeSessions('a');
  const { child, owner } = startAgent();
  await tell(bench, 'a', { run: makeRun({ owner: owner ?? DEAD }) });
  let killedMs = 0;
  const { sessions } = await waiting(bench, ['a'], async () => {
    killedMs = performance.now();
    child.kill('SIGKILL');
    await Promise.resolve();
  });
  expect(performance.now() - killedMs).toBeLessThan(3000);
  expect(sessions[0]).toMatchObject({ reached: 'failed', status: 'failed', reason: null });
  expect(sessions[0]?.agentStatus).toMatchObject({ state: 'died', source: 'process', isAsserted: false });
});

test('an agent that has ended is no dead one while its end is being recorded', async () => {
  const bench = await makeSessions('a');
  const { child, owner } = startAgent();
  const run = makeRun({ owner: owner ?? DEAD });
  await tell(bench, 'a', { run });
  const ended = await waiting(bench, ['a', '--for', 'failed,exited'], async () => {
    child.kill('SIGTERM');
    await sleep(300);
    await tell(bench, 'a', { run: { ...run, end: soon } });
  });
  expect(brief(ended)).toEqual(['a exited new ']);
  expect(ended.sessions[0]?.agentStatus).toMatchObject({ state: 'exited', exitCode: 0, isAsserted: true });
});

test('an agent of before a reboot has failed', async () => {
  const bench = await makeSessions('a');
  await tell(bench, 'a', { run: makeRun({ owner: REBOOTED }) });
  expect(brief(await bench.data<Answer>('wait', 'a'))).toEqual(['a failed failed reboot']);
});

test('says that it cannot come any more when the agent has ended without a word', async () => {
  const bench = await makeSessions('a', 'b');
  await tell(bench, 'a', { run: makeRun({ end: soon }) });
  expect(await failure(bench, 'wait', 'a', 'b')).toMatchObject({
    exit: 9,
    code: 'wait.failed',
    retryable: false,
    message: 'done or waiting or failed cannot come any more: a is new, its agent exited',
    details: { ids: ['a'], isOver: true },
    fix: ['wt', 'show', 'a'],
  });
  // Another one may still come so far.
  const other = await waiting(bench, ['a', 'b', '--any'], () => tell(bench, 'b', { hook: makeHook() }));
  expect(brief(other)).toEqual(['a  new ', 'b waiting waiting permission']);
  await tell(bench, 'b', { run: makeRun({ end: { ...soon, how: 'stopped' } }) });
  expect(await failure(bench, 'wait', 'a', 'b', '--any')).toMatchObject({ details: { ids: ['a', 'b'], isOver: true } });
});

test('ends when the time is up, and says where the sessions are', async () => {
  const bench = await makeSessions('a');
  expect(await failure(bench, 'wait', 'a', '--timeout', '1s')).toMatchObject({
    exit: 9,
    code: 'wait.failed',
    retryable: true,
    message: 'waited 1 s for done or waiting or failed: a is working, its agent working',
    details: { isOver: false, wanted: ['done', 'waiting', 'failed'] },
  });
});

test('waits for a landing, by wt or by hand', async () => {
  const bench = await makeSessions('a', 'b');
  for (const id of ['a', 'b']) {
    await bench.work(id, { [id]: '1\n' });
    await tell(bench, id, { run: makeRun({ end: soon }) });
  }
  const byWt = await waiting(bench, ['a', '--for', 'landed'], () => bench.wt('merge', 'a', '--yes', '--remove'));
  expect(byWt.sessions).toMatchObject([{ id: 'a', reached: 'landed' }]);
  expect(byWt.sessions[0]?.status).not.toBe('busy');
  const byHand = await waiting(bench, ['b', '--for', 'landed'], () => bench.git('merge', '-q', '--no-edit', 'wt/b'));
  expect(brief(byHand)).toEqual(['b landed landed ']);
});

test('a session that is taken away comes to nothing any more', async () => {
  const bench = await makeSessions('a');
  await tell(bench, 'a', { run: makeRun({ end: soon }) });
  const gone = waiting(bench, ['a', '--for', 'approved'], () => bench.wt('remove', 'a', '--force'));
  await expect(gone).rejects.toThrow('approved cannot come any more: a was removed');
});

test('waits for an approval', async () => {
  const bench = await makeSessions('a');
  await bench.work('a', { f: '1\n' });
  await tell(bench, 'a', { run: makeRun({ end: soon }) });
  const approved = await waiting(bench, ['a', '--for', 'approved'], () => bench.wt('approve', 'a', '--yes'));
  expect(brief(approved)).toEqual(['a approved approved ']);
});

test('asks git nothing while nothing changes, nor when an agent goes on working', async () => {
  const bench = await makeSessions('a', 'b');
  const calls = async (seconds: string, during: () => Promise<void>): Promise<number> => {
    const [{ git, code }] = await Promise.all([bench.wt('wait', 'a', 'b', '--timeout', seconds), during()]);
    expect(code).toBe(9);
    return git.length;
  };
  const quiet = await calls('1s', () => Promise.resolve());
  expect(await calls('3s', () => Promise.resolve())).toBe(quiet);
  const busy = await calls('3s', async () => {
    await sleep(800);
    for (let i = 0; i < 10; i++)
      await tell(
        bench,
        'a',
        { hook: { ...working, event: `Tool${i}` }, seenAt: '2026-01-01T10:03:00.000Z' },
        { event: 'session.agent.working' },
      );
  });
  expect(busy).toBe(quiet);
});

test('many may wait for the same session', async () => {
  const bench = await makeSessions('a');
  const waiters = Array.from({ length: 8 }, () => bench.data<Answer>('wait', 'a', '--timeout', '20s'));
  await sleep(500);
  await tell(bench, 'a', { hook: makeHook() });
  expect(new Set((await Promise.all(waiters)).flatMap(brief))).toEqual(new Set(['a waiting waiting permission']));
});

test('an unknown session, and a word that is none of what can be waited for, are said', async () => {
  const bench = await makeSessions('a');
  expect(await failure(bench, 'wait', 'b')).toMatchObject({ exit: 3, code: 'session.not-found' });
  expect(await failure(bench, 'wait', 'a', '--for', 'done,x')).toMatchObject({ exit: 2, code: 'usage.invalid' });
});

test('ends with 130 on Ctrl-C, at once', async () => {
  const bench = await makeSessions('a');
  const started = startWt(bench.room, bench.root, ['wait', 'a']);
  await sleep(1200);
  started.kill('SIGINT');
  expect(await started.done).toMatchObject({ code: 130, stdout: '' });
});
