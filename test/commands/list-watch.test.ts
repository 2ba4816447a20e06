import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { SessionView } from '#src/sessions/view.ts';
import { startPuppet } from '../support/puppet.ts';
import { exists, PROGRAM, runWt, start, startWt, until } from '../support/spawn.ts';
import { makeBench, type Bench, type Stage } from '../support/wt.ts';

interface Line {
  readonly schema: number;
  readonly at: string;
  readonly change: 'listed' | 'added' | 'changed' | 'removed';
  readonly session: SessionView;
}

/** `wt list --watch` off a terminal, until it is stopped. */
function follow(bench: Bench, ...words: (string | Stage)[]) {
  const interrupted = new AbortController();
  const stage = words.find((word) => typeof word !== 'string');
  const argv = words.filter((word) => typeof word === 'string');
  let text = '';
  const onOut = (more: string): void => void (text += more);
  const over = bench.wt('list', '--watch', ...argv, { ...stage, signal: interrupted.signal, onOut });
  const lines = (): readonly string[] => text.split('\n').slice(0, -1);
  return {
    lines,
    changes: (): readonly Line[] => lines().map((line) => JSON.parse(line) as Line),
    async stop() {
      interrupted.abort('SIGINT');
      return over;
    },
  };
}

test('off a terminal every session is a line, and a line again when it changes', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a', '--task', 'One');
  const watching = follow(bench);
  await until(() => watching.lines().length === 1);
  expect(watching.lines()[0]?.split('\t')).toEqual((await bench.wt('list')).raw.slice(0, -1).split('\t'));
  await bench.wt('create', 'b');
  await until(() => watching.lines().some((line) => line.startsWith('b\tnew\t')));
  await bench.work('a', { x: '1\n' });
  await until(() => watching.lines().some((line) => line.startsWith('a\tready\t')));
  await bench.wt('remove', 'b');
  await until(() => watching.lines().some((line) => line.startsWith('b\tremoved\t')));
  expect((await watching.stop()).code).toBe(0);
});

test('with --json each change is an object on a line of its own', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  const listed = bench.data<{ sessions: SessionView[] }>('list');
  const watching = follow(bench, '--json');
  await until(() => watching.lines().length === 1);
  await listed;
  const agent = await startPuppet(bench.room, bench.root, 'a');
  await until(() => watching.changes().at(-1)?.session.agentStatus?.state === 'starting');
  await agent.tell('waiting', 'permission');
  await until(() => watching.changes().at(-1)?.session.status === 'waiting');
  await bench.wt('create', 'b');
  await until(() => watching.changes().some(({ change, session }) => change === 'added' && session.id === 'b'));
  await bench.wt('remove', 'b');
  await until(() => watching.changes().at(-1)?.change === 'removed');
  const [first, second] = watching.changes();
  expect([first?.schema, first?.change, second?.change]).toEqual([1, 'listed', 'changed']);
  expect(first?.session).toEqual((await listed).sessions[0]);
  await watching.stop();
});

test('only what is asked for is told: a session that comes to a status is added, one that leaves it removed', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  const agent = await startPuppet(bench.room, bench.root, 'a');
  const watching = follow(bench, '--status', 'waiting', '--json');
  await agent.tell('working');
  await sleep(500);
  expect(watching.lines()).toEqual([]);
  await agent.tell('waiting');
  await until(() => watching.lines().length === 1);
  await agent.tell('working');
  await until(() => watching.lines().length === 2);
  expect(watching.changes().map(({ change }) => change)).toEqual(['listed', 'removed'].with(0, 'added'));
  await watching.stop();
});

test('while nothing changes nothing is told and no process is started', async () => {
  const bench = await makeBench();
  for (const id of ['a', 'b', 'c']) await bench.wt('create', id);
  await bench.work('a', { x: '1\n' });
  await bench.room.write(bench.at('b'), { y: '1\n' });
  const agent = await startPuppet(bench.room, bench.root, 'c');
  await agent.tell('waiting', 'permission');
  let started = 0;
  const watching = follow(bench, {
    wrap: (run) => (request) => {
      started++;
      return run(request);
    },
  });
  await until(() => watching.lines().length === 3);
  await sleep(3500); // what came before it began may be read once more
  const [before, lines] = [started, watching.lines().length];
  await sleep(3000);
  expect([started - before, watching.lines().length - lines]).toEqual([0, 0]);
  await watching.stop();
});

