import { execa } from 'execa';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { copyPaths } from '#src/setup/files/copy.ts';
import { openFolders } from '#src/setup/files/folders.ts';
import { placeFiles } from '#src/setup/files/files.ts';
import type { Place } from '#src/setup/place.ts';
import type { FileRule } from '#src/setup/step.ts';
import { failure } from '../support/listing.ts';
import { copyRule, linkRule, makePlace } from '../support/place.ts';
import { makeBench, type Bench } from '../support/wt.ts';

// What a repository names to be copied into a session must not reach what lies outside of it.

interface Scene {
  readonly bench: Bench;
  readonly place: Place;
  /** A folder beside the repository, with a secret in it. */
  readonly outside: string;
}

async function makeScene(): Promise<Scene> {
  const bench = await makeBench({ '.gitignore': '/ignored/\n.env\n/top\n', 'README.md': 'x\n' });
  await bench.data('create', 'a', '--no-setup');
  const outside = path.join(bench.room.dir, 'outside');
  await bench.room.write(bench.room.dir, { 'outside/secret': 'SECRET\n' });
  await bench.write({ 'ignored/plain': 'plain\n' });
  return { bench, place: await makePlace(bench, 'a'), outside };
}

/** Everything in a session but git's file, contents and texts of links. */
async function contentsOf(folder: string, name = ''): Promise<Record<string, string>> {
  const all: Record<string, string> = {};
  for (const entry of await readdir(path.join(folder, name), { withFileTypes: true })) {
    const inner = name === '' ? entry.name : `${name}/${entry.name}`;
    if (inner === '.git' || inner === '.gitignore' || inner === 'README.md') continue;
    if (entry.isSymbolicLink()) all[inner] = `→ ${await readlink(path.join(folder, inner))}`;
    else if (entry.isDirectory()) Object.assign(all, await contentsOf(folder, inner));
    else all[inner] = await readFile(path.join(folder, inner), 'utf8');
  }
  return all;
}

test('links that lead out of the repository are not copied, whatever way they take', async () => {
  const { bench, place, outside } = await makeScene();
  const at = (name: string): string => path.join(bench.root, 'ignored', name);
  await mkdir(at('deep/er'), { recursive: true });
  await symlink(outside, at('folder'));
  await symlink(path.join(outside, 'secret'), at('file'));
  await symlink('../../outside/secret', at('relative'));
  await symlink('folder/secret', at('through'));
  await symlink('folder/../outside/secret', at('turning'));
  await symlink('deep/gone/../../../../outside/later', at('dangling'));
  await symlink('../.git/config', at('git'));
  await symlink('../.worktrees/sessions.json', at('wt'));
  await symlink('deep/er', at('inner'));
  await symlink('plain', at('good'));
  await symlink(path.join(bench.root, 'ignored/plain'), at('whole'));
  const { skipped } = await placeFiles(place, [copyRule('/ignored/')]);
  expect(await contentsOf(bench.at('a'))).toEqual({
    'ignored/plain': 'plain\n',
    'ignored/inner': '→ deep/er',
    'ignored/good': '→ plain',
    'ignored/whole': `→ ${bench.at('a')}/ignored/plain`,
  });
  expect(skipped.map((one) => one.path).toSorted()).toEqual(
    ['dangling', 'file', 'folder', 'git', 'relative', 'through', 'turning', 'wt'].map((name) => `ignored/${name}`),
  );
});

test('a folder that is a link in the session takes no file: nothing is written outside', async () => {
  const { bench, place, outside } = await makeScene();
  await bench.write({ 'conf/.env': 'A=1\n', 'conf/sub/.env': 'B=1\n' });
  await symlink(outside, path.join(bench.at('a'), 'conf'));
  await rm(path.join(bench.root, 'ignored'), { recursive: true });
  await symlink(path.join(outside), path.join(bench.at('a'), 'ignored'));
  await bench.write({ 'ignored/x/y': 'x\n' });
  await placeFiles(place, [copyRule('.env', '/ignored/'), linkRule('conf/sub/.env')]);
  expect(await readdir(outside)).toEqual(['secret']);
  // Nor when git was asked before the link was put there.
  const folders = await openFolders(place);
  const entries = ['conf/.env', 'conf/sub/', 'ignored/'];
  const { copied, skipped } = await copyPaths(place, folders, { entries, except: new Set() });
  expect([copied, skipped.length]).toEqual([0, entries.length]);
  expect(await readdir(outside)).toEqual(['secret']);
});

