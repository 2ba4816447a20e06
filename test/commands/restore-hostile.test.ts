import { mkdir, readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { failure, listing, picture, runFix } from '../support/listing.ts';
import { makeBench, type Bench } from '../support/wt.ts';

// `meta.json` in the trash is a file that anybody may edit: it must not lead wt out of the repository.

type Meta = Record<string, unknown>;

/** A session in the trash whose description has been edited. */
async function makeForged(change: (meta: Meta, bench: Bench) => Meta): Promise<{ bench: Bench; entry: string }> {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await bench.room.write(bench.at('a'), { 'free.txt': 'work\n' });
  const { removed } = await bench.data<{ removed: { trash: string }[] }>('remove', 'a', '--force');
  const entry = `${bench.root}/.git/wt/trash/${removed[0]?.trash ?? ''}`;
  await edit(entry, (meta) => change(meta, bench));
  return { bench, entry };
}

async function edit(entry: string, change: (meta: Meta) => Meta): Promise<void> {
  const meta = JSON.parse(await readFile(`${entry}/meta.json`, 'utf8')) as Meta;
  await writeFile(`${entry}/meta.json`, JSON.stringify(change(meta)));
}

const FORGED: readonly (readonly [string, (meta: Meta, bench: Bench) => Meta])[] = [
  ['the root', (meta) => ({ ...meta, path: '/' })],
  ['a relative path', (meta) => ({ ...meta, path: '../..' })],
  ['a path that climbs', (meta, { root }) => ({ ...meta, path: `${root}/.worktrees/a/../../../out` })],
  ['the repository', (meta, { root }) => ({ ...meta, path: root })],
  ['a folder above the repository', (meta, { room }) => ({ ...meta, path: room.dir })],
  ['a place in .git', (meta, { root }) => ({ ...meta, path: `${root}/.git/hooks/x` })],
  ['a place in another .git', (meta, { room }) => ({ ...meta, path: `${room.dir}/other/.GIT/x` })],
  ['a free place that git does not name', (meta, { room }) => ({ ...meta, path: `${room.dir}/out` })],
  ['another id', (meta) => ({ ...meta, id: 'b' })],
  ['a row of another id', (meta) => ({ ...meta, row: { ...(meta['row'] as Meta), id: 'b' } })],
  ['an administrative folder elsewhere', (meta) => ({ ...meta, admin: '../../x' })],
  ['an absolute administrative folder', (meta, { room }) => ({ ...meta, admin: `${room.dir}/x` })],
  ['the folder of all as administrative folder', (meta) => ({ ...meta, admin: '.' })],
  ['no administrative folder', (meta) => ({ ...meta, admin: null })],
  ...['-x', 'a..b', '../../../evil', 'x.lock', '/x', 'a//b', '.x', 'a b', ''].map(
    (name) =>
      [
        `a branch "${name}"`,
        (meta: Meta): Meta => ({ ...meta, branch: { ...(meta['branch'] as Meta), name } }),
      ] as const,
  ),
];

test.for(FORGED)('an entry that names %s is left alone, and nothing is written anywhere', async ([, change]) => {
  const { bench } = await makeForged(change);
  const look = async (): Promise<unknown> => [
    await picture(bench),
    await listing(bench.room.dir, /^app\/\.git\/wt\/(?:lock|events)/),
  ];
  const before = await look();
  const error = await failure(bench, 'restore');
  expect({ code: error.code, exit: error.exit, changed: error.changed }).toEqual({
    code: 'path.unsafe',
    exit: 4,
    changed: false,
  });
  expect(await look()).toEqual(before);
});

test('an entry goes by the name of its folder, whatever it says', async () => {
  const { bench } = await makeForged((meta) => ({ ...meta, op: '../../../out' }));
  expect((await bench.wt('restore')).code).toBe(0);
  expect(await readFile(`${bench.at('a')}/free.txt`, 'utf8')).toBe('work\n');
  expect(await readdir(`${bench.root}/.git/wt/trash`)).toEqual([]);
  expect(await bench.git('for-each-ref', 'refs/wt')).toBe('');
});

test.for(['tree', 'admin'])('an entry whose %s is a link is left alone', async (part) => {
  const { bench, entry } = await makeForged((meta) => meta);
  await mkdir(`${bench.room.dir}/outside`);
  await rename(`${entry}/${part}`, `${entry}/moved`);
  await symlink(`${bench.room.dir}/outside`, `${entry}/${part}`);
  expect(await failure(bench, 'restore')).toMatchObject({ code: 'path.unsafe', changed: false });
  expect(await readdir(`${bench.room.dir}/outside`)).toEqual([]);
});

test('a folder of sessions that is a link is not written into', async () => {
  const { bench } = await makeForged((meta) => meta);
  await mkdir(`${bench.room.dir}/outside`);
  await rename(`${bench.root}/.worktrees`, `${bench.room.dir}/aside`);
  await symlink(`${bench.room.dir}/outside`, `${bench.root}/.worktrees`);
  expect(await failure(bench, 'restore')).toMatchObject({ code: 'path.unsafe', changed: false });
  expect(await readdir(`${bench.room.dir}/outside`)).toEqual([]);
});

test('an adopted worktree does not come back through a link, but among the others', async () => {
  const bench = await makeBench();
  await bench.git('worktree', 'add', '-q', '-b', 'topic', `${bench.room.dir}/beside/tree`);
  await bench.wt('adopt', `${bench.room.dir}/beside/tree`);
  await bench.wt('remove', 'topic', '--force');
  await rename(`${bench.room.dir}/beside`, `${bench.room.dir}/aside`);
  await symlink(`${bench.room.dir}/aside`, `${bench.room.dir}/beside`);
  const error = await failure(bench, 'restore');
  expect(error).toMatchObject({ code: 'path.unsafe', changed: false });
  expect(await readdir(`${bench.room.dir}/aside`)).toEqual([]);
  expect(await runFix(bench, error.fix)).toBe(0);
});

test('an entry that is no description is passed over, and what lies there stays', async () => {
  const { bench, entry } = await makeForged((meta) => ({ ...meta, id: '../../evil' }));
  expect((await failure(bench, 'restore', 'a')).code).toBe('session.not-found');
  await writeFile(`${entry}/meta.json`, '{');
  expect((await failure(bench, 'restore', 'a')).code).toBe('session.not-found');
  expect((await readdir(entry)).toSorted()).toContain('tree');
});
