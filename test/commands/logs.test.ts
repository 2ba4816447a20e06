import { rm, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { makeAgentBench, untilEnded } from '../support/running.ts';
import { failure } from '../support/listing.ts';
import { openWt } from '../support/terminal.ts';
import { startWt } from '../support/spawn.ts';

test('the log of the last run comes whole, or its last lines', async () => {
  const bench = await makeAgentBench();
  await bench.wt('create', 'a');
  await bench.start('a', 'echo before');
  const { log } = await bench.start('a', 'seq 1 30; printf end');
  const all = await bench.wt('logs', 'a');
  expect(all.raw).toBe(`${Array.from({ length: 30 }, (_, i) => `${i + 1}\n`).join('')}end`);
  expect((await bench.wt('logs', 'a', '-n', '3')).raw).toBe('29\n30\nend');
  expect((await bench.wt('logs', 'a', '--lines', '0')).raw).toBe('');
  expect(await bench.data('logs', 'a', '-n', '1')).toEqual({ session: 'a', agent: 'sh', log, text: 'end' });
});

test('off a terminal it comes as it is, on one nothing but colours controls it', async () => {
  const bench = await makeAgentBench();
  const { wt, room, root } = bench;
  await wt('create', 'a');
  const { log } = await bench.start('a', 'true');
  const text = '\u001B[31mred\u001B[0m \u001B[2J\u001B]0;title\u0007 \u202E\r\nplain\n';
  await writeFile(log, text);
  expect((await wt('logs', 'a')).raw).toBe(text);
  const { bytes, code } = await openWt(room, root, ['logs', 'a']).done;
  expect(code).toBe(0);
  expect(bytes).toContain('\u001B[31mred');
  for (const raw of ['\u001B[2J', '\u001B]0;', '\u0007', '\u202E']) expect(bytes).not.toContain(raw);
});

test('--follow goes on until the agent ends', async () => {
  const bench = await makeAgentBench();
  await bench.wt('create', 'a');
  await bench.start('a', 'seq 1 20; until [ -e "$HOME/go" ]; do sleep 0.05; done; echo last; printf word');
  const wt = startWt(bench.room, bench.root, ['logs', 'a', '-f', '-n', '2']);
  await writeFile(`${bench.room.dir}/go`, '');
  const { code, stdout } = await wt.done;
  expect(code).toBe(0);
  expect(stdout).toMatch(/(?:19\n20\n)?last\nword$/);
});

test('--follow ends by an interrupt, and the agent goes on', async () => {
  const bench = await makeAgentBench();
  await bench.wt('create', 'a');
  await bench.start('a', 'echo x; sleep 600');
  const wt = openWt(bench.room, bench.root, ['logs', 'a', '-f']);
  await wt.shows('x');
  wt.type('\u0003');
  expect((await wt.done).code).toBe(0);
  expect((await bench.run('a')).end).toBeNull();
});

test('where there is no log it is said why', async () => {
  const bench = await makeAgentBench();
  await bench.wt('create', 'a', '--agent', 'sh');
  expect(await failure(bench, 'logs', 'a')).toMatchObject({ code: 'agent.not-running', exit: 4 });
  expect((await bench.wt('logs', 'a')).stderr).toContain('no agent was started in session a');
  await bench.wt('run', 'a', '--prompt', 'true');
  expect((await bench.wt('logs', 'a')).stderr).toContain('it had a terminal');
  const { log } = await bench.start('a', 'true');
  await untilEnded(bench, 'a');
  await rm(log);
  expect((await bench.wt('logs', 'a')).stderr).toContain('its log was taken away');
  expect(await failure(bench, 'logs', 'a', '-f', '--json')).toMatchObject({ code: 'usage.invalid' });
});
