import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { sizeOf } from '#src/platform/disk.ts';
import { endProcessTree, listMountsInside, listProcessesInside, type ProcessInside } from '#src/platform/processes.ts';
import { makeRoom } from '../support/room.ts';
import { start, until } from '../support/spawn.ts';

describe('a process that works in a folder', () => {
  test('is found there and below, and not beside it', async () => {
    const room = await makeRoom();
    for (const name of ['a/deep', 'ab']) await mkdir(path.join(room.dir, name), { recursive: true });
    const inside = start(room, path.join(room.dir, 'a', 'deep'), ['sleep', '300']);
    const beside = start(room, path.join(room.dir, 'ab'), ['sleep', '300']);
    const find = (folder: string): Promise<readonly ProcessInside[]> =>
      listProcessesInside(path.join(room.dir, folder));
    const isAsleep = async (folder: string): Promise<boolean> =>
      (await find(folder)).some(({ command }) => command === 'sleep');
    await until(async () => (await isAsleep('a/deep')) && (await isAsleep('ab')));
    const expected = [{ pid: inside.pid, command: 'sleep', isCaller: false }];
    expect(await find('a')).toEqual(expected);
    expect(await find('a/deep')).toEqual(expected);
    expect(await find('ab')).toEqual([{ pid: beside.pid, command: 'sleep', isCaller: false }]);
    inside.kill('SIGKILL');
    await inside.done;
    expect(await find('a')).toEqual([]);
  });

  test('is at its prompt when it is a shell with a terminal to itself, and not while a program runs in front of it', async () => {
    const room = await makeRoom();
    const shellsIn = async (typed: string, name: string): Promise<() => Promise<readonly ProcessInside[]>> => {
      const folder = path.join(room.dir, name);
      await mkdir(folder);
      const shell = start(room, folder, [
        'sh',
        '-c',
        `(${typed} sleep 300) | script -qfc 'exec bash --norc' /dev/null`,
      ]);
      onTestFinished(() => endProcessTree(shell.pid)); // script gives it a session of its own
      return async () => (await listProcessesInside(folder)).filter(({ command }) => command === 'bash');
    };
    const idle = await shellsIn('', 'idle');
    const busy = await shellsIn('echo sleep 300;', 'busy');
    await until(async () => (await idle()).some(({ isAtPrompt }) => isAtPrompt === true));
    await until(async () => (await busy()).some(({ isAtPrompt }) => isAtPrompt === undefined));
    start(room, path.join(room.dir, 'busy'), ['bash', '-c', 'sleep 300; true'], { group: true });
    await until(async () => (await busy()).length > 1);
    expect((await busy()).filter(({ isAtPrompt }) => isAtPrompt === true)).toEqual([]);
  });

  test('is the caller when this process descends from it', async () => {
    const found = await listProcessesInside(process.cwd());
    expect(found.map(({ pid }) => pid)).not.toContain(process.pid);
    expect(found.find(({ pid }) => pid === process.ppid)?.isCaller).toBe(true);
  });
});

test('a mount is found at a folder and below it, and not beside it', async () => {
  const room = await makeRoom();
  expect(await listMountsInside('/proc')).toContain('/proc');
  expect(await listMountsInside('/pro')).toEqual([]);
  expect(await listMountsInside(room.dir)).toEqual([]);
});

test('the size of a folder is that of its own files, links not followed', async () => {
  const room = await makeRoom();
  await mkdir(path.join(room.dir, 'a', 'b'), { recursive: true });
  await writeFile(path.join(room.dir, 'big'), 'x'.repeat(3_000_000));
  await symlink('../big', path.join(room.dir, 'a', 'link'));
  const empty = (await sizeOf(path.join(room.dir, 'a'))) ?? 0;
  expect(empty).toBeLessThan(1_000_000);
  await writeFile(path.join(room.dir, 'a', 'b', 'x'), 'x'.repeat(2_000_000));
  expect(((await sizeOf(path.join(room.dir, 'a'))) ?? 0) - empty).toBeGreaterThanOrEqual(2_000_000);
  expect(await sizeOf(path.join(room.dir, 'gone'))).toBeUndefined();
});