test('an agent that tells of itself costs no git process at the moment, and at most one look every two seconds', async () => {
  const bench = await makeBench();
  for (const id of ['a', 'b']) await bench.wt('create', id);
  const agent = await startPuppet(bench.room, bench.root, 'a');
  let statuses = 0;
  const watching = follow(bench, {
    wrap: (run) => (request) => {
      if ((request.shownArgs ?? request.args).includes('status')) statuses++;
      return run(request);
    },
  });
  await until(() => watching.lines().length === 2);
  const before = statuses;
  for (let i = 0; i < 40; i++) {
    await agent.tell(i % 2 === 0 ? 'working' : 'waiting', `step ${i}`);
    await sleep(100);
  }
  expect(watching.lines().length).toBeGreaterThan(20);
  expect(statuses - before).toBeLessThanOrEqual(3);
  await watching.stop();
});

test('a death that nobody has recorded is recorded once, and told once, however many watch', async () => {
  const { room, root, wt, data, at } = await makeBench();
  await wt('create', 'a');
  const told = path.join(room.dir, 'told');
  const script = `printf '%s|%s|%s|%s|%s\\n' "$WT_SESSION" "$WT_STATUS" "$WT_REASON" "$1" "$2" >>'${told}'`;
  const config = { notify: { command: ['sh', '-c', script, 'sh'] } };
  await room.write(path.join(room.dir, '.config', 'wt'), { 'config.jsonc': JSON.stringify(config) });
  const agent = await startPuppet(room, root, 'a', { hasHooks: false });
  const watching = [1, 2, 3].map(() => startWt(room, root, ['list', '--watch', '--json']));
  await sleep(1500);
  agent.child.kill('SIGKILL');
  await until(() => exists(told));
  await sleep(1500);
  expect(await readFile(told, 'utf8')).toBe('a|failed||a has failed|claude has failed\n');
  const { events } = await data<{ events: { event: string; by: string }[] }>('events');
  expect(events.filter(({ event }) => event === 'session.agent.died')).toMatchObject([
    { by: 'wt', data: { source: 'process' } },
  ]);
  expect((await data<{ sessions: SessionView[] }>('list')).sessions[0]?.agentStatus).toMatchObject({
    state: 'died',
    isAsserted: false,
  });
  for (const one of watching) one.kill('SIGTERM');
  expect((await Promise.all(watching.map(({ done }) => done))).map(({ code }) => code)).toEqual([143, 143, 143]);
  expect(await exists(at('a'))).toBe(true);
});

test('a person is told of the agent’s own word, and a program of theirs that fails harms nobody but is seen', async () => {
  const { room, root } = await makeBench();
  const told = path.join(room.dir, 'told');
  const configure = (command: readonly string[]): Promise<void> =>
    room.write(path.join(room.dir, '.config', 'wt'), {
      'config.jsonc': JSON.stringify({ notify: { command, on: ['done'] } }),
    });
  await runWt(room, root, ['create', 'a', '--agent', 'codex']);
  await configure(['sh', '-c', `echo "$0: $1" >>'${told}'`]);
  await runWt(room, root, ['done', 'a', '--fail']);
  await runWt(room, root, ['done', 'a', '--summary', 'Redirects,\nwith tests']);
  await until(() => exists(told));
  await sleep(300);
  expect(await readFile(told, 'utf8')).toBe('a is done: codex is done: Redirects, with tests\n');
  await configure(['sh', '-c', 'echo no bus >&2; exit 3']);
  expect((await runWt(room, root, ['done', 'a'])).code).toBe(0);
  const findings = async (): Promise<string> => (await runWt(room, root, ['doctor'])).stdout;
  await until(async () => (await findings()).includes('notify.command'));
  expect(await findings()).toContain('notify.command sh failed with exit code 3: no bus');
  await configure(['true']);
  await runWt(room, root, ['done', 'a']);
  await until(async () => !(await findings()).includes('notify.command'));
});

test('watching ends when nobody reads on', async () => {
  const { room, root, wt } = await makeBench();
  await wt('create', 'a');
  const script = '"$0" "$1" list --watch | head -n 1; echo "${PIPESTATUS[0]}"';
  const pipe = start(room, root, ['bash', '-c', script, process.execPath, PROGRAM]);
  await sleep(1000);
  await wt('create', 'b');
  const { code, stdout } = await pipe.done;
  expect({ code, last: stdout.split('\n').at(-2) }).toEqual({ code: 0, last: '0' });
});
