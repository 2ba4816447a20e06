import { mkdir, readFile, rename, symlink, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { failure, leftovers, listing, picture, refs, runFix } from '../support/listing.ts';
import { makeBench, type Bench, type Stage } from '../support/wt.ts';

/** Refused, nothing made, and the proposed command works. Gives what a script sees of it. */
async function expectRefusal(
  bench: Bench,
  ...argv: (string | Stage)[]
): Promise<{
  code: string;
  exit: number;
  fix: readonly string[] | undefined;
  details: Readonly<Record<string, unknown>>;
}> {
  const before = await picture(bench);
  const { code, exit, changed, fix, details } = await failure(bench, ...argv);
  expect(changed).toBe(false);
  expect(await picture(bench)).toEqual(before);
  expect(await leftovers(bench.root)).toEqual([]);
  expect(await runFix(bench, fix), `wt proposed: ${fix?.join(' ')}`).toBe(0);
  return { code, exit, fix, details };
}

test('an id that is taken is refused and its holder shown', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  expect(await expectRefusal(bench, 'create', 'a')).toEqual({
    code: 'session.exists',
    exit: 4,
    details: { id: 'a', path: bench.at('a'), branch: 'wt/a' },
    fix: ['wt', 'show', 'a'],
  });
});

test('an id that differs only in case is taken', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'Login');
  expect(await expectRefusal(bench, 'create', 'LOGIN')).toMatchObject({
    code: 'session.exists',
    details: { id: 'Login' },
  });
});

test('--reuse does not take a session that differs in case', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'Login');
  expect(await expectRefusal(bench, 'create', 'login', '--reuse')).toMatchObject({ code: 'session.exists' });
});

test('--reuse does not give a session whose folder is gone', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await rename(bench.at('a'), `${bench.room.dir}/away`);
  expect(await expectRefusal(bench, 'create', 'a', '--reuse')).toMatchObject({ code: 'session.exists', exit: 4 });
});

test('an existing branch that was not asked for is refused, and naming it works', async () => {
  const bench = await makeBench();
  await bench.git('branch', 'wt/a');
  expect(await expectRefusal(bench, 'create', 'a')).toEqual({
    code: 'branch.exists',
    exit: 4,
    details: { id: 'a', branch: 'wt/a', holder: null, blocks: null },
    fix: ['wt', 'create', 'a', '--branch', 'wt/a'],
  });
});

test('a branch of another session is refused and the session named', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a', '--branch', 'topic');
  expect(await expectRefusal(bench, 'create', 'b', '--branch', 'topic')).toEqual({
    code: 'branch.checked-out',
    exit: 4,
    details: { branch: 'topic', path: bench.at('a'), holder: 'a' },
    fix: ['wt', 'show', 'a'],
  });
});

test('a branch of a session whose worktree is on another one still belongs to it', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a', '--branch', 'topic');
  await bench.room.git(bench.at('a'), 'switch', '-q', '--detach');
  expect(await expectRefusal(bench, 'create', 'b', '--branch', 'topic')).toMatchObject({
    code: 'branch.exists',
    details: { holder: 'a' },
  });
});

test('the branch of the main worktree is refused and the worktree named', async () => {
  const bench = await makeBench();
  expect(await expectRefusal(bench, 'create', 'a', '--branch', 'main')).toMatchObject({
    code: 'branch.checked-out',
    exit: 4,
    details: { branch: 'main', path: bench.root, holder: null },
  });
});

test('a branch in the middle of a rebase elsewhere is refused and nothing of the attempt stays', async () => {
  const bench = await makeBench({ f: 'one\n' });
  await bench.git('switch', '-qc', 'topic');
  await bench.write({ f: 'two\n' });
  await bench.git('commit', '-qam', 'two');
  await bench.git('switch', '-q', 'main');
  await bench.write({ f: 'three\n' });
  await bench.git('commit', '-qam', 'three');
  await bench.git('switch', '-q', 'topic');
  await bench.git('rebase', '-q', 'main').catch(() => {});
  const before = await refs(bench);
  expect((await failure(bench, 'create', 'a', '--branch', 'topic', '--base', 'main')).exit).toBeGreaterThan(3);
  expect(await refs(bench)).toBe(before);
  expect(await bench.git('worktree', 'list', '--porcelain')).not.toContain('.worktrees');
  expect(await leftovers(bench.root)).toEqual([]);
  expect((await bench.data<{ sessions: unknown[] }>('list')).sessions).toEqual([]);
});

test('a branch "wt" stands in the way of every default branch and is named', async () => {
  const bench = await makeBench();
  await bench.git('branch', 'wt');
  expect(await expectRefusal(bench, 'create', 'a')).toEqual({
    code: 'branch.exists',
    exit: 4,
    details: { id: 'a', branch: 'wt/a', holder: null, blocks: 'wt' },
    fix: ['wt', 'create', 'a', '--branch', 'wt-a'],
  });
});

