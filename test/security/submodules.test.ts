import { lstat, mkdir, readdir, symlink } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { isPlainName } from '#src/git/submodule.ts';
import { prepareSources } from '#src/setup/sources/sources.ts';
import { makePlace } from '../support/place.ts';
import { makeBench, type Bench } from '../support/wt.ts';

const ALL = { submodules: true, lfs: 'pull' } as const;
const FILES_OK = ['-c', 'protocol.file.allow=always'] as const;

/** A session `a` whose branch has this `.gitmodules`, and a submodule `lib` that the main worktree has initialised. */
async function makeHostile(gitmodules: string, link: string, commit?: string): Promise<Bench> {
  const bench = await makeBench();
  const { room } = bench;
  const lib = await room.repo('lib', { 'lib.txt': 'lib\n' });
  await bench.git(...FILES_OK, 'submodule', 'add', '-q', lib, 'lib');
  await bench.git('commit', '-qm', 'lib');
  await bench.data('create', 'a', '--no-setup');
  await room.write(bench.at('a'), { '.gitmodules': gitmodules });
  const id = commit ?? (await room.git(lib, 'rev-parse', 'HEAD'));
  await room.git(bench.at('a'), 'update-index', '--add', '--cacheinfo', `160000,${id},${link}`);
  return bench;
}

test.each([
  ['an option', '--upload-pack=touch pwned'],
  ['a command', 'ext::sh -c "touch pwned"'],
  ['another repository of this person', '../private'],
])('an address of a branch that is %s is never used', async (_, url) => {
  const gone = '1'.repeat(40);
  const bench = await makeHostile(
    `[submodule "lib"]\n\tpath = lib\n\turl = "${url.replaceAll('"', '\\"')}"\n`,
    'lib',
    gone,
  );
  await bench.room.repo('private', { secret: 's' });
  const { submodules, warnings } = await prepareSources(await makePlace(bench, 'a'), ALL);
  expect([submodules, warnings.length]).toEqual([[], 1]);
  expect(await bench.git('config', 'submodule.lib.url')).toBe(path.join(bench.room.dir, 'lib'));
  for (const folder of [bench.root, bench.at('a'), bench.room.dir])
    expect(await readdir(folder)).not.toContain('pwned');
});

test('a path that goes through a link of the main worktree does not bring another repository in', async () => {
  const bench = await makeHostile('[submodule "x"]\n\tpath = out/private\n\turl = ./x\n', 'out/private');
  await bench.room.repo('private', { secret: 's' });
  await symlink(bench.room.dir, path.join(bench.root, 'out'));
  const report = await prepareSources(await makePlace(bench, 'a'), ALL);
  expect(report).toMatchObject({ submodules: [], warnings: [] });
  await expect(lstat(path.join(bench.at('a'), 'out/private/secret'))).rejects.toThrow('ENOENT');
});

test('a path that goes through a link of the session is not written through', async () => {
  const bench = await makeHostile('[submodule "lib"]\n\tpath = out/lib\n\turl = ./x\n', 'out/lib');
  const outside = path.join(bench.room.dir, 'outside');
  await mkdir(outside);
  await mkdir(path.join(bench.root, 'out'));
  await bench.git('-c', 'protocol.file.allow=always', 'clone', '-q', path.join(bench.room.dir, 'lib'), 'out/lib');
  await symlink(outside, path.join(bench.at('a'), 'out'));
  await prepareSources(await makePlace(bench, 'a'), ALL);
  expect(await readdir(outside)).toEqual([]);
});

test('a name cannot leave the folder of submodules', () => {
  for (const name of ['..', '../x', 'a/../b', '/x', 'a//b', 'a/', './a', '-x', 'a/.', String.raw`a\..\b`, ''])
    expect([name, isPlainName(name)]).toEqual([name, false]);
  for (const name of ['a', 'vendor/lib', 'a.b', '.hidden', 'a..b'])
    expect([name, isPlainName(name)]).toEqual([name, true]);
});

test('a name that leads into the repository of another submodule harms neither', async () => {
  const bench = await makeHostile('[submodule "lib/refs"]\n\tpath = evil\n\turl = ./x\n', 'evil');
  const place = await makePlace(bench, 'a');
  await bench.room.write(bench.at('a'), { '.gitmodules': '[submodule "lib"]\n\tpath = lib\n\turl = ./x\n' });
  expect((await prepareSources(place, ALL)).submodules).toEqual(['lib']);
  await bench.git('-c', 'protocol.file.allow=always', 'clone', '-q', path.join(bench.room.dir, 'lib'), 'evil');
  await bench.room.write(bench.at('a'), { '.gitmodules': '[submodule "lib/refs"]\n\tpath = evil\n\turl = ./x\n' });
  await prepareSources(place, ALL);
  await bench.room.git(path.join(bench.at('a'), 'lib'), 'fsck');
  await bench.room.git(path.join(bench.at('a'), 'lib'), 'rev-parse', 'refs/remotes/origin/HEAD^{commit}');
});
