import { execFileSync, spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { expect, onTestFinished, test } from 'vitest';
import { failure } from '../support/listing.ts';
import { runAll } from '../support/spawn.ts';
import { makeBench, type Bench } from '../support/wt.ts';

const makeWith = (config: unknown): Promise<Bench> =>
  makeBench({ 'README.md': 'hello\n', 'wt.config.jsonc': JSON.stringify(config) });

test('one session more than limits.sessions is refused with the number, the key, who says so and what would help', async () => {
  const bench = await makeWith({ limits: { sessions: 2 } });
  await bench.wt('create', 'a');
  await bench.wt('create', 'b');
  await bench.work('a', { 'a.txt': 'a\n' });
  const branches = await bench.git('branch', '--list');
  const registry = await readFile(`${bench.root}/.worktrees/sessions.json`, 'utf8');
  expect(await failure(bench, 'create', 'c')).toMatchObject({
    code: 'limit.reached',
    exit: 4,
    changed: false,
    details: {
      limit: 'limits.sessions',
      allowed: 2,
      found: 2,
      origin: `${bench.root}/wt.config.jsonc`,
      cleanable: { ids: [] },
    },
    fix: ['wt', 'list'],
  });
  expect(await bench.git('branch', '--list')).toBe(branches);
  expect(await readFile(`${bench.root}/.worktrees/sessions.json`, 'utf8')).toBe(registry);

  await bench.wt('merge', 'a', '--yes');
  const { stderr } = await bench.wt('create', 'c');
  expect(stderr).toMatch(
    /^error: there are 2 sessions, and limits\.sessions allows 2 \(\$ROOM\/app\/wt\.config\.jsonc\)\n/,
  );
  expect(stderr).toMatch(/wt clean would move 1 session \(\d+.* kB\) into the trash: a\n/);
  expect(await failure(bench, 'create', 'c', '--dry-run')).toMatchObject({
    code: 'limit.reached',
    fix: ['wt', 'clean'],
  });
  await bench.wt('clean');
  expect((await bench.wt('create', 'c')).code).toBe(0);
});

test('a session that is there is given back whatever the limits are', async () => {
  const bench = await makeWith({ limits: { sessions: 1 } });
  await bench.wt('create', 'a');
  expect((await bench.wt('create', 'a', '--reuse')).code).toBe(0);
  expect(await failure(bench, 'create', 'a')).toMatchObject({ code: 'session.exists' });
});

test('creates at once never get over the limit', async () => {
  const bench = await makeWith({ limits: { sessions: 3 } });
  const calls = Array.from({ length: 8 }, (_, i) => ['create', `s${i}`]);
  const codes = (await runAll(bench.room, bench.root, calls)).map(({ code }) => code);
  expect(codes.toSorted((a, b) => a - b)).toEqual([0, 0, 0, 4, 4, 4, 4, 4]);
});

test('finished sessions that nobody has landed are limited; landed, failed and overtaken ones do not count', async () => {
  const bench = await makeWith({ limits: { unreviewed: 2 } });
  for (const id of ['a', 'b', 'c', 'd']) {
    await bench.wt('create', id);
    await bench.work(id, { [`${id}.txt`]: `${id}\n` });
  }
  await bench.wt('done', 'a');
  await bench.wt('done', 'b', '--fail');
  await bench.wt('done', 'c');
  await bench.work('c', { 'c.txt': 'more\n' });
  expect((await bench.wt('create', 'e')).code).toBe(0);
  await bench.wt('approve', 'd', '--yes');
  expect(await failure(bench, 'create', 'f')).toMatchObject({
    code: 'limit.reached',
    details: { limit: 'limits.unreviewed', allowed: 2, found: 2, ids: ['a', 'd'] },
    fix: ['wt', 'merge', 'a'],
  });
  await bench.wt('merge', 'a', '--yes');
  expect((await bench.wt('create', 'f')).code).toBe(0);
});

test.each([
  ['WT_LIMITS_MIN_FREE_DISK', '900TB', 'limits.minFreeDisk'],
  ['WT_LIMITS_MIN_FREE_INODES', '999999999999', 'limits.minFreeInodes'],
])('%s=%s refuses, and names the variable', async (name, value, limit) => {
  const bench = await makeBench();
  const { code, details } = await failure(bench, 'create', 'a', { env: { [name]: value } });
  expect({ code, limit: details['limit'], origin: details['origin'] }).toEqual({
    code: 'disk.low',
    limit,
    origin: name,
  });
  expect(details['needed']).toBe(limit === 'limits.minFreeInodes' ? 1 : 4096);
});

test('what is copied outright counts, a wildcard does not', async () => {
  const bench = await makeBench({ 'README.md': 'hello\n', '.gitignore': 'data/\n' });
  await bench.write({ 'data/big': 'x'.repeat(100_000) });
  const config = `${bench.room.dir}/.config/wt/config.jsonc`;
  const needed = async (copy: string): Promise<number> => {
    await bench.room.write(bench.room.dir, { '.config/wt/config.jsonc': JSON.stringify({ setup: { copy: [copy] } }) });
    const { details } = await failure(bench, 'create', 'a', { env: { WT_LIMITS_MIN_FREE_DISK: '900TB' } });
    return Number(details['needed']);
  };
  const bare = await needed('d*');
  expect((await needed('/data/')) - bare).toBeGreaterThanOrEqual(100_000);
  expect(await readFile(config, 'utf8')).toContain('data');
});

test('no limit costs a git process', async () => {
  const bench = await makeBench();
  const { git } = await bench.wt('create', 'a');
  const limited = await makeWith({ limits: { sessions: 9, minFreeDisk: '1MB' }, ports: ['web', 'db'] });
  expect((await limited.wt('create', 'a')).git.length).toBe(git.length);
});

const isRoot = process.getuid?.() === 0;
const canMount =
  isRoot && spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', '/mnt'], { stdio: 'ignore' }).status === 0;

test.skipIf(!canMount)('a disk that is nearly full refuses before anything is written', async () => {
  const bench = await makeBench();
  const root = `${bench.room.dir}/small`;
  execFileSync('mkdir', [root]);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=32m,mode=755', 'none', root]);
  onTestFinished(() => void execFileSync('umount', ['-l', root]));
  execFileSync('git', ['-C', root, 'init', '-q', '-b', 'main'], { env: bench.room.env });
  await bench.room.write(root, { 'big.bin': 'x'.repeat(10_000_000) });
  await bench.room.git(root, 'add', '-A');
  await bench.room.git(root, 'commit', '-qm', 'first');
  const small = (keep: string): Promise<{ code: number }> =>
    bench.wt('create', 'a', { cwd: root, env: { WT_LIMITS_MIN_FREE_DISK: keep, WT_LIMITS_MIN_FREE_INODES: '1' } });
  expect((await small('20MB')).code).toBe(4);
  expect((await small('5MB')).code).toBe(0);
});
