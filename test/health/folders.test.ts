import { cp, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { doctor, expectFixWorks, expectMended, names, only } from '../support/health.ts';
import { listing } from '../support/listing.ts';
import { photograph, type Photo } from '../support/invariants.ts';
import { benchAt, makeBench, type Bench } from '../support/wt.ts';

/** Sessions `a` and `b`; in each a commit, a staged, an unstaged and an untracked file. */
async function makePlace(): Promise<Bench> {
  const bench = await makeBench({ 'one.txt': 'one\n', 'two.txt': 'two\n', 'run.sh': '#!/bin/sh\n' });
  for (const id of ['a', 'b']) {
    await bench.wt('create', id);
    await bench.work(id, { 'done.txt': `${id}\n` });
    await bench.room.write(bench.at(id), { 'one.txt': 'staged\n', 'fresh.txt': 'staged too\n' });
    await bench.room.git(bench.at(id), 'add', '-A');
    await bench.room.write(bench.at(id), { 'two.txt': 'not staged\n', 'new.txt': 'untracked\n' });
  }
  return bench;
}

const adminOf = ({ root }: Bench, id: string): string => `${root}/.git/worktrees/${id}`;

/** The same, without what a photograph says of one worktree. */
function without({ refs, trees }: Photo, name: string): Photo {
  return { refs, trees: Object.fromEntries(Object.entries(trees).filter(([tree]) => tree !== name)) };
}

describe('a session whose folder is gone', () => {
  test('gets its files back from its own index, staged contents as they were', async () => {
    const bench = await makePlace();
    const before = await photograph(bench);
    await rm(bench.at('a'), { recursive: true });
    expect(await only(bench, 'folder.missing')).toMatchObject({ session: 'a', severity: 'error', automatic: true });
    await expectMended(bench, 'folder.missing a');
    const after = await photograph(bench);
    const name = '.worktrees/a';
    expect(without(after, name)).toEqual(without(before, name));
    expect(after.trees[name]).toMatchObject({ head: before.trees[name]?.head, index: before.trees[name]?.index });
    expect(await bench.room.git(bench.at('a'), 'status', '--porcelain')).toBe('A  fresh.txt\nM  one.txt');
    expect(await readFile(`${bench.at('a')}/one.txt`, 'utf8')).toBe('staged\n');
  });

  test('gets them back also when all of .worktrees went, with the registry', async () => {
    const bench = await makePlace();
    await rm(`${bench.root}/.worktrees`, { recursive: true });
    await expectMended(bench, 'registry.missing', 'folder.missing a', 'folder.missing b');
    expect(await readFile(`${bench.at('b')}/fresh.txt`, 'utf8')).toBe('staged too\n');
  });

  test('gets them back beside whatever lies at .restoring-<id>, which is kept and reported', async () => {
    const bench = await makePlace();
    const left = `${bench.root}/.worktrees/.restoring-a`;
    await rm(bench.at('a'), { recursive: true });
    await bench.room.write(left, { 'mine.txt': 'mine\n', '.git': `gitdir: ${adminOf(bench, 'a')}\n` });
    const files = await listing(left);
    const { fixed, findings } = await doctor(bench, '--fix');
    expect({ fixed: names(fixed), left: names(findings) }).toEqual({
      fixed: ['folder.missing a'],
      left: ['folder.orphan'],
    });
    expect(findings[0]?.message).toContain(left);
    expect(await listing(left)).toEqual(files);
    expect(await readFile(`${bench.at('a')}/one.txt`, 'utf8')).toBe('staged\n');
  });

  test('and cannot be brought back leaves nothing half-filled behind', async () => {
    const bench = await makePlace();
    await rm(bench.at('a'), { recursive: true });
    await writeFile(`${adminOf(bench, 'a')}/index`, 'no index');
    expect(await only(bench, 'folder.missing', '--fix')).toMatchObject({ trouble: expect.any(String) });
    expect((await readdir(`${bench.root}/.worktrees`)).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  test('keeps its conflicts: what has one content comes back, the index stays as it was', async () => {
    const bench = await makePlace();
    await bench.room.git(bench.at('a'), 'commit', '-qam', 'mine');
    await bench.work('b', { 'one.txt': 'theirs\n' });
    await rm(`${bench.at('a')}/new.txt`);
    await bench.room.git(bench.at('a'), 'merge', 'wt/b').catch(() => {});
    const index = await bench.room.git(bench.at('a'), 'ls-files', '--stage');
    expect(index).toMatch(/ 2\tone.txt/);
    await rm(bench.at('a'), { recursive: true });
    await expectMended(bench, 'folder.missing a');
    expect(await bench.room.git(bench.at('a'), 'ls-files', '--stage')).toBe(index);
    expect(await readFile(`${bench.at('a')}/run.sh`, 'utf8')).toBe('#!/bin/sh\n');
  });

  test('elsewhere is only reported: its disk may be away', async () => {
    const bench = await makeBench();
    await bench.wt('create', 'other');
    const place = `${bench.room.dir}/disk/mine`;
    await bench.git('worktree', 'add', '-q', '-b', 'mine', place);
    await bench.wt('adopt', place);
    await rename(`${bench.room.dir}/disk`, `${bench.room.dir}/away`);
    const before = await listing(bench.root, /^\.git\/wt/);
    expect(await only(bench, 'folder.missing')).toMatchObject({ severity: 'warning', automatic: false });
    expect(await doctor(bench, '--fix')).toMatchObject({ code: 7, fixed: [] });
    expect(await listing(bench.root, /^\.git\/wt/)).toEqual(before);
    await expectFixWorks(bench, 'folder.missing');
    expect(await bench.git('branch', '--list', 'mine')).toContain('mine');
  });

  test('and that somebody else has locked in git is only reported', async () => {
    const bench = await makePlace();
    await writeFile(`${adminOf(bench, 'a')}/locked`, 'on my usb stick\n');
    await rm(bench.at('a'), { recursive: true });
    const finding = await only(bench, 'folder.missing');
    expect(finding).toMatchObject({ automatic: false });
    expect(finding.why).toContain('on my usb stick');
    expect((await doctor(bench, '--fix')).fixed).toEqual([]);
  });
});

describe('a session whose record in git is gone', () => {
  test('gets a new one on its branch, and no file in it is touched', async () => {
    const bench = await makePlace();
    const files = await listing(bench.at('a'), /^\.git$/);
    const before = await photograph(bench);
    await rm(adminOf(bench, 'a'), { recursive: true });
    expect(await only(bench, 'folder.unregistered')).toMatchObject({ session: 'a', automatic: true });
    await expectMended(bench, 'folder.unregistered a');
    expect(await listing(bench.at('a'), /^\.git$/)).toEqual(files);
    expect(without(await photograph(bench), '.worktrees/a')).toEqual(without(before, '.worktrees/a'));
    expect(await bench.room.git(bench.at('a'), 'status', '--porcelain', '--branch')).toBe(
      '## wt/a\n M one.txt\n M two.txt\n?? fresh.txt\n?? new.txt',
    );
    expect(await bench.data('show', 'a')).toMatchObject({ session: { tree: 'ok', ahead: 1 } });
    expect(await bench.git('worktree', 'list', '--porcelain')).toContain('locked "wt a: a session of wt');
    expect((await bench.wt('commit', 'a', '-m', 'go on')).code).toBe(0);
  });

  test('does not get one while its branch is gone too; the command makes the branch, then it does', async () => {
    const bench = await makePlace();
    await rm(adminOf(bench, 'a'), { recursive: true });
    await bench.git('update-ref', '-d', 'refs/heads/wt/a');
    const { fix, automatic } = await only(bench, 'folder.unregistered');
    expect(automatic).toBe(false);
    expect((await doctor(bench, '--fix')).fixed).toEqual([]);
    await bench.git(...(fix ?? []).slice(1));
    await expectMended(bench, 'folder.unregistered a');
    expect(await readFile(`${bench.at('a')}/done.txt`, 'utf8')).toBe('a\n');
  });

  test('does not get one while its branch is checked out elsewhere', async () => {
    const bench = await makePlace();
    await rm(adminOf(bench, 'a'), { recursive: true });
    await bench.git('switch', '-q', 'wt/a');
    const { fix, automatic } = await only(bench, 'folder.unregistered');
    expect(automatic).toBe(false);
    await bench.git(...(fix ?? []).slice(1));
    expect(names((await doctor(bench, '--fix')).fixed)).toEqual(['folder.unregistered a']);
  });

  test('gets one that never takes away a branch the registry alone calls its own', async () => {
    const bench = await makePlace();
    await bench.git('branch', 'precious');
    await rm(adminOf(bench, 'a'), { recursive: true });
    const file = `${bench.root}/.worktrees/sessions.json`;
    await writeFile(file, (await readFile(file, 'utf8')).replace('"wt/a"', '"precious"'));
    expect(names((await doctor(bench, '--fix')).fixed)).toContain('folder.unregistered a');
    await bench.data('remove', 'a', '--force');
    expect(await bench.git('branch', '--list', 'precious')).toContain('precious');
  });

  test('and whose folder is gone too can be dropped; its branch stays', async () => {
    const bench = await makePlace();
    const tip = await bench.git('rev-parse', 'wt/a');
    await rm(adminOf(bench, 'a'), { recursive: true });
    await rm(bench.at('a'), { recursive: true });
    expect(await only(bench, 'session.gone')).toMatchObject({ session: 'a', severity: 'warning' });
    await expectFixWorks(bench, 'session.gone');
    expect(await bench.git('rev-parse', 'wt/a')).toBe(tip);
  });
});

describe('pointers that no longer meet', () => {
  test('after the repository was moved are written anew, and nothing else changes', async () => {
    const bench = await makePlace();
    const before = await photograph(bench);
    await rename(bench.root, `${bench.room.dir}/moved`);
    const moved = benchAt(bench.room, `${bench.room.dir}/moved`);
    expect(names((await doctor(moved)).findings)).toEqual(['folder.parted a', 'folder.parted b']);
    await expectMended(moved, 'folder.parted a', 'folder.parted b', 'registry.stale a', 'registry.stale b');
    expect(await photograph(moved)).toEqual(before);
    const { sessions } = JSON.parse(await readFile(`${moved.root}/.worktrees/sessions.json`, 'utf8')) as {
      sessions: Record<string, { path: string }>;
    };
    expect(sessions['a']?.path).toBe(moved.at('a'));
    expect((await moved.wt('commit', 'a', '-m', 'goes on')).code).toBe(0);
  });

  test('after the repository was copied are those of the copy, and the original is not touched', async () => {
    const bench = await makePlace();
    await cp(bench.root, `${bench.room.dir}/copy`, { recursive: true, verbatimSymlinks: true });
    const original = await listing(bench.root);
    const copy = benchAt(bench.room, `${bench.room.dir}/copy`);
    await expectMended(copy, 'folder.parted a', 'folder.parted b', 'registry.stale a', 'registry.stale b');
    expect(await listing(bench.root)).toEqual(original);
    await copy.work('a', { 'copy.txt': 'only here\n' });
    expect(await listing(bench.root)).toEqual(original);
    expect(await bench.wt('doctor')).toMatchObject({ code: 0 });
  });

  test('after the folder was renamed follow it', async () => {
    const bench = await makePlace();
    await rename(bench.at('a'), bench.at('renamed'));
    await expectMended(bench, 'folder.parted a', 'registry.stale a');
    expect((await bench.wt('path', 'a')).raw).toBe(`${bench.at('renamed')}\n`);
    expect(await bench.room.git(bench.at('renamed'), 'status', '--porcelain')).toContain('M  one.txt');
  });

  test.each([
    ['.git of the folder is missing', (at: string) => rm(`${at}/.git`)],
    ['.git of the folder is empty', (at: string) => writeFile(`${at}/.git`, '')],
    ['.git of the folder names what is gone', (at: string) => writeFile(`${at}/.git`, 'gitdir: /nowhere/at/all\n')],
  ])('because %s are written anew', async (_, harm) => {
    const bench = await makePlace();
    const before = await photograph(bench);
    await harm(bench.at('a'));
    await expectMended(bench, 'folder.parted a');
    expect(await photograph(bench)).toEqual(before);
  });

  test('because gitdir of the record is empty are written anew', async () => {
    const bench = await makePlace();
    const before = await photograph(bench);
    await writeFile(`${adminOf(bench, 'a')}/gitdir`, '');
    await expectMended(bench, 'folder.parted a');
    expect(await photograph(bench)).toEqual(before);
  });

  test('stay relative where they were', async () => {
    const bench = await makePlace();
    const relative = path.relative(bench.at('a'), adminOf(bench, 'a'));
    await writeFile(`${bench.at('a')}/.git`, `gitdir: ${relative}\n`);
    await rename(bench.at('a'), bench.at('renamed'));
    await doctor(bench, '--fix');
    expect(await readFile(`${bench.at('renamed')}/.git`, 'utf8')).toBe(`gitdir: ${relative}\n`);
  });
});

const STRANGERS: readonly (readonly [string, (bench: Bench) => Promise<unknown>])[] = [
  ['a file', ({ at }) => writeFile(at('a'), 'precious\n')],
  [
    'a symbolic link',
    ({ at, room }) => room.write(`${room.dir}/target`, { x: 'x\n' }).then(() => symlink(`${room.dir}/target`, at('a'))),
  ],
  ['a repository of its own', ({ room, root }) => room.git(root, 'clone', '-q', '.', '.worktrees/a')],
  ['a folder with other files', ({ at, room }) => room.write(at('a'), { 'mine.txt': 'mine\n' })],
  ['a folder that belongs to $ROOM/app/.git/worktrees/b', ({ at }) => cp(at('b'), at('a'), { recursive: true })],
  [
    'a folder whose .git git cannot read',
    ({ at, room }) => room.write(at('a'), { '.git': 'notes of mine\n', 'one.txt': 'x\n', 'two.txt': 'x\n' }),
  ],
];

test.each(STRANGERS)('%s at the place of a session is an error and never touched', async (what, plant) => {
  const bench = await makePlace();
  await rm(bench.at('a'), { recursive: true });
  await plant(bench);
  const before = await listing(bench.room.dir, /^app\/\.git\/wt/);
  const finding = await only(bench, 'folder.foreign');
  expect(finding).toMatchObject({ session: 'a', severity: 'error', automatic: false });
  expect(bench.room.seal(finding.message)).toContain(what);
  expect(names((await doctor(bench, '--fix')).fixed)).toEqual([]);
  expect(await listing(bench.room.dir, /^app\/\.git\/wt/)).toEqual(before);
  await expectFixWorks(bench, 'folder.foreign');
  expect(names((await doctor(bench, '--fix')).fixed)).toContain('folder.missing a');
});

test('an empty folder at the place of a session is filled again', async () => {
  const bench = await makePlace();
  await rm(bench.at('a'), { recursive: true });
  await mkdir(bench.at('a'));
  await expectMended(bench, 'folder.missing a');
});
