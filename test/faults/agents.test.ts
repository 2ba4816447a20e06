import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  isAlive,
  makeAgentBench,
  killSupervisor,
  supervisorOf,
  untilEnded,
  untilGone,
  type AgentBench,
} from '../support/running.ts';
import { cannotPreload, pointsOf, runCounted } from '../support/kill.ts';
import { exists, findFaults, until } from '../support/spawn.ts';

interface Listed {
  readonly sessions: readonly {
    readonly id: string;
    readonly status: string;
    readonly agentStatus?: { state: string; reason: string | null; source: string; isAsserted: boolean };
  }[];
}

async function statusOf(bench: AgentBench, id: string): Promise<Listed['sessions'][number]> {
  const { sessions } = await bench.data<Listed>('list');
  const found = sessions.find((one) => one.id === id);
  if (found === undefined) throw new Error(`${id} is not listed`);
  return found;
}

const WAIT = 'until [ -e "$HOME/go" ]; do sleep 0.05; done; echo late';

test('an agent goes on when what watches over it is killed; its end is inferred, and it never stays at work', async () => {
  const bench = await makeAgentBench();
  await bench.wt('create', 'a');
  const { pid, log } = await bench.start('a', WAIT);
  await killSupervisor(pid);
  expect(await statusOf(bench, 'a')).toMatchObject({ status: 'working', agentStatus: { state: 'running' } });
  expect((await bench.wt('run', 'a', 'sh', '--prompt', 'true')).code).toBe(4);
  await bench.room.write(bench.room.dir, { go: '' });
  await untilGone(pid);
  expect(await readFile(log, 'utf8')).toBe('late\n');
  expect(await statusOf(bench, 'a')).toMatchObject({
    status: 'failed',
    agentStatus: { state: 'died', source: 'process', isAsserted: false },
  });
  expect((await bench.wt('run', 'a', 'sh', '--prompt', 'true')).code).toBe(0);
});

test.each(['agent', 'group'])('a %s that is killed has died of that, at once', async (what) => {
  const bench = await makeAgentBench();
  await bench.wt('create', 'a');
  const { pid } = await bench.start('a', 'sleep 600 & wait');
  process.kill(what === 'group' ? -pid : pid, 'SIGKILL');
  expect((await untilEnded(bench, 'a')).end).toMatchObject({ signal: 'SIGKILL', how: 'exit' });
  expect(await statusOf(bench, 'a')).toMatchObject({
    status: 'failed',
    agentStatus: { state: 'died', reason: 'SIGKILL', isAsserted: true },
  });
  expect(await bench.events()).toEqual(['session.agent.started', 'session.agent.died']);
});

test('both killed at once: the agent has died, and another one can be started', async () => {
  const bench = await makeAgentBench();
  await bench.wt('create', 'a');
  const { pid } = await bench.start('a', 'exec sleep 600');
  const supervisor = await supervisorOf(pid);
  process.kill(supervisor, 'SIGKILL');
  process.kill(pid, 'SIGKILL');
  await untilGone(pid);
  expect((await statusOf(bench, 'a')).agentStatus).toMatchObject({ state: 'died', isAsserted: false });
  expect((await bench.start('a', 'exec sleep 600')).pid).toBeGreaterThan(0);
});

test('a signal to what watches over the agent goes on to the agent, and its end is written down', async () => {
  const bench = await makeAgentBench();
  await bench.wt('create', 'a');
  const { pid } = await bench.start('a', 'exec sleep 600');
  const supervisor = await supervisorOf(pid);
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) process.kill(supervisor, signal);
  expect((await untilEnded(bench, 'a')).end).toMatchObject({ signal: 'SIGTERM' });
  await untilGone(supervisor);
});

test('a session that is taken away under its agent stays away, and the stream tells how the agent ended', async () => {
  const bench = await makeAgentBench();
  await bench.wt('create', 'a');
  const { pid } = await bench.start('a', `cd /; ${WAIT}`);
  await bench.git('worktree', 'remove', '-f', '-f', '.worktrees/a');
  await rm(bench.at('a'), { recursive: true, force: true });
  await bench.room.write(bench.room.dir, { go: '' });
  await untilGone(pid);
  await until(async () => (await bench.events()).includes('session.agent.exited'));
  expect(await exists(path.join(bench.root, '.git', 'worktrees', 'a'))).toBe(false);
});

test('the caller’s variables reach the agent, and nothing of what keeps its watcher small', async () => {
  const bench = await makeAgentBench();
  await bench.wt('create', 'a');
  const { log } = await bench.start('a', 'echo "$NODE_OPTIONS|$MINE|$WT_INTERNAL"', {
    env: { NODE_OPTIONS: '--no-warnings', MINE: 'x' },
  });
  await untilEnded(bench, 'a');
  expect(await readFile(log, 'utf8')).toBe('--no-warnings|x|\n');
});

test('ten agents at once start and end, and no event is lost', async () => {
  const bench = await makeAgentBench();
  const ids = Array.from({ length: 10 }, (_, i) => `s${i}`);
  for (const id of ids) await bench.wt('create', id);
  const started = await Promise.all(ids.map((id) => bench.start(id, WAIT)));
  expect(started.every(({ pid }) => isAlive(pid))).toBe(true);
  await bench.room.write(bench.room.dir, { go: '' });
  await Promise.all(ids.map((id) => untilEnded(bench, id)));
  const events = await bench.events();
  expect(events.filter((name) => name === 'session.agent.started')).toHaveLength(10);
  expect(events.filter((name) => name === 'session.agent.exited')).toHaveLength(10);
}, 60_000);

describe.skipIf(cannotPreload !== '')(`killed before any call that changes a file${cannotPreload}`, () => {
  test('wt run leaves nothing that the next one does not put right', async () => {
    const bench = await makeAgentBench();
    const { room, root } = bench;
    await bench.wt('create', 'a', '--agent', 'sh');
    const argv = ['run', 'a', '--prompt', 'true'];
    const points = pointsOf((await runCounted(bench, argv, { at: 0 })).calls, room);
    expect(points.length).toBeGreaterThan(5);
    for (const { at, effect } of points.filter((_, i) => process.env['WT_CRASH_ALL'] === '1' || i % 3 === 0)) {
      await runCounted(bench, argv, { at });
      const where = `${at}: ${effect}`;
      expect([where, (await bench.wt('run', 'a', '--prompt', 'true')).code]).toEqual([where, 0]);
      expect([where, await findFaults(room, root)]).toEqual([where, []]);
    }
  }, 300_000);
});
