import { execa } from 'execa';
import path from 'node:path';
import { expect, test } from 'vitest';
import { doctor, only } from '../support/health.ts';
import type { Files } from '../support/room.ts';
import { makeBench, type Bench } from '../support/wt.ts';

async function makePlace(files: Files): Promise<Bench> {
  const bench = await makeBench(files);
  await bench.wt('create', 'a');
  return bench;
}

async function crawlers(bench: Bench): Promise<readonly string[]> {
  const { findings } = await doctor(bench);
  return findings.filter(({ check }) => check === 'tool.crawls').map(({ message }) => message.split(',')[0] ?? '');
}

const ENTER: readonly (readonly [string, string, Files])[] = [
  ['ESLint', 'a flat configuration', { 'eslint.config.js': 'export default [];\n' }],
  ['Jest', 'a configuration', { 'jest.config.cjs': 'module.exports = { testEnvironment: "node" };\n' }],
  ['Jest', 'a key of package.json', { 'package.json': '{"jest":{"verbose":true}}' }],
  ['Jest', 'no configuration at all', { 'package.json': '{"devDependencies":{"jest":"30.0.0"}}' }],
  ['Jest', 'the top among its roots', { 'jest.config.js': "export default { roots: ['<rootDir>'] };\n" }],
  ['Jest', 'patterns of tests alone', { 'jest.config.js': "export default { testMatch: ['<rootDir>/t/**'] };\n" }],
  ['Vitest', 'a configuration', { 'vitest.config.ts': 'export default { test: { globals: true } };\n' }],
  ['Vitest', 'no configuration at all', { 'package.json': '{"devDependencies":{"vitest":"4.0.0"}}' }],
  [
    'Vitest',
    'a pattern for any folder',
    { 'vitest.config.ts': "export default { test: { include: ['**/*.spec.ts'] } };\n" },
  ],
  [
    'Vitest',
    'patterns for coverage alone',
    { 'vitest.config.ts': "export default { test: { coverage: { include: ['src/**'] } } };\n" },
  ],
  ['Prettier', 'a configuration', { '.prettierrc': '{}\n' }],
  ['Prettier', 'a key of package.json', { 'package.json': '{"prettier":{}}', '.prettierignore': 'dist\n' }],
  ['Biome', 'a configuration', { 'biome.json': '{}\n' }],
  ['TypeScript', 'a pattern for folders with a dot', { 'tsconfig.json': '{"include":["src","./.*/**/*"]}' }],
];

test.each(ENTER)('%s with %s is warned of, with the line to add', async (tool, _, files) => {
  const bench = await makePlace(files);
  expect(await crawlers(bench)).toEqual([tool]);
  const { severity, fix, does } = await only(bench, 'tool.crawls');
  expect({ severity, fix, does }).toEqual({
    severity: 'warning',
    fix: null,
    does: expect.stringMatching(/^add to \S+: .*\.worktrees/),
  });
});

test.each([
  ['VS Code', { '.vscode/settings.json': '{ "files.watcherExclude": {} }' }],
  ['Watchman', { '.watchmanconfig': '{}' }],
  ['Metro', { 'metro.config.js': 'module.exports = {};\n' }],
])('%s only costs: a note, with the line to add', async (tool, files: Files) => {
  const bench = await makePlace(files);
  expect(await crawlers(bench)).toEqual([tool]);
  const { severity, does } = await only(bench, 'tool.crawls');
  expect({ severity, does }).toEqual({ severity: 'info', does: expect.stringMatching(/^add to \S+: .*\.worktrees/) });
});

const STAY_OUT: readonly (readonly [string, Files])[] = [
  ['ESLint that ignores it', { 'eslint.config.mjs': "export default [{ ignores: ['.worktrees/'] }];\n" }],
  [
    'VS Code that leaves it out',
    { '.vscode/settings.json': '{ "files.watcherExclude": { "**/.worktrees/**": true } }' },
  ],
  ['ESLint with its old configuration', { '.eslintrc.json': '{}' }],
  [
    'Jest that ignores it',
    { 'jest.config.js': "export default { modulePathIgnorePatterns: ['<rootDir>/\\\\.worktrees/'] };\n" },
  ],
  ['Jest with roots of its own', { 'package.json': '{"jest":{"roots":["<rootDir>/src"]}}' }],
  ['Vitest that leaves it out', { 'vitest.config.ts': "export default { test: { exclude: ['.worktrees/**'] } };\n" }],
  [
    'Vitest that looks in folders it names',
    { 'vitest.config.ts': "export default { test: { include: ['test/**/*.test.ts'] } };\n" },
  ],
  ['Prettier that ignores it', { '.prettierrc': '{}', '.prettierignore': '.worktrees\n' }],
  ['Prettier beside a .gitignore that names it', { '.prettierrc': '{}', '.gitignore': '/.worktrees/\n' }],
  ['Biome that leaves it out', { 'biome.json': '{"files":{"includes":["**","!.worktrees"]}}' }],
  ['Biome that goes by git', { 'biome.jsonc': '{"vcs":{"enabled":true,"clientKind":"git","useIgnoreFile":true}}' }],
  ['TypeScript', { 'tsconfig.json': '{"include":["**/*","."]}' }],
  ['TypeScript without a list', { 'tsconfig.json': '{"compilerOptions":{}}' }],
  ['a package.json that cannot be read', { 'package.json': '{' }],
  ['a package.json with something else in it', { 'package.json': '[1]' }],
];

test.each(STAY_OUT)('%s stays out and is no finding', async (_, files) => {
  expect(await crawlers(await makePlace(files))).toEqual([]);
});

test('without sessions no tool is warned of', async () => {
  expect(await crawlers(await makeBench({ 'eslint.config.js': 'export default [];\n' }))).toEqual([]);
});

/** What is said of the two tools that are at hand here is what they do. */
test('TypeScript enters folders with a dot only by a pattern that names them', async () => {
  const bench = await makeBench({ 'a.ts': 'export {};\n', '.worktrees/s/b.ts': 'export {};\n' });
  const listFiles = async (include: readonly string[]): Promise<readonly string[]> => {
    await bench.write({ 'tsconfig.json': JSON.stringify({ compilerOptions: { types: [] }, include }) });
    const tsc = path.resolve('node_modules/typescript/bin/tsc');
    const { stdout } = await execa(process.execPath, [tsc, '-p', bench.root, '--listFilesOnly'], { reject: false });
    return stdout.split('\n').filter((line) => line.startsWith(bench.root) && line.includes('.worktrees'));
  };
  expect(await listFiles(['**/*', '.', '*/**/*'])).toEqual([]);
  expect(await listFiles(['.*/**/*'])).toHaveLength(1);
});
