import * as fc from 'fast-check';
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { keepLastList, parseLastList, readLastList, type LastShown } from '#src/sessions/last-list.ts';
import { layoutOf, type Layout } from '#src/sessions/layout.ts';
import { makeRoom } from '../support/room.ts';

const shown = (status: LastShown['status'], widths: LastShown['widths'] = {}): LastShown => ({
  status,
  at: '2026-01-01T00:00:00.000Z',
  widths,
});

async function makePlace(): Promise<{ layout: Layout; file: string }> {
  const { dir } = await makeRoom();
  const layout = layoutOf(dir, path.join(dir, '.git'));
  return { layout, file: path.join(layout.cache, 'last-list.json') };
}

test('what was kept is read again; cells that were not shown keep their room', async () => {
  const place = await makePlace();
  expect([...(await readLastList(place))]).toEqual([]);
  await keepLastList(place, [
    ['a', shown('ready', { STATUS: 5, 'CONFLICTS WITH': 4 })],
    ['b', shown('new')],
  ]);
  await keepLastList(place, [['a', shown('dirty', { STATUS: 6 })]]);
  expect([...(await readLastList(place))]).toEqual([['a', shown('dirty', { STATUS: 6, 'CONFLICTS WITH': 4 })]]);
});

test('the file is written only when something is otherwise, and nothing is left beside it', async () => {
  const place = await makePlace();
  await keepLastList(place, []);
  expect(await readdir(place.layout.cache).catch(() => 'none')).toBe('none');
  await keepLastList(place, [['a', shown('ready')]]);
  const { ino } = await stat(place.file);
  await keepLastList(place, [['a', shown('ready')]]);
  expect((await stat(place.file)).ino).toBe(ino);
  await keepLastList(place, [['a', shown('new')]]);
  expect((await stat(place.file)).ino).not.toBe(ino);
  expect(await readdir(place.layout.cache)).toEqual(['last-list.json']);
});

test('of many writers at once one wins, and it is whole', async () => {
  const place = await makePlace();
  const lists = Array.from({ length: 20 }, (_, i) =>
    Array.from({ length: 50 }, (__, n) => [`s${n}`, shown('ready', { TASK: i })] as const),
  );
  await Promise.all(lists.map((list) => keepLastList(place, list)));
  const got = await readLastList(place);
  expect(got.size).toBe(50);
  expect(new Set([...got.values()].map(({ widths }) => widths['TASK'])).size).toBe(1);
});

test('a torn, foreign or linked file is none, and a place that cannot be written is no failure', async () => {
  const place = await makePlace();
  await keepLastList(place, [['a', shown('ready')]]);
  const text = await readFile(place.file, 'utf8');
  await writeFile(place.file, text.slice(0, -9));
  expect([...(await readLastList(place))]).toEqual([]);
  await keepLastList(place, [['a', shown('new')]]);
  expect((await readLastList(place)).get('a')).toEqual(shown('new'));

  const blocked = await makePlace();
  await mkdir(path.dirname(blocked.layout.cache), { recursive: true });
  await writeFile(blocked.layout.cache, 'a file where the folder would be');
  await keepLastList(blocked, [['a', shown('new')]]);
  expect([...(await readLastList(blocked))]).toEqual([]);
  await chmod(path.dirname(blocked.layout.cache), 0o700);
});

test('whatever is in the file, what comes out of it is of the right shape', () => {
  const value = fc.oneof(
    fc.json(),
    fc.record({ version: fc.constant(1), sessions: fc.jsonValue() }).map((one) => JSON.stringify(one)),
    fc
      .dictionary(
        fc.string(),
        fc.record({
          status: fc.oneof(fc.constant('ready'), fc.jsonValue()),
          at: fc.oneof(fc.constant('2026'), fc.jsonValue()),
          widths: fc.oneof(fc.jsonValue(), fc.dictionary(fc.string(), fc.oneof(fc.integer(), fc.double()))),
        }),
      )
      .map((sessions) => JSON.stringify({ version: 1, sessions })),
  );
  fc.assert(
    fc.property(value, (text) => {
      for (const one of parseLastList(text).values())
        expect([typeof one.at, Object.values(one.widths).every((n) => n >= 0 && n <= 200)]).toEqual(['string', true]);
    }),
  );
});
