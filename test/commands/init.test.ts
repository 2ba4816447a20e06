import { readFile, symlink } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseConfig } from '#src/config/parse.ts';
import { portsOfCompose, portsOfEnv } from '#src/setup/survey.ts';
import { listing } from '../support/listing.ts';
import { makeBench, type Bench } from '../support/wt.ts';

const fileOf = ({ root }: Bench): Promise<string> => readFile(`${root}/wt.config.jsonc`, 'utf8');
const valueOf = async (bench: Bench): Promise<unknown> => parseConfig('', await fileOf(bench)).value;

test('writes a short file with what is found, and nothing else', async () => {
  const bench = await makeBench({
    'package.json': '{ "scripts": { "test": "vitest" } }',
    'package-lock.json': '{}',
    '.gitignore': '.env*\nnode_modules\n',
    'compose.yml': 'services:\n  web:\n    ports:\n      - "3000:80"\n  db:\n    ports: ["5432:5432"]\n',
  });
  await bench.write({ '.env': 'SECRET=1\nDB_PORT=5432\n', '.env.local': 'x\n', 'node_modules/a/.env': 'x\n' });
  const before = await listing(bench.root);
  const { code, stdout } = await bench.wt('init');
  expect(code).toBe(0);
  expect(stdout).toMatchInlineSnapshot(`
    "✓ Wrote $ROOM/app/wt.config.jsonc
      install  npm ci  package-lock.json
      copy     .env, .env.local  ignored by git
      test     npm test  package.json; commented out
      port     web 3000  compose.yml; commented out
      port     db 5432  .env; commented out
    Look at it, then approve its commands: wt trust
    "
  `);
  expect(await fileOf(bench)).toMatchInlineSnapshot(`
    "{
      // Settings of wt for everyone who works on this repository. All of them, with their defaults: wt config
      // What one of them means: wt config explain <key>
      "$schema": "https://unpkg.com/wt-sessions/docs/schema/wt.config.json",

      // What makes a new session ready; the commands run once they are approved: wt trust
      "setup": {
        // Ignored files that a session gets a copy of
        "copy": [".env", ".env.local"],
        // Seen by package-lock.json
        "run": ["npm ci"]
      },

      // Seen in compose.yml, .env: web 3000, db 5432. With this each session gets ports of its own, in $WT_PORT_WEB, $WT_PORT_DB
      // "ports": ["web", "db"],

      // Worktrees that are kept ready, set-up and all: wt create gets one at once. They take room
      // "pool": { "size": 1 },

      "merge": {
        // The command that must pass on the merged result before the base moves
        // "gate": "npm test"
      }
    }
    "
  `);
  expect((await listing(bench.root)).length).toBe(before.length + 1);
  expect((await bench.wt('config', 'get', 'setup.run')).stdout).toBe('["npm ci"]\n');
  expect((await bench.wt('create', 'a')).code).toBe(8); // a person has to approve it first
});

test.for([
  [{ 'pnpm-lock.yaml': '' }, 'pnpm install --frozen-lockfile'],
  [{ 'yarn.lock': '# yarn lockfile v1\n' }, 'yarn install --frozen-lockfile'],
  [{ 'yarn.lock': '__metadata:\n  version: 8\n' }, 'yarn install --immutable'],
  [{ 'yarn.lock': '', '.yarnrc.yml': '' }, 'yarn install --immutable'],
  [{ 'bun.lock': '' }, 'bun install --frozen-lockfile'],
  [{ 'package-lock.json': '{}', 'package.json': '{ "packageManager": "pnpm@9.1.0" }' }, 'pnpm install'],
  [{ 'package.json': '{ "packageManager": "$(touch x)@1" }', 'package-lock.json': '{}' }, 'npm ci'],
  [{ 'uv.lock': '' }, 'uv sync --locked'],
  [{ 'poetry.lock': '' }, 'poetry install'],
  [{ 'Cargo.lock': '', 'Cargo.toml': '' }, 'cargo fetch --locked'],
  [{ 'go.mod': '' }, 'go mod download'],
  [{ 'Gemfile.lock': '' }, 'bundle install'],
  [{ 'composer.lock': '' }, 'composer install'],
] as const)('%j is installed with %s', async ([files, command]) => {
  const bench = await makeBench(files);
  await bench.wt('init');
  expect(await valueOf(bench)).toMatchObject({ setup: { run: [command] } });
});

