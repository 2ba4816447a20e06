import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import process from 'node:process';
import { expect, onTestFinished, test } from 'vitest';
import { describeProcess } from '#src/platform/identity.ts';
import { makeRun } from '../support/agent-facts.ts';
import { DEAD } from '../support/dead.ts';
import {
  factsFile,
  isAlive,
  makeAgentBench,
  killSupervisor,
  supervisorOf,
  untilEnded,
  untilGone,
  type AgentBench,
} from '../support/running.ts';
import { failure } from '../support/listing.ts';
import { startWt, until } from '../support/spawn.ts';
import { tell } from '../support/told.ts';

interface Answer {
  readonly stopped: readonly {
    id: string;
    agent: string | null;
    pid: number | null;
    kind: string;
    signal: string | null;
  }[];
}

const stop = (bench: AgentBench, ...argv: string[]): Promise<Answer> => bench.data<Answer>('stop', ...argv);

test('the agent ends with all that it has started, and it is written down that it was stopped', async () => {
  const bench = await makeAgentBench();
  await bench.wt('create', 'a');
  const { pid } = await bench.start('a', '(sleep 600 & echo $! > "$HOME/child"; wait) & sleep 600');
  const child = Number(await bench.line('child'));
  const supervisor = await supervisorOf(pid);
  expect((await stop(bench, 'a')).stopped).toEqual([{ id: 'a', agent: 'sh', pid, kind: 'stopped', signal: 'SIGTERM' }]);
  expect([isAlive(pid), isAlive(child)]).toEqual([false, false]);
  expect((await bench.run('a')).end).toMatchObject({ how: 'stopped' });
  expect(await bench.events()).toEqual(['session.agent.started', 'session.agent.stopped']);
  await untilGone(supervisor);
  expect(await bench.events()).toHaveLength(2);
});

test('one that does not listen is killed when its grace is over, and with --kill at once', async () => {
  const bench = await makeAgentBench();
  await bench.wt('create', 'a');
  const deaf = 'trap "" TERM; echo ready > "$HOME/ready"; while :; do sleep 0.1; done';
  const { pid } = await bench.start('a', deaf);
  await bench.line('ready');
  expect((await stop(bench, 'a', '--grace', '1s')).stopped[0]?.signal).toBe('SIGKILL');
  expect(isAlive(pid)).toBe(false);
  const second = await bench.start('a', deaf);
  expect((await stop(bench, 'a', '--kill')).stopped[0]?.signal).toBe('SIGKILL');
  expect(isAlive(second.pid)).toBe(false);
});

test('one that was started by hand is not among all, and a call that comes from it is refused', async () => {
  const bench = await makeAgentBench();
  await bench.wt('create', 'a');
  const before = await bench.start('a', 'true');
  expect(before.agent).toBe('sh');
  const program = spawn('sleep', ['60']);
  onTestFinished(() => void program.kill('SIGKILL'));
  const tellOf = (pid: number): Promise<void> =>
    tell(bench, 'a', { run: makeRun({ how: 'outside', owner: describeProcess(pid, 'mine') ?? DEAD }) });
  await tellOf(program.pid ?? 0);
  expect((await stop(bench, '--all', '--kill')).stopped).toEqual([]);
  expect(isAlive(program.pid ?? 0)).toBe(true);
  await tellOf(process.pid);
  expect(await failure(bench, 'stop', 'a', '--kill')).toMatchObject({ exit: 2, code: 'usage.invalid' });
  await tellOf(program.pid ?? 0);
  expect((await stop(bench, 'a')).stopped).toMatchObject([{ id: 'a', kind: 'stopped' }]);
});

test('where no agent runs there is nothing to do', async () => {
  const bench = await makeAgentBench();
  await bench.wt('create', 'a');
  const { code, stdout } = await bench.wt('stop', 'a');
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'No agent runs in a.\n' });
  await bench.start('a', 'true');
  expect((await stop(bench, 'a')).stopped).toMatchObject([{ id: 'a', kind: 'none' }]);
  expect((await bench.run('a')).end).toMatchObject({ exitCode: 0, how: 'exit' });
  expect((await bench.wt('stop', '--all')).stdout).toBe('No agent runs.\n');
});

test('it does not need what watches over the agent', async () => {
  const bench = await makeAgentBench();
  await bench.wt('create', 'a');
  const { pid } = await bench.start('a', 'sleep 600');
  await killSupervisor(pid);
  expect((await stop(bench, 'a')).stopped[0]).toMatchObject({ kind: 'stopped' });
  expect(isAlive(pid)).toBe(false);
  expect((await bench.run('a')).end).toMatchObject({ how: 'stopped', signal: 'SIGTERM' });
});

