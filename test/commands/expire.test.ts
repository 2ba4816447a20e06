import { execa } from 'execa';
import {
  appendFile,
  chmod,
  link,
  lstat,
  mkdir,
  readdir,
  readFile,
  rename,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { failure, leftovers, picture } from '../support/listing.ts';
import { CANNOT_MOUNT, runMounted } from '../support/mount.ts';
import { until } from '../support/spawn.ts';
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

/** What is over its time goes on the word of two clean, a day apart. */
async function cleanTwice(bench: Bench, days: number, env: Stage['env'] = {}): Promise<Cleaned> {
  await bench.data<Cleaned>('clean', { ...inDays(days - 1.01), env });
  return bench.data<Cleaned>('clean', { ...inDays(days), env });
}

/** A limit that one folder of the only entry is to go for. */
async function justTooSmall(bench: Bench): Promise<Stage['env'] & object> {
  const { trash } = await bench.data<{ trash: { sizeBytes: number }[] }>('restore', '--list');
  return { WT_TRASH_MAX_SIZE: `${Math.floor((trash[0]?.sizeBytes ?? 0) / 1024) - 1}KiB` };
}

const refsOfWt = (bench: Bench): Promise<string> => bench.git('for-each-ref', '--format=%(refname)', 'refs/wt');
const folderOf = ({ root }: Bench, op: string): string => `${root}/.git/wt/trash/${op}`;
const NOW_OR_NEVER = { env: { WT_TRASH_KEEP: '0s' } };

async function changeMeta(bench: Bench, op: string, changes: object): Promise<void> {
  const file = `${folderOf(bench, op)}/meta.json`;
  const meta = JSON.parse(await readFile(file, 'utf8')) as object;
  await writeFile(file, JSON.stringify({ ...meta, ...changes }));
}

/** What every journal entry has, of a process of another machine: nobody here knows whether it lives. */
const commonOf = (op: string): object => ({
  op,
  owner: { pid: 1, start: '1', boot: 'there', pidns: null, host: 'elsewhere', nonce: 'n', fifo: null, command: 'wt' },
  generation: 1,
  startedAt: new Date().toISOString(),
});

/** What is deleted is deleted by a process that nobody waits for. */
const settled = (bench: Bench): Promise<void> =>
  until(async () => !(await trashOf(bench)).some((name) => name.startsWith('purge-')));

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
  const data = await cleanTwice(bench, 15.2);
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
  expect(await cleanTwice(bench, 13.9)).toMatchObject({ expired: [], thinned: [] });
  expect(await picture(bench)).toEqual(before);
  await bench.git('gc', '--quiet', '--prune=now');
  expect((await bench.wt('restore', 'a')).code).toBe(0);
});

test('--dry-run says what would go, and nothing goes', async () => {
  const bench = await makeBench();
  const op = await makeRemoved(bench, 'a');
  await bench.wt('clean', inDays(18));
  const before = await picture(bench);
  const { stdout } = await bench.wt('clean', '--dry-run', inDays(20));
  expect(stdout).toMatch(/^Would delete from the trash: a of \d{4}-\d\d-\d\d, .* \(older than trash\.keep\)$/m);
  expect(await picture(bench)).toEqual(before);
  expect(await trashOf(bench)).toEqual([op]);
});

test('over trash.maxSize the folders that a build makes again go, and a restore says that they are missing', async () => {
  const bench = await makeBench();
  const op = await makeRemoved(bench, 'a');
  const env = { WT_TRASH_MAX_SIZE: '100KiB' };
  expect(await bench.data<Cleaned>('clean', { env })).toMatchObject({ thinned: [] });
  await bench.wt('clean', { ...inDays(1.5), env });
  const { stdout } = await bench.wt('clean', { ...inDays(3), env });
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
  const { expired } = await cleanTwice(bench, 3, env);
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
  expect((await cleanTwice(bench, 20)).expired).toMatchObject([{ id: null, reason: 'age' }]);
  await settled(bench);
  expect(await trashOf(bench)).toEqual([]);
});

