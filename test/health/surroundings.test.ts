import { chmod, lstat, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { judgeSpace } from '#src/health/surroundings.ts';
import { doctor, expectMended, names, only } from '../support/health.ts';
import { listing } from '../support/listing.ts';
import { makeBench, type Bench } from '../support/wt.ts';

async function makePlace(): Promise<Bench> {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  return bench;
}

const GB = 1_000_000_000;

test.each([
  [0.9, 10, true],
  [1.1, 10, false],
  [1.1, 100, true],
  [19, 1000, true],
  [21, 4000, false],
  [50, 100, false],
])('%s GB free of %s GB is nearly full: %s', (free, total, isLow) => {
  const finding = judgeSpace('/x', { freeBytes: free * GB, totalBytes: total * GB });
  expect(finding === undefined ? undefined : finding.severity).toBe(isLow ? 'warning' : undefined);
});

test('a disk that cannot be asked is no finding', () => {
  expect(judgeSpace('/x', undefined)).toBeUndefined();
  expect(judgeSpace('/x', { freeBytes: 0, totalBytes: 0 })).toBeUndefined();
});

test('/.worktrees/ comes back into info/exclude, behind what is there', async () => {
  const bench = await makePlace();
  const file = `${bench.root}/.git/info/exclude`;
  await writeFile(file, '# mine\n*.swp');
  expect(await bench.git('status', '--porcelain')).toContain('.worktrees');
  await expectMended(bench, 'exclude.missing');
  expect(await readFile(file, 'utf8')).toBe('# mine\n*.swp\n/.worktrees/\n');
  expect(await bench.git('status', '--porcelain')).toBe('');
});

test("permissions of others on wt's own files are taken away, and on nothing else", async () => {
  const bench = await makePlace();
  await bench.work('a', { 'x.txt': 'x\n' });
  await bench.data('remove', 'a', '--force');
  await bench.wt('create', 'b');
  const state = `${bench.root}/.git/wt`;
  for (const place of [state, `${state}/trash`, `${state}/journal`]) await chmod(place, 0o755);
  for (const place of [`${state}/events.jsonl`, `${bench.root}/.worktrees/sessions.json`]) await chmod(place, 0o664);
  const others = await listing(bench.root, /^\.git\/wt|sessions\.json$/);
  const kept = await listing(`${state}/trash`);
  await expectMended(bench, 'state.open');
  expect((await lstat(state)).mode & 0o777).toBe(0o700);
  expect((await lstat(`${bench.root}/.worktrees/sessions.json`)).mode & 0o777).toBe(0o600);
  expect(await listing(bench.root, /^\.git\/wt|sessions\.json$/)).toEqual(others);
  expect(await listing(`${state}/trash`)).toEqual(kept);
});

async function plant(bench: Bench, folder: string, text = '#!/bin/sh\n'): Promise<string> {
  await mkdir(folder, { recursive: true });
  await writeFile(`${folder}/wt`, text);
  await chmod(`${folder}/wt`, 0o755);
  return `${folder}${path.delimiter}${bench.room.env['PATH']}`;
}

test('another program called wt that comes first on PATH is a note that names both', async () => {
  const bench = await makePlace();
  const PATH = await plant(bench, `${bench.room.dir}/other`);
  const finding = await only(bench, 'program.shadowed', { env: { PATH } });
  expect(finding.severity).toBe('info');
  expect(finding.message).toContain(`${bench.room.dir}/other/wt`);
  expect(finding.message).toContain(`${bench.room.dir}/wt.js`);
  expect(finding.does).toContain('git wt');
});

test('a link to this program, and a script that starts it, are this program', async () => {
  const bench = await makePlace();
  await writeFile(`${bench.room.dir}/wt.js`, '');
  await chmod(`${bench.room.dir}/wt.js`, 0o755);
  await mkdir(`${bench.room.dir}/bin`);
  await symlink(`${bench.room.dir}/wt.js`, `${bench.room.dir}/bin/wt`);
  const script = await plant(bench, `${bench.room.dir}/shims`, `#!/bin/sh\nexec node ${bench.room.dir}/wt.js "$@"\n`);
  for (const PATH of [`${bench.room.dir}/bin${path.delimiter}${bench.room.env['PATH']}`, script])
    expect(names((await doctor(bench, { env: { PATH } })).findings)).toEqual([]);
});
