import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { configure, makeSetup } from '../../support/setup.ts';
import { exists } from '../../support/spawn.ts';
import { create, makeSpares, POOL, spareFolders, spareOf } from '../../support/spares.ts';
import { photograph } from '../../support/invariants.ts';
import { makeBench, type Bench } from '../../support/wt.ts';

interface Cleaned {
  readonly spares?: readonly { path: string; reason: string; freedBytes: number | null; kept: string | null }[];
}
const size = (wanted: number): { env: Record<string, string> } => ({ env: { WT_POOL_SIZE: String(wanted) } });

async function listTrash({ root }: Bench): Promise<readonly string[]> {
  const names = await readdir(path.join(root, '.git/wt/trash')).catch(() => []);
  return names.filter((name) => !name.startsWith('purge-'));
}

test('clean leaves spares that are wanted alone, and says nothing of them', async () => {
  const bench = await makeBench();
  await makeSpares(bench);
  const before = await spareFolders(bench);
  expect(await bench.data<Cleaned>('clean', POOL)).not.toHaveProperty('spares');
  expect(await spareFolders(bench)).toEqual(before);
});

test('clean takes away more than are wanted, with pool.size 0 all; nothing of them is kept', async () => {
  const bench = await makeSetup({ setup: { run: 'touch made.log' } });
  await makeSpares(bench, 3);
  const dry = await bench.data<Cleaned>('clean', '--dry-run', size(1));
  expect(dry.spares?.map(({ reason, kept }) => [reason, kept])).toEqual([
    ['surplus', null],
    ['surplus', null],
  ]);
  expect(await spareFolders(bench)).toHaveLength(3);
  const { spares } = await bench.data<Cleaned>('clean', size(1));
  expect(spares?.map(({ reason, freedBytes }) => [reason, (freedBytes ?? 0) > 0])).toEqual([
    ['surplus', true],
    ['surplus', true],
  ]);
  expect(await spareFolders(bench)).toHaveLength(1);
  const { stdout } = await bench.wt('clean');
  expect(stdout).toMatch(/Deleted the spare .*\.worktrees\/\.spare-.* \(more than pool\.size, /);
  expect(await spareFolders(bench)).toEqual([]);
  expect(await listTrash(bench)).toEqual([]);
});

test('one that is out of date goes', async () => {
  const bench = await makeSetup({ setup: { run: 'touch made.log' } });
  await makeSpares(bench);
  await configure(bench, { setup: { run: 'touch other.log' } });
  expect((await bench.data<Cleaned>('clean', POOL)).spares).toMatchObject([{ reason: 'stale', kept: null }]);
  expect(await listTrash(bench)).toEqual([]);
});

test('what somebody put beside the files of the set-up is kept, ignored by git or not', async () => {
  const bench = await makeSetup({ setup: { run: 'touch made.log' } });
  await makeSpares(bench);
  const spare = await spareOf(bench);
  await writeFile(path.join(spare, '.env'), 'SECRET=1\n');
  const { spares = [] } = await bench.data<Cleaned>('clean');
  expect(spares).toMatchObject([{ reason: 'changed' }]);
  expect(await readFile(path.join(spares[0]?.kept ?? '', 'tree/.env'), 'utf8')).toBe('SECRET=1\n');
});

test('one that was killed while it was made goes; what was put into it meanwhile is kept', async () => {
  const bench = await makeBench();
  await makeSpares(bench, 2);
  const [first = '', second = ''] = await spareFolders(bench);
  for (const name of [first, second]) {
    const admin = path.join(bench.root, '.git/wt', name.slice(1));
    await rm(path.join(admin, 'wt-spare.json'));
    await rm(path.join(admin, 'index'));
    await writeFile(path.join(admin, 'wt-making'), '');
  }
  const tree = path.join(bench.root, '.worktrees', first);
  await rm(path.join(tree, 'README.md')); // git was just writing
  await writeFile(path.join(bench.root, '.worktrees', second, 'mine.txt'), 'mine\n');
  const { spares = [] } = await bench.data<Cleaned>('clean', size(2));
  expect(spares.map(({ path: place, reason, kept }) => [path.basename(place), reason, kept !== null])).toEqual([
    [first, 'broken', false],
    [second, 'broken', true],
  ]);
  expect(await listTrash(bench)).toHaveLength(1);
});

test('a tree or an administrative folder alone goes', async () => {
  const bench = await makeBench();
  await makeSpares(bench, 2);
  const [first = '', second = ''] = await spareFolders(bench);
  await rm(path.join(bench.root, '.git/wt', first.slice(1)), { recursive: true });
  await rm(path.join(bench.root, '.worktrees', second), { recursive: true });
  const { spares = [] } = await bench.data<Cleaned>('clean', size(2));
  expect(spares.map(({ reason, kept }) => [reason, kept !== null])).toEqual([
    ['broken', true],
    ['broken', false],
  ]);
  expect((await makeSpares(bench)).includes('1 spares made')).toBe(true);
});

test('the next maker takes away what cannot be used, and makes what is missing', async () => {
  const bench = await makeBench();
  await makeSpares(bench);
  const spare = await spareOf(bench);
  await writeFile(path.join(spare, 'README.md'), 'mine\n');
  expect(await makeSpares(bench)).toBe('wt: 1 spares made\n');
  expect(await spareFolders(bench)).toHaveLength(1);
  expect(await exists(spare)).toBe(false);
  expect(await listTrash(bench)).toHaveLength(1);
  expect((await create(bench, 'a')).wasSpare).toBe(true);
});

test('no command sees a spare: not git, not list, not adopt, not doctor; du counts it', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  const before = await photograph(bench);
  const listed = await bench.data('list');
  await makeSpares(bench);
  expect(await photograph(bench)).toEqual(before);
  expect(await bench.data('list')).toEqual(listed);
  expect((await bench.wt('adopt', await spareOf(bench), '--as', 'x')).code).not.toBe(0);
  const { findings } = await bench.data<{ findings: { check: string }[] }>('doctor', POOL);
  expect(findings.filter(({ check }) => /spare|folder|worktree/.test(check))).toEqual([]);
  expect((await bench.data<{ sparesBytes: number }>('du')).sparesBytes).toBeGreaterThan(0);
  const plain = await makeBench();
  await plain.wt('create', 'a');
  expect((await plain.data<{ sparesBytes: number }>('du')).sparesBytes).toBe(0);
});

