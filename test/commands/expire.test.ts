import { execa } from 'execa';
import { chmod, link, lstat, mkdir, readdir, readFile, rename, symlink, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { PROGRAM } from '../support/built.ts';
import { failure, leftovers, picture } from '../support/listing.ts';
import { makeBench, type Bench, type Stage } from '../support/wt.ts';

const DAY = 24 * 3_600_000;
const inDays = (days: number): Stage => ({ now: new Date(Date.now() + days * DAY).toISOString() });
const trashOf = async ({ root }: Bench): Promise<string[]> =>
  (await readdir(`${root}/.git/wt/trash`).catch((): string[] => [])).toSorted((a, b) => a.localeCompare(b));

interface Cleaned {
  readonly removed: readonly { id: string }[];
  readonly expired: readonly { id: string | null; trash: string; reason: string; freedBytes: number }[];
  readonly thinned: readonly { id: string | null; trash: string; paths: readonly string[]; freedBytes: number }[];
}

/** What is deleted is deleted by a process that nobody waits for. */
const settled = (bench: Bench): Promise<void> =>
  vi.waitFor(async () => expect((await trashOf(bench)).filter((name) => name.startsWith('purge-'))).toEqual([]), {
    timeout: 20_000,
  });

/** Removes session `id`, with a built folder of so many KiB in it, and gives the name of its entry. */
async function makeRemoved(bench: Bench, id: string, kib = 200): Promise<string> {
  await bench.room.write(path.join(bench.root, '.git/info'), { exclude: '/.worktrees/\nnode_modules/\n.env\n' });
  await bench.wt('create', id);
  await bench.work(id, { [`${id}.txt`]: `${id}\n` });
  await bench.room.write(bench.at(id), {
    'staged.txt': `staged in ${id}\n`,
    '.env': 'SECRET\n',
    'node_modules/big.bin': 'x'.repeat(kib * 1024),
  });
  await bench.room.git(bench.at(id), 'add', 'staged.txt');
  const { removed } = await bench.data<{ removed: { trash: string }[] }>('remove', id, '--force');
  return removed[0]?.trash ?? '';
}

test('what is older than trash.keep goes for good: the entry, its pins, and with the next gc its objects', async () => {
  const bench = await makeBench();
  const old = await makeRemoved(bench, 'a');
  const blob = await bench.git('rev-parse', `refs/wt/trash/a/${old}/index:staged.txt`);
  const data = await bench.data<Cleaned>('clean', inDays(14.1));
  expect(data.expired).toEqual([{ id: 'a', trash: old, reason: 'age', freedBytes: expect.any(Number) }]);
  expect(data.expired[0]?.freedBytes).toBeGreaterThan(200 * 1024);
  await settled(bench);
  expect(await trashOf(bench)).toEqual([]);
  expect(await bench.git('for-each-ref', 'refs/wt')).toBe('');
  await bench.git('gc', '--quiet', '--prune=now');
  await expect(bench.git('cat-file', '-e', blob)).rejects.toThrow(blob);
  expect((await failure(bench, 'restore', 'a')).code).toBe('session.not-found');
  expect((await failure(bench, 'undo')).code).toBe('session.not-found');
  expect(await leftovers(bench.root)).toEqual([]);
});

test('what is younger stays, pins and all', async () => {
  const bench = await makeBench();
  await makeRemoved(bench, 'a');
  const before = await picture(bench);
  expect(await bench.data('clean', inDays(13.9))).toMatchObject({ expired: [], thinned: [] });
  expect(await picture(bench)).toEqual(before);
  await bench.git('gc', '--quiet', '--prune=now');
  expect((await bench.wt('restore', 'a')).code).toBe(0);
});

test('--dry-run says what would go, and nothing goes', async () => {
  const bench = await makeBench();
  const op = await makeRemoved(bench, 'a');
  const before = await picture(bench);
  const { stdout } = await bench.wt('clean', '--dry-run', inDays(20));
  expect(stdout).toMatch(/^Would delete from the trash: a of \d{4}-\d\d-\d\d, .* \(older than trash\.keep\)$/m);
  expect(await picture(bench)).toEqual(before);
  expect(await trashOf(bench)).toEqual([op]);
});

test('over trash.maxSize the folders that a build makes again go, and a restore says that they are missing', async () => {
  const bench = await makeBench();
  const op = await makeRemoved(bench, 'a');
  const { stdout } = await bench.wt('clean', { env: { WT_TRASH_MAX_SIZE: '100KiB' } });
  expect(stdout).toMatch(/^Deleted from the trash: node_modules\/ of a, .* that a build makes again$/m);
  await settled(bench);
  expect(await trashOf(bench)).toEqual([op]);
  const { code, stderr } = await bench.wt('restore', 'a');
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: '! not kept, to make room, and to be built again: node_modules/\n',
  });
  expect((await readdir(bench.at('a'))).toSorted()).toEqual(['.env', '.git', 'README.md', 'a.txt', 'staged.txt']);
});

