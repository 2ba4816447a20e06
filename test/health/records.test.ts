import { mkdir, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { standIn } from '../support/built.ts';
import { doctor, expectFixWorks, expectMended, names, only } from '../support/health.ts';
import { photograph } from '../support/invariants.ts';
import { failure, listing } from '../support/listing.ts';
import { exists, start, until } from '../support/spawn.ts';
import { makeBench, type Bench } from '../support/wt.ts';

async function makePlace(): Promise<Bench> {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await bench.work('a', { 'work.txt': 'a\n' });
  await bench.room.write(bench.at('a'), { 'new.txt': 'new\n' });
  return bench;
}

const halfOf = ({ root }: Bench): string => `${root}/.git/worktrees/half`;

/** Every file of a folder, and the folder, as old as said. */
async function age(folder: string, seconds: number): Promise<void> {
  const then = new Date(Date.now() - seconds * 1000);
  for (const name of await readdir(folder)) await utimes(`${folder}/${name}`, then, then);
  await utimes(folder, then, then);
}

async function leaveHalf(bench: Bench, files: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(halfOf(bench), { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(`${halfOf(bench)}/${name}`, text);
}

const RESIDUES: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['nothing in it', {}],
  ['only the lock', { locked: 'initializing' }],
  ['no commondir', { locked: 'initializing', gitdir: '/nowhere/half/.git\n', HEAD: `${'0'.repeat(40)}\n` }],
  ['an empty commondir', { gitdir: '/nowhere/half/.git\n', HEAD: `${'0'.repeat(40)}\n`, commondir: '' }],
  ['a HEAD of zeros', { gitdir: '/nowhere/half/.git\n', HEAD: `${'0'.repeat(40)}\n`, commondir: '../..\n' }],
  ['an empty gitdir', { gitdir: '', commondir: '../..\n' }],
];

test.each(RESIDUES)('a record of a killed worktree add with %s goes into the trash', async (_, files) => {
  const bench = await makePlace();
  const before = await photograph(bench);
  await leaveHalf(bench, files);
  await age(halfOf(bench), 120);
  const kept = await listing(halfOf(bench));
  expect(await only(bench, 'worktree.half-made')).toMatchObject({ severity: 'error', automatic: true });
  const { fixed, findings, code } = await doctor(bench, '--fix');
  expect({ code, fixed: names(fixed), left: names(findings) }).toEqual({
    code: 0,
    fixed: ['worktree.half-made'],
    left: ['trash.unnamed'],
  });
  expect(await photograph(bench)).toEqual(before);
  const trash = `${bench.root}/.git/wt/trash`;
  const [op] = await readdir(trash);
  expect(await listing(`${trash}/${op}/admin`)).toEqual(kept);
});

test('wt list goes on while a half-made record breaks git worktree list, and what cannot go on names the doctor', async () => {
  const bench = await makePlace();
  await leaveHalf(bench, { gitdir: `${bench.root}/half/.git\n`, HEAD: 'ref: refs/heads/main\n', commondir: '' });
  await expect(bench.git('worktree', 'list')).rejects.toThrow('commondir');
  expect((await bench.wt('list')).code).toBe(0);
  expect(await failure(bench, 'create', 'b')).toMatchObject({ code: 'git.failed', fix: ['wt', 'doctor'] });
  await age(halfOf(bench), 120);
  expect(names((await doctor(bench, '--fix')).fixed)).toEqual(['worktree.half-made']);
  expect(await bench.git('worktree', 'list')).toContain('[wt/a]');
});

test('one that is younger than a minute is only reported', async () => {
  const bench = await makePlace();
  await leaveHalf(bench, { locked: 'initializing' });
  const before = await listing(halfOf(bench));
  expect(await only(bench, 'worktree.half-made')).toMatchObject({ automatic: false });
  expect((await doctor(bench, '--fix')).fixed).toEqual([]);
  expect(await listing(halfOf(bench))).toEqual(before);
});

test('one that somebody stands in is only reported', async () => {
  const bench = await makePlace();
  await leaveHalf(bench, { locked: 'initializing' });
  await age(halfOf(bench), 120);
  await standIn(halfOf(bench));
  expect(await only(bench, 'worktree.half-made')).toMatchObject({ automatic: false });
  expect((await doctor(bench, '--fix')).fixed).toEqual([]);
});

test.each([['commondir'], ['HEAD']])(
  'a session whose record lost %s gets it back and keeps its index',
  async (name) => {
    const bench = await makePlace();
    await bench.room.git(bench.at('a'), 'add', '-A');
    const before = await photograph(bench);
    await writeFile(`${bench.root}/.git/worktrees/a/${name}`, '');
    expect(await only(bench, 'worktree.damaged')).toMatchObject({ session: 'a', automatic: true });
    await expectMended(bench, 'worktree.damaged a');
    expect(await photograph(bench)).toEqual(before);
  },
);

test('a worktree of somebody that lost its HEAD is only reported', async () => {
  const bench = await makePlace();
  await bench.git('worktree', 'add', '-q', '-b', 'mine', '../mine');
  await rm(`${bench.root}/.git/worktrees/mine/HEAD`);
  const before = await listing(`${bench.root}/.git/worktrees/mine`);
  expect(await only(bench, 'worktree.damaged')).toMatchObject({ automatic: false, fix: null });
  await doctor(bench, '--fix');
  expect(await listing(`${bench.root}/.git/worktrees/mine`)).toEqual(before);
});

test('a worktree that a killed add left locked is unlocked by hand', async () => {
  const bench = await makePlace();
  await bench.git('worktree', 'add', '-q', '-b', 'mine', '../mine');
  const folder = `${bench.root}/.git/worktrees/mine`;
  await writeFile(`${folder}/locked`, 'initializing');
  await age(folder, 120);
  expect(await only(bench, 'worktree.initializing')).toMatchObject({ severity: 'warning' });
  await expectFixWorks(bench, 'worktree.initializing');
});

const LOCKS: readonly (readonly [string, string])[] = [
  ['the index of the main worktree', '.git/index.lock'],
  ['the settings', '.git/config.lock'],
  ['a branch', '.git/refs/heads/wt/a.lock'],
  ['HEAD of a session', '.git/worktrees/a/HEAD.lock'],
];

test.each(LOCKS)('a lock that is left on %s is named with its age and never touched', async (_, name) => {
  const bench = await makePlace();
  const file = `${bench.root}/${name}`;
  await writeFile(file, '');
  const then = new Date(Date.now() - 3 * 3_600_000);
  await utimes(file, then, then);
  const finding = await only(bench, 'git.lock');
  expect(finding).toMatchObject({ severity: 'warning', automatic: false, fix: ['rm', file] });
  expect(finding.message).toContain('3 h old');
  expect(finding.session).toBe(name.includes('worktrees/a') ? 'a' : null);
  await doctor(bench, '--fix');
  await expectFixWorks(bench, 'git.lock');
});

test('a young lock is no finding while a git is at work, and is one when none is', async () => {
  const bench = await makePlace();
  await writeFile(`${bench.root}/.git/index.lock`, '');
  expect(await only(bench, 'git.lock')).toMatchObject({ message: expect.stringContaining('less than a minute') });
  const { room, root } = bench;
  const there = `${room.dir}/there`;
  start(room, root, ['git', '-c', `alias.nap=!: > '${there}'; sleep 300`, 'nap'], { group: true });
  await until(() => exists(there));
  expect(names((await doctor(bench)).findings)).toEqual([]);
});

test('what a wt that is at work holds is no finding', async () => {
  const bench = await makePlace();
  let found: readonly string[] | undefined;
  await bench.wt('create', 'slow', {
    wrap: (run) => async (request) => {
      const result = await run(request);
      if (request.args.includes('worktree') && request.args.includes('add'))
        found = names((await doctor(bench)).findings);
      return result;
    },
  });
  expect(found).toEqual([]);
});

test('a lock of wt that nobody can read is an error, and the command gives it back', async () => {
  const bench = await makePlace();
  const file = `${bench.root}/.git/wt/lock/l.999`;
  await writeFile(file, '', { mode: 0o600 });
  expect(names((await doctor(bench)).findings)).toEqual([]); // it may just be written
  await utimes(file, 1, 1);
  expect(await failure(bench, 'create', 'b', { env: { WT_LOCK_TIMEOUT: '0' } })).toMatchObject({
    code: 'registry.busy',
  });
  expect(await only(bench, 'lock.unreadable')).toMatchObject({ severity: 'error', automatic: false });
  await expectFixWorks(bench, 'lock.unreadable');
  expect((await bench.wt('create', 'b')).code).toBe(0);
});
