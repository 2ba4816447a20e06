import { expect, test } from 'vitest';
import type { AgentFacts } from '#src/agents/facts.ts';
import type { SessionView } from '#src/sessions/view.ts';
import { makeHook, makeRun } from '../support/agent-facts.ts';
import { REBOOTED, tell } from '../support/told.ts';
import { DEAD } from '../support/dead.ts';
import { makeBench, type Bench } from '../support/wt.ts';

const NOW = '2026-01-01T10:05:00.000Z';

async function makeSession(facts: Partial<AgentFacts>): Promise<Bench> {
  const bench = await makeBench();
  await bench.wt('create', 'a', '--task', 'Fix the login', { now: '2026-01-01T09:00:00.000Z' });
  await tell(bench, 'a', facts);
  return bench;
}

const sealPid = (text: string): string => text.replaceAll(/process \d+/g, 'process 4711');

test('an agent has a section: what it is at, who says so, where it runs, its log, its conversation, and what came since its turn', async () => {
  const bench = await makeSession({
    run: makeRun({ log: '/logs/a.log' }),
    conversation: { id: 'c0ffee', agent: 'claude', from: 'assigned', at: NOW },
    hook: makeHook({ turn: 'idle', reason: null }),
    turnEndedAt: '2026-01-01T10:01:00.000Z',
  });
  await bench.work('a', { f: '1\n' });
  const { stdout } = await bench.wt('show', 'a', { now: NOW, columns: 100, env: { PAGER: 'cat' } });
  expect(sealPid(stdout)).toMatchInlineSnapshot(`
    "a
      status    waiting
      branch    wt/a  1 ahead of main
      base      main cut at <short>
      folder    $ROOM/app/.worktrees/a
      agent     turn ended · claude hook · 4m
      created   1h ago
      size      16.4 kB
      turn      ended 4m ago, 1 commit since

    Task
      Fix the login

    Agent claude
      how           in the background, process 4711, for 5m
      log           /logs/a.log
      conversation  c0ffee

    Commits (1)
      <short> work  0s ago

    Files (1)
      A f  +1 -0

    Events
      1h ago    session.create.after  by user

      next      wt diff a
    "
  `);
});

test('that a turn has ended, that it is done, and that it is approved are three facts', async () => {
  const bench = await makeSession({
    hook: makeHook({ turn: 'idle', reason: null }),
    turnEndedAt: '2026-01-01T10:01:00.000Z',
  });
  const lines = async (): Promise<readonly string[]> => {
    const { stdout } = await bench.wt('show', 'a', { now: '2026-01-01T10:05:00.000Z' });
    return stdout.split('\n').filter((line) => /^ {2}(?:status|turn|done|approved) /.test(line));
  };
  expect(await lines()).toEqual(['  status    waiting', '  turn      ended 4m ago, no commit since']);
  await bench.work('a', { f: '1\n' });
  await bench.wt('done', 'a', '--summary', 'It works', { now: '2026-01-01T10:03:00.000Z' });
  expect(await lines()).toEqual([
    '  status    done',
    '  turn      ended 4m ago, 1 commit since',
    '  done      done 2m ago by user: It works',
  ]);
  await bench.wt('approve', 'a', '--yes', { now: '2026-01-01T10:04:00.000Z' });
  expect(await lines()).toEqual([
    '  status    approved',
    '  turn      ended 4m ago, 1 commit since',
    '  done      done 2m ago by user: It works',
    '  approved  approved 1m ago by user',
  ]);
});

const ended = (exitCode: number | null, signal: string | null, how: 'exit' | 'stopped' = 'exit') =>
  makeRun({ log: '/log', end: { at: '2026-01-01T10:03:00.000Z', exitCode, signal, how } });
const conversation = { id: 'c0ffee', agent: 'claude', from: 'assigned', at: NOW } as const;
const working = makeHook({ turn: 'working', reason: null });

test.each<[string, Partial<AgentFacts>, SessionView['status'], string, string]>([
  ['works, by its hook', { hook: working }, 'working', 'working · claude hook · 4m', 'wt diff a'],
  [
    'runs, by its process alone',
    { run: makeRun({ hasHooks: false }) },
    'working',
    'runs · claude process · 5m',
    'wt diff a',
  ],
  [
    'waits in tmux',
    { run: makeRun({ how: 'tmux' }), hook: makeHook() },
    'waiting',
    'waiting (permission) · claude hook · 4m',
    'wt attach a',
  ],
  ['exits with 3', { run: ended(3, null), hook: working }, 'failed', 'exit 3 · claude exit code · 2m', 'wt logs a'],
  [
    'is killed, and seen',
    { run: ended(null, 'SIGKILL'), hook: working, conversation },
    'failed',
    'died (SIGKILL) · claude exit code · 2m',
    'wt resume a',
  ],
  [
    'is gone, and nobody saw it',
    { run: makeRun({ owner: DEAD }), hook: working, conversation },
    'failed',
    'looks dead · claude process · 5m',
    'wt resume a',
  ],
  [
    'is of before a reboot',
    { run: makeRun({ owner: REBOOTED }), hook: working, conversation },
    'failed',
    'died (reboot) · claude process · 5m',
    'wt resume a',
  ],
  ['was stopped', { run: ended(null, 'SIGTERM', 'stopped') }, 'new', 'stopped · wt stop · 2m', 'wt logs a'],
  ['has ended', { run: ended(0, null) }, 'new', 'exited · claude exit code · 2m', 'wt logs a'],
])('of an agent that %s the status, the words and the next step tell', async (_, facts, status, words, next) => {
  const bench = await makeSession(facts);
  const { stdout } = await bench.wt('show', 'a', { now: NOW });
  expect(
    [/^ {2}status +(.*)$/m, /^ {2}agent +(.*)$/m, /^ {2}next +(.*)$/m].map((line) => line.exec(stdout)?.[1]),
  ).toEqual([status, words, next]);
});

test('the list has an agent at work in uncommitted files as working, and gives the words room when there is some', async () => {
  const bench = await makeSession({ hook: working });
  await bench.room.write(bench.at('a'), { x: '1\n' });
  expect((await bench.wt('list', { columns: 80, now: NOW })).stdout).toMatchInlineSnapshot(`
    "ID  STATUS   CHANGES  BASE  AGENT                  AGE  TASK
    a   working  ?1       main  claude · working · 4m  0s   Fix the login
    1 session: 1 working
    "
  `);
  expect((await bench.wt('list', { columns: 120, now: NOW })).stdout).toMatchInlineSnapshot(`
    "ID  STATUS   CHANGES  BASE  AGENT                       AGE  TASK
    a   working  ?1       main  working · claude hook · 4m  0s   Fix the login
    1 session: 1 working
    "
  `);
  const { sessions } = await bench.data<{ sessions: SessionView[] }>('list', '--agent', 'claude', { now: NOW });
  expect(sessions[0]).toMatchObject({ status: 'working', agentStatus: { state: 'working', source: 'claude hook' } });
});
