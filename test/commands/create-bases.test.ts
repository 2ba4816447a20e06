import { readFile, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { makeBench, type Bench } from '../support/wt.ts';

interface Created {
  readonly session: { readonly base: { readonly branch: string | null; readonly commit: string } };
}

async function withRemote(name: string): Promise<Bench> {
  const bench = await makeBench();
  await bench.room.git(bench.room.dir, 'clone', '-q', '--bare', bench.root, 'up.git');
  await bench.git('remote', 'add', name, `${bench.room.dir}/up.git`);
  await bench.git('fetch', '-q', name);
  return bench;
}

test.each([
  ['refs/heads/main', 'main'],
  ['HEAD', 'main'],
  ['@', 'main'],
])('--base %s lands on main', async (base, branch) => {
  const bench = await makeBench();
  expect((await bench.data<Created>('create', 'a', '--base', base)).session.base.branch).toBe(branch);
});

test('--base HEAD inside a session is what that session has checked out', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  const tip = await bench.work('a', { f: 'x\n' });
  const { session } = await bench.data<Created>('create', 'b', '--base', 'HEAD', { cwd: bench.at('a') });
  expect(session.base).toEqual({ branch: 'wt/a', commit: tip });
});

test('--base HEAD~1 inside a session counts from what that session has checked out', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  const before = await bench.work('a', { f: '1\n' });
  await bench.work('a', { f: '2\n' });
  const { session } = await bench.data<Created>('create', 'b', '--base', 'HEAD~1', { cwd: bench.at('a') });
  expect(session.base).toEqual({ branch: null, commit: before });
});

test('the default branch of a remote lands on the branch it stands for', async () => {
  const bench = await withRemote('origin');
  await bench.git('remote', 'set-head', 'origin', 'main');
  expect((await bench.data<Created>('create', 'a', '--base', 'origin/HEAD')).session.base.branch).toBe('main');
});

test('a remote with a slash in its name is not taken for a part of the branch', async () => {
  const bench = await withRemote('team/fork');
  expect((await bench.data<Created>('create', 'a', '--base', 'team/fork/main')).session.base.branch).toBe('main');
});

test('a dry run with --fetch fetches nothing', async () => {
  const bench = await withRemote('origin');
  await bench.git('branch', '-q', '--set-upstream-to', 'origin/main');
  const clone = `${bench.room.dir}/other`;
  await bench.room.git(bench.room.dir, 'clone', '-q', 'up.git', clone);
  await bench.room.git(clone, 'commit', '-q', '--allow-empty', '-m', 'ahead');
  await bench.room.git(clone, 'push', '-q');
  const before = await bench.git('rev-parse', 'origin/main');
  expect((await bench.wt('create', 'a', '--fetch', '--dry-run')).code).toBe(0);
  expect(await bench.git('rev-parse', 'origin/main')).toBe(before);
});

test('a branch that a rebase elsewhere only hides is checked out there', async () => {
  const bench = await makeBench({ f: 'base\n' });
  await bench.git('worktree', 'add', '-q', '-b', 'topic', `${bench.room.dir}/elsewhere`);
  const elsewhere = `${bench.room.dir}/elsewhere`;
  await bench.room.write(elsewhere, { f: 'topic\n' });
  await bench.room.git(elsewhere, 'commit', '-qam', 'topic');
  await bench.write({ f: 'main\n' });
  await bench.git('commit', '-qam', 'main');
  await bench.room.git(elsewhere, 'rebase', '-q', 'main').catch(() => {});
  const { code, stderr } = await bench.wt('create', 'a', '--branch', 'topic');
  expect(code).toBe(4);
  expect(stderr).toContain('$ROOM/elsewhere');
});

test('a lock on the new branch is named', async () => {
  const bench = await makeBench();
  await bench.write({ '.git/refs/heads/wt/a.lock': '' });
  const { code, stderr } = await bench.wt('create', 'a');
  expect(code).toBe(5);
  expect(stderr).toContain('$ROOM/app/.git/refs/heads/wt/a.lock stands in the way');
});

test('a task file that cannot be read is a wrong argument', async () => {
  const bench = await makeBench();
  const { code, stderr } = await bench.wt('create', 'a', '--task-file', 'nowhere');
  expect(code).toBe(2);
  expect(stderr).toContain('--task-file: $ROOM/app/nowhere cannot be read');
});

test('a branch edited in the registry is not deleted with the session', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await bench.git('branch', 'release');
  const file = `${bench.root}/.worktrees/sessions.json`;
  await writeFile(file, (await readFile(file, 'utf8')).replace('"branch": "wt/a"', '"branch": "release"'));
  expect((await bench.wt('remove', 'a', '--force')).code).toBe(0);
  expect(await bench.git('branch', '--format=%(refname:short)')).toBe('main\nrelease');
});

test('a refusal never shows the control characters of an id raw', async () => {
  const { wt } = await makeBench();
  expect((await wt('create', 'a\u001B[31mred')).stderr).toContain(String.raw`a\x1b[31mred`);
});

test('a conflict never shows the control characters of a subject raw', async () => {
  const bench = await makeBench({ f: '1\n' });
  await bench.wt('create', 'a');
  await bench.work('a', { f: '2\n' }, 'evil \u001B[31msubject');
  await bench.write({ f: '3\n' });
  await bench.git('commit', '-qam', 'other');
  const { code, stderr } = await bench.wt('merge', 'a', '--yes');
  expect(code).toBe(6);
  expect(stderr).toContain(String.raw`evil \x1b[31msubject`);
});
