import { appendFile, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { replaceFile } from '#src/platform/files.ts';
import { followFiles, watchFiles } from '#src/platform/watch.ts';
import { makeRoom } from '../support/room.ts';
import { until } from '../support/spawn.ts';

async function watching(...names: readonly string[]): Promise<{
  dir: string;
  at: (name: string) => string;
  seen: string[][];
}> {
  const { dir } = await makeRoom();
  const at = (name: string): string => path.join(dir, name);
  const seen: string[][] = [];
  const watch = watchFiles(names.map(at), (changed) =>
    seen.push([...changed].map((file) => path.relative(dir, file)).toSorted()),
  );
  onTestFinished(() => watch.close());
  return { dir, at, seen };
}

test('tells of a file that is made, written, replaced and deleted, and of no other', async () => {
  const { at, seen } = await watching('facts', 'never');
  await writeFile(at('other'), 'x');
  const steps = [
    () => writeFile(at('facts'), 'one'),
    () => appendFile(at('facts'), 'two'),
    () => replaceFile(at('facts'), 'three'),
    () => rm(at('facts')),
  ];
  for (const step of steps) {
    seen.length = 0;
    await step();
    await until(() => seen.length > 0);
    expect(new Set(seen.flat())).toEqual(new Set(['facts']));
    await sleep(60);
  }
  seen.length = 0;
  await writeFile(at('other'), 'y');
  await sleep(100);
  expect(seen).toEqual([]);
});

test('tells of many changes at once in few calls', async () => {
  const { at, seen } = await watching('a', 'b');
  await Promise.all(Array.from({ length: 100 }, (_, i) => appendFile(at(i % 2 === 0 ? 'a' : 'b'), 'x')));
  await until(() => new Set(seen.flat()).size === 2);
  await sleep(60);
  expect(seen.length).toBeLessThan(20);
});

test('waits for folders that are not there yet, however deep', async () => {
  const { at, seen } = await watching('one/two/three/file');
  await mkdir(at('one'));
  await sleep(50);
  await mkdir(at('one/two/three'), { recursive: true });
  await sleep(50);
  seen.length = 0;
  await writeFile(at('one/two/three/file'), 'x');
  await until(() => seen.length > 0);
  expect(seen.flat()).toContain('one/two/three/file');
});

test('tells of a folder that is moved away, and watches the one that comes in its place', async () => {
  const { dir, at, seen } = await watching('admin/facts', 'near/facts');
  await mkdir(at('admin'));
  await writeFile(at('admin/facts'), 'x');
  await until(() => seen.length > 0);
  await sleep(60);
  seen.length = 0;
  await rename(at('admin'), path.join(dir, 'trash'));
  await until(() => seen.flat().includes('admin/facts'));
  await mkdir(at('admin'));
  await sleep(60);
  seen.length = 0;
  await writeFile(at('admin/facts'), 'again');
  await until(() => seen.length > 0);
  expect(seen.flat()).toEqual(['admin/facts']);
});

test('gives what has changed since it was last asked, else nothing once the time is up or it is interrupted', async () => {
  const { dir } = await makeRoom();
  const interrupted = new AbortController();
  const file = path.join(dir, 'file');
  const follow = followFiles([file], interrupted.signal);
  onTestFinished(() => follow.close());
  expect(await follow.next(20)).toEqual(new Set());
  await writeFile(file, 'x');
  await sleep(60);
  expect(await follow.next(60_000)).toEqual(new Set([file]));
  const pending = follow.next(60_000);
  await writeFile(file, 'y');
  expect(await pending).toEqual(new Set([file]));
  await sleep(60);
  await follow.next(20);
  const last = follow.next(60_000);
  interrupted.abort('SIGINT');
  expect(await last).toEqual(new Set());
  expect(await follow.next(60_000)).toEqual(new Set());
});
