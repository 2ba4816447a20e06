import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { doctor, expectFixWorks, expectMended, names, only } from '../support/health.ts';
import { listing, picture, runFix } from '../support/listing.ts';
import { photograph } from '../support/invariants.ts';
import { makeBench, type Bench } from '../support/wt.ts';

async function makePlace(): Promise<Bench> {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await bench.work('a', { 'work.txt': 'a\n' });
  return bench;
}

test('a copied session folder is a warning; made a plain folder it leaves the session alone', async () => {
  const bench = await makePlace();
  await cp(bench.at('a'), bench.at('copy'), { recursive: true });
  const before = await photograph(bench);
  const files = await listing(bench.at('copy'));
  expect(await only(bench, 'folder.copied')).toMatchObject({ session: 'a', severity: 'warning', automatic: false });
  expect((await doctor(bench, '--fix')).fixed).toEqual([]);
  expect(await listing(bench.at('copy'))).toEqual(files);
  await expectFixWorks(bench, 'folder.copied');
  expect(names((await doctor(bench)).findings)).toEqual(['folder.orphan']);
  expect(await photograph(bench)).toEqual(before);
});

test('a worktree that is no session is a note, and the command makes it one', async () => {
  const bench = await makePlace();
  await bench.git('worktree', 'add', '-q', '-b', 'mine', '.worktrees/mine');
  await bench.git('worktree', 'add', '-q', '-b', 'far', '../far');
  const { code, findings } = await doctor(bench);
  expect({ code, found: names(findings) }).toEqual({ code: 0, found: ['worktree.unmanaged'] });
  await expectFixWorks(bench, 'worktree.unmanaged');
  expect(await bench.data('show', 'mine')).toMatchObject({ session: { path: bench.at('mine') } });
});

test('one without a branch gets a branch first', async () => {
  const bench = await makePlace();
  await bench.git('worktree', 'add', '-q', '--detach', '.worktrees/mine');
  expect(await runFix(bench, (await only(bench, 'worktree.unmanaged')).fix ?? undefined)).toBe(0);
  await expectFixWorks(bench, 'worktree.unmanaged');
});

test.each([
  ['a plain folder', 'neither git nor wt knows', (bench: Bench) => bench.room.write(bench.at('x'), { f: 'f\n' })],
  ['a clone', 'a repository of its own', (bench: Bench) => bench.git('clone', '-q', '.', '.worktrees/x')],
  [
    'a worktree whose record is gone',
    'which is gone',
    async (bench: Bench) => {
      await bench.git('worktree', 'add', '-q', '.worktrees/x');
      await rm(`${bench.root}/.git/worktrees/x`, { recursive: true });
    },
  ],
])('%s that nothing knows is a warning and never touched', async (_, words, plant) => {
  const bench = await makePlace();
  await plant(bench);
  const before = await picture(bench);
  const finding = await only(bench, 'folder.orphan');
  expect(finding).toMatchObject({ severity: 'warning', automatic: false });
  expect(finding.message).toContain(words);
  expect(await runFix(bench, finding.fix ?? undefined)).toBe(0);
  expect((await doctor(bench, '--fix')).fixed).toEqual([]);
  expect(await picture(bench)).toEqual(before);
});

test('files in .worktrees, and what wt moved aside there, are no findings', async () => {
  const bench = await makePlace();
  await writeFile(`${bench.root}/.worktrees/notes.md`, 'mine\n');
  await writeFile(`${bench.root}/.worktrees/sessions.json.corrupt-2026-01-01`, '{');
  expect(await doctor(bench)).toMatchObject({ code: 0, findings: [] });
});

test('a session that is not locked in git is locked; the lock of somebody else stays', async () => {
  const bench = await makePlace();
  await bench.wt('create', 'b');
  await bench.git('worktree', 'unlock', '.worktrees/a');
  await bench.git('worktree', 'unlock', '.worktrees/b');
  await bench.git('worktree', 'lock', '--reason', 'mine', '.worktrees/b');
  await expectMended(bench, 'worktree.unlocked a');
  const list = await bench.git('worktree', 'list', '--porcelain');
  expect(list).toContain('locked "wt a: a session of wt');
  expect(list).toContain('locked mine');
  await expect(bench.git('worktree', 'remove', '.worktrees/a')).rejects.toThrow('locked');
});

test('a repository without sessions has nothing wrong, and looking makes nothing in it', async () => {
  const bench = await makeBench();
  const before = await listing(bench.root);
  expect(await doctor(bench)).toMatchObject({ code: 0, findings: [], checked: { sessions: 0 } });
  expect(await doctor(bench, '--fix')).toMatchObject({ code: 0, findings: [], fixed: [] });
  expect(await listing(bench.root)).toEqual(before);
});

test('an empty folder in .worktrees is an orphan too', async () => {
  const bench = await makePlace();
  await mkdir(bench.at('x'));
  expect(names((await doctor(bench)).findings)).toEqual(['folder.orphan']);
});