test('a branch below the wanted one stands in the way and is named', async () => {
  const bench = await makeBench();
  await bench.git('branch', 'wt/x/y');
  expect(await expectRefusal(bench, 'create', 'x')).toMatchObject({
    code: 'branch.exists',
    details: { branch: 'wt/x', blocks: 'wt/x/y' },
  });
});

test('a packed branch stands in the way too', async () => {
  const bench = await makeBench();
  await bench.git('branch', 'wt/x/y');
  await bench.git('pack-refs', '--all', '--prune');
  expect(await expectRefusal(bench, 'create', 'x')).toMatchObject({
    code: 'branch.exists',
    details: { blocks: 'wt/x/y' },
  });
});

test.each([
  ['a file', 'a file', (target: string) => writeFile(target, 'mine\n')],
  [
    'a folder with files',
    'a folder that is no worktree of this repository',
    (target: string) => mkdir(path.join(target, 'deep'), { recursive: true }),
  ],
  ['an empty folder', 'an empty folder', (target: string) => mkdir(target)],
  ['a symbolic link to a folder', 'a symbolic link', (target: string) => symlink('/', target)],
  ['a symbolic link to nothing', 'a symbolic link', (target: string) => symlink('nowhere', target)],
])('a path taken by %s is refused and what lies there stays', async (_, what, occupy) => {
  const bench = await makeBench();
  await mkdir(`${bench.root}/.worktrees`);
  await occupy(bench.at('a'));
  expect(await expectRefusal(bench, 'create', 'a')).toMatchObject({
    code: 'path.exists',
    exit: 4,
    details: { path: bench.at('a'), what, adoptable: false },
  });
});

test('a path taken by another repository is refused', async () => {
  const bench = await makeBench();
  await bench.room.repo('app/.worktrees/a', { 'theirs.txt': 'theirs\n' });
  expect(await expectRefusal(bench, 'create', 'a')).toMatchObject({ code: 'path.exists' });
  expect(await readFile(`${bench.at('a')}/theirs.txt`, 'utf8')).toBe('theirs\n');
});

test('a path taken by a worktree that is no session is refused, and adopting it works', async () => {
  const bench = await makeBench();
  await bench.git('worktree', 'add', '-q', '-b', 'mine', bench.at('a'));
  expect(await expectRefusal(bench, 'create', 'a')).toMatchObject({
    code: 'path.exists',
    details: { adoptable: true },
    fix: ['wt', 'adopt', bench.at('a')],
  });
  const { sessions } = await bench.data<{ sessions: { id: string; path: string }[] }>('list');
  expect(sessions).toMatchObject([{ id: 'mine', path: bench.at('a') }]);
});

test.each([[true], [false]])(
  '.worktrees as a symbolic link out of the repository is refused (tracked: %s)',
  async (isTracked) => {
    const bench = await makeBench();
    await mkdir(`${bench.room.dir}/outside`);
    await symlink('../outside', `${bench.root}/.worktrees`);
    if (isTracked) await bench.git('add', '.worktrees');
    await bench.git('commit', '-q', '--allow-empty', '-m', 'a trap');
    const before = await picture(bench);
    expect(await failure(bench, 'create', 'a')).toMatchObject({ code: 'path.unsafe', exit: 4 });
    expect(await picture(bench)).toEqual(before);
    expect(await listing(`${bench.room.dir}/outside`)).toEqual([]);
  },
);

test('.worktrees as a file is refused', async () => {
  const bench = await makeBench();
  await bench.write({ '.worktrees': 'a file\n' });
  expect(await failure(bench, 'create', 'a')).toMatchObject({ code: 'path.unsafe', exit: 4 });
  expect(await readFile(`${bench.root}/.worktrees`, 'utf8')).toBe('a file\n');
});

test('a repository that tracks files below .worktrees is refused', async () => {
  const bench = await makeBench({ '.worktrees/sessions.json': '{"version":1,"revision":0,"sessions":{}}' });
  const before = await picture(bench);
  expect(await failure(bench, 'create', 'a')).toMatchObject({ code: 'path.unsafe', exit: 4 });
  expect(await picture(bench)).toEqual(before);
});

test('a lock of git on the branch that is not ours stops a create and is left', async () => {
  const bench = await makeBench();
  const lock = `${bench.root}/.git/refs/heads/wt/a.lock`;
  await mkdir(path.dirname(lock), { recursive: true });
  await writeFile(lock, '');
  await utimes(lock, 0, 0);
  expect((await failure(bench, 'create', 'a')).exit).toBeGreaterThan(3);
  expect(await readFile(lock, 'utf8')).toBe('');
});
