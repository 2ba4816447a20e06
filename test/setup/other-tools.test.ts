import { chmod, cp, lstat, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { listing } from '../support/listing.ts';
import { makeBench, type Bench } from '../support/wt.ts';

const FIXTURES = path.resolve(import.meta.dirname, '../fixtures/formats');
const IGNORED = '.env\n.env.*\nnode_modules/\n.venv/\n.cache/\nconfig/*.local.yml\nready.txt\nout.txt\n.turbo/\n';
const PROGRAMS = ['npm', 'yarn', 'pnpm', 'pip', 'docker', 'bundle', 'createdb', 'dropdb', 'corepack', 'brew'];

/** A repository with the files of a fixture, ignored files beside them, and programs that write down how they were called. */
async function makePlace(fixture: string): Promise<Bench & { calls: () => Promise<readonly string[]> }> {
  const bench = await makeBench();
  await cp(path.join(FIXTURES, fixture), bench.root, { recursive: true });
  await bench.write({ '.gitignore': IGNORED });
  await bench.git('add', '-A');
  await bench.git('commit', '-qm', 'definition');
  await bench.write({
    '.env': 'A=1\n',
    '.env.production': 'B=1\n',
    'node_modules/.cache/x': 'x\n',
    'node_modules/a/index.js': 'x\n',
  });
  const bin = path.join(bench.room.dir, 'programs');
  const log = path.join(bench.room.dir, 'calls.txt');
  const said = '$CURSOR_WORKTREE_PATH$CODEX_WORKTREE_PATH$CONDUCTOR_WORKSPACE_PATH$WORKTREE_PATH';
  for (const name of PROGRAMS) {
    await bench.room.write(bin, { [name]: `#!/bin/sh\necho "${name} $* in \${PWD##*/} for ${said}" >> "${log}"\n` });
  }
  for (const name of PROGRAMS) await chmod(path.join(bin, name), 0o755);
  const env = { PATH: `${bin}:${bench.room.env['PATH'] ?? ''}` };
  const wt: Bench['wt'] = (...argv) => bench.wt(...argv, { env });
  await bench.wt('trust', '--yes');
  const calls = async (): Promise<readonly string[]> => {
    const text = await readFile(log, 'utf8').catch(() => '');
    await writeFile(log, '');
    return text
      .split('\n')
      .filter(Boolean)
      .toSorted()
      .map((line) => line.replaceAll(bench.root, 'ROOT'));
  };
  return { ...bench, wt, calls };
}

const here = async (bench: Bench, name: string): Promise<boolean> =>
  lstat(path.join(bench.at('a'), name)).then(
    () => true,
    () => false,
  );

test('Cursor’s script runs in the session, with its variables', async () => {
  const bench = await makePlace('cursor-script');
  expect(await bench.wt('create', 'a')).toMatchObject({ code: 0 });
  expect(await readFile(path.join(bench.at('a'), '.env'), 'utf8')).toBe('A=1\n');
  expect(await here(bench, 'ready.txt')).toBe(true);
});

test('Cursor’s commands run in bash where there is one', async () => {
  const bench = await makePlace('cursor-list');
  await bench.write({
    '.cursor/worktrees.json':
      '{ "setup-worktree": ["[[ -n $ROOT_WORKTREE_PATH ]] && yarn install", "source .env && echo $A > out.txt"], "x": 1 }',
  });
  await bench.write({ '.worktreeinclude': '.env\n' });
  await bench.wt('trust', '--yes');
  expect(await bench.wt('create', 'a')).toMatchObject({ code: 0 });
  expect(await bench.calls()).toEqual(['yarn install in a for ROOT/.worktrees/a']);
  expect(await readFile(path.join(bench.at('a'), 'out.txt'), 'utf8')).toBe('1\n');
});

test.skipIf(process.platform !== 'linux')('Codex: set up, and cleaned up when it goes', async () => {
  const bench = await makePlace('codex');
  expect(await bench.wt('create', 'a')).toMatchObject({ code: 0 });
  expect(await here(bench, '.env')).toBe(true);
  expect(await bench.wt('remove', 'a')).toMatchObject({ code: 0 });
  expect(await bench.calls()).toEqual(['docker compose down --volumes in a for ROOT/.worktrees/a']);
});

test('Conductor: ten ports of its own, and the archive script before it goes', async () => {
  const bench = await makePlace('conductor-old');
  expect(await bench.wt('create', 'a')).toMatchObject({ code: 0 });
  expect((await bench.calls()).map((line) => line.split(' in ')[0])).toEqual([
    'corepack enable',
    'pnpm install --frozen-lockfile',
  ]);
  const { explanation } = await bench.data<{
    explanation: { ports: Record<string, number>; steps: { env: Record<string, string> }[] };
  }>('setup', 'a', '--explain');
  const ports = Object.values(explanation.ports);
  const [first = 0] = ports;
  expect(ports).toEqual(Array.from({ length: 10 }, (_, i) => first + i));
  expect(explanation.steps[0]?.env['CONDUCTOR_PORT']).toBe(String(first));
  await bench.wt('remove', 'a');
  expect(await bench.calls()).toEqual(['dropdb shop_a in a for ROOT/.worktrees/a']);
});

test('git-worktree-runner: files but those it leaves out, and its hooks', async () => {
  const bench = await makePlace('gtr');
  expect(await bench.wt('create', 'a')).toMatchObject({ code: 0 });
  expect(
    await Promise.all(
      ['.env', '.env.production', 'node_modules/a/index.js', 'node_modules/.cache'].map((name) => here(bench, name)),
    ),
  ).toEqual([true, false, true, false]);
  expect((await bench.calls()).map((line) => line.split(' for ')[0])).toEqual(['npm ci in a', 'npm run build in a']);
  expect(await bench.wt('remove', 'a')).toMatchObject({ code: 0 });
  expect((await bench.calls()).map((line) => line.split(' for ')[0])).toEqual(['docker compose down in a']);
});

test('worktrunk: stages, ports in place of computed ones, and all ignored files but what it leaves out', async () => {
  const bench = await makePlace('worktrunk');
  await bench.write({ '.cache/x': 'x\n', '.turbo/x': 'x\n' });
  expect(await bench.wt('create', 'a', '--branch', 'feature/x')).toMatchObject({ code: 0 });
  const { explanation } = await bench.data<{ explanation: { ports: Record<string, number> } }>(
    'setup',
    'a',
    '--explain',
  );
  const { web, api } = explanation.ports;
  expect(await readFile(path.join(bench.at('a'), '.env.local'), 'utf8')).toBe(`PORT=${web}\nAPI_PORT=${api}\n`);
  expect((await bench.calls()).map((line) => line.split(' in ')[0])).toEqual([
    expect.stringMatching(/^createdb feature_x_[0-9a-f]{7}$/),
    'npm ci',
  ]);
  expect(
    await Promise.all(['.env', 'node_modules/a/index.js', '.cache', '.turbo'].map((name) => here(bench, name))),
  ).toEqual([true, true, false, false]);
});

test('Claude Code: its folders are links, and nothing needs an approval', async () => {
  const bench = await makePlace('claude');
  // git ignores a link only where the line has no "/" at its end.
  await bench.write({ '.venv/bin/python': 'x\n', '.gitignore': 'node_modules\n.venv\n' });
  await bench.git('commit', '-qam', 'ignore links too');
  expect(await bench.wt('create', 'a')).toMatchObject({ code: 0 });
  const links = await Promise.all(
    ['node_modules', '.venv'].map(async (name) => (await lstat(path.join(bench.at('a'), name))).isSymbolicLink()),
  );
  expect(links).toEqual([true, true]);
});

test('phantom: files, commands, and what cleans up', async () => {
  const bench = await makePlace('phantom');
  expect(await bench.wt('create', 'a')).toMatchObject({ code: 0 });
  expect(await here(bench, '.env')).toBe(true);
  expect((await bench.calls()).map((line) => line.split(' in ')[0])).toEqual(['pnpm db:migrate', 'pnpm install']);
  await bench.wt('remove', 'a');
  expect((await bench.calls()).map((line) => line.split(' in ')[0])).toEqual(['docker compose down']);
});

test('husky’s hooks run in a session too', async () => {
  const bench = await makePlace('codex-empty');
  await bench.write({ '.husky/_/pre-commit': '#!/bin/sh\necho hooked >&2\n', '.husky/_/.gitignore': '*\n' });
  await chmod(path.join(bench.root, '.husky/_/pre-commit'), 0o755);
  await bench.git('config', 'core.hooksPath', '.husky/_');
  const { code, stderr } = await bench.wt('create', 'a');
  expect({ code, stderr: stderr.includes('hooks do not run') }).toEqual({ code: 0, stderr: false });
  expect(await here(bench, '.husky/_/pre-commit')).toBe(true);
  expect(await listing(path.join(bench.root, '.husky'))).not.toEqual([]);
});
