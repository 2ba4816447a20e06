import { appendFile, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { array, assert, boolean, nat, property, string } from 'fast-check';
import { expect, test } from 'vitest';
import { boundLog, cutLog, openToAppend } from '#src/agents/log.ts';
import { lastLines, LOG_START, readOn, readWholeLog, textReader } from '#src/agents/read-log.ts';
import { makeRoom } from '../support/room.ts';
import { exists, until } from '../support/spawn.ts';

async function makeLog(text = ''): Promise<string> {
  const { dir } = await makeRoom();
  const file = path.join(dir, 'a.log');
  await writeFile(file, text);
  return file;
}

test('a log that is too long moves aside, and its writer goes on at the beginning', async () => {
  const file = await makeLog();
  const writer = await openToAppend(file);
  await appendFile(file, '0123456789\n');
  await cutLog(file, 10);
  await appendFile(file, 'next\n');
  await writer.close();
  expect([await readFile(`${file}.1`, 'utf8'), await readFile(file, 'utf8')]).toEqual(['0123456789\n', 'next\n']);
  await cutLog(file, 10);
  expect(await readFile(file, 'utf8')).toBe('next\n');
});

test('where there is no room for what moves aside it goes, and the log stays in bounds', async () => {
  const file = await makeLog('0123456789\n');
  await mkdir(`${file}.1.tmp`);
  await cutLog(file, 10);
  expect((await stat(file)).size).toBe(0);
  expect(await exists(`${file}.1`)).toBe(false);
});

test('a log is kept in bounds while it is written', async () => {
  const file = await makeLog();
  const stop = boundLog(file, 1000);
  await appendFile(file, 'x'.repeat(2000));
  await until(async () => (await stat(file)).size === 0);
  await appendFile(file, 'y'.repeat(3000));
  await until(async () => (await stat(file)).size === 0);
  stop();
  expect(await readFile(`${file}.1`, 'utf8')).toBe('y'.repeat(3000));
});

test('whoever follows a log misses nothing when it moves aside, and sees nothing twice', async () => {
  const file = await makeLog('one\n');
  let place = LOG_START;
  let seen = '';
  const read = async (): Promise<void> => {
    const piece = await readOn(file, place);
    place = piece.next;
    seen += piece.bytes.toString();
  };
  await read();
  await appendFile(file, 'two\n');
  await cutLog(file, 1);
  await appendFile(file, 'three\n');
  await read();
  await read();
  await appendFile(file, 'four\n');
  await read();
  expect(seen).toBe('one\ntwo\nthree\nfour\n');
  expect((await readWholeLog(file)).bytes.toString()).toBe('one\ntwo\nthree\nfour\n');
});

test('a log that has been copied and not yet cut is no longer than it is', async () => {
  const file = await makeLog('one\ntwo\n');
  let { bytes, next } = await readOn(file, LOG_START);
  await writeFile(`${file}.1`, 'one\ntwo\n');
  expect((await readWholeLog(file)).bytes.toString()).toBe('one\ntwo\n');
  ({ bytes, next } = await readOn(file, next));
  expect(bytes.length).toBe(0);
  await writeFile(file, 'three\n');
  ({ bytes, next } = await readOn(file, next));
  ({ bytes, next } = await readOn(file, next));
  expect(bytes.toString()).toBe('three\n');
});

test('the last lines are those that tail gives', () => {
  assert(
    property(array(string({ maxLength: 3 })), nat(6), boolean(), (lines, count, isEnded) => {
      const text =
        lines.map((line) => line.replaceAll('\n', '')).join('\n') + (isEnded && lines.length > 0 ? '\n' : '');
      const whole = text.split('\n');
      const body = text.endsWith('\n') ? whole.slice(0, -1) : whole;
      const expected = count === 0 ? '' : body.slice(-count).join('\n') + (text.endsWith('\n') ? '\n' : '');
      expect(lastLines(text, count)).toBe(text === '' ? '' : expected);
    }),
  );
});

test('a character that comes in two pieces is one', () => {
  const reader = textReader();
  const bytes = Buffer.from('aé\n');
  expect(reader.add(bytes.subarray(0, 2)) + reader.add(bytes.subarray(2)) + reader.end()).toBe('aé\n');
});
