import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { runBuilt } from '../support/built.ts';
import { armBoom, failAt, MOMENTS } from '../support/faults.ts';
import { endOwners, expectInvariants, photograph, rememberWork } from '../support/invariants.ts';
import { makeBench, type Bench } from '../support/wt.ts';

/** Session `a` ready to land on a main whose checkout holds unrelated work of every kind. */
async function makeLandable(): Promise<Bench> {
  const bench = await makeBench({
    'README.md': 'hello\n',
    'mine.txt': 'mine\n',
    'z.txt': 'z\n',
    '.gitattributes': '*.boom filter=boom\n',
  });
  await bench.wt('create', 'a', '--task', 'Land it');
  await bench.work(
    'a',
    { 'README.md': 'changed\n', 'a.txt': 'a\n', 'm.boom': 'boom\n', 'z.txt': 'changed too\n' },
    'the work',
  );
  await bench.write({ 'mine.txt': 'staged\n', 'free.txt': 'free\n' });
  await bench.git('add', 'mine.txt');
  await bench.write({ 'mine.txt': 'staged and edited\n' });
  return bench;
}

/** main is where it was, or has the session and nothing else. */
async function expectWhole(bench: Bench, from: string): Promise<void> {
  const { git } = bench;
  const landed = `${from} ${await git('rev-parse', 'wt/a')} ${await git('rev-parse', 'wt/a^{tree}')}`;
  const [main, now] = [await git('rev-parse', 'main'), await git('log', '-1', '--format=%P %T', 'main')];
  expect([from, landed]).toContain(main === from ? from : now);
}

/** The same command reaches its goal, in the checkout too. */
async function expectLanded(bench: Bench): Promise<void> {
  expect((await bench.wt('merge', 'a', '--yes')).code).toBe(0);
  expect(await bench.git('show', 'main:z.txt')).toBe('changed too');
  const isHere = (await bench.git('branch', '--show-current')) === 'main';
  expect(await readFile(path.join(bench.root, 'z.txt'), 'utf8')).toBe(isHere ? 'changed too\n' : 'z\n');
}

for (const place of ['checked out', 'checked out nowhere']) {
  const make = async (): Promise<Bench> => {
    const bench = await makeLandable();
    if (place === 'checked out nowhere') await bench.git('switch', '--quiet', '-c', 'elsewhere');
    return bench;
  };

  test.for(MOMENTS)(
    `whichever process of a landing fails %s its work, all stays whole: base ${place}`,
    async (moment) => {
      for (let n = 1; ; n++) {
        const bench = await make();
        const [before, from] = [await rememberWork(bench), await bench.git('rev-parse', 'main')];
        const { wrap, hit } = failAt(n, moment);
        const { code } = await bench.wt('merge', 'a', '--yes', { wrap });
        expect(hit() === undefined && code !== 0).toBe(false);
        if (hit() === undefined) break;
        await endOwners(bench);
        await bench.wt('list');
        await expectInvariants(bench, before, `${n}: ${hit()}`);
        await expectWhole(bench, from);
        await expectLanded(bench);
      }
    },
  );
}

test('a landing killed while git writes the files of the checkout is put right by the next command', async () => {
  const bench = await makeLandable();
  const [before, from] = [await rememberWork(bench), await bench.git('rev-parse', 'main')];
  const disarm = await armBoom(bench, 'kill -9 0');
  expect((await runBuilt(bench.room, bench.root, ['merge', 'a', '--yes'])).isKilled).toBe(true);
  expect(await readFile(path.join(bench.root, 'a.txt'), 'utf8')).toBe('a\n');
  expect(await bench.git('rev-parse', 'main')).toBe(from);
  await disarm();
  expect((await bench.wt('list')).code).toBe(0);
  await expectInvariants(bench, before);
  await expectWhole(bench, from);
  await expectLanded(bench);
});

test('a file that a person edits after a killed landing keeps the edit, and is named', async () => {
  const bench = await makeLandable();
  await armBoom(bench, 'kill -9 0');
  await runBuilt(bench.room, bench.root, ['merge', 'a', '--yes']);
  await bench.write({ 'a.txt': 'edited by a person\n' });
  const { stderr } = await bench.wt('list');
  expect(stderr).toContain('a.txt');
  expect(await readFile(path.join(bench.root, 'a.txt'), 'utf8')).toBe('edited by a person\n');
  expect(await readFile(path.join(bench.root, 'mine.txt'), 'utf8')).toBe('staged and edited\n');
  expect(await readFile(path.join(bench.root, 'free.txt'), 'utf8')).toBe('free\n');
  expect(await bench.git('show', ':mine.txt')).toBe('staged');
});

test('a landing whose git is killed while it writes the files leaves the checkout as it was', async () => {
  const bench = await makeLandable();
  const [before, photo] = [await rememberWork(bench), await photograph(bench)];
  const disarm = await armBoom(bench, 'kill -9 "$(cut -d" " -f4 "/proc/$PPID/stat")" "$PPID"');
  const { code, isKilled } = await runBuilt(bench.room, bench.root, ['merge', 'a', '--yes']);
  await disarm();
  expect({ code, isKilled }).toEqual({ code: 5, isKilled: false });
  expect(await photograph(bench)).toEqual(photo);
  await bench.wt('list');
  await expectInvariants(bench, before);
  await expectLanded(bench);
});
