import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { SPARES_FLAG } from '#src/platform/node.ts';
import { untilRoomIsQuiet } from '../support/kill.ts';
import { makeRoom } from '../support/room.ts';
import { branches, findFaults, linkedWorktrees, registeredIds, runAll, runWt } from '../support/spawn.ts';
import { spareFolders } from '../support/spares.ts';

const MINUTES = 60_000;

test(
  'fifty creates at once share three spares, each goes to one of them, and none fails',
  { timeout: 8 * MINUTES },
  async () => {
    const room = await makeRoom();
    const root = await room.repo('app', { 'README.md': 'hello\n', 'src/a.txt': 'a\n' });
    await room.write(root, {
      '.git/info/exclude': '/wt.config.jsonc\n',
      'wt.config.jsonc': '{ "pool": { "size": 3 } }',
    });
    expect((await runWt(room, root, [SPARES_FLAG])).code).toBe(0);
    const spares = await spareFolders({ root });
    expect(spares).toHaveLength(3);
    await room.write(root, { 'new.txt': 'meanwhile\n' });
    await room.git(root, 'add', 'new.txt');
    await room.git(root, 'commit', '-qm', 'meanwhile');
    const ids = Array.from({ length: 50 }, (_, i) => `s${String(i + 1).padStart(2, '0')}`);
    const exits = await runAll(
      room,
      root,
      ids.map((id) => ['create', id]),
    );
    expect(exits.filter(({ code }) => code !== 0)).toEqual([]);
    await untilRoomIsQuiet(room);
    expect(await registeredIds(root)).toEqual(ids);
    expect(await linkedWorktrees(room, root)).toEqual(ids);
    expect(await branches(room, root)).toEqual(['main', ...ids.map((id) => `wt/${id}`)]);
    expect(await findFaults(room, root)).toEqual([]);
    for (const id of ids) {
      const folder = path.join(root, '.worktrees', id);
      expect(await room.git(folder, 'status', '--porcelain', '--branch')).toBe(`## wt/${id}`);
      expect((await readdir(folder)).toSorted()).toEqual(['.git', 'README.md', 'new.txt', 'src']);
    }
    const left = await spareFolders({ root });
    expect(left.filter((name) => spares.includes(name))).toEqual([]);
    // The background has made others meanwhile, as many as are wanted.
    expect(left).toHaveLength(3);
  },
);

test('a create has the spare made that it took, and does not wait for it', { timeout: 2 * MINUTES }, async () => {
  const room = await makeRoom();
  const root = await room.repo();
  const env = { WT_POOL_SIZE: '1' };
  expect((await runWt(room, root, ['create', 'a'], { env })).code).toBe(0);
  await untilRoomIsQuiet(room);
  const [first] = await spareFolders({ root });
  expect(first).toBeDefined();
  expect((await runWt(room, root, ['create', 'b'], { env })).code).toBe(0);
  await untilRoomIsQuiet(room);
  const then = await spareFolders({ root });
  expect(then).toHaveLength(1);
  expect(then).not.toContain(first);
});

test('makers that start at once make no more than are wanted', { timeout: 2 * MINUTES }, async () => {
  const room = await makeRoom();
  const root = await room.repo();
  await room.write(root, { 'wt.config.jsonc': '{ "pool": { "size": 2 } }' });
  const exits = await runAll(
    room,
    root,
    Array.from({ length: 6 }, () => [SPARES_FLAG]),
  );
  expect(exits.filter(({ code }) => code !== 0)).toEqual([]);
  expect(await spareFolders({ root })).toHaveLength(2);
});
