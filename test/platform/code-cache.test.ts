import { chmod, link, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatCache, listCacheFolders, openCodeCache, parseCache } from '#src/platform/code-cache.ts';
import { makeRoom, type Room } from '../support/room.ts';
import { runAll, start } from '../support/spawn.ts';

const PROJECT = path.resolve(import.meta.dirname, '../..');

describe('compiled code', () => {
  test('comes back as it was put away', () => {
    const part = fc.tuple(fc.stringMatching(/^[a-z][a-z-]{0,20}$/), fc.uint8Array({ maxLength: 5000 }));
    fc.assert(
      fc.property(fc.uniqueArray(part, { selector: ([name]) => name, minLength: 1 }), (parts) => {
        const put = parts.map(([name, bytes]) => [name, Buffer.from(bytes)] as const);
        expect([...(parseCache(formatCache(put)) ?? [])]).toEqual(put);
      }),
    );
  });

  test('is not used when a crash has left a part of it empty or away', () => {
    const whole = formatCache([['a', Buffer.alloc(64 * 1024, 7)]]);
    for (let at = 0; at + 4096 <= whole.length; at += 4096) {
      const torn = Buffer.from(whole);
      torn.fill(0, at, at + 4096);
      expect([at, parseCache(torn)]).toEqual([at, undefined]);
    }
    for (const length of [0, 8, 16, 4096, whole.length - 8])
      expect(parseCache(whole.subarray(0, length))).toBeUndefined();
  });

  test('is not read through a link, nor from what others can write', async () => {
    const folder = await mkdtemp(path.join((await makeRoom()).dir, 'c-'));
    const file = path.join(folder, 'cache', 'key', 'list');
    await mkdir(path.dirname(file), { recursive: true });
    const find = (): unknown => openCodeCache(listCacheFolders(folder, {}), 'key', 'list')?.find('a');
    await writeFile(file, formatCache([['a', Buffer.from('code')]]), { mode: 0o644 });
    expect(find()).toEqual(Buffer.from('code'));
    await chmod(file, 0o666);
    expect(find()).toBeUndefined();
    await chmod(file, 0o644);
    await link(file, `${file}.x`);
    await rm(file);
    await symlink(`${file}.x`, file);
    expect(find()).toBeUndefined();
  });

  test('lies beside the program and among the caches of a person, never at a relative place', () => {
    expect(listCacheFolders('/p/dist', { HOME: '/h' })).toEqual(['/p/dist/cache', '/h/.cache/wt/code']);
    expect(listCacheFolders('/p/dist', { HOME: '/h', XDG_CACHE_HOME: '/c' })).toEqual(['/p/dist/cache', '/c/wt/code']);
    expect(listCacheFolders('/p/dist', { HOME: 'h', XDG_CACHE_HOME: 'c' })).toEqual(['/p/dist/cache']);
  });
});

/** A program as it is installed: without what the build has compiled. */
async function install(room: Room): Promise<{ program: string; cache: string }> {
  const { cp } = await import('node:fs/promises');
  const folder = path.join(room.dir, 'installed');
  for (const name of ['bin', 'dist', 'package.json'])
    await cp(path.join(PROJECT, name), path.join(folder, name), { recursive: true });
  const cache = path.join(folder, 'dist', 'cache');
  await rm(cache, { recursive: true, force: true });
  await rm(path.join(folder, 'dist', '.build.json'), { force: true });
  return { program: path.join(folder, 'bin', 'wt.js'), cache };
}

async function filesIn(folder: string): Promise<readonly string[]> {
  const all = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return all.filter((entry) => entry.isFile()).map(({ name }) => name);
}

describe('an installed program', () => {
  test('keeps the code of a verb once, however many write it at the same time, and runs with it', async () => {
    const room = await makeRoom();
    const root = await room.repo();
    const { program, cache } = await install(room);
    const list = async (): Promise<number> => (await start(room, root, [process.execPath, program, 'list']).done).code;
    expect(await Promise.all([list(), list(), list(), list()])).toEqual([0, 0, 0, 0]);
    expect(await filesIn(cache)).toEqual(['list']);
    const [folder = ''] = await readdir(cache);
    const file = path.join(cache, folder, 'list');
    const { mtimeMs, ino } = await stat(file);
    expect(await list()).toBe(0);
    expect(await stat(file)).toMatchObject({ mtimeMs, ino });
    // What is torn counts as missing.
    await writeFile(file, (await readFile(file)).fill(0, 4096, 4096 * 4));
    expect(await list()).toBe(0);
    expect(parseCache(await readFile(file))).toBeDefined();
  });

  test('that cannot be written keeps it with the person, and goes without where that fails too', async () => {
    const room = await makeRoom();
    const root = await room.repo();
    const { program, cache } = await install(room);
    await writeFile(cache, 'in the way');
    const own = path.join(room.dir, '.cache', 'wt', 'code');
    const list = start(room, root, [process.execPath, program, 'list']).done;
    expect(await list).toMatchObject({ code: 0, stderr: '' });
    expect(await filesIn(own)).toEqual(['list']);
    expect((await stat(path.join(room.dir, '.cache', 'wt'))).mode & 0o777).toBe(0o700);
    const nowhere = { env: { XDG_CACHE_HOME: '/dev/null', HOME: '/dev/null' } };
    expect(await start(room, root, [process.execPath, program, 'list'], nowhere).done).toMatchObject({
      code: 0,
      stderr: '',
    });
  });

  test('that fails keeps nothing, and one that is worked on keeps nothing either', async () => {
    const room = await makeRoom();
    const root = await room.repo();
    const { program, cache } = await install(room);
    expect((await start(room, root, [process.execPath, program, 'show', 'nobody']).done).code).toBe(3);
    await writeFile(path.join(path.dirname(cache), '.build.json'), '{}');
    expect((await start(room, root, [process.execPath, program, 'list']).done).code).toBe(0);
    expect(await filesIn(cache)).toEqual([]);
    expect(await filesIn(path.join(room.dir, '.cache'))).toEqual([]);
    expect((await runAll(room, root, [['list']])).map(({ code }) => code)).toEqual([0]);
  });
});
