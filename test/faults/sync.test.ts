import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { runBuilt } from '../support/built.ts';
import { armBoom } from '../support/faults.ts';
import { expectInvariants, photograph, rememberWork } from '../support/invariants.ts';
import type { Files } from '../support/room.ts';
import { makeBench, type Bench } from '../support/wt.ts';

/** Session `x` behind a main that brings files into it, one of which stops git on the way. */
async function makeBehind(own: Files = {}, dirt: Files = {}): Promise<Bench> {
  const bench = await makeBench({ 'a.txt': 'a\n', 'z.txt': 'z\n', '.gitattributes': '*.boom filter=boom\n' });
  await bench.wt('create', 'x');
  await bench.work('x', { 'own.txt': 'own\n', ...own }, 'own work');
  await bench.write({ 'a.txt': 'a in main\n', 'm.boom': 'boom\n', 'new.txt': 'new in main\n', 'z.txt': 'z in main\n' });
  await bench.git('add', '-A');
  await bench.git('commit', '-qm', 'meanwhile');
  await bench.room.write(bench.at('x'), dirt);
  return bench;
}

/** What is run, with what is committed in the session and what is not. */
const ROWS: readonly (readonly [string, readonly string[], Files, Files])[] = [
  ['a sync', ['sync', 'x'], {}, {}],
  ['a sync with uncommitted work', ['sync', 'x', '--include-dirty'], {}, { 'draft.txt': 'draft\n' }],
  ['a conflict that is laid out', ['sync', 'x', '--resolve'], { 'z.txt': 'z in the session\n' }, {}],
];

const read = (bench: Bench, name: string): Promise<string> => readFile(path.join(bench.at('x'), name), 'utf8');

test.for(ROWS)(
  'a file that a person edits after %s was killed keeps the edit, and is named',
  async ([, argv, own, dirt]) => {
    const bench = await makeBehind(own, dirt);
    await armBoom(bench, 'kill -9 0');
    await runBuilt(bench.room, bench.root, argv);
    expect(await read(bench, 'a.txt')).toBe('a in main\n');
    await bench.room.write(bench.at('x'), { 'a.txt': 'edited by a person\n' });
    const { stderr } = await bench.wt('list');
    expect(stderr).toMatch(/stopped half-way and a\.txt was edited since/);
    expect(await read(bench, 'a.txt')).toBe('edited by a person\n');
    expect(await read(bench, 'own.txt')).toBe('own\n');
    for (const [name, text] of Object.entries(dirt)) expect(await read(bench, name)).toBe(text);
  },
);

test.for(ROWS)(
  '%s whose git is killed while it writes the files leaves the session as it was',
  async ([, argv, own, dirt]) => {
    const bench = await makeBehind(own, dirt);
    const [before, photo] = [await rememberWork(bench), await photograph(bench)];
    const disarm = await armBoom(bench, 'kill -9 "$(cut -d" " -f4 "/proc/$PPID/stat")" "$PPID"');
    const { code } = await runBuilt(bench.room, bench.root, argv);
    await disarm();
    expect(code).toBe(5);
    expect(await photograph(bench)).toEqual(photo);
    await bench.wt('list');
    await expectInvariants(bench, before);
    expect((await bench.wt(...argv)).code).toBe(0);
  },
);

test('syncs at once wait for each other, and one of them does it', async () => {
  const bench = await makeBehind();
  const runs = await Promise.all(Array.from({ length: 4 }, () => runBuilt(bench.room, bench.root, ['sync', '--all'])));
  expect(runs.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
  expect(runs.filter(({ stdout }) => stdout.includes('Synced x'))).toHaveLength(1);
  expect(await bench.git('log', '--format=%s', 'main..wt/x')).toBe('own work');
  expect(await bench.room.git(bench.at('x'), 'status', '--porcelain')).toBe('');
});