test('then whole entries, the oldest first, but never one of the last day', async () => {
  const bench = await makeBench();
  const ops = [await makeRemoved(bench, 'a'), await makeRemoved(bench, 'b')];
  const env = { WT_TRASH_MAX_SIZE: '1KiB' };
  expect((await bench.data<Cleaned>('clean', { env })).expired).toEqual([]);
  expect(await trashOf(bench)).toEqual(expect.arrayContaining(ops));
  const { expired } = await bench.data<Cleaned>('clean', { env, ...inDays(2) });
  expect(expired.map(({ id, reason }) => [id, reason])).toEqual([
    ['a', 'size'],
    ['b', 'size'],
  ]);
  await settled(bench);
  expect(await trashOf(bench)).toEqual([]);
});

test('what was kept of something else than a session goes by its age too', async () => {
  const bench = await makeBench();
  await bench.write({ 'README.md': 'edited\n' });
  await bench.wt('create', 'a', '--from-changes');
  expect(await trashOf(bench)).toHaveLength(1);
  expect((await bench.data<Cleaned>('clean', inDays(20))).expired).toMatchObject([{ id: null, reason: 'age' }]);
  await settled(bench);
  expect(await trashOf(bench)).toEqual([]);
});

test('an entry whose description cannot be read takes its pins along', async () => {
  const bench = await makeBench();
  const op = await makeRemoved(bench, 'a');
  await writeFile(`${bench.root}/.git/wt/trash/${op}/meta.json`, '{');
  const folder = `${bench.root}/.git/wt/trash/${op}`;
  await utimes(folder, 0, 0);
  expect((await bench.data<Cleaned>('clean')).expired).toMatchObject([{ id: null, trash: op }]);
  await settled(bench);
  expect(await bench.git('for-each-ref', 'refs/wt')).toBe('');
});

test('a repository inside such a folder is not deleted, and nobody is told that it was', async () => {
  const bench = await makeBench();
  await bench.room.write(path.join(bench.root, '.git/info'), { exclude: '/.worktrees/\nnode_modules/\n' });
  await bench.wt('create', 'a');
  await bench.room.repo('app/.worktrees/a/node_modules/linked/deep', { 'mine.txt': 'mine\n' });
  await bench.wt('remove', 'a', '--force');
  const env = { WT_TRASH_MAX_SIZE: '1KiB' };
  expect(await bench.data('clean', { env })).toMatchObject({ expired: [], thinned: [] });
  expect((await bench.wt('restore', 'a')).stderr).toBe('');
  expect(await readFile(`${bench.at('a')}/node_modules/linked/deep/mine.txt`, 'utf8')).toBe('mine\n');
});

test.for([
  ['link/node_modules/'],
  ['../../../outside/node_modules/'],
  ['/node_modules/'],
  ['node_modules/../link/node_modules/'],
])('a description that names %s leads nowhere', async ([name]) => {
  const bench = await makeBench();
  const op = await makeRemoved(bench, 'a');
  const entry = `${bench.root}/.git/wt/trash/${op}`;
  await bench.room.write(`${bench.room.dir}/outside/node_modules`, { 'big.bin': 'x'.repeat(99_999) });
  await symlink(`${bench.room.dir}/outside`, `${entry}/tree/link`);
  await symlink(`${bench.room.dir}/outside/node_modules`, `${entry}/tree/target`);
  const meta = JSON.parse(await readFile(`${entry}/meta.json`, 'utf8')) as object;
  await writeFile(`${entry}/meta.json`, JSON.stringify({ ...meta, regenerable: [name, 'target/'] }));
  expect(await bench.data('clean', { env: { WT_TRASH_MAX_SIZE: '1KiB' } })).toMatchObject({ thinned: [] });
  await settled(bench);
  expect(await readdir(`${bench.room.dir}/outside/node_modules`)).toEqual(['big.bin']);
  expect(await readdir(`${entry}/tree/node_modules`)).toEqual(['big.bin']);
});

test('folders without write permission go, links are not followed, and a file that lies elsewhere too keeps its mode', async () => {
  const bench = await makeBench();
  const op = await makeRemoved(bench, 'a');
  const tree = `${bench.root}/.git/wt/trash/${op}/tree/node_modules`;
  await bench.room.write(`${bench.room.dir}/store`, { shared: 'shared\n', 'sub/kept': 'kept\n' });
  await chmod(`${bench.room.dir}/store/shared`, 0o444);
  await mkdir(`${tree}/ro/deep`, { recursive: true });
  await link(`${bench.room.dir}/store/shared`, `${tree}/ro/deep/shared`);
  await symlink(`${bench.room.dir}/store/sub`, `${tree}/ro/deep/sub`);
  await chmod(`${bench.room.dir}/store/sub`, 0o500);
  await chmod(`${tree}/ro/deep`, 0o000);
  await chmod(`${tree}/ro`, 0o500);
  await bench.wt('clean', inDays(20));
  await settled(bench);
  expect(await trashOf(bench)).toEqual([]);
  expect((await lstat(`${bench.room.dir}/store/shared`)).mode & 0o777).toBe(0o444);
  expect((await lstat(`${bench.room.dir}/store/sub`)).mode & 0o777).toBe(0o500);
  expect(await readdir(`${bench.room.dir}/store/sub`)).toEqual(['kept']);
});

