import { readFile, rename, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { makeBench, type Bench } from '../support/wt.ts';

const P409 = '{ "branch": "feature/session-{id}", "path": ".worktrees/session-{id}" }';

async function makeNamed(config = P409): Promise<Bench> {
  const bench = await makeBench({ 'wt.config.jsonc': config, f: 'one\n' });
  return bench;
}

const rowOf = async ({ root }: Bench, id: string): Promise<Record<string, unknown>> => {
  const file = JSON.parse(await readFile(`${root}/.worktrees/sessions.json`, 'utf8')) as {
    sessions: Record<string, Record<string, unknown>>;
  };
  return file.sessions[id] ?? {};
};

const pathOf = async (bench: Bench, id: string): Promise<string> => (await bench.wt('path', id)).raw.trim();

describe('a layout of branches and folders that the configuration names', () => {
  test('is that of a new session, in every answer', async () => {
    const bench = await makeNamed();
    const { stdout } = await bench.wt('create', 'login', '--dry-run');
    expect(stdout).toMatch(/branch feature\/session-login[^]*\/app\/\.worktrees\/session-login\n/);
    const place = `${bench.root}/.worktrees/session-login`;
    expect(await bench.data('create', 'login')).toMatchObject({
      session: { id: 'login', branch: 'feature/session-login', path: place },
    });
    expect(await rowOf(bench, 'login')).toMatchObject({ folder: 'session-login', path: place });
    expect(await pathOf(bench, 'login')).toBe(place);
    expect(await pathOf(bench, 'feature/session-login')).toBe(place);
    expect((await bench.wt('path', { cwd: place })).raw.trim()).toBe(place);
    expect(await bench.data('show', 'login')).toMatchObject({ session: { path: place, status: 'new' } });
    expect((await bench.wt('doctor')).code).toBe(0);
  });

  test('holds for work, landing, removal and the way back', async () => {
    const bench = await makeNamed();
    await bench.wt('create', 'login');
    const place = `${bench.root}/.worktrees/session-login`;
    await bench.room.write(place, { g: 'two\n' });
    await bench.wt('commit', 'login', '-m', 'work');
    expect((await bench.wt('remove', 'login', '--force')).code).toBe(0);
    expect(existsSync(place)).toBe(false);
    expect((await bench.wt('undo')).code).toBe(0);
    expect(await pathOf(bench, 'login')).toBe(place);
    expect((await bench.wt('merge', 'login', '--yes')).code).toBe(0);
    expect((await bench.wt('clean', '--yes')).stdout).toContain('login');
    expect((await bench.wt('restore', 'login')).code).toBe(0);
    expect(await rowOf(bench, 'login')).toMatchObject({ folder: 'session-login', branch: 'feature/session-login' });
    expect((await bench.wt('doctor')).code).toBe(0);
    await bench.wt('create', 'other');
    expect((await bench.wt('undo')).code).toBe(0);
    expect(existsSync(`${bench.root}/.worktrees/session-other`)).toBe(false);
    expect(await bench.git('branch', '--list', 'feature/session-other')).toBe('');
  });

  test('comes back with a registry that was lost', async () => {
    const bench = await makeNamed();
    await bench.wt('create', 'login');
    const before = await rowOf(bench, 'login');
    await rm(`${bench.root}/.worktrees/sessions.json`);
    await bench.wt('doctor', '--fix');
    expect(await rowOf(bench, 'login')).toEqual(before);
  });

  test('names what comes back under another id', async () => {
    const bench = await makeNamed();
    await bench.wt('create', 'login');
    await bench.room.write(`${bench.root}/.worktrees/session-login`, { g: 'two\n' });
    await bench.wt('remove', 'login', '--force');
    await bench.wt('create', 'login');
    expect((await bench.wt('restore', 'login')).stderr).toContain('--as login-2');
    expect((await bench.wt('restore', 'login', '--as', 'login-2')).code).toBe(0);
    expect(await rowOf(bench, 'login-2')).toMatchObject({
      branch: 'feature/session-login-2',
      folder: 'session-login-2',
    });
    expect(await readFile(`${bench.root}/.worktrees/session-login-2/g`, 'utf8')).toBe('two\n');
    expect((await bench.wt('doctor')).code).toBe(0);
  });

  test('is found again by doctor after a move by hand, and after a loss of the folder', async () => {
    const bench = await makeNamed();
    await bench.wt('create', 'login');
    const place = `${bench.root}/.worktrees/session-login`;
    await rename(place, `${bench.root}/.worktrees/moved`);
    expect((await bench.wt('doctor', '--fix')).code).toBe(0);
    expect(await pathOf(bench, 'login')).toBe(`${bench.root}/.worktrees/moved`);
    await rename(`${bench.root}/.worktrees/moved`, place);
    expect((await bench.wt('doctor', '--fix')).code).toBe(0);
    await rm(place, { recursive: true });
    expect((await bench.wt('doctor', '--fix')).code).toBe(0);
    expect(await readFile(`${place}/f`, 'utf8')).toBe('one\n');
  });

  test('that changes later moves nothing', async () => {
    const bench = await makeNamed();
    await bench.wt('create', 'login');
    await bench.write({ 'wt.config.jsonc': '{}' });
    expect(await pathOf(bench, 'login')).toBe(`${bench.root}/.worktrees/session-login`);
    await bench.wt('remove', 'login');
    await bench.wt('restore', 'login');
    expect(await pathOf(bench, 'login')).toBe(`${bench.root}/.worktrees/session-login`);
    await bench.wt('create', 'new');
    expect(await pathOf(bench, 'new')).toBe(`${bench.root}/.worktrees/new`);
    expect((await bench.wt('doctor')).code).toBe(0);
  });

  test('is that of a worktree which is adopted', async () => {
    const bench = await makeNamed();
    await bench.wt('create', 'first');
    await bench.git('worktree', 'add', '-q', '-b', 'feature/session-old', '.worktrees/session-old');
    expect(await bench.data('adopt', '.worktrees/session-old')).toMatchObject({ session: { id: 'old' } });
    expect(await rowOf(bench, 'old')).toMatchObject({ folder: 'session-old' });
    expect((await bench.wt('doctor')).code).toBe(0);
  });
});

test('a template may use the task, the day and filters', async () => {
  const config = '{ "branch": "{user|slug}/{date}/{task.slug}-{id|hash}", "path": ".worktrees/{id}.{branch}" }';
  const bench = await makeNamed(config);
  const { session } = await bench.data<{ session: { branch: string; path: string } }>(
    'create',
    'a',
    '--task',
    'Fix the $(touch x) login',
    { now: '2026-11-21T10:00:00Z', env: { USER: 'Ada L' } },
  );
  expect(session.branch).toBe('ada-l/2026-11-21/fix-the-touch-x-login-ca978112');
  expect(session.path).toBe(`${bench.root}/.worktrees/a.ada-l-2026-11-21-fix-the-touch-x-login-ca978112`);
});

test.for([
  ['{ "branch": "x/{task.slug}" }', 'branch.invalid', 2],
  ['{ "branch": "{prot}" }', 'config.invalid', 2],
  ['{ "path": "{id}" }', 'config.invalid', 2],
  ['{ "path": "/tmp/{id}" }', 'config.invalid', 2],
  ['{ "path": ".worktrees/../{id}" }', 'config.invalid', 2],
  ['{ "path": ".worktrees/a/{id}" }', 'config.invalid', 2],
  ['{ "path": ".worktrees/.{id}" }', 'config.invalid', 2],
  ['{ "path": ".worktrees/{task.slug}" }', 'config.invalid', 2],
  ['{ "path": ".worktrees/{id}{task}." }', 'path.unsafe', 4],
] as const)('the template of %s is refused before anything is made', async ([config, code, exit]) => {
  const bench = await makeNamed(config);
  const answer = await bench.wt('create', 'a', '--json');
  expect({ code: answer.code, error: (JSON.parse(answer.raw) as { error: { code: string } }).error.code }).toEqual({
    code: exit,
    error: code,
  });
  expect(existsSync(`${bench.root}/.worktrees/a`)).toBe(false);
});

test('two sessions never get one folder', async () => {
  const bench = await makeNamed();
  await bench.wt('create', 'a');
  await bench.write({ 'wt.config.jsonc': '{}' });
  const { code, stderr } = await bench.wt('create', 'session-a');
  expect(code).toBe(4);
  expect(stderr).toContain('/app/.worktrees/session-a is taken by');
  await rm(`${bench.root}/.worktrees/session-a`, { recursive: true });
  expect((await bench.wt('create', 'session-a')).stderr).toContain('is taken by session a');
});

test.for(['../../outside', '.gate', 'sessions.json', 'b', '/tmp'])(
  'a registry that names the folder %s leads nowhere',
  async (folder) => {
    const bench = await makeBench({ f: 'one\n' });
    await bench.wt('create', 'a');
    await bench.wt('create', 'b');
    await bench.room.write(bench.at('b'), { mine: 'x\n' });
    const file = `${bench.root}/.worktrees/sessions.json`;
    const registry = JSON.parse(await readFile(file, 'utf8')) as { sessions: Record<string, Record<string, unknown>> };
    const row = registry.sessions['a'] ?? {};
    registry.sessions['a'] = { ...row, folder };
    registry.sessions['c'] = { ...row, id: 'c', branch: 'wt/c', folder };
    await bench.room.write(`${bench.root}/.worktrees`, { 'sessions.json': JSON.stringify(registry) });
    expect(await pathOf(bench, 'a')).toBe(bench.at('a'));
    expect(await pathOf(bench, 'c')).toBe(bench.at('c'));
    await bench.wt('remove', 'c', '--force');
    expect(await readFile(`${bench.at('b')}/mine`, 'utf8')).toBe('x\n');
  },
);