test('an entry whose description cannot be read takes its pins along', async () => {
  const bench = await makeBench();
  const op = await makeRemoved(bench, 'a');
  await writeFile(`${bench.root}/.git/wt/trash/${op}/meta.json`, '{');
  const folder = `${bench.root}/.git/wt/trash/${op}`;
  await utimes(folder, 0, 0);
  expect((await cleanTwice(bench, 2)).expired).toMatchObject([{ id: null, trash: op }]);
  await settled(bench);
  expect(await bench.git('for-each-ref', 'refs/wt')).toBe('');
});

test('a repository inside such a folder is not deleted, and nobody is told that it was', async () => {
  const bench = await makeBench();
  await bench.room.write(path.join(bench.root, '.git/info'), { exclude: '/.worktrees/\nnode_modules/\n' });
  await bench.wt('create', 'a');
  await bench.room.repo('app/.worktrees/a/node_modules/linked/deep', { 'mine.txt': 'mine\n' });
  await bench.wt('remove', 'a', '--force');
  expect(await cleanTwice(bench, 3, await justTooSmall(bench))).toMatchObject({ expired: [], thinned: [] });
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
  expect(await cleanTwice(bench, 3, await justTooSmall(bench))).toMatchObject({ expired: [], thinned: [] });
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
  await cleanTwice(bench, 20);
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
  const argv = ['clean', '--json'];
  const mounted = await runMounted(bench, { from: host, on: `${entry}/tree/mnt` }, argv, NOW_OR_NEVER.env);
  if (mounted === undefined) return skip(CANNOT_MOUNT);
  expect(JSON.parse(mounted.stdout)).toMatchObject({ ok: true, data: { expired: [], thinned: [] } });
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
  await cleanTwice(bench, 13);
  expect(await count()).toBe(1);
  await bench.wt('clean', inDays(15));
  expect(await count()).toBe(1);
  await bench.wt('clean', '--dry-run', inDays(17));
  expect(await count()).toBe(1);
  await bench.wt('clean', inDays(17));
  expect(await count()).toBe(0);
});

test('the personal file sets the limits, with comments; the variables go above it', async () => {
  const bench = await makeBench();
  await makeRemoved(bench, 'a');
  await bench.room.write(`${bench.room.dir}/.config/wt`, {
    'config.jsonc': '{\n  // not long\n  "trash": { "keep": "2d", "regenerable": [] },\n}\n',
  });
  const planned = async (stage: Stage): Promise<unknown[]> => {
    const { expired, thinned } = await bench.data<Cleaned>('clean', '--dry-run', stage);
    return [...expired, ...thinned];
  };
  await bench.wt('clean', inDays(2.5));
  expect(await planned(inDays(4))).toMatchObject([{ id: 'a', reason: 'age' }]);
  expect(await planned({ ...inDays(4), env: { WT_TRASH_KEEP: '4w' } })).toEqual([]);
  expect(await planned({ env: { WT_TRASH_MAX_SIZE: '1KiB' } })).toEqual([]);
  const env = { WT_TRASH_KEEP: '4w', WT_TRASH_MAX_SIZE: '1KiB' };
  expect(await planned({ ...inDays(4), env })).toMatchObject([{ reason: 'size' }]);
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
  // What does not need it works on: a removal needs to know of a teardown.
  expect((await failure(bench, 'remove', 'b')).code).toBe('config.invalid');
  expect((await bench.wt('remove', 'b', '--no-hooks')).code).toBe(0);
  expect((await bench.wt('restore', 'b')).code).toBe(0);
});

test('what is being deleted is no session any more, by whatever name', async () => {
  const bench = await makeBench();
  const op = await makeRemoved(bench, 'a');
  await rename(folderOf(bench, op), folderOf(bench, `purge-${op}`));
  for (const what of ['a', `purge-${op}`, 'purge-', op.slice(0, 8)])
    expect(await failure(bench, 'restore', what)).toMatchObject({ code: 'session.not-found' });
  expect((await failure(bench, 'undo')).code).toBe('session.not-found');
  expect((await bench.wt('list', '--all')).stdout).not.toContain(op.slice(0, 8));
  const shown = await failure(bench, 'show', 'a');
  expect(shown).toMatchObject({ code: 'session.not-found', details: { trash: null } });
});

