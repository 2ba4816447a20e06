import { rm } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { makeBench, type Bench, type Result } from '../support/wt.ts';

/** What concerns one session asks git as often among many as alone. */
const VERBS: readonly (readonly string[])[] = [
  ['path', 'one'],
  ['exec', 'one', '--', 'true'],
  ['diff', 'one', '--stat'],
  ['events', '--session', 'one'],
  ['commit', 'one', '-m', 'more'],
  ['done', 'one'],
  ['approve', 'one', '--yes'],
  ['sync', 'one'],
  ['merge', 'one', '--yes', '--dry-run'],
  ['create', 'two'],
  ['remove', 'two'],
];
const OTHERS = Array.from({ length: 29 }, (_, i) => `s${i}`);

const verbsOf = ({ git }: Result): readonly string[] => git.map(([verb]) => verb ?? '');
const forget = (bench: Bench): Promise<void> =>
  rm(path.join(bench.root, '.git/wt/cache'), { recursive: true, force: true });

async function askAll(bench: Bench): Promise<Readonly<Record<string, readonly string[]>>> {
  const asked: Record<string, readonly string[]> = {};
  for (const argv of VERBS) {
    if (argv[0] === 'commit') await bench.room.write(bench.at('one'), { more: `${Math.random()}\n` });
    const result = await bench.wt(...argv);
    expect([argv, result.code, result.stderr]).toEqual([argv, 0, result.stderr]);
    asked[argv.join(' ')] = verbsOf(result);
  }
  return asked;
}

/** git processes but for the status of each session, which only looking into each can tell. */
function restOf(result: Result, sessions: number): readonly string[] {
  const all = verbsOf(result);
  expect(all.filter((verb) => verb === 'status').length).toBeLessThanOrEqual(sessions);
  return all.filter((verb) => verb !== 'status');
}

test('the number of git processes is the same with one session and with thirty', async () => {
  const bench = await makeBench({ f: '1\n2\n3\n', g: '1\n' });
  await bench.wt('create', 'one');
  await bench.work('one', { f: '1\none\n3\n', 'new/x': '1\n' });
  await bench.write({ h: 'main\n' });
  await bench.git('add', '-A');
  await bench.git('commit', '-qm', 'main moves');
  await askAll(bench); // nothing is done for the first time after it
  const alone = await askAll(bench);
  const shownAlone = restOf(await bench.wt('show', 'one'), 1);
  const nextAlone = restOf(await bench.wt('next'), 1);
  for (const id of OTHERS) await bench.wt('create', id);
  for (const id of OTHERS) await bench.work(id, { g: `${id}\n` });
  expect(await askAll(bench)).toEqual(alone);

  await bench.wt('next');
  expect(restOf(await bench.wt('next'), 30).length).toBeLessThanOrEqual(nextAlone.length + 1); // whose floor is one process more
  await forget(bench);
  const shown = restOf(await bench.wt('show', 'one'), 30);
  expect(shown.filter((verb) => verb === 'merge-tree')).toHaveLength(1);
  expect(shown.length).toBeLessThanOrEqual(shownAlone.length + 3);

  await forget(bench);
  const cold = await bench.wt('conflicts');
  expect(restOf(cold, 30).filter((verb) => verb === 'merge-tree').length).toBeLessThanOrEqual(5);
  expect(restOf(cold, 30).length).toBeLessThanOrEqual(14);
  const warm = await bench.wt('conflicts');
  expect(warm.stdout).toBe(cold.stdout);
  expect(restOf(warm, 30)).not.toContain('merge-tree');
  expect(restOf(warm, 30).length).toBeLessThanOrEqual(6);
});
