import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { runWt, startWt, until } from '../support/spawn.ts';
import { makeBench } from '../support/wt.ts';

test('while the gate of a killed command still runs, nobody else has the gate', async () => {
  const bench = await makeBench();
  const { room, root } = bench;
  for (const id of ['a', 'b']) {
    await bench.wt('create', id);
    await bench.work(id, { [id]: '1\n' });
  }
  const ticks = `${room.dir}/ticks`;
  const slow = `for i in 1 2 3 4 5 6 7 8 9 10; do sleep 0.2; ls | tr '\\n' ' ' >> "${ticks}"; echo >> "${ticks}"; done`;
  const killed = startWt(room, root, ['merge', 'a', '--yes', '--gate', slow]);
  await until(async () => (await readFile(ticks, 'utf8').catch(() => '')) !== '');
  killed.kill('SIGKILL');
  await runWt(room, root, ['merge', 'b', '--yes', '--gate', `wc -l < "${ticks}" > "${room.dir}/seen"`]);
  expect((await readFile(`${room.dir}/seen`, 'utf8')).trim()).toBe('10');
  const seen = (await readFile(ticks, 'utf8')).trim().split('\n');
  expect(new Set(seen.map((line) => line.trim()))).toEqual(new Set(['README.md a']));
});