test('doctor names a spare that is broken or was worked in, and the command that takes it away', async () => {
  const bench = await makeBench();
  await makeSpares(bench, 2);
  const [first = '', second = ''] = await spareFolders(bench);
  await writeFile(path.join(bench.root, '.worktrees', first, 'mine.txt'), 'mine\n');
  await rm(path.join(bench.root, '.git/wt', second.slice(1), 'HEAD'));
  const { findings } = await bench.data<{ findings: { check: string; severity: string; fix: string[] }[] }>(
    'doctor',
    size(2),
  );
  expect(
    findings
      .filter(({ check }) => check.startsWith('spare.'))
      .map(({ check, severity, fix }) => [check, severity, fix]),
  ).toEqual([
    ['spare.changed', 'info', ['wt', 'clean']],
    ['spare.broken', 'info', ['wt', 'clean']],
  ]);
});

test('a spare is no session for a limit', async () => {
  const bench = await makeBench();
  await makeSpares(bench);
  const env = { WT_LIMITS_SESSIONS: '1', WT_POOL_SIZE: '1' };
  expect((await bench.wt('create', 'a', { env })).code).toBe(0);
  expect((await bench.wt('create', 'b', { env })).code).not.toBe(0);
});

test('a spare that is well is nothing for the doctor', async () => {
  const bench = await makeBench();
  await makeSpares(bench);
  expect(await bench.wt('doctor', POOL)).toMatchObject({ code: 0, stdout: expect.stringContaining('0 sessions') });
});
