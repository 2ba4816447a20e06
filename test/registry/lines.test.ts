import { appendFile, readFile, writeFile } from 'node:fs/promises';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { appendLine, parseLines, readLastLines } from '#src/registry/lines.ts';
import { makeRoom } from '../support/room.ts';

const Value = z.object({ n: z.number().int(), text: z.string() });
const value = fc.record({ n: fc.integer(), text: fc.string({ unit: 'binary' }) }, { noNullPrototype: true });

test('values come back from their lines, whatever stands between them', () => {
  const noise = fc
    .oneof(fc.string({ unit: 'binary' }), fc.constantFrom('{"n":1', 'null', '[]', '{"n":"1","text":""}', '\0'))
    .filter((text) => !Value.safeParse(text).success)
    .map((text) => text.replaceAll('\n', ' '));
  fc.assert(
    fc.property(fc.array(fc.tuple(noise, value)), (pairs) => {
      const text = pairs.map(([line, one]) => `${line}\n${JSON.stringify(one)}\n`).join('');
      expect(parseLines(Value, text)).toEqual(pairs.map(([, one]) => one));
    }),
  );
});

test('a file that is not there holds nothing', async () => {
  const { dir } = await makeRoom();
  expect(await readLastLines(`${dir}/none`, Value)).toEqual([]);
});

test('a line that a crash has torn is closed before the next one, and costs no other', async () => {
  const { dir } = await makeRoom();
  const file = `${dir}/f`;
  await appendLine(file, { n: 1, text: 'a' });
  await appendFile(file, '{"n":2,"te');
  await appendLine(file, { n: 3, text: 'line\nbreak' });
  expect(await readLastLines(file, Value)).toEqual([
    { n: 1, text: 'a' },
    { n: 3, text: 'line\nbreak' },
  ]);
});

test('of a large file the end is read, cut at a line, and the file is written on and not anew', async () => {
  const { dir } = await makeRoom();
  const file = `${dir}/f`;
  const all = Array.from({ length: 3000 }, (_, n) => ({ n, text: '😀'.repeat(50) }));
  await writeFile(file, all.map((one) => `${JSON.stringify(one)}\n`).join(''));
  const last = await readLastLines(file, Value);
  expect(last.length).toBeGreaterThan(1000);
  expect(last.length).toBeLessThan(2000);
  expect(last).toEqual(all.slice(-last.length));
  await appendLine(file, { n: 3000, text: '' });
  expect((await readFile(file, 'utf8')).split('\n')).toHaveLength(3002);
});

test('when the end holds nothing, the whole file is read', async () => {
  const { dir } = await makeRoom();
  await writeFile(`${dir}/f`, `{"n":1,"text":"a"}\n${'x'.repeat(300 * 1024)}\n`);
  expect(await readLastLines(`${dir}/f`, Value)).toEqual([{ n: 1, text: 'a' }]);
});