test('a clock that is wrong once lets nothing go, not even twice within a day', async () => {
  const bench = await makeBench();
  const op = await makeRemoved(bench, 'a');
  const env = { WT_TRASH_MAX_SIZE: '1KiB' };
  await bench.wt('clean');
  for (const days of [4000, 4000.5, 0.2, 4000, 0.4, 4000])
    expect(await bench.data('clean', { ...inDays(days), env })).toMatchObject({ expired: [], thinned: [] });
  expect((await bench.wt('clean', { ...inDays(4000), env })).stdout).toContain('over its time');
  expect(await trashOf(bench)).toEqual([op]);
  expect((await bench.wt('restore', 'a')).stderr).toBe('');
});

test.for([
  ['before the session was made', -DAY],
  ['in the future', 9000 * DAY],
])('an entry that says it was removed %s is never let go', async ([, offset]) => {
  const bench = await makeBench();
  const op = await makeRemoved(bench, 'a');
  await changeMeta(bench, op, { at: new Date(Date.now() + Number(offset)).toISOString() });
  const env = { WT_TRASH_MAX_SIZE: '1KiB' };
  expect(await cleanTwice(bench, 40, env)).toMatchObject({ expired: [], thinned: [] });
  expect(await bench.data('clean', NOW_OR_NEVER)).toMatchObject({ expired: [] });
  expect(await trashOf(bench)).toEqual([op]);
});

test('folders that may hold what somebody wrote by hand go only when they are named', async () => {
  const bench = await makeBench();
  await bench.room.write(path.join(bench.root, '.git/info'), { exclude: '/.worktrees/\nbuild/\n' });
  await bench.wt('create', 'a');
  await bench.room.write(bench.at('a'), { 'build/big.bin': 'x'.repeat(200_000) });
  await bench.wt('remove', 'a', '--force');
  const env = { WT_TRASH_MAX_SIZE: '150KiB' };
  await bench.wt('clean', { ...inDays(2), env });
  const thinnedIn = async (): Promise<unknown> =>
    (await bench.data<Cleaned>('clean', '--dry-run', { ...inDays(3.5), env })).thinned;
  expect(await thinnedIn()).toEqual([]);
  await bench.room.write(`${bench.room.dir}/.config/wt`, {
    'config.jsonc': '{ "trash": { "regenerable": ["build"] } }',
  });
  expect(await thinnedIn()).toMatchObject([{ id: 'a', paths: ['build/'] }]);
});

test('undo says too what is not there any more', async () => {
  const bench = await makeBench();
  await makeRemoved(bench, 'a');
  expect((await cleanTwice(bench, 3, { WT_TRASH_MAX_SIZE: '100KiB' })).thinned).toHaveLength(1);
  expect((await bench.wt('undo')).stderr).toBe('! a: not kept, to make room, and to be built again: node_modules/\n');
});

test('a bare repository inside such a folder is not deleted', async () => {
  const bench = await makeBench();
  await bench.room.write(path.join(bench.root, '.git/info'), { exclude: '/.worktrees/\nnode_modules/\n' });
  await bench.wt('create', 'a');
  const place = 'node_modules/cache/mine';
  await mkdir(`${bench.at('a')}/${place}`, { recursive: true });
  await bench.room.git(`${bench.at('a')}/${place}`, 'init', '-q', '--bare');
  await bench.wt('remove', 'a', '--force');
  expect(await cleanTwice(bench, 3, await justTooSmall(bench))).toMatchObject({ expired: [], thinned: [] });
  await bench.wt('restore', 'a');
  expect(await readdir(`${bench.at('a')}/${place}`)).toContain('HEAD');
});

