import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { gitAt } from '#src/git/git.ts';
import { systemClock } from '#src/platform/clock.ts';
import { createRunner } from '#src/platform/runner.ts';
import { findHookRules, listNotes, listWarnings, type Surroundings } from '#src/setup/sources/surroundings.ts';
import { makeBench, type Bench } from '../support/wt.ts';

async function surround(files: Readonly<Record<string, string>>): Promise<{ bench: Bench; around: Surroundings }> {
  const bench = await makeBench(files);
  await bench.wt('create', 'a', '--no-setup');
  const run = createRunner(bench.room.env, new AbortController().signal);
  const mainGit = gitAt({ run, clock: systemClock, dir: bench.root });
  const { root: main, room } = bench;
  const around = { main, commonDir: `${main}/.git`, mainGit, env: room.env, session: bench.at('a') };
  return { bench, around };
}

test('a folder of hooks that a tool made and git ignores is copied', async () => {
  const { bench, around } = await surround({ '.husky/pre-commit': 'npm test\n' });
  await bench.write({ '.husky/_/pre-commit': '#!/bin/sh\n', '.husky/_/.gitignore': '*\n' });
  await bench.git('config', 'core.hooksPath', '.husky/_');
  expect(await findHookRules(around)).toMatchObject([
    { kind: 'copy', patterns: ['/.husky/_/'], source: { owner: 'person' } },
  ]);
  expect(await listWarnings(around)).toEqual([
    'git hooks do not run in this session: core.hooksPath is .husky/_, which is not there; run the tool that makes it, or "wt doctor"',
  ]);
  await mkdir(path.join(bench.at('a'), '.husky/_'), { recursive: true });
  expect(await listWarnings(around)).toEqual([]);
});

test('nothing is copied that git tracks, that lies outside, or that is not set', async () => {
  const { bench, around } = await surround({ '.githooks/pre-commit': '#!/bin/sh\n' });
  expect(await findHookRules(around)).toEqual([]);
  for (const folder of ['.githooks', '../elsewhere', '/etc', '.', 'missing']) {
    await bench.git('config', 'core.hooksPath', folder);
    expect({ folder, rules: await findHookRules(around) }).toEqual({ folder, rules: [] });
  }
  await bench.git('config', 'core.hooksPath', '.githooks');
  expect(await listWarnings(around)).toEqual([]);
});

test.for([
  [
    { 'lefthook.yml': 'pre-commit: {}\n' },
    'git hooks: lefthook.yml is there, but lefthook is not installed: lefthook install',
  ],
  [
    { '.pre-commit-config.yaml': 'repos: []\n' },
    'git hooks: .pre-commit-config.yaml is there, but pre-commit is not installed',
  ],
  [
    { 'package.json': '{ "simple-git-hooks": { "pre-commit": "x" } }' },
    'git hooks: those of simple-git-hooks are not installed',
  ],
  [{ 'mise.toml': '[tools]\n' }, 'mise.toml: from mise 2026.7 on'],
  [{ '.envrc': 'dotenv\n' }, '.envrc: direnv loads it once you have allowed it for this folder: direnv allow '],
] as const)('says what was found, and the command: %j', async ([files, note]) => {
  const { around } = await surround(files);
  expect((await listNotes(around)).join('\n')).toContain(note);
});

test('hooks that are installed need no word', async () => {
  const { bench, around } = await surround({ 'lefthook.yml': 'pre-commit: {}\n' });
  await bench.write({ '.git/hooks/pre-commit': '#!/bin/sh\nlefthook run pre-commit\n' });
  expect(await listNotes(around)).toEqual([]);
});

test('direnv is a warning only for those who have it', async () => {
  const { bench, around } = await surround({ '.envrc': 'dotenv\n' });
  expect(await listWarnings(around)).toEqual([]);
  const bin = path.join(bench.room.dir, 'direnv-bin');
  await mkdir(bin, { recursive: true });
  await writeFile(path.join(bin, 'direnv'), '#!/bin/sh\n');
  await chmod(path.join(bin, 'direnv'), 0o755);
  const env = { ...around.env, PATH: `${bin}:${around.env['PATH'] ?? ''}` };
  expect(await listWarnings({ ...around, env })).toEqual([
    `direnv does not load .envrc here until you allow it: direnv allow ${bench.at('a')}`,
  ]);
});
