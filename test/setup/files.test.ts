import { execa } from 'execa';
import {
  chmod,
  link,
  lstat,
  mkdir,
  open,
  readFile,
  readlink,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { placeFiles } from '#src/setup/files/files.ts';
import { copyRule, linkRule, makePlace } from '../support/place.ts';
import { makeBench, type Bench } from '../support/wt.ts';

const IGNORE = '.env*\n*.log\nnode_modules\nbuild/\n/data/\n';

/** A repository that ignores things, and a session `a` cut from it before the ignored ones were there. */
async function makeReady(files: Readonly<Record<string, string>>, include?: string): Promise<Bench> {
  const bench = await makeBench({ 'README.md': 'hello\n', '.gitignore': IGNORE, 'src/a.ts': 'a\n' });
  await bench.data('create', 'a', '--no-setup');
  await bench.write(files);
  if (include !== undefined) await bench.write({ '.worktreeinclude': include });
  return bench;
}

const text = async (bench: Bench, name: string): Promise<string | undefined> =>
  readFile(path.join(bench.at('a'), name), 'utf8').catch(() => undefined);
/** Node sets times to the microsecond. */
const ms = ({ mtimeMs }: { mtimeMs: number }): number => Math.floor(mtimeMs);
const reasons = (report: { skipped: readonly { path: string; reason: string }[] }): Record<string, string> =>
  Object.fromEntries(report.skipped.map(({ path: name, reason }) => [name, reason]));

describe('.worktreeinclude', () => {
  test('brings along what it matches and git ignores, and nothing else', async () => {
    const bench = await makeReady(
      { '.env': 'A=1\n', '.env.local': 'B\n', 'a.log': 'log\n', 'local.json': '{}\n', 'node_modules/x/.env': 'deep\n' },
      '# what a session needs\n**/.env\n.env.*\n!.env.local\nlocal.json\nREADME.md\n',
    );
    const report = await placeFiles(await makePlace(bench, 'a'), []);
    expect(report).toMatchObject({ copied: 2, entries: ['.env', 'node_modules/x/.env'], linked: [], warnings: [] });
    expect(await text(bench, '.env')).toBe('A=1\n');
    expect(await text(bench, 'node_modules/x/.env')).toBe('deep\n');
    for (const name of ['.env.local', 'a.log', 'local.json']) expect(await text(bench, name)).toBeUndefined();
    expect(reasons(report)).toEqual({
      'local.json': 'git does not ignore it: the next "git add" would take it along',
    });
    expect(await bench.room.git(bench.at('a'), 'status', '--porcelain')).toBe('');
  });

  test('takes whole folders, empty ones too', async () => {
    const bench = await makeReady({ 'data/sub/x': '1', 'data/y': '2' }, '/data\n');
    await mkdir(path.join(bench.root, 'data/empty'));
    const report = await placeFiles(await makePlace(bench, 'a'), []);
    expect(report).toMatchObject({ copied: 2, copiedBytes: 2, entries: ['data/'] });
    expect((await lstat(path.join(bench.at('a'), 'data/empty'))).isDirectory()).toBe(true);
  });

  test('never takes what is git’s, what is wt’s, or a repository inside', async () => {
    const bench = await makeReady({ 'build/out': 'o', 'build/dep/f': 'f' }, '*\n.worktrees/\n**/.git\nbuild/\n');
    await bench.git('init', '-q', 'build/dep');
    const report = await placeFiles(await makePlace(bench, 'a'), []);
    expect(report).toMatchObject({ copied: 1, entries: ['build/'] });
    expect(reasons(report)['build/dep/']).toBe('is a git repository of its own');
    expect((await lstat(path.join(bench.at('a'), '.git'))).isFile()).toBe(true);
  });

  test('does nothing without one and without rules', async () => {
    const bench = await makeReady({ '.env': 'A=1\n' });
    const place = await makePlace(bench, 'a');
    expect(await placeFiles(place, [])).toMatchObject({ copied: 0, skipped: [] });
  });

  test('is not read when it is a link or a pipe', async () => {
    const bench = await makeReady({ '.env': 'A=1\n', other: '.env\n' });
    await symlink('other', path.join(bench.root, '.worktreeinclude'));
    const report = await placeFiles(await makePlace(bench, 'a'), []);
    expect(report).toMatchObject({
      copied: 0,
      skipped: [{ path: '.worktreeinclude', reason: 'is not read: it is a symbolic link' }],
    });
  });
});

describe('a copy', () => {
  test('leaves what is there, and a second one does what is left', async () => {
    const bench = await makeReady({ '.env': 'A=1\n', 'data/x': 'x', 'data/y': 'y' });
    await bench.room.write(bench.at('a'), { '.env': 'mine\n', 'data/x': 'mine' });
    const place = await makePlace(bench, 'a');
    const rules = [copyRule('.env', 'data')];
    const report = await placeFiles(place, rules);
    expect(report).toMatchObject({ copied: 1 });
    expect(reasons(report)).toEqual({ '.env': 'is there already', 'data/': '1 of its files is there already' });
    expect(await text(bench, '.env')).toBe('mine\n');
    expect(await text(bench, 'data/x')).toBe('mine');
    expect(await text(bench, 'data/y')).toBe('y');
    expect(await placeFiles(place, rules)).toMatchObject({ copied: 0 });
  });

  test('keeps modes, times, links and hard-linked contents', async () => {
    const bench = await makeReady({ 'data/run.sh': '#!/bin/sh\n', 'data/ro/f': 'f', 'data/sub/x': 'x' });
    const at = (name: string): string => path.join(bench.root, 'data', name);
    await chmod(at('run.sh'), 0o755);
    await chmod(at('ro/f'), 0o400);
    await link(at('sub/x'), at('sub/hard'));
    await symlink('../run.sh', at('sub/link'));
    await utimes(at('run.sh'), 1_600_000_000, 1_600_000_000.25);
    await utimes(at('ro'), 1_600_000_000, 1_500_000_000);
    await chmod(at('ro'), 0o555);
    const report = await placeFiles(await makePlace(bench, 'a'), [copyRule('/data/')]);
    expect(report).toMatchObject({ copied: 5, skipped: [] });
    const there = (name: string): string => path.join(bench.at('a'), 'data', name);
    for (const name of ['run.sh', 'ro', 'ro/f']) {
      const [from, to] = [await lstat(at(name)), await lstat(there(name))];
      expect([to.mode, ms(to)]).toEqual([from.mode, ms(from)]);
    }
    expect(await readlink(there('sub/link'))).toBe('../run.sh');
    expect(await readFile(there('sub/hard'), 'utf8')).toBe('x');
  });

  test('of a large file is whole, and does not fill its holes', async () => {
    const bench = await makeReady({ 'data/x': 'x' });
    const sparse = path.join(bench.root, 'data/disk.img');
    const handle = await open(sparse, 'w', 0o640);
    await handle.write('begin', 0);
    await handle.write('end', 40_000_000);
    await handle.close();
    await truncate(sparse, 64_000_000);
    await writeFile(path.join(bench.root, 'data/full'), Buffer.alloc(3_000_000, 7));
    const report = await placeFiles(await makePlace(bench, 'a'), [copyRule('data')]);
    expect(report).toMatchObject({ copied: 3, copiedBytes: 67_000_001, skipped: [] });
    const [from, to] = [await lstat(sparse), await lstat(path.join(bench.at('a'), 'data/disk.img'))];
    expect([to.size, to.mode, ms(to)]).toEqual([from.size, from.mode, ms(from)]);
    expect(to.blocks * 512).toBeLessThan(1_000_000);
    await execa('cmp', [sparse, path.join(bench.at('a'), 'data/disk.img')]);
    await execa('cmp', [path.join(bench.root, 'data/full'), path.join(bench.at('a'), 'data/full')]);
  });

  test('passes over pipes and what cannot be read, by name', async () => {
    const bench = await makeReady({ 'data/x': 'x' });
    await execa('mkfifo', [path.join(bench.root, 'data/pipe')]);
    const report = await placeFiles(await makePlace(bench, 'a'), [copyRule('data')]);
    expect(report).toMatchObject({ copied: 1 });
    expect(reasons(report)).toEqual({ 'data/pipe': 'is neither a file, a folder nor a link' });
  });

  test('brings nothing that the branch of the session would commit', async () => {
    const bench = await makeReady({ '.env': 'SECRET\n', 'data/x': 'x' });
    await bench.room.write(bench.at('a'), { '.gitignore': '/data/\n' });
    const report = await placeFiles(await makePlace(bench, 'a'), [copyRule('.env', 'data')]);
    expect(report).toMatchObject({ copied: 1, entries: ['data/'] });
    expect(reasons(report)['.env']).toContain('git does not ignore it');
    expect(await bench.room.git(bench.at('a'), 'status', '--porcelain', '-uall')).toBe(' M .gitignore');
  });

  test('stops at an interrupt', async () => {
    const bench = await makeReady(Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`data/${i}`, 'x'])));
    const controller = new AbortController();
    let reads = 0;
    const base = (await makePlace(bench, 'a')).deps;
    const clock = {
      ...base.clock,
      elapsedMs: () => (reads++ > 50 ? (controller.abort('SIGINT'), reads * 100) : reads),
    };
    const place = await makePlace(bench, 'a', { signal: controller.signal, clock });
    await expect(placeFiles(place, [copyRule('data')])).rejects.toMatchObject({ kind: 'interrupted' });
    expect(await text(bench, 'data/299')).toBeUndefined();
  });
});

