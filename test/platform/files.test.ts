import { chmod, lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { execa } from 'execa';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  appendText,
  listDirectory,
  lstatOf,
  makePrivateDirectory,
  moveDurably,
  readSmallFile,
  readTail,
  readText,
  realPathOf,
  removeFile,
  replaceFile,
} from '#src/platform/files.ts';
import { makeRoom } from '../support/room.ts';

describe('a replaced file', () => {
  test('has the new text and mode, and leaves nothing beside it', async () => {
    const { dir } = await makeRoom();
    const file = path.join(dir, 'x');
    await replaceFile(file, 'one');
    await replaceFile(file, 'two ü\n');
    expect(await readFile(file, 'utf8')).toBe('two ü\n');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(dir)).toEqual(['x']);
  });

  test('is old or new to a reader, never half', async () => {
    const { dir } = await makeRoom();
    const file = path.join(dir, 'x');
    const texts = ['a'.repeat(300_000), 'b'.repeat(200_000)];
    await replaceFile(file, texts[0] ?? '');
    const write = async (): Promise<void> => {
      for (let i = 0; i < 30; i++) await replaceFile(file, texts[i % 2] ?? '');
    };
    const read = async (): Promise<void> => {
      for (let i = 0; i < 300; i++) expect(texts.includes(await readFile(file, 'utf8'))).toBe(true);
    };
    await Promise.all([write(), read()]);
  });

  test('takes the place of a link and does not write through it', async () => {
    const { dir } = await makeRoom();
    await writeFile(path.join(dir, 'theirs'), 'keep');
    await symlink('theirs', path.join(dir, 'x'));
    await replaceFile(path.join(dir, 'x'), 'mine');
    expect(await readFile(path.join(dir, 'theirs'), 'utf8')).toBe('keep');
    expect((await lstat(path.join(dir, 'x'))).isSymbolicLink()).toBe(false);
  });

  test('is written by many at once, and one of them wins whole', async () => {
    const { dir } = await makeRoom();
    const texts = Array.from({ length: 12 }, (_, i) => String(i).repeat(5000));
    await Promise.all(texts.map((text) => replaceFile(path.join(dir, 'x'), text)));
    expect(texts).toContain(await readFile(path.join(dir, 'x'), 'utf8'));
    expect(await readdir(dir)).toEqual(['x']);
  });
});

describe('a file that somebody else may have put there', () => {
  test('is read when it is a small regular file', async () => {
    const { dir } = await makeRoom();
    await writeFile(path.join(dir, 'x'), 'text');
    expect(await readSmallFile(path.join(dir, 'x'), 4)).toEqual({ text: 'text' });
    expect(await readSmallFile(path.join(dir, 'none'), 4)).toBeUndefined();
  });

  test('is not read when it is a link, a folder, a pipe or too large', async () => {
    const { dir } = await makeRoom();
    await writeFile(path.join(dir, 'x'), 'text!');
    await symlink('x', path.join(dir, 'link'));
    await symlink('gone', path.join(dir, 'dangling'));
    await execa('mkfifo', [path.join(dir, 'pipe')]);
    expect(await readSmallFile(path.join(dir, 'x'), 4)).toEqual({ refused: 'it is larger than 4 bytes' });
    expect(await readSmallFile(path.join(dir, 'link'), 9)).toEqual({ refused: 'it is a symbolic link' });
    expect(await readSmallFile(path.join(dir, 'dangling'), 9)).toEqual({ refused: 'it is a symbolic link' });
    expect(await readSmallFile(path.join(dir, 'pipe'), 9)).toEqual({ refused: 'it is not a regular file' });
    expect(await readSmallFile(dir, 9)).toEqual({ refused: 'it is not a regular file' });
  });
});

test('what is missing is an answer, and what may not be read is a failure', async () => {
  const { dir } = await makeRoom();
  await writeFile(path.join(dir, 'x'), '');
  for (const place of [path.join(dir, 'none'), path.join(dir, 'x', 'below')]) {
    expect(await readText(place)).toBeUndefined();
    expect(await lstatOf(place)).toBeUndefined();
    expect(await listDirectory(place)).toEqual([]);
    expect(await realPathOf(place)).toBe(place);
    expect(await readTail(place, 9)).toBe('');
    await removeFile(place);
  }
  await expect(readText(dir)).rejects.toThrow('EISDIR');
  await expect(removeFile(dir)).rejects.toThrow('unlink');
});

test('appended text follows what is there, and never goes through a link', async () => {
  const { dir } = await makeRoom();
  const file = path.join(dir, 'x');
  await appendText(file, 'one\n');
  await appendText(file, 'two\n');
  expect(await readFile(file, 'utf8')).toBe('one\ntwo\n');
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  await symlink('x', path.join(dir, 'link'));
  await expect(appendText(path.join(dir, 'link'), 'evil')).rejects.toThrow('ELOOP');
  expect(await readTail(file, 6)).toBe('e\ntwo\n');
  expect(await readTail(file, 99)).toBe('one\ntwo\n');
});

test('a folder of ours is for its owner alone; one that is there stays as it is', async () => {
  const { dir } = await makeRoom();
  await makePrivateDirectory(path.join(dir, 'a', 'b'));
  expect((await stat(path.join(dir, 'a', 'b'))).mode & 0o777).toBe(0o700);
  await mkdir(path.join(dir, 'open'));
  await chmod(path.join(dir, 'open'), 0o755);
  await makePrivateDirectory(path.join(dir, 'open'));
  expect((await stat(path.join(dir, 'open'))).mode & 0o777).toBe(0o755);
});

test('what is moved arrives whole, and what cannot be moved stays', async () => {
  const { dir } = await makeRoom();
  await mkdir(path.join(dir, 'from'));
  await writeFile(path.join(dir, 'from', 'x'), '1');
  await moveDurably(path.join(dir, 'from'), path.join(dir, 'to'));
  expect(await readFile(path.join(dir, 'to', 'x'), 'utf8')).toBe('1');
  await expect(moveDurably(path.join(dir, 'to'), path.join(dir, 'none', 'to'))).rejects.toThrow('ENOENT');
  expect(await readFile(path.join(dir, 'to', 'x'), 'utf8')).toBe('1');
});
