import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { isAlive, makeAgentBench, untilEnded, untilGone } from '../support/running.ts';
import { start, PROGRAM } from '../support/spawn.ts';
import { openWt } from '../support/terminal.ts';

test('the terminal is the agent’s, and so is Ctrl-C, however often', async () => {
  const bench = await makeAgentBench();
  const { room, root } = bench;
  await bench.wt('create', 'a', '--agent', 'sh');
  const script =
    'trap "n=\\$((n+1)); echo got \\$n" INT; [ -t 0 ] && [ -t 1 ] && echo ready; while [ "${n:-0}" -lt 3 ]; do sleep 0.05; done; exit 5';
  const wt = openWt(room, root, ['run', 'a', '--prompt', script]);
  await wt.shows('ready');
  for (const n of [1, 2, 3]) {
    wt.type('\u0003');
    await wt.shows(`got ${n}`);
  }
  expect((await wt.done).code).toBe(5);
  expect((await bench.run('a')).end).toMatchObject({ exitCode: 5, how: 'exit' });
});

test('an agent that ends by Ctrl-C has ended as it says', async () => {
  const bench = await makeAgentBench();
  await bench.wt('create', 'a', '--agent', 'sh');
  const wt = openWt(bench.room, bench.root, ['run', 'a', '--prompt', 'echo ready; exec sleep 600']);
  await wt.shows('ready');
  wt.type('\u0003');
  expect((await wt.done).code).toBe(130);
  expect((await bench.run('a')).end).toMatchObject({ signal: 'SIGINT' });
});

test('an agent whose terminal goes away ends with it, and that is written down', async () => {
  const bench = await makeAgentBench();
  const { room, root } = bench;
  await bench.wt('create', 'a', '--agent', 'sh');
  const argv = [PROGRAM, 'run', 'a', '--prompt', 'echo x > "$HOME/ready"; exec sleep 600'] as const;
  const wt = start(room, root, [process.execPath, ...argv], { group: true });
  await bench.line('ready');
  process.kill(-wt.pid, 'SIGHUP');
  expect((await wt.done).code).toBe(129);
  expect((await bench.run('a')).end).toMatchObject({ signal: 'SIGHUP' });
});

test('a terminal that goes away says so more than once, and the end is written down all the same', async () => {
  const bench = await makeAgentBench();
  const { room, root } = bench;
  await bench.wt('create', 'a', '--agent', 'sh');
  const script =
    'trap "echo x > \\"$HOME/heard\\"; sleep 0.3; exit 7" HUP; echo x > "$HOME/ready"; while :; do sleep 0.05; done';
  const wt = start(room, root, [process.execPath, PROGRAM, 'run', 'a', '--prompt', script], { group: true });
  await bench.line('ready');
  process.kill(-wt.pid, 'SIGHUP');
  await bench.line('heard');
  wt.kill('SIGHUP');
  await wt.done;
  expect((await bench.run('a')).end).toMatchObject({ exitCode: 7 });
});

test('a wt in the foreground that is killed leaves its agent at work, known and stoppable', async () => {
  const bench = await makeAgentBench();
  const { room, root } = bench;
  await bench.wt('create', 'a', '--agent', 'sh');
  const argv = [PROGRAM, 'run', 'a', '--prompt', 'echo $$ > "$HOME/ready"; exec sleep 600'] as const;
  const wt = start(room, root, [process.execPath, ...argv]);
  const pid = Number(await bench.line('ready'));
  wt.kill('SIGKILL');
  await untilGone(wt.pid);
  // Killed before it could write the process down, or after: either way it is found.
  expect((await bench.wt('run', 'a', '--prompt', 'true')).code).toBe(4);
  expect((await bench.wt('stop', 'a')).code).toBe(0);
  expect(isAlive(pid)).toBe(false);
  expect((await bench.run('a')).end).toMatchObject({ how: 'stopped' });
});

test('an agent in the background goes on when the terminal is gone', async () => {
  const bench = await makeAgentBench();
  const { room, root } = bench;
  await bench.wt('create', 'a', '--agent', 'sh');
  const argv = [
    PROGRAM,
    'run',
    'a',
    '--background',
    '--prompt',
    'until [ -e "$HOME/go" ]; do sleep 0.05; done; echo there',
  ] as const;
  const wt = start(room, root, [process.execPath, ...argv], { group: true });
  expect((await wt.done).code).toBe(0);
  try {
    process.kill(-wt.pid, 'SIGHUP');
  } catch {
    // nobody of it lives
  }
  await room.write(room.dir, { go: '' });
  const { log, owner } = await untilEnded(bench, 'a');
  await untilGone(owner.pid);
  expect(await readFile(log ?? '', 'utf8')).toBe('there\n');
});
