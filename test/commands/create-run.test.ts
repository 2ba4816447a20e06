import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { makeAgentBench, type RunAnswer } from '../support/running.ts';
import { failure, picture } from '../support/listing.ts';
import { exists } from '../support/spawn.ts';

test('--run makes the session and starts its agent there with the task', async () => {
  const bench = await makeAgentBench();
  const task = 'echo "$WT_SESSION" > "$HOME/did"; exit 3';
  const { code, stderr, stdout } = await bench.wt('create', 'a', '--agent', 'sh', '--task', task, '--run');
  expect(code).toBe(3);
  expect(stderr).toContain('Created a');
  expect(stdout).toBe('');
  expect(await readFile(`${bench.room.dir}/did`, 'utf8')).toBe('a\n');
});

test('--run --background says both', async () => {
  const bench = await makeAgentBench();
  const argv = ['create', 'a', '--agent', 'sh', '--run', '--background', '--prompt', 'sleep 600'];
  const { created, run } = await bench.data<{ created: boolean; run: RunAnswer }>(...argv);
  expect(created).toBe(true);
  expect(run).toMatchObject({ session: 'a', agent: 'sh', how: 'background' });
  expect((await bench.run('a')).owner.pid).toBe(run.pid);
});

test('words behind "--" are the agent’s', async () => {
  const bench = await makeAgentBench();
  const { run } = await bench.data<{ run: RunAnswer }>(
    'create',
    'a',
    '--agent',
    'words',
    '--run',
    '--background',
    '--prompt',
    'p',
    '--',
    '--model',
    'x',
  );
  expect(JSON.parse(await readFile(run.log, 'utf8'))).toEqual(['--model', 'x', 'p']);
});

test('an agent that cannot be started at all is said before anything is made', async () => {
  const bench = await makeAgentBench();
  const before = await picture(bench);
  expect(await failure(bench, 'create', 'a', '--run')).toMatchObject({ code: 'agent.unknown', changed: false });
  expect(await failure(bench, 'create', 'a', '--run', '--agent', 'nowhere')).toMatchObject({
    code: 'program.missing',
    changed: false,
  });
  expect(await picture(bench)).toEqual(before);
});

test('an agent that fails to start leaves the session, and the failure says how to go on', async () => {
  const bench = await makeAgentBench();
  const argv = ['create', 'a', '--agent', 'sh', '--run', '--background', '--prompt', 'exit 2'];
  const { code, stderr } = await bench.wt(...argv);
  expect(code).toBe(5);
  expect(stderr).toContain('Created a');
  expect(stderr).toContain('next: wt run a --background');
  expect(await exists(bench.at('a'))).toBe(true);
  expect(await failure(bench, 'create', 'b', ...argv.slice(2))).toMatchObject({ code: 'agent.failed', changed: true });
});

test.each([[['--background']], [['--prompt', 'x']], [['--prompt-file', 'x']], [['--', '--model']], [['b']]])(
  'without --run nothing is started: %j',
  async (argv) => {
    const bench = await makeAgentBench();
    expect(await failure(bench, 'create', 'a', ...argv)).toMatchObject({ code: 'usage.invalid', exit: 2 });
    expect(await exists(bench.at('a'))).toBe(false);
  },
);

test('a dry run starts nothing', async () => {
  const bench = await makeAgentBench();
  expect((await bench.wt('create', 'a', '--agent', 'sh', '--task', 'exit 3', '--run', '-n')).code).toBe(0);
  expect(await exists(bench.at('a'))).toBe(false);
});