test('a process that is not provably the one that was started is never ended', async () => {
  const bench = await makeAgentBench();
  await bench.wt('create', 'a');
  const { pid } = await bench.start('a', 'sleep 600');
  await killSupervisor(pid);
  const file = factsFile(bench.root, 'a');
  const facts = await bench.facts('a');
  const forge = (owner: object): Promise<void> =>
    writeFile(file, JSON.stringify({ ...facts, run: { ...facts.run, owner: { ...facts.run?.owner, ...owner } } }));
  await forge({ start: '1', nonce: 'other' });
  expect((await stop(bench, 'a', '--kill')).stopped[0]?.kind).toBe('none');
  await forge({ boot: 'another-boot', nonce: 'other' });
  expect((await stop(bench, 'a', '--kill')).stopped[0]?.kind).toBe('none');
  await forge({ host: 'elsewhere', boot: 'another-boot', nonce: 'other' });
  expect(await failure(bench, 'stop', 'a', '--kill')).toMatchObject({ code: 'agent.elsewhere', exit: 4 });
  expect(isAlive(pid)).toBe(true);
  await writeFile(file, JSON.stringify(facts));
  await stop(bench, 'a', '--kill');
});

test('what an agent that is gone has left running is ended too', async () => {
  const bench = await makeAgentBench();
  await bench.wt('create', 'a');
  const { pid } = await bench.start('a', 'sleep 600 & echo $! > "$HOME/child"; wait');
  const child = Number(await bench.line('child'));
  process.kill(pid, 'SIGKILL');
  expect((await untilEnded(bench, 'a')).end).toMatchObject({ signal: 'SIGKILL', how: 'exit' });
  expect((await stop(bench, 'a')).stopped).toMatchObject([{ kind: 'left', signal: 'SIGTERM' }]);
  expect(isAlive(child)).toBe(false);
  expect((await bench.run('a')).end).toMatchObject({ signal: 'SIGKILL', how: 'exit' });
});

test('an agent in the foreground ends, and the wt that waits for it passes that on', async () => {
  const bench = await makeAgentBench();
  await bench.wt('create', 'a', '--agent', 'sh');
  const wt = startWt(bench.room, bench.root, ['run', 'a', '--prompt', 'echo x > "$HOME/ready"; sleep 600']);
  await bench.line('ready');
  expect((await stop(bench, 'a')).stopped).toMatchObject([{ kind: 'stopped' }]);
  expect((await wt.done).code).toBe(143);
  expect((await bench.run('a')).end).toMatchObject({ how: 'stopped' });
  expect((await bench.wt('list')).stdout).not.toContain('failed');
});

test('an agent that stops itself is written down as stopped, and nothing of it is left', async () => {
  const bench = await makeAgentBench();
  await bench.wt('create', 'a');
  const wt = `${process.execPath} ${process.cwd()}/bin/wt.js`;
  const { pid } = await bench.start('a', `sleep 1; ${wt} stop . > "$HOME/said" 2>&1; sleep 600`);
  await untilGone(pid);
  expect((await untilEnded(bench, 'a')).end).toMatchObject({ how: 'stopped' });
});

test('--all stops every agent that runs and leaves the others alone', async () => {
  const bench = await makeAgentBench();
  for (const id of ['a', 'b', 'c']) await bench.wt('create', id);
  const first = await bench.start('a', 'sleep 600');
  const second = await bench.start('b', 'sleep 600');
  expect((await bench.data<Answer>('stop', '--all', '--dry-run')).stopped.map(({ id }) => id)).toEqual(['a', 'b']);
  expect([isAlive(first.pid), isAlive(second.pid)]).toEqual([true, true]);
  expect((await stop(bench, '--all')).stopped.map(({ id, kind }) => [id, kind])).toEqual([
    ['a', 'stopped'],
    ['b', 'stopped'],
  ]);
  expect([isAlive(first.pid), isAlive(second.pid)]).toEqual([false, false]);
  expect((await bench.facts('c')).run).toBeNull();
});

test('a session that an agent works in is not taken away, and --kill stops that agent first', async () => {
  const bench = await makeAgentBench();
  await bench.wt('create', 'a');
  const { pid, log } = await bench.start('a', 'cd /; sleep 600');
  expect(await failure(bench, 'remove', 'a')).toMatchObject({ code: 'session.live', exit: 4 });
  expect(await failure(bench, 'remove', 'a', '--force')).toMatchObject({ code: 'session.live' });
  expect(await bench.wt('remove', 'a', '--kill')).toMatchObject({ code: 0 });
  expect(isAlive(pid)).toBe(false);
  await bench.wt('restore', 'a');
  expect((await bench.run('a')).end).toMatchObject({ how: 'stopped' });
  expect(await readFile(log, 'utf8')).toBe('');
  await until(async () => (await bench.events()).includes('session.agent.stopped'));
});

test.each([[['a', '--all']], [['a', '--kill', '--grace', '1s']], [['a', '--grace', 'soon']]])(
  'a call that contradicts itself is wrong: %j',
  async (argv) => {
    const bench = await makeAgentBench();
    await bench.wt('create', 'a');
    expect(await failure(bench, 'stop', ...argv)).toMatchObject({ code: 'usage.invalid', exit: 2 });
  },
);