describe('a link', () => {
  test('leads to the main worktree by a relative path, and is made once', async () => {
    const bench = await makeReady({ 'node_modules/x/i.js': 'x', 'src/.env': 'deep' });
    const place = await makePlace(bench, 'a');
    const rules = [linkRule('node_modules', 'src/.env')];
    const report = await placeFiles(place, rules);
    expect(report).toMatchObject({ copied: 0, linked: ['node_modules', 'src/.env'], skipped: [] });
    expect(report.warnings[0]).toContain('packages of the branch that is checked out there');
    expect(await readlink(path.join(bench.at('a'), 'node_modules'))).toBe('../../node_modules');
    expect(await text(bench, 'src/.env')).toBe('deep');
    expect(await placeFiles(place, rules)).toMatchObject({ linked: ['node_modules', 'src/.env'], skipped: [] });
    expect(await bench.room.git(bench.at('a'), 'status', '--porcelain')).toBe('');
  });

  test('is not made of what is tracked, not there, or not ignored as a link', async () => {
    const bench = await makeReady({ 'build/out': 'o', 'node_modules/x': 'x' });
    const report = await placeFiles(await makePlace(bench, 'a'), [linkRule('src', 'build', 'data/none')]);
    expect(report).toMatchObject({ copied: 0, linked: [] });
    expect(reasons(report)).toEqual({
      src: 'is tracked by git: every worktree has its own',
      'data/none': 'is not there',
      build: 'git would not ignore a link of that name: leave out the "/" at the end of its line in .gitignore',
    });
  });

  test('of node_modules is made only when it is named', async () => {
    const bench = await makeReady({ 'node_modules/x': 'x' });
    const report = await placeFiles(await makePlace(bench, 'a'), [linkRule('node_*')]);
    expect(report).toMatchObject({ linked: [], warnings: [] });
    expect(reasons(report)).toEqual({ node_modules: 'node_modules is linked only when setup.link names it' });
  });

  test('of files does not link the folder that holds nothing else', async () => {
    const bench = await makeReady({ 'logs/a.log': 'a' });
    const report = await placeFiles(await makePlace(bench, 'a'), [linkRule('*.log')]);
    expect(report).toMatchObject({ linked: ['logs/a.log'] });
    expect((await lstat(path.join(bench.at('a'), 'logs'))).isDirectory()).toBe(true);
  });

  test('goes away with the session, and what it leads to stays', async () => {
    const bench = await makeReady({ 'node_modules/x': 'x' });
    await placeFiles(await makePlace(bench, 'a'), [linkRule('node_modules')]);
    await bench.data('remove', 'a', '--force');
    await bench.data('restore', 'a');
    expect(await text(bench, 'node_modules/x')).toBe('x');
    expect(await readFile(path.join(bench.root, 'node_modules/x'), 'utf8')).toBe('x');
  });
});
