import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { answersFile, loadAnswers, type Answers } from '#src/sessions/answers.ts';
import { layoutOf } from '#src/sessions/layout.ts';
import type { Repo } from '#src/sessions/repo.ts';
import { makeRoom } from '../support/room.ts';

const Paths = z.array(z.string());

async function makePlace(): Promise<{ file: string; open: (...world: string[]) => Promise<Answers> }> {
  const { dir } = await makeRoom();
  const repo = { layout: layoutOf(dir, path.join(dir, '.git')) } as Repo;
  await mkdir(repo.layout.cache, { recursive: true });
  return { file: answersFile(repo, 'kind'), open: (...world) => loadAnswers(repo, 'kind', world) };
}

test('an answer is there in the next call, whatever is in its text', async () => {
  const { open } = await makePlace();
  const first = await open();
  expect(first.get('a b', Paths)).toBeUndefined();
  first.put('a b', ['x\ny', 'ü"\\', '\u2028']);
  await first.save();
  expect(first.get('a b', Paths)).toEqual(['x\ny', 'ü"\\', '\u2028']);
  expect((await open()).get('a b', Paths)).toEqual(['x\ny', 'ü"\\', '\u2028']);
  expect((await open()).get('b a', Paths)).toBeUndefined();
});

test('the last of several answers counts', async () => {
  const { open } = await makePlace();
  for (const value of ['old', 'new']) {
    const answers = await open();
    answers.put('a', [value]);
    await answers.save();
  }
  expect((await open()).get('a', Paths)).toEqual(['new']);
});

test('two that write at once lose nothing to each other', async () => {
  const { open } = await makePlace();
  const [one, other] = await Promise.all([open(), open()]);
  one.put('one', ['1']);
  other.put('other', ['2']);
  await Promise.all([one.save(), other.save()]);
  const both = await open();
  expect([both.get('one', Paths), both.get('other', Paths)]).toEqual([['1'], ['2']]);
});

test('a torn, foreign or ill-shaped line is not believed, and spoils no other', async () => {
  const { open, file } = await makePlace();
  const answers = await open();
  answers.put('a', ['1']);
  answers.put('b', ['2']);
  await answers.save();
  const text = await readFile(file, 'utf8');
  const key = /\["(\S+) a"/.exec(text)?.[1] ?? '';
  await writeFile(file, `garbage\n["${key} c","no list"]\n["${key} d"]\n${text.trimEnd().slice(0, -3)}`);
  const again = await open();
  expect(['a', 'b', 'c', 'd'].map((one) => again.get(one, Paths))).toEqual([['1'], undefined, undefined, undefined]);
  again.put('b', ['3']);
  await again.save();
  expect((await open()).get('b', Paths)).toEqual(['3']);
});

test('answers of another world are not seen', async () => {
  const { open } = await makePlace();
  const answers = await open('git 2.39', 'text=auto');
  answers.put('a', ['1']);
  await answers.save();
  expect((await open('git 2.50', 'text=auto')).get('a', Paths)).toBeUndefined();
  expect((await open('git 2.39', 'text=auto')).get('a', Paths)).toEqual(['1']);
});

test('the file stays small: the oldest answers go', async () => {
  const { open, file } = await makePlace();
  const long = ['x'.repeat(60_000)];
  for (let round = 0; round < 4; round++) {
    const answers = await open();
    for (let i = 0; i < 50; i++) answers.put(`${round} ${i}`, long);
    await answers.save();
  }
  expect((await readFile(file)).length).toBeLessThanOrEqual(8 * 1024 * 1024);
  const answers = await open();
  expect(answers.get('3 49', Paths)).toEqual(long);
  expect(answers.get('0 0', Paths)).toBeUndefined();
  answers.put('huge', ['x'.repeat(100_000)]);
  expect(answers.get('huge', Paths)).toBeUndefined();
});

test('what lies in the place of the file is neither followed nor waited for', async () => {
  const { open, file } = await makePlace();
  await mkdir(path.dirname(file), { recursive: true });
  const target = `${file}.target`;
  await writeFile(target, 'mine\n');
  await symlink(target, file);
  const answers = await open();
  answers.put('a', ['1']);
  await answers.save();
  expect((await open()).get('a', Paths)).toEqual(['1']);
  expect(await readFile(target, 'utf8')).toBe('mine\n');
});

test('a place that takes no file is no failure', async () => {
  const { open, file } = await makePlace();
  await mkdir(file, { recursive: true });
  const answers = await open();
  answers.put('a', ['1']);
  await answers.save();
  expect((await open()).get('a', Paths)).toBeUndefined();
});
