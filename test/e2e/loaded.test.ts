import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { makeRoom } from '../support/room.ts';
import { runWt } from '../support/spawn.ts';

const SPY = path.resolve(import.meta.dirname, '../support/loaded.cjs');

/** What a start costs is what it loads: a name more here has to be worth its milliseconds. `main` is the table of all modules. */
const START = ['commander', 'core', 'main', 'zod'];
const BUDGET: readonly (readonly [argv: readonly string[], files: readonly string[], modules: readonly string[]])[] = [
  [['--version'], ['quick'], ['fs', 'path']],
  [['path', 'a'], ['quick'], ['fs', 'path']],
  [['hook', 'claude'], ['hook'], ['crypto', 'fs', 'fs/promises', 'os', 'path', 'process']],
  [['--help'], START, []],
  [
    ['create', 'a'],
    [...START, 'create', 'often', 'seldom'],
    ['crypto', 'fs/promises', 'os'],
  ],
  [['path', 'a', '--json'], [...START, 'path', 'quick'], ['fs/promises']],
  // crypto: keys of what was found out before.
  [['list'], [...START, 'list', 'often', 'seldom'], ['crypto', 'fs/promises', 'os']],
  [
    ['list', '--json'],
    [...START, 'list', 'often'],
    ['crypto', 'fs/promises', 'os'],
  ],
  [
    ['remove', 'a'],
    [...START, 'often', 'remove', 'seldom'],
    ['crypto', 'fs/promises', 'os'],
  ],
];
const STARTS_WITH = ['child_process', 'events', 'fs', 'module', 'path', 'process', 'vm'];

test('a call loads what its verb needs and nothing else: no execa, no spinner, no parser of settings', async () => {
  const room = await makeRoom();
  const root = await room.repo();
  const record = path.join(room.dir, 'loaded.json');
  const env = { NODE_OPTIONS: `--require ${SPY}`, WT_TEST_LOADED: record };
  await runWt(room, root, ['create', 'a']);
  for (const [argv, files, modules] of BUDGET) {
    await runWt(room, root, argv, { env });
    const loaded = JSON.parse(await readFile(record, 'utf8')) as { files: string[]; modules: string[] };
    const isWhole = files.includes('main');
    const allowed = new Set([...modules, ...(isWhole ? STARTS_WITH : []), 'tty']);
    expect([argv, loaded.files.toSorted()]).toEqual([argv, files.toSorted()]);
    expect([argv, loaded.modules.filter((name) => !allowed.has(name))]).toEqual([argv, []]);
  }
});

test('a trace that --verbose prints names files and lines of the sources', async () => {
  const room = await makeRoom();
  const root = await room.repo();
  const planted = "require('node:fs').readdirSync = () => { throw new TypeError('planted'); };\n";
  await room.write(room.dir, { 'planted.cjs': planted });
  const env = { NODE_OPTIONS: `--require ${path.join(room.dir, 'planted.cjs')}` };
  const { code, stderr } = await runWt(room, root, ['list', '--verbose'], { env });
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(/TypeError: planted\n[^]*src\/platform\/files\.ts:\d+:\d+/),
  ]);
  const plain = await runWt(room, root, ['list'], { env });
  expect([plain.code, plain.stderr]).toEqual([1, expect.stringContaining('a bug in wt: planted')]);
});
