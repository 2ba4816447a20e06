import { expect, test } from 'vitest';
import { recordDeath } from '#src/agents/death.ts';
import { readEvents } from '#src/registry/events.ts';
import { eventLogOf } from '#src/registry/event-log.ts';
import { makeDeps } from '../support/deps.ts';
import { startPuppet, tellFacts } from '../support/puppet.ts';
import { makeBench, type Bench } from '../support/wt.ts';

async function makeDead(): Promise<{ bench: Bench; record: () => ReturnType<typeof recordDeath> }> {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  const agent = await startPuppet(bench.room, bench.root, 'a');
  agent.child.kill('SIGKILL');
  await agent.child.done;
  const place = { id: 'a', adminDirectory: `${bench.root}/.git/worktrees/a`, log: eventLogOf(`${bench.root}/.git`) };
  return { bench, record: () => recordDeath(makeDeps(bench.room, bench.root), place) };
}

const deaths = async ({ root }: Bench): Promise<number> =>
  (await readEvents(eventLogOf(`${root}/.git`).events)).filter(({ event }) => event === 'session.agent.died').length;

test('of many who see a death at once one records it, and only that one has something to tell', async () => {
  const { bench, record } = await makeDead();
  const all = await Promise.all(Array.from({ length: 8 }, record));
  expect(all.filter((change) => change !== undefined)).toHaveLength(1);
  expect(await deaths(bench)).toBe(1);
  expect(await record()).toBe(undefined);
});

test('an end that was recorded meanwhile, a stop and a good-bye are no death', async () => {
  const { bench, record } = await makeDead();
  const { room, root } = bench;
  const at = new Date().toISOString();
  const put = (change: object): Promise<void> =>
    tellFacts(
      room,
      root,
      'a',
      (facts) => ({ ...facts, ...(facts.run === null ? {} : { run: { ...facts.run, ...change } }) }),
      'x',
    );
  await put({ end: { at, exitCode: 0, signal: null, how: 'exit' } });
  expect(await record()).toBe(undefined);
  await put({ end: null, stoppingAt: at });
  expect(await record()).toBe(undefined);
  await put({ stoppingAt: null });
  await tellFacts(
    room,
    root,
    'a',
    (facts) => ({ ...facts, hook: { at, agent: 'claude', event: 'SessionEnd', turn: 'ended', reason: null } }),
    'x',
  );
  expect(await record()).toBe(undefined);
  expect(await deaths(bench)).toBe(0);
});