test('what an open journal entry names stays', async () => {
  const bench = await makeBench();
  const [a, b] = [await makeRemoved(bench, 'a'), await makeRemoved(bench, 'b')];
  const c = '00000000-0000-4000-8000-00000000000c';
  await mkdir(`${folderOf(bench, c)}/changes`, { recursive: true });
  const journal = `${bench.root}/.git/wt/journal`;
  const open = async (op: string, entry: object): Promise<void> =>
    bench.room.write(journal, {
      [`${op}.json`]: JSON.stringify({ ...commonOf(op), ...entry }),
    });
  await open('00000000-0000-4000-8000-000000000001', { kind: 'expire', id: 'a', trash: a });
  await open('00000000-0000-4000-8000-000000000002', {
    kind: 'sweep',
    id: 'c',
    worktree: bench.root,
    gitDir: `${bench.root}/.git`,
    keep: `${folderOf(bench, c)}/changes`,
    phase: 'move',
  });
  expect((await bench.data<Cleaned>('clean', NOW_OR_NEVER)).expired).toMatchObject([{ trash: b }]);
  await settled(bench);
  expect(await trashOf(bench)).toEqual([c, a].toSorted((x, y) => x.localeCompare(y)));
  expect(await refsOfWt(bench)).toContain(a);
  expect(await refsOfWt(bench)).not.toContain(b);
});

test('many go together: one transaction of refs for all of them', async () => {
  const bench = await makeBench();
  const op = await makeRemoved(bench, 'a');
  const head = await bench.git('rev-parse', 'HEAD');
  const names = Array.from({ length: 119 }, (_, i) => `10000000-0000-4000-8000-${String(i).padStart(12, '0')}`);
  const meta = JSON.parse(await readFile(`${folderOf(bench, op)}/meta.json`, 'utf8')) as object;
  for (const name of names)
    await bench.room.write(folderOf(bench, name), {
      'meta.json': JSON.stringify({ ...meta, op: name }),
      'tree/x': '',
    });
  const creations = names.map((name) => `create refs/wt/trash/a/${name}/head ${head}\n`).join('');
  await execa('git', ['update-ref', '--stdin'], { cwd: bench.root, input: creations });
  const trace = `${bench.room.dir}/trace`;
  const { expired } = await bench.data<Cleaned>('clean', { env: { WT_TRASH_KEEP: '0s', GIT_TRACE: trace } });
  expect(expired).toHaveLength(120);
  const calls = (await readFile(trace, 'utf8').catch(() => ''))
    .split('\n')
    .filter((line) => /built-in: git update-ref/.test(line));
  expect(calls.length).toBeGreaterThan(0);
  expect(calls.length).toBeLessThan(6);
  await settled(bench);
  expect(await trashOf(bench)).toEqual([]);
  expect(await refsOfWt(bench)).toBe('');
  expect(await leftovers(bench.root)).toEqual([]);
});

test('commits taken back go by their age also when hundreds of operations have come since', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await bench.room.write(bench.at('a'), { x: 'x\n' });
  await bench.wt('commit', 'a', '-m', 'x');
  await bench.wt('undo');
  const file = `${bench.root}/.git/wt/logs/operations.jsonl`;
  const first = (await readFile(file, 'utf8')).split('\n')[0] ?? '';
  const others = Array.from({ length: 2000 }, (_, i) =>
    first.replace(/"op":"[^"]{36}"/, `"op":"20000000-0000-4000-8000-${String(i).padStart(12, '0')}"`),
  );
  await appendFile(file, `${others.join('\n')}\n`);
  expect(await refsOfWt(bench)).toContain('refs/wt/rewound/');
  await cleanTwice(bench, 20);
  expect(await refsOfWt(bench)).toBe('');
});

test('when the trash cannot be cleared, what was removed before is told all the same', async () => {
  const bench = await makeBench();
  const op = await makeRemoved(bench, 'a');
  await bench.wt('create', 'b');
  await bench.work('b', { b: 'b\n' });
  await bench.wt('merge', 'b', '--yes');
  // A folder is in the way of the one that is renamed aside.
  await bench.room.write(folderOf(bench, `purge-${op}`), { 'in/the/way': '' });
  const { code, raw } = await bench.wt('--json', 'clean', NOW_OR_NEVER);
  expect({ code, answer: JSON.parse(raw) as unknown }).toMatchObject({
    code: 0,
    answer: { ok: true, data: { removed: [{ id: 'b' }] }, warnings: [expect.stringContaining('trash')] },
  });
  expect(await readdir(folderOf(bench, op))).toContain('meta.json');
});