test('a deletion that was interrupted is taken up by the next clean', async () => {
  const bench = await makeBench();
  const op = await makeRemoved(bench, 'a');
  await rename(`${bench.root}/.git/wt/trash/${op}`, `${bench.root}/.git/wt/trash/purge-${op}`);
  expect((await bench.data<{ trash: object[] }>('restore', '--list')).trash).toEqual([]);
  expect(await bench.data('clean')).toMatchObject({ expired: [], thinned: [] });
  await settled(bench);
  expect(await bench.git('for-each-ref', 'refs/wt')).toBe('');
});

test('a mount inside an entry holds it, and what is mounted is untouched', async ({ skip }) => {
  const bench = await makeBench();
  const op = await makeRemoved(bench, 'a');
  const entry = `${bench.root}/.git/wt/trash/${op}`;
  const host = `${bench.room.dir}/host`;
  await bench.room.write(host, { 'mine.txt': 'mine\n' });
  await mkdir(`${entry}/tree/mnt`);
  const script = 'mount --bind "$1" "$2" || exit 99; cd "$3"; WT_TRASH_KEEP=0s "$4" "$5" clean --json';
  const { exitCode, stdout } = await execa(
    'unshare',
    [
      '--map-root-user',
      '--mount',
      'sh',
      '-c',
      script,
      'sh',
      host,
      `${entry}/tree/mnt`,
      bench.root,
      process.execPath,
      PROGRAM,
    ],
    { env: bench.room.env as Record<string, string>, extendEnv: false, reject: false },
  );
  if (exitCode === 99 || exitCode === 1 || exitCode === undefined)
    skip('this machine lets nobody here mount anything (unshare --map-root-user --mount)');
  expect(JSON.parse(stdout)).toMatchObject({ ok: true, data: { expired: [], thinned: [] } });
  expect(await readFile(`${host}/mine.txt`, 'utf8')).toBe('mine\n');
  expect((await bench.wt('restore', 'a')).code).toBe(0);
});

test('commits that an undo took a branch back from are kept as long as the trash', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await bench.room.write(bench.at('a'), { x: 'x\n' });
  await bench.wt('commit', 'a', '-m', 'x');
  await bench.wt('undo');
  const count = async (): Promise<number> =>
    (await bench.git('for-each-ref', 'refs/wt/rewound')).split('\n').filter(Boolean).length;
  await bench.wt('clean', inDays(13));
  expect(await count()).toBe(1);
  await bench.wt('clean', '--dry-run', inDays(15));
  expect(await count()).toBe(1);
  await bench.wt('clean', inDays(15));
  expect(await count()).toBe(0);
});

test('the personal file sets the limits, with comments; the variables go above it', async () => {
  const bench = await makeBench();
  await makeRemoved(bench, 'a');
  await bench.room.write(`${bench.room.dir}/.config/wt`, {
    'config.jsonc': '{\n  // not long\n  "trash": { "keep": "2d", "regenerable": [] },\n}\n',
  });
  const planned = async (stage: Stage): Promise<unknown[]> => [
    ...(await bench.data<Cleaned>('clean', '--dry-run', stage)).expired,
    ...(await bench.data<Cleaned>('clean', '--dry-run', stage)).thinned,
  ];
  expect(await planned(inDays(3))).toMatchObject([{ id: 'a', reason: 'age' }]);
  expect(await planned({ ...inDays(3), env: { WT_TRASH_KEEP: '4w' } })).toEqual([]);
  expect(await planned({ env: { WT_TRASH_MAX_SIZE: '1KiB' } })).toEqual([]);
  expect(await planned({ ...inDays(1.5), env: { WT_TRASH_MAX_SIZE: '1KiB' } })).toMatchObject([{ reason: 'size' }]);
  const { trash } = await bench.data<{ trash: { removedAt: string; until: string }[] }>('restore', '--list');
  expect(Date.parse(trash[0]?.until ?? '') - Date.parse(trash[0]?.removedAt ?? '')).toBe(2 * DAY);
});

test('a configuration that is wrong stops clean before anything is done, with line, column and the near name', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'b');
  await bench.work('b', { b: 'b\n' });
  await bench.wt('merge', 'b', '--yes');
  await bench.room.write(`${bench.room.dir}/.config/wt`, {
    'config.jsonc': '{\n  "trash": {\n    "kep": "2d"\n  }\n}\n',
  });
  const before = await picture(bench);
  expect(await failure(bench, 'clean')).toMatchObject({
    code: 'config.invalid',
    exit: 2,
    changed: false,
    message: expect.stringMatching(/config\.jsonc:3:5: unknown key "trash\.kep"; did you mean keep\?/),
  });
  expect(await picture(bench)).toEqual(before);
  // What does not need it works on.
  expect((await bench.wt('remove', 'b')).code).toBe(0);
  expect((await bench.wt('restore', 'b')).code).toBe(0);
});
