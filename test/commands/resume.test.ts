import { readFile, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import {
  factsFile,
  isAlive,
  isAtWork,
  makeAgentBench,
  supervisorOf,
  untilEnded,
  untilGone,
  type AgentBench,
  type RunAnswer,
} from '../support/running.ts';
import { failure } from '../support/listing.ts';
import { until } from '../support/spawn.ts';

interface Answer {
  readonly resumed: readonly RunAnswer[];
  readonly byHand: readonly { session: string; agent: string; command: readonly string[] }[];
  readonly failed: readonly { session: string; code: string; message: string }[];
}

const STAY = 'exec sleep 600\n';

/** An agent with a conversation, in the background. */
const talk = (bench: AgentBench, id: string): Promise<RunAnswer> =>
  bench.data<RunAnswer>('run', id, 'talk', '--background', '--prompt', 'begin');

/** As if the machine had been started anew: all of it is dead, and nobody could write that down. */
async function reboot(bench: AgentBench, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    const { owner, how } = await bench.run(id);
    if (how === 'background' && isAlive(owner.pid)) {
      const supervisor = await supervisorOf(owner.pid);
      process.kill(supervisor, 'SIGKILL');
      await untilGone(supervisor);
      process.kill(owner.pid, 'SIGKILL');
      await untilGone(owner.pid);
    }
    const facts = await bench.facts(id);
    const run = { ...facts.run, end: null, owner: { ...owner, boot: 'before' } };
    await writeFile(factsFile(bench.root, id), JSON.stringify({ ...facts, run }));
  }
}

test('the agent goes on in its conversation, in its place and as it ran before', async () => {
  const bench = await makeAgentBench();
  await bench.wt('create', 'a');
  const first = await talk(bench, 'a');
  expect(first.conversation).toMatch(/^[0-9a-f-]{36}$/);
  await untilEnded(bench, 'a');
  expect(await readFile(first.log, 'utf8')).toBe(`words: --new ${first.conversation}\ntask: begin\n`);
  const { resumed } = await bench.data<Answer>('resume', 'a', '--prompt', 'more', '--', '--fast');
  expect(resumed).toMatchObject([{ session: 'a', agent: 'talk', how: 'background', conversation: first.conversation }]);
  await untilEnded(bench, 'a');
  expect(await readFile(resumed[0]?.log ?? '', 'utf8')).toMatch(
    new RegExp(`^words: --again ${first.conversation}(?= ).* --fast\ntask: more\n$`),
  );
  expect((await bench.facts('a')).conversation?.id).toBe(first.conversation);
  expect(await bench.events()).toContain('session.agent.resumed');
});

test('a new start begins a new conversation', async () => {
  const bench = await makeAgentBench();
  await bench.wt('create', 'a');
  const first = await talk(bench, 'a');
  await untilEnded(bench, 'a');
  expect((await talk(bench, 'a')).conversation).not.toBe(first.conversation);
});

test('--all takes up what a reboot has cut off, and nothing else', async () => {
  const bench = await makeAgentBench();
  await writeFile(`${bench.room.dir}/then.sh`, STAY);
  for (const id of ['cut', 'also', 'stopped', 'alive', 'done', 'none', 'here', 'deaf']) await bench.wt('create', id);
  const began = { cut: await talk(bench, 'cut'), also: await talk(bench, 'also') };
  await talk(bench, 'stopped');
  await bench.wt('stop', 'stopped');
  const alive = await talk(bench, 'alive');
  await bench.start('done', 'true');
  await bench.wt('run', 'here', 'sh', '--prompt', 'true');
  await bench.start('deaf', 'exec sleep 600');
  await reboot(bench, ['cut', 'also', 'here', 'deaf']);
  expect((await bench.data<{ sessions: { id: string; agentStatus?: object }[] }>('list')).sessions).toContainEqual(
    expect.objectContaining({ id: 'cut', agentStatus: expect.objectContaining({ state: 'died', reason: 'reboot' }) }),
  );
  const planned = await bench.data<Answer>('resume', '--all', '--dry-run');
  expect(planned.resumed.map(({ session }) => session)).toEqual(['also', 'cut']);
  const { code, raw } = await bench.wt('resume', '--all', '--json');
  const { data } = JSON.parse(raw) as { data: Answer };
  expect(data.resumed.map(({ session, conversation }) => [session, conversation])).toEqual([
    ['also', began.also.conversation],
    ['cut', began.cut.conversation],
  ]);
  expect(data.byHand).toEqual([{ session: 'here', agent: 'sh', command: ['wt', 'resume', 'here'] }]);
  expect(data.failed).toMatchObject([{ session: 'deaf', code: 'agent.not-resumable' }]);
  expect(code).toBe(4);
  for (const id of ['cut', 'also']) expect(await isAtWork(bench, id)).toBe(true);
  expect((await bench.run('alive')).owner.pid).toBe(alive.pid);
  expect((await bench.data<Answer>('resume', '--all')).resumed).toEqual([]);
});

test('an agent that runs is not taken up, and one that has nothing to go on with says so', async () => {
  const bench = await makeAgentBench();
  await bench.wt('create', 'a');
  await bench.wt('create', 'b', '--agent', 'sh');
  expect(await failure(bench, 'resume', 'a')).toMatchObject({ exit: 2 });
  expect(await failure(bench, 'resume', 'b')).toMatchObject({ code: 'agent.not-resumable', exit: 4 });
  await bench.start('a', 'sleep 600');
  expect(await failure(bench, 'resume', 'a')).toMatchObject({ code: 'agent.running', exit: 4 });
  await bench.wt('stop', 'a');
  const { stderr, code } = await bench.wt('resume', 'a');
  expect(code).toBe(4);
  expect(stderr).toContain('wt run a');
});

test('a removed session comes back with its facts, and its agent is taken up', async () => {
  const bench = await makeAgentBench();
  await bench.wt('create', 'a');
  const { conversation } = await talk(bench, 'a');
  await untilEnded(bench, 'a');
  const before = await bench.facts('a');
  await bench.wt('remove', 'a');
  await bench.wt('undo');
  expect(await bench.facts('a')).toEqual(before);
  expect((await bench.data<Answer>('resume', 'a')).resumed).toMatchObject([{ conversation }]);
  await until(async () => (await bench.run('a')).end !== null);
});

test.each([[['a', '--all']], [['--all', '--background']], [['a', '--background', '--foreground']], [['a', 'b']]])(
  'a call that contradicts itself is wrong: %j',
  async (argv) => {
    const bench = await makeAgentBench();
    await bench.wt('create', 'a');
    expect(await failure(bench, 'resume', ...argv)).toMatchObject({ code: 'usage.invalid', exit: 2 });
  },
);
