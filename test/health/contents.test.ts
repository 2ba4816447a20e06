import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { doctor, expectFixWorks, names, only } from '../support/health.ts';
import { benchAt, makeBench, type Bench } from '../support/wt.ts';

/** The same room with more in its environment. */
function withEnv(bench: Bench, env: Readonly<Record<string, string>>): Bench {
  return benchAt({ ...bench.room, env: { ...bench.room.env, ...env } }, bench.root);
}

test('a submodule without files is a warning, and the command fetches them', async () => {
  const plain = await makeBench();
  const bench = withEnv(plain, {
    GIT_ALLOW_PROTOCOL: 'file',
  });
  const library = await bench.room.repo('library', { 'lib.txt': 'lib\n' });
  await bench.git('-c', 'protocol.file.allow=always', 'submodule', 'add', '-q', library, 'vendor/lib');
  await bench.git('commit', '-qm', 'library');
  await bench.wt('create', 'a', '--no-setup');
  const finding = await only(bench, 'submodule.missing');
  expect(finding).toMatchObject({ session: 'a', severity: 'warning', automatic: false });
  expect(finding.message).toContain('1 submodule (vendor/lib)');
  await expectFixWorks(bench, 'submodule.missing');
  expect(await readFile(`${bench.at('a')}/vendor/lib/lib.txt`, 'utf8')).toBe('lib\n');
});

const POINTER = 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n';
const LFS = { '.gitattributes': '*.bin filter=lfs diff=lfs -text\n', 'a.bin': POINTER, 'b.txt': POINTER };

test('files of Git LFS without git-lfs are a warning that says how to get it', async () => {
  const bench = await makeBench(LFS);
  await bench.wt('create', 'a');
  const finding = await only(bench, 'lfs.missing', { env: { PATH: await pathWithoutLfs(bench) } });
  expect(finding).toMatchObject({ severity: 'warning', fix: null });
  expect(finding.message).toContain('1 files');
});

test('files of Git LFS that are still pointers are a warning, and the command fetches the contents', async () => {
  const plain = await makeBench(LFS);
  const bench = withEnv(plain, { PATH: await pathWithLfs(plain) });
  await bench.wt('create', 'a');
  const finding = await only(bench, 'lfs.pointers');
  expect(finding).toMatchObject({ session: 'a', severity: 'warning' });
  expect(finding.message).toContain('(a.bin)');
  await expectFixWorks(bench, 'lfs.pointers');
});

test('a repository without Git LFS is not asked for it', async () => {
  const bench = await makeBench({ 'b.txt': POINTER });
  await bench.wt('create', 'a');
  expect(names((await doctor(bench)).findings)).toEqual([]);
});

/** A git-lfs that writes contents when it is asked to pull. */
async function pathWithLfs({ room }: Bench): Promise<string> {
  const bin = `${room.dir}/bin`;
  await mkdir(bin);
  await writeFile(`${bin}/git-lfs`, '#!/bin/sh\n[ "$1" = pull ] && echo contents >a.bin\nexit 0\n');
  await chmod(`${bin}/git-lfs`, 0o755);
  return `${bin}${path.delimiter}${room.env['PATH']}`;
}

/** git, and a git-lfs that fails like one that is not there. */
async function pathWithoutLfs({ room }: Bench): Promise<string> {
  const bin = `${room.dir}/no-lfs`;
  await mkdir(bin);
  await writeFile(`${bin}/git-lfs`, '#!/bin/sh\nexit 1\n');
  await chmod(`${bin}/git-lfs`, 0o755);
  return `${bin}${path.delimiter}${room.env['PATH']}`;
}

test('hooks of a relative core.hooksPath that is not in a session are a warning, and the command lets them run', async () => {
  const bench = await makeBench({ '.husky/pre-commit': 'echo\n', '.gitignore': '_\n' });
  await bench.write({ '.husky/_/pre-commit': '#!/bin/sh\ntouch "$(git rev-parse --show-toplevel)/ran"\n' });
  await chmod(`${bench.root}/.husky/_/pre-commit`, 0o755);
  await bench.git('config', 'core.hooksPath', '.husky/_');
  await bench.wt('create', 'a', '--no-setup');
  await bench.wt('create', 'b', '--no-setup');
  await bench.room.write(bench.at('b'), { '.husky/_/pre-commit': '#!/bin/sh\n' });
  await bench.work('a', { x: 'x\n' });
  await expect(readFile(`${bench.at('a')}/ran`)).rejects.toThrow('ENOENT');
  expect(await only(bench, 'hooks.missing')).toMatchObject({ session: 'a', severity: 'warning', automatic: false });
  await expectFixWorks(bench, 'hooks.missing');
  await bench.work('a', { y: 'y\n' });
  expect(await readFile(`${bench.at('a')}/ran`, 'utf8')).toBe('');
});

test.each([
  ['is absolute', (bench: Bench) => `${bench.root}/hooks`],
  ['is in every worktree', () => 'hooks'],
  ['is nowhere', () => 'none'],
])('a core.hooksPath that %s is no finding', async (_, place) => {
  const bench = await makeBench({ 'hooks/pre-commit': '#!/bin/sh\n' });
  await bench.git('config', 'core.hooksPath', place(bench));
  await bench.wt('create', 'a');
  expect(names((await doctor(bench)).findings)).toEqual([]);
});

test('a remote by a relative path is a warning, and the command makes it work in a session', async () => {
  const bench = await makeBench();
  await bench.room.repo('origin');
  await bench.git('remote', 'add', 'origin', '../origin');
  await bench.git('remote', 'add', 'web', 'https://example.org/x.git');
  await bench.wt('create', 'a');
  await expect(bench.room.git(bench.at('a'), 'fetch', '-q', 'origin')).rejects.toThrow('origin');
  expect((await only(bench, 'remote.relative')).message).toContain('origin is ../origin');
  await expectFixWorks(bench, 'remote.relative');
  await bench.room.git(bench.at('a'), 'fetch', '-q', 'origin');
});

test.each([
  ['wt.config.jsonc', ['wt', 'config', 'edit']],
  ['$XDG_CONFIG_HOME/wt/config.jsonc', ['wt', 'config', 'edit', '--personal']],
])('a %s that cannot be read is an error with its place, and the command opens it', async (name, fix) => {
  const bench = await makeBench();
  const folder = bench.room.env['XDG_CONFIG_HOME'] ?? '';
  const isPersonal = name.startsWith('$');
  await bench.room.write(isPersonal ? folder : bench.root, {
    [isPersonal ? 'wt/config.jsonc' : name]: '{ "merge": { "gate": 1 } }\n',
  });
  const found = await only(bench, 'config.invalid');
  expect(found).toMatchObject({ severity: 'error', fix, automatic: false });
  expect(found.message).toMatch(/config\.jsonc:1:22: merge\.gate/);
});
