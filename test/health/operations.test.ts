import { mkdir, readFile, readlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { expect, test } from 'vitest';
import { doctor, expectFixWorks, expectMended, names, only } from '../support/health.ts';
import { expectInvariants, listJournalFiles, rememberWork } from '../support/invariants.ts';
import { listing } from '../support/listing.ts';
import { makeBench, type Bench } from '../support/wt.ts';

const OP = '00000000-0000-4000-8000-000000000000';

/** Leaves the repository as a `wt create s` that was killed before it checked the files out. */
async function leaveCreate({ root, git }: Bench, owner: object = {}): Promise<void> {
  const entry = {
    op: OP,
    kind: 'create',
    owner: {
      pid: 4_194_303,
      start: '1',
      boot: (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim(),
      pidns: await readlink('/proc/self/ns/pid'),
      host: hostname(),
      nonce: 'dead',
      fifo: null,
      command: 'wt create s',
      ...owner,
    },
    generation: 1,
    startedAt: new Date(Date.now() - 5000).toISOString(),
    id: 's',
    branch: 'wt/s',
    commit: await git('rev-parse', 'HEAD'),
    createsBranch: true,
    path: `${root}/.worktrees/s`,
  };
  await mkdir(`${root}/.git/wt/journal`, { recursive: true });
  await writeFile(`${root}/.git/wt/journal/${OP}.json`, JSON.stringify(entry), { mode: 0o600 });
  await git('-c', 'core.logAllRefUpdates=false', 'branch', 'wt/s');
  await git('worktree', 'add', '-q', '--no-checkout', '--lock', '--reason', `wt:${OP}`, '.worktrees/s', 'wt/s');
}

test('an interrupted create is reported and left alone; --fix settles it and nothing is lost', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'other');
  const before = await rememberWork(bench);
  await leaveCreate(bench);
  const still = await listing(bench.root);
  expect(names((await doctor(bench)).findings)).toEqual(['operation.open s']);
  expect(await listing(bench.root)).toEqual(still);
  await expectMended(bench, 'operation.open s');
  await expectInvariants(bench, before);
  expect(await bench.git('branch', '--list', 'wt/s')).toBe('');
});

test('the half-made record of an interrupted create is left to its own recovery', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'other');
  await leaveCreate(bench);
  await writeFile(`${bench.root}/.git/worktrees/s/HEAD`, '');
  expect(names((await doctor(bench)).findings)).toEqual(['operation.open s']);
  await expectMended(bench, 'operation.open s');
});

test('the record of an operation that cannot be read goes aside by hand', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  const file = `${bench.root}/.git/wt/journal/x.json`;
  await mkdir(`${bench.root}/.git/wt/journal`, { recursive: true });
  await writeFile(file, '{', { mode: 0o600 });
  expect(await only(bench, 'operation.unreadable')).toMatchObject({ severity: 'warning', automatic: false });
  expect((await doctor(bench, '--fix')).fixed).toEqual([]);
  await expectFixWorks(bench, 'operation.unreadable');
  expect(await readFile(`${file}.unreadable`, 'utf8')).toBe('{');
});

test('an operation on another machine is a note and left to it', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await leaveCreate(bench, { host: 'far', boot: 'other' });
  const { code, findings } = await doctor(bench, '--fix');
  expect({ code, found: names(findings) }).toEqual({ code: 0, found: ['operation.elsewhere s'] });
  expect(await listJournalFiles(bench)).toEqual([`${OP}.json`]);
});

test('an operation that cannot be settled says why, and its record goes aside by hand', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await leaveCreate(bench);
  const file = `${bench.root}/.git/wt/journal/${OP}.json`;
  await writeFile(file, (await readFile(file, 'utf8')).replace('.worktrees/s"', 'not-a-session"'));
  const still = await listing(bench.root, /^\.git\/wt\/(?:lock|events)/);
  for (const argv of [['--fix'], ['--fix'], []]) {
    const finding = await only(bench, 'operation.open', ...argv);
    expect(finding).toMatchObject({ automatic: false, trouble: expect.stringContaining('path.unsafe') });
    expect(finding.fix).toEqual(['mv', file, `${file}.aside`]);
    expect(finding.does).toContain(`git -C ${bench.root} status`);
  }
  expect((await bench.wt('doctor', '--fix', { columns: 80 })).stdout).not.toContain('mends');
  expect(await listing(bench.root, /^\.git\/wt\/(?:lock|events)/)).toEqual(still);
  await expectFixWorks(bench, 'operation.open');
  expect(await readFile(`${file}.aside`, 'utf8')).toContain(OP);
  expect((await bench.wt('doctor', '--fix')).stderr).toBe('');
});

test('one that could not be settled is tried again, and mended once nothing is in its way', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await leaveCreate(bench);
  const file = `${bench.root}/.git/wt/journal/${OP}.json`;
  const whole = await readFile(file, 'utf8');
  await writeFile(file, whole.replace('.worktrees/s"', 'not-a-session"'));
  expect((await doctor(bench, '--fix')).fixed).toEqual([]);
  await writeFile(file, whole);
  await expectMended(bench, 'operation.open s');
});

test('a session that was never finished and has no operation is taken away by hand', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  for (const file of [`${bench.root}/.worktrees/sessions.json`, `${bench.root}/.git/worktrees/a/wt.json`])
    await writeFile(file, (await readFile(file, 'utf8')).replace('"ready"', '"creating"'));
  expect(await only(bench, 'operation.lost')).toMatchObject({ session: 'a', severity: 'warning' });
  await expectFixWorks(bench, 'operation.lost');
});
