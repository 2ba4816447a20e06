import { execFileSync } from 'node:child_process';
import { cp, mkdir, readdir, readFile, symlink } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { makeRoom, type Room } from '../support/room.ts';
import { start, type Exit } from '../support/spawn.ts';

const PROJECT = path.resolve(import.meta.dirname, '../..');
const SOURCES = [
  'bin',
  'src',
  'scripts',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'LICENSE',
  'CHANGELOG.md',
  'README.md',
];

interface SourceMap {
  readonly sources?: readonly string[];
  /** A chunk has one for each of its modules. */
  readonly sections?: readonly { readonly map: SourceMap }[];
}

interface Installed {
  readonly room: Room;
  readonly prefix: string;
  /** Paths in the tarball, below its `package/`. */
  readonly packed: readonly string[];
  readonly run: (cwd: string, ...argv: readonly [string, ...string[]]) => Promise<Exit>;
}

/** Packs a copy of the project, so that its own dist/ stays as it is, and installs the tarball into an empty prefix. */
async function install(): Promise<Installed> {
  const room = await makeRoom();
  const copy = path.join(room.dir, 'project');
  const prefix = path.join(room.dir, 'prefix');
  await mkdir(copy);
  await mkdir(prefix);
  const there = new Set(await readdir(PROJECT));
  for (const name of SOURCES.filter((source) => there.has(source)))
    await cp(path.join(PROJECT, name), path.join(copy, name), { recursive: true });
  await symlink(path.join(PROJECT, 'node_modules'), path.join(copy, 'node_modules'));
  const env = { ...room.env, npm_config_update_notifier: 'false', npm_config_loglevel: 'error' } as NodeJS.ProcessEnv;
  const npm = (cwd: string, ...args: readonly string[]): string =>
    execFileSync('npm', args, { cwd, env, encoding: 'utf8' });
  npm(copy, 'pack', '--pack-destination', room.dir);
  const [tarball = ''] = (await readdir(room.dir)).filter((name) => name.endsWith('.tgz'));
  const listing = execFileSync('tar', ['-tzf', path.join(room.dir, tarball)], { encoding: 'utf8' });
  const packed = listing
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.replace(/^package\//, ''));
  npm(room.dir, 'install', '--global', '--offline', '--prefix', prefix, path.join(room.dir, tarball));
  const run: Installed['run'] = (cwd, ...argv) =>
    start(room, cwd, argv, { env: { PATH: `${path.join(prefix, 'bin')}:${room.env['PATH']}` } }).done;
  return { room, prefix, packed, run };
}

test('the tarball installs one package, offline, and it runs as wt and as git wt', async () => {
  const { room, prefix, packed, run } = await install();

  // What is shipped, chunk names without their hash.
  const shape = new Set(
    packed.map((name) => name.replace(/^(dist\/chunks\/)[^/]+-[A-F0-9]{8}(\.js(?:\.map)?)$/, '$1<chunk>$2')),
  );
  expect([...shape].filter((name) => name !== 'README.md').toSorted()).toEqual([
    'CHANGELOG.md',
    'LICENSE',
    'bin/package.json',
    'bin/wt.js',
    'dist/THIRD-PARTY-LICENSES.txt',
    'dist/after-change.js',
    'dist/after-change.js.map',
    'dist/chunks/<chunk>.js',
    'dist/chunks/<chunk>.js.map',
    'dist/hook.js',
    'dist/hook.js.map',
    'dist/main.js',
    'dist/main.js.map',
    'dist/package.json',
    'dist/quick.js',
    'dist/quick.js.map',
    'dist/supervise.js',
    'dist/supervise.js.map',
    'package.json',
  ]);
  const scripts = packed.filter((name) => /^dist\/.*\.js$/.test(name));
  expect(packed.filter((name) => name.endsWith('.map')).toSorted()).toEqual(
    scripts.map((name) => `${name}.map`).toSorted(),
  );

  // One package, nothing below it, and no dependency that an installer would fetch.
  const home = path.join(prefix, 'lib', 'node_modules');
  expect((await readdir(home)).filter((name) => !name.startsWith('.'))).toEqual(['wt-sessions']);
  const shipped = path.join(home, 'wt-sessions');
  expect(await readdir(shipped)).not.toContain('node_modules');
  const manifest = JSON.parse(await readFile(path.join(shipped, 'package.json'), 'utf8')) as Record<string, unknown>;
  expect(Object.keys(manifest)).not.toContain('dependencies');
  expect((await readdir(path.join(prefix, 'bin'))).toSorted()).toEqual(['git-wt', 'wt']);

  // The licence of each package whose code is in the bundle.
  const maps = packed.filter((name) => name.endsWith('.map'));
  const bundled = new Set<string>();
  for (const name of maps) {
    const map = JSON.parse(await readFile(path.join(shipped, name), 'utf8')) as SourceMap;
    for (const source of (map.sections ?? [{ map }]).flatMap((section) => section.map.sources ?? [])) {
      const [, inner] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source) ?? [];
      if (inner !== undefined) bundled.add(inner);
    }
  }
  const licences = await readFile(path.join(shipped, 'dist', 'THIRD-PARTY-LICENSES.txt'), 'utf8');
  const named = new Set([...licences.matchAll(/^-{80}\n(\S+) \S+\nLicence: \S/gm)].map(([, name]) => name));
  expect(bundled).toContain('commander');
  expect(named).toEqual(bundled);

  const { version } = JSON.parse(await readFile(path.join(PROJECT, 'package.json'), 'utf8')) as { version: string };
  expect(await run(room.dir, 'wt', '--version')).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' });
  const root = await room.repo();
  expect(await run(root, 'git', 'wt', 'list')).toMatchObject({ code: 0, stdout: '', stderr: '' });
  expect(await run(root, 'git', 'wt', 'create', 'one')).toMatchObject({ code: 0, stderr: '' });
  expect((await run(root, 'wt', 'list')).stdout).toMatch(/^one\t/);
});