test('several languages are all installed, and a folder below where the root has none of that kind', async () => {
  const bench = await makeBench({ 'uv.lock': '', 'web/package-lock.json': '{}', 'go.mod': '', 'tools/go.mod': '' });
  await bench.wt('init');
  expect(await valueOf(bench)).toMatchObject({
    setup: { run: ['cd web && npm ci', 'uv sync --locked', 'go mod download'] },
  });
});

test('secrets of production stay where they are, and a test runs in what the set-up makes', async () => {
  const bench = await makeBench({
    'requirements.txt': 'pytest\n',
    'pyproject.toml': '[tool.pytest.ini_options]\n',
    '.gitignore': '.env*\n',
  });
  await bench.write({
    '.env': 'A=1\n',
    '.env.production': 'KEY=1\n',
    '.env.prod.local': 'KEY=1\n',
    '.env.staging': 'KEY=1\n',
  });
  await bench.wt('init');
  expect(await valueOf(bench)).toMatchObject({ setup: { copy: ['.env'] } });
  expect(await fileOf(bench)).toContain('"gate": ".venv/bin/pytest"');
});

test('a repository that shows nothing gets examples, which hold when their comments go', async () => {
  const bench = await makeBench({ f: 'one\n' });
  expect((await bench.wt('init')).stdout).toContain('nothing that it knows');
  const text = await fileOf(bench);
  await bench.write({ 'wt.config.jsonc': text.replaceAll(/^( *)\/\/ (?=")/gm, '$1') });
  expect(await bench.data('config', 'list', 'merge')).toMatchObject({
    settings: expect.arrayContaining([expect.objectContaining({ key: 'merge.gate', value: 'npm test' })]),
  });
  expect((await bench.wt('config', 'get', 'setup.copy')).stdout).toBe('[".env"]\n');
});

test('what a file of the repository words never gets into it', async () => {
  const hostile = '"}, "merge": { "gate": "touch /tmp/pwned" }, "x": {"';
  const bench = await makeBench({
    'package.json': JSON.stringify({ packageManager: `npm@${hostile}`, scripts: { test: hostile } }),
    'compose.yml': `services:\n  ${hostile}:\n    ports:\n      - "3000:80"\n  we"b:\n    ports:\n      - "3001:80"\n`,
    '.gitignore': '.env*\n',
    'a$(touch x)/package-lock.json': '{}',
    '-x/package-lock.json': '{}',
  });
  await bench.write({ '.env.$(touch x)': 'x', '.env.\nx': 'x', '.env': `PORT=1234\n${hostile}_PORT=4000\n` });
  await bench.wt('init');
  expect(await fileOf(bench)).not.toMatch(/touch|pwned/);
  expect(await valueOf(bench)).toMatchObject({ merge: {}, setup: { copy: ['.env'], run: ['npm install'] } });
});

describe('a configuration that is there', () => {
  test('is not replaced', async () => {
    const bench = await makeBench({ 'wt.config.jsonc': '{ /* mine */ }' });
    const { code, stderr } = await bench.wt('init');
    expect({ code, stderr }).toEqual({ code: 4, stderr: expect.stringContaining('wt init --print') });
    expect(await fileOf(bench)).toBe('{ /* mine */ }');
    expect((await bench.wt('init', '--print')).stdout).toContain('"merge"');
  });

  test('is kept beside the new one with --force', async () => {
    const bench = await makeBench({ 'wt.config.jsonc': '{ /* mine */ }' });
    expect((await bench.wt('init', '--force')).stdout).toContain('wt.config.jsonc.aside');
    expect(await readFile(`${bench.root}/wt.config.jsonc.aside`, 'utf8')).toBe('{ /* mine */ }');
    await bench.wt('init', '--force');
    expect(existsSync(`${bench.root}/wt.config.jsonc.aside-2`)).toBe(true);
  });

  test('is not written through a link that leads out of the repository', async () => {
    const bench = await makeBench({ f: 'x\n' });
    await symlink(`${bench.room.dir}/elsewhere`, `${bench.root}/wt.config.jsonc`);
    expect((await bench.wt('init')).code).toBe(4);
    expect((await bench.wt('config', 'set', 'merge.gate', 'x')).code).toBe(4);
    expect(existsSync(`${bench.room.dir}/elsewhere`)).toBe(false);
    await bench.room.write(bench.room.dir, { elsewhere: '{}' });
    expect((await bench.wt('init', '--force')).code).toBe(4);
    expect((await bench.wt('config', 'set', 'merge.gate', 'x')).code).toBe(4);
    expect(await readFile(`${bench.room.dir}/elsewhere`, 'utf8')).toBe('{}');
  });
});

test('is that of the main worktree, called from inside a session too, and says so', async () => {
  const bench = await makeBench({ f: 'one\n' });
  await bench.wt('create', 'a');
  const { code, stderr } = await bench.wt('init', { cwd: bench.at('a') });
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('main worktree, $ROOM/app') });
  expect(existsSync(`${bench.root}/wt.config.jsonc`)).toBe(true);
  expect(existsSync(`${bench.at('a')}/wt.config.jsonc`)).toBe(false);
});

test('works in a repository without a commit, and not in a bare one', async () => {
  const bench = await makeBench();
  await bench.git('init', '-q', `${bench.room.dir}/empty`);
  await bench.git('init', '-q', '--bare', `${bench.room.dir}/bare.git`);
  expect((await bench.wt('init', { cwd: `${bench.room.dir}/empty` })).code).toBe(0);
  expect((await bench.wt('init', { cwd: `${bench.room.dir}/bare.git` })).code).toBe(4);
});

describe('ports', () => {
  test('are those that compose publishes, by service', () => {
    const text = [
      'name: x',
      'services:',
      '  web:',
      '    image: a:1',
      '    ports:',
      "    - '127.0.0.1:${WEB_PORT:-3000}:3000'",
      '    - 9229:9229/tcp # debugger',
      '    environment:',
      '      - "X=1:2"',
      '  db-main:',
      '    ports:',
      '      - target: 5432',
      '        published: "5433"',
      '        protocol: tcp',
      '    volumes:',
      '      - 8080:80',
      'networks:',
      '  web:',
      '    ports:',
      '      - 1:1',
    ].join('\n');
    expect(portsOfCompose(text, 'c')).toEqual([
      { name: 'web', port: 3000, file: 'c' },
      { name: 'web', port: 9229, file: 'c' },
      { name: 'db-main', port: 5433, file: 'c' },
    ]);
  });

  test('are those of the variables that are called so', () => {
    const text = 'PORT=3000\nexport DB_PORT="5432" # x\nPASSPORT=12345\n#API_PORT=1\nKEY=PORT=99\nHUGE_PORT=99999\n';
    expect(portsOfEnv(text, 'e')).toEqual([
      { name: 'web', port: 3000, file: 'e' },
      { name: 'db', port: 5432, file: 'e' },
    ]);
  });
});

test("where another tool's definition is found none is written, unless it is asked for", async () => {
  const bench = await makeBench({
    'package-lock.json': '{}',
    '.cursor/worktrees.json': '{ "setup-worktree": ["true"] }',
  });
  const { stdout } = await bench.wt('init');
  expect(stdout).toContain('.cursor/worktrees.json  is read');
  expect(stdout).not.toContain('npm ci');
  expect(await valueOf(bench)).not.toHaveProperty('setup');
  expect((await bench.wt('setup', '--explain')).stdout).toContain('.cursor/worktrees.json');
  await bench.wt('init', '--force', '--setup');
  expect(await valueOf(bench)).toMatchObject({ setup: { run: ['npm ci'] } });
});
