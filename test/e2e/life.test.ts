import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { makeRoom } from '../support/room.ts';
import { askWt, branches, exists, findFaults, lines, registeredIds, runWt } from '../support/spawn.ts';

interface View {
  readonly id: string;
  readonly status: string;
  readonly ahead: number;
  readonly proof?: string;
}

test('three sessions live from create to clean, beside each other, through the built program', async () => {
  const room = await makeRoom();
  const root = await room.repo('app', { 'README.md': 'hello\n', 'src/login.txt': 'login\n', '.gitignore': '.env\n' });
  const wt = async (cwd: string, ...argv: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await runWt(room, cwd, argv);
    expect({ argv, code, stderr }).toEqual({ argv, code: 0, stderr });
    return stdout;
  };
  const statuses = async (): Promise<Readonly<Record<string, string>>> => {
    const { sessions } = await askWt<{ sessions: readonly View[] }>(room, root, ['list', '--all']);
    return Object.fromEntries(sessions.map(({ id, status }) => [id, status]));
  };

  await wt(root, 'create', 'fix-login', '--task', 'Fix the login', '--agent', 'claude');
  await wt(root, 'create', 'feature/search');
  await wt(root, 'create', 'spike');
  expect(await statuses()).toEqual({ 'feature-search': 'new', 'fix-login': 'new', spike: 'new' });

  const login = (await wt(root, 'path', 'fix-login')).trim();
  const search = (await wt(root, 'path', 'feature-search')).trim();
  const spike = (await wt(root, 'path', 'spike')).trim();
  expect([login, search, spike]).toEqual(
    ['fix-login', 'feature-search', 'spike'].map((id) => path.join(root, '.worktrees', id)),
  );

  await room.write(login, { 'src/login.txt': 'login, fixed\n' });
  await wt(login, 'commit'); // inside a session its id may be left out
  expect(await room.git(login, 'log', '-1', '--format=%s')).toBe('Fix the login');
  await wt(
    root,
    'exec',
    'feature-search',
    '--',
    'sh',
    '-c',
    'echo found > search.txt && git add -A && git commit -qm "Add the search"',
  );
  await room.write(spike, { 'src/login.txt': 'login, tried\n', '.env': 'SECRET=1\n', 'idea.txt': 'an idea\n' });
  expect(await statuses()).toEqual({ 'feature-search': 'ready', 'fix-login': 'ready', spike: 'dirty' });
  expect(await wt(root, 'diff', 'spike')).toContain('+an idea');

  await wt(root, 'merge', 'fix-login', '--yes');
  await wt(root, 'merge', 'feature-search', '--yes', '--remove');
  expect(await readFile(path.join(root, 'src/login.txt'), 'utf8')).toBe('login, fixed\n');
  expect(await readFile(path.join(root, 'search.txt'), 'utf8')).toBe('found\n');
  expect(await room.git(root, 'status', '--porcelain')).toBe('');
  expect(await registeredIds(root)).toEqual(['fix-login', 'spike']);

  const refused = await runWt(room, root, ['remove', 'spike']);
  expect(refused.code).toBe(4);
  expect(refused.stderr).toContain('Nothing was changed.');
  expect(await exists(path.join(spike, 'idea.txt'))).toBe(true);

  await wt(root, 'clean');
  expect(await registeredIds(root)).toEqual(['spike']);
  await wt(root, 'remove', 'spike', '--force');
  expect(await branches(room, root)).toEqual(['main']);
  expect(await findFaults(room, root)).toEqual([]);

  const { removed } = await askWt<{ removed: readonly { id: string; trash: string }[] }>(room, root, ['list', '--all']);
  expect(removed.map(({ id }) => id).toSorted()).toEqual(['feature-search', 'fix-login', 'spike']);
  const trash = path.join(root, '.git', 'wt', 'trash', removed.find(({ id }) => id === 'spike')?.trash ?? '', 'tree');
  expect(await readFile(path.join(trash, 'idea.txt'), 'utf8')).toBe('an idea\n');
  expect(await readFile(path.join(trash, '.env'), 'utf8')).toBe('SECRET=1\n');

  const events = lines(await wt(root, 'events', '--json')).length;
  expect(events).toBe(1);
  const told = (await askWt<{ events: readonly { event: string; session: string }[] }>(room, root, ['events'])).events;
  const ends = told
    .filter(({ event }) => event.endsWith('.after'))
    .map(({ event, session }) => `${session} ${event.split('.')[1]}`);
  expect(ends).toEqual([
    'fix-login create',
    'feature-search create',
    'spike create',
    'fix-login commit',
    'fix-login merge',
    'feature-search merge',
    'feature-search remove',
    'fix-login clean',
    'spike remove',
  ]);
});