test('a folder that is a link in the main worktree is not gone through', async () => {
  const { bench, place, outside } = await makeScene();
  await writeFile(path.join(outside, '.env'), 'SECRET\n');
  await symlink(outside, path.join(bench.root, 'linked'));
  await symlink(outside, path.join(bench.root, 'top'));
  await bench.write({ '.worktreeinclude': 'linked/.env\nlinked/**\ntop\ntop/\ntop/secret\n**/secret\n' });
  await placeFiles(place, [copyRule('linked/.env', 'top/*'), linkRule('top', 'linked/.env')]);
  expect(await contentsOf(bench.at('a'))).toEqual({});
});

test('a pattern with ".." or "~" in wt’s own configuration is refused, and copies nothing', async () => {
  const { bench, place } = await makeScene();
  for (const pattern of ['../outside/secret', 'ignored/../../outside', '!../x', '~/.ssh/id_rsa', '~root/.env', '..']) {
    for (const key of ['copy', 'link']) {
      await bench.write({ 'wt.config.jsonc': JSON.stringify({ setup: { [key]: ['/ignored/', pattern] } }) });
      expect(await failure(bench, 'create', 'b', '--yes')).toMatchObject({ exit: 2, code: 'config.invalid' });
    }
    // Nor would one be taken that came past it.
    const { copied, linked, skipped } = await placeFiles(place, [copyRule(pattern), linkRule(pattern)]);
    expect([copied, linked, [...new Set(skipped.map((one) => one.path))]]).toEqual([0, [], [pattern]]);
  }
  expect(await contentsOf(bench.at('a'))).toEqual({});
  expect(existsSync(bench.at('b'))).toBe(false);
});

test('such patterns of .worktreeinclude and of other tools are named and passed over', async () => {
  const { bench, place, outside } = await makeScene();
  await bench.write({ '.worktreeinclude': `../outside/secret\n${outside}/secret\n/../x\n~/.ssh/id_rsa\n/ignored\n` });
  const foreign: FileRule = {
    kind: 'copy',
    patterns: ['../../outside', '.env'],
    source: { owner: 'repository', file: '/x/.gtrconfig', format: 'gtr' },
  };
  await bench.write({ '.env': 'A=1\n' });
  const { skipped } = await placeFiles(place, [foreign]);
  expect(skipped).toEqual([
    { path: '../outside/secret', reason: '.worktreeinclude: leads out of the repository' },
    { path: '/../x', reason: '.worktreeinclude: leads out of the repository' },
    { path: '~/.ssh/id_rsa', reason: '.worktreeinclude: leads out of the repository' },
    { path: '../../outside', reason: '.gtrconfig: leads out of the repository' },
  ]);
  expect(await contentsOf(bench.at('a'))).toEqual({ '.env': 'A=1\n', 'ignored/plain': 'plain\n' });
});

test('patterns and names that look like options or commands stay what they are', async () => {
  const { bench, place } = await makeScene();
  const names = ['--upload-pack=x', '-rf', '$(touch pwned)', ':(top)x', ':!y', 'a\nb', "it's", '`id`'];
  await bench.write(Object.fromEntries(names.map((name) => [`ignored/${name}`, name])));
  const patterns = ['--exclude-standard', '-z', '--output=pwned', '$(touch pwned)', ':(top)*', '/ignored/'];
  const report = await placeFiles(place, [copyRule(...patterns)]);
  expect(report).toMatchObject({ copied: names.length + 1, skipped: [] });
  expect(await contentsOf(bench.at('a'))).toEqual({
    'ignored/plain': 'plain\n',
    ...Object.fromEntries(names.map((name) => [`ignored/${name}`, name])),
  });
});

test('a pipe in the place of .worktreeinclude is not waited for', async () => {
  const { bench, place } = await makeScene();
  await execa('mkfifo', [path.join(bench.root, '.worktreeinclude')]);
  const { skipped } = await placeFiles(place, []);
  expect(skipped).toEqual([{ path: '.worktreeinclude', reason: 'is not read: it is not a regular file' }]);
});
