import { chmod, lstat, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { prepareSources } from '#src/setup/sources/sources.ts';
import { makePlace } from '../support/place.ts';
import { makeBench, type Bench } from '../support/wt.ts';

const ALL = { submodules: true, lfs: 'pull' } as const;
const FILES_OK = ['-c', 'protocol.file.allow=always'] as const;

/** A repository with a submodule `vendor/lib`, which has one `inner`; both are initialised in the main worktree. */
async function makeNested(): Promise<Bench> {
  const bench = await makeBench();
  const { room, root } = bench;
  const inner = await room.repo('inner', { 'inner.txt': 'inner\n' });
  const lib = await room.repo('lib', { 'lib.txt': 'lib\n' });
  await room.git(lib, ...FILES_OK, 'submodule', 'add', '-q', inner, 'inner');
  await room.git(lib, 'commit', '-qm', 'inner');
  await room.git(root, ...FILES_OK, 'submodule', 'add', '-q', lib, 'vendor/lib');
  await room.git(root, ...FILES_OK, 'submodule', 'update', '-q', '--init', '--recursive');
  await room.git(root, 'commit', '-qm', 'submodule');
  await bench.data('create', 'a', '--no-setup');
  return bench;
}

describe('submodules', () => {
  test('of the main worktree are in the session too, with theirs, though their remotes are gone', async () => {
    const bench = await makeNested();
    const { room, root } = bench;
    for (const name of ['lib', 'inner']) await rename(path.join(room.dir, name), path.join(room.dir, `${name}-gone`));
    const config = await readFile(path.join(root, '.git/config'), 'utf8');
    const place = await makePlace(bench, 'a');
    const report = await prepareSources(place, ALL);
    expect(report).toEqual({ submodules: ['vendor/lib', 'vendor/lib/inner'], lfs: undefined, warnings: [] });
    expect(await readFile(path.join(bench.at('a'), 'vendor/lib/inner/inner.txt'), 'utf8')).toBe('inner\n');
    expect(await room.git(bench.at('a'), 'status', '--porcelain')).toBe('');
    expect(await room.git(bench.at('a'), 'submodule', 'status', '--recursive')).toMatch(
      /^ \w+ vendor\/lib \(.*\n \w+ vendor\/lib\/inner \(/,
    );
    const lib = path.join(bench.at('a'), 'vendor/lib');
    expect(await room.git(lib, 'remote', 'get-url', 'origin')).toBe(path.join(room.dir, 'lib'));
    expect(await room.git(lib, 'rev-parse', '--is-bare-repository')).toBe('false');
    expect(await room.git(lib, 'branch', '--list')).toBe('* (no branch)');
    expect(await readFile(path.join(root, '.git/config'), 'utf8')).toBe(config);
    expect(await prepareSources(place, ALL)).toMatchObject({ submodules: [], warnings: [] });
  });

  test('stand in the way of no removal, and come back with the session', async () => {
    const bench = await makeNested();
    await prepareSources(await makePlace(bench, 'a'), ALL);
    await bench.data('remove', 'a');
    await bench.data('restore', 'a');
    expect(await bench.room.git(bench.at('a'), 'submodule', 'status', '--recursive')).toMatch(/^ \w+ vendor\/lib /);
    const lib = path.join(bench.at('a'), 'vendor/lib');
    await bench.room.write(lib, { 'new.txt': 'n\n' });
    await bench.room.git(lib, 'add', '-A');
    await bench.room.git(lib, 'commit', '-qm', 'own work');
    const { code, stderr } = await bench.wt('remove', 'a');
    expect([code, stderr.includes('submodule vendor/lib')]).toEqual([4, true]);
  });

  test('with commits that only the main worktree has come too, and do not count as work of the session', async () => {
    const bench = await makeNested();
    const lib = path.join(bench.root, 'vendor/lib');
    await bench.room.git(lib, 'checkout', '-q', '--detach');
    await bench.room.write(lib, { 'local.txt': 'l\n' });
    await bench.room.git(lib, 'add', '-A');
    await bench.room.git(lib, 'commit', '-qm', 'not pushed');
    await bench.git('commit', '-qam', 'with it');
    await bench.data('create', 'b', '--no-setup');
    const report = await prepareSources(await makePlace(bench, 'b'), ALL);
    expect(report).toMatchObject({ submodules: ['vendor/lib', 'vendor/lib/inner'], warnings: [] });
    expect(await readFile(path.join(bench.at('b'), 'vendor/lib/local.txt'), 'utf8')).toBe('l\n');
    await bench.data('remove', 'b');
  });

  test('keep their objects when the main worktree gives them up', async () => {
    const bench = await makeNested();
    await prepareSources(await makePlace(bench, 'a'), ALL);
    await rm(path.join(bench.root, '.git/modules'), { recursive: true });
    expect(await bench.room.git(path.join(bench.at('a'), 'vendor/lib'), 'fsck', '--full')).toBe('');
  });

  test('of whom the commit is not on this machine are a warning with the command, and no failure', async () => {
    const bench = await makeNested();
    const lib = path.join(bench.room.dir, 'lib');
    await bench.room.write(lib, { 'later.txt': 'l\n' });
    await bench.room.git(lib, 'add', '-A');
    await bench.room.git(lib, 'commit', '-qm', 'later');
    const later = await bench.room.git(lib, 'rev-parse', 'HEAD');
    await bench.room.git(bench.at('a'), 'update-index', '--cacheinfo', `160000,${later},vendor/lib`);
    const report = await prepareSources(await makePlace(bench, 'a'), ALL);
    expect(report.submodules).toEqual([]);
    expect(report.warnings).toEqual([
      expect.stringMatching(
        /^submodule vendor\/lib is missing \(fatal: .*\): wt exec a -- git submodule update --init --recursive$/,
      ),
    ]);
  });

  test('that the main worktree has not initialised stay away, and so do all when the setting says so', async () => {
    const bench = await makeNested();
    const place = await makePlace(bench, 'a');
    expect(await prepareSources(place, { ...ALL, submodules: false })).toMatchObject({ submodules: [], warnings: [] });
    await bench.git('submodule', 'deinit', '-q', '-f', 'vendor/lib');
    expect(await prepareSources(place, ALL)).toMatchObject({ submodules: [], warnings: [] });
  });
});

describe('Git LFS', () => {
  const POINTER = `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 3\n`;
  const FILES = { '.gitattributes': '*.bin filter=lfs -text\n', 'a.bin': POINTER };

  test('that is not installed is a warning, also where it is configured as required', async () => {
    const bench = await makeBench(FILES);
    await bench.git('config', 'filter.lfs.process', 'git-lfs filter-process');
    await bench.git('config', 'filter.lfs.smudge', 'git-lfs smudge -- %f');
    await bench.git('config', 'filter.lfs.required', 'true');
    await bench.data('create', 'a', '--no-setup');
    expect(await readFile(path.join(bench.at('a'), 'a.bin'), 'utf8')).toBe(POINTER);
    const report = await prepareSources(await makePlace(bench, 'a'), ALL);
    expect(report).toMatchObject({ lfs: 'skipped' });
    expect(report.warnings).toEqual([expect.stringContaining('git-lfs is not installed')]);
  });

  test('is told to leave pointers when setup.lfs is skip', async () => {
    const bench = await makeBench({ ...FILES, 'wt.config.jsonc': '{ "setup": { "lfs": "skip" } }' });
    // Stands for git-lfs: it says whether it was told to skip.
    const smudge = path.join(bench.room.dir, 'smudge');
    await bench.room.write(bench.room.dir, {
      smudge: `#!/bin/sh\nif [ "$GIT_LFS_SKIP_SMUDGE" = 1 ]; then cat; else cat >/dev/null; echo contents; fi\n`,
    });
    await chmod(smudge, 0o755);
    await bench.git('config', 'filter.lfs.smudge', smudge);
    await bench.data('create', 'a', '--no-setup');
    expect(await readFile(path.join(bench.at('a'), 'a.bin'), 'utf8')).toBe(POINTER);
    const place = await makePlace(bench, 'a');
    expect(await prepareSources(place, { ...ALL, lfs: 'skip' })).toMatchObject({ lfs: 'skipped', warnings: [] });
    await bench.data('create', 'b', '--no-setup', { env: { WT_SETUP_LFS: 'pull' } });
    expect(await readFile(path.join(bench.at('b'), 'a.bin'), 'utf8')).toBe('contents\n');
    expect(await prepareSources(await makePlace(bench, 'b'), ALL)).toMatchObject({ lfs: 'pulled', warnings: [] });
  });
});

describe('a sparse main worktree', () => {
  const FILES = { top: '', 'a/1': '', 'b/2': '', 'c/deep/3': '' };
  const isThere = async (bench: Bench, name: string): Promise<boolean> =>
    lstat(path.join(bench.at('a'), name)).then(
      () => true,
      () => false,
    );

  test('hands its cone on to the session', async () => {
    const bench = await makeBench(FILES);
    await bench.git('sparse-checkout', 'set', '--cone', 'a', 'c/deep');
    await bench.data('create', 'a', '--no-setup');
    expect(await isThere(bench, 'a/1')).toBe(true);
    expect(await isThere(bench, 'c/deep/3')).toBe(true);
    expect(await isThere(bench, 'b/2')).toBe(false);
    expect(await bench.room.git(bench.at('a'), 'status', '--porcelain')).toBe('');
    expect(await bench.room.git(bench.at('a'), 'sparse-checkout', 'list')).toBe('a\nc/deep');
  });

  test('and one that is sparse without a configuration of its own do so too, and none is turned on', async () => {
    const bench = await makeBench(FILES);
    await bench.git('config', 'core.sparseCheckout', 'true');
    await bench.git('config', 'core.sparseCheckoutCone', 'true');
    await bench.room.write(bench.root, { '.git/info/sparse-checkout': '/*\n!/*/\n/a/\n' });
    await bench.git('read-tree', '-mu', 'HEAD');
    await bench.data('create', 'a', '--no-setup');
    expect(await isThere(bench, 'a/1')).toBe(true);
    expect(await isThere(bench, 'b/2')).toBe(false);
    await expect(bench.git('config', '--get', 'extensions.worktreeConfig')).rejects.toThrow('exit code 1');
  });

  test('that is not sparse gives a whole session, and its configuration stays as it was', async () => {
    const bench = await makeBench(FILES);
    const config = await readFile(path.join(bench.root, '.git/config'), 'utf8');
    await bench.data('create', 'a', '--no-setup');
    expect(await isThere(bench, 'b/2')).toBe(true);
    expect(await readFile(path.join(bench.root, '.git/config'), 'utf8')).toBe(config);
  });
});
