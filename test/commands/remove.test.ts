import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { listObjects, photograph } from '../support/invariants.ts';
import { makeBench, type Bench } from '../support/wt.ts';

interface Removed {
  readonly removed: readonly {
    id: string;
    trash: string | null;
    proof: string | null;
    branch: { name: string; deleted: boolean };
    precious: string[];
    forced: string[];
  }[];
}

/** Session `a` whose one commit has landed. */
async function makeLanded(): Promise<Bench> {
  const bench = await makeBench();
  await bench.wt('create', 'a', '--task', 'Add it');
  await bench.work('a', { 'a.txt': 'a\n' });
  await bench.wt('merge', 'a', '--yes');
  return bench;
}

async function branchesOf({ git }: Bench): Promise<string> {
  return git('branch', '--format=%(refname:short)');
}

test('takes a landed session away with its branch and says where it is kept', async () => {
  const bench = await makeLanded();
  const { code, stdout, stderr } = await bench.wt('remove', 'a');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatchInlineSnapshot(`
    "✓ Removed a  main has its commits
      branch wt/a deleted, its commits kept
      kept in $ROOM/app/.git/wt/trash/<op>
      back with wt restore a
    "
  `);
  expect(await branchesOf(bench)).toBe('main');
  expect(await bench.git('worktree', 'list', '--porcelain')).not.toContain('.worktrees/a');
  expect((await bench.wt('path', 'a')).code).toBe(3);
});

test('answers with the trash, the proof and the branch as JSON', async () => {
  const { data } = await makeLanded();
  expect(await data('remove', 'a')).toEqual({
    removed: [
      {
        id: 'a',
        trash: expect.stringMatching(/^[0-9a-f-]{36}$/),
        proof: 'ancestor',
        branch: { name: 'wt/a', deleted: true },
        precious: [],
        forced: [],
      },
    ],
  });
});

test('a fresh session goes without a question', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  expect((await bench.data<Removed>('remove', 'a')).removed[0]?.proof).toBe('empty');
  expect(await branchesOf(bench)).toBe('main');
});

test('a dry run changes nothing and says what would happen', async () => {
  const bench = await makeLanded();
  const [before, objects] = [await photograph(bench), await listObjects(bench)];
  const { code, stdout } = await bench.wt('remove', 'a', '--dry-run');
  expect({ code, stdout }).toMatchInlineSnapshot(`
    {
      "code": 0,
      "stdout": "Would remove a  main has its commits
      branch wt/a would be deleted, its commits kept
    ",
    }
  `);
  expect(await photograph(bench)).toEqual(before);
  expect(await listObjects(bench)).toEqual(objects);
});

test('a dry run refuses as the removal itself would', async () => {
  const { wt, room, at } = await makeLanded();
  await room.write(at('a'), { 'more.txt': 'more\n' });
  expect((await wt('remove', 'a', '--dry-run')).code).toBe(4);
  await room.git(at('a'), 'add', '-A');
  await room.git(at('a'), 'commit', '-qm', 'not landed');
  expect((await wt('remove', 'a', '--dry-run')).code).toBe(4);
});

test('--force takes uncommitted and unlanded work along, and says what it passed over', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  const tip = await bench.work('a', { 'a.txt': 'a\n' }, 'unlanded');
  await bench.room.write(bench.at('a'), { 'README.md': 'edited\n', 'new.txt': 'new\n' });
  const { code, stdout } = await bench.wt('remove', 'a', '--force');
  expect({ code, stdout }).toMatchInlineSnapshot(`
    {
      "code": 0,
      "stdout": "✓ Removed a
      ! uncommitted work: 1 modified, 1 untracked (README.md, new.txt)
      ! 1 commit not in main: <short> unlanded
      branch wt/a deleted, its commits kept
      kept in $ROOM/app/.git/wt/trash/<op>
      back with wt restore a
    ",
    }
  `);
  expect(await bench.git('rev-list', '--all')).toContain(tip);
});

test('ignored files go along into the trash, and those that no build makes again are named', async () => {
  const bench = await makeLanded();
  await bench.room.write(path.join(bench.root, '.git/info'), {
    exclude: '/.worktrees/\n.env\n*.sqlite\nnode_modules/\ndist/\n*.log\n',
  });
  await bench.room.write(bench.at('a'), {
    '.env': 'SECRET=1\n',
    'data/app.sqlite': 'rows',
    'node_modules/x/index.js': '',
    'dist/out.js': '',
    'npm.log': '',
  });
  const { removed } = await bench.data<Removed>('remove', 'a');
  const [first] = removed;
  expect(first?.precious).toEqual(['.env', 'data/app.sqlite']);
  const kept = path.join(bench.root, '.git/wt/trash', first?.trash ?? '', 'tree');
  expect(await readFile(path.join(kept, '.env'), 'utf8')).toBe('SECRET=1\n');
  expect(await readFile(path.join(kept, 'node_modules/x/index.js'), 'utf8')).toBe('');
});

test('--keep-branch leaves the branch where it is', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  const tip = await bench.work('a', { 'a.txt': 'a\n' });
  const { removed } = await bench.data<Removed>('remove', 'a', '--keep-branch', '--force');
  expect(removed[0]?.branch).toEqual({ name: 'wt/a', deleted: false });
  expect(await bench.git('rev-parse', 'wt/a')).toBe(tip);
});

test('a branch that was there before the session stays', async () => {
  const bench = await makeBench();
  await bench.git('branch', 'topic');
  await bench.wt('create', 'a', '--branch', 'topic');
  expect((await bench.data<Removed>('remove', 'a')).removed[0]?.branch).toEqual({ name: 'topic', deleted: false });
  expect(await branchesOf(bench)).toBe('main\ntopic');
});

test('the branch of an adopted worktree stays', async () => {
  const bench = await makeBench();
  const place = path.join(bench.room.dir, 'elsewhere');
  await bench.git('worktree', 'add', '--quiet', '-b', 'topic', place);
  await bench.wt('adopt', place);
  const { removed } = await bench.data<Removed>('remove', 'topic');
  expect(removed[0]?.branch).toEqual({ name: 'topic', deleted: false });
  expect(await branchesOf(bench)).toBe('main\ntopic');
  expect(await bench.git('worktree', 'list', '--porcelain')).not.toContain('elsewhere');
});

test('a branch that another worktree has checked out stays, and so does that worktree', async () => {
  const bench = await makeLanded();
  const other = path.join(bench.room.dir, 'other');
  await bench.git('worktree', 'add', '--quiet', '--force', other, 'wt/a');
  expect((await bench.data<Removed>('remove', 'a')).removed[0]?.branch).toEqual({ name: 'wt/a', deleted: false });
  expect(await branchesOf(bench)).toBe('main\nwt/a');
  expect(await bench.room.git(other, 'status', '--porcelain')).toBe('');
});

test('several are removed together', async () => {
  const bench = await makeBench();
  for (const id of ['a', 'b', 'c']) await bench.wt('create', id);
  const { removed } = await bench.data<Removed>('rm', 'a', 'b', 'a');
  expect(removed.map(({ id }) => id)).toEqual(['a', 'b']);
  expect(await branchesOf(bench)).toBe('main\nwt/c');
});

test('of several none goes when one is refused or unknown', async () => {
  const bench = await makeBench();
  for (const id of ['a', 'b', 'c']) await bench.wt('create', id);
  await bench.room.write(bench.at('b'), { 'new.txt': 'new\n' });
  const before = await photograph(bench);
  expect((await bench.wt('remove', 'a', 'b', 'c')).code).toBe(4);
  expect((await bench.wt('remove', 'a', 'zz', 'c')).code).toBe(3);
  expect(await photograph(bench)).toEqual(before);
});

test('a session whose folder was deleted by hand goes, with its unlanded commits only when forced', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  const tip = await bench.work('a', { 'a.txt': 'a\n' });
  await rm(bench.at('a'), { recursive: true });
  expect((await bench.wt('remove', 'a')).code).toBe(4);
  expect((await bench.wt('remove', 'a', '--force')).code).toBe(0);
  expect(await branchesOf(bench)).toBe('main');
  expect(await bench.git('worktree', 'list', '--porcelain')).not.toContain('.worktrees/a');
  expect(await bench.git('rev-list', '--all')).toContain(tip);
});

test('the id is free again after a removal, also for a branch of that name', async () => {
  const { wt } = await makeLanded();
  await wt('remove', 'a');
  expect((await wt('create', 'a')).code).toBe(0);
  expect((await wt('remove', 'a')).code).toBe(0);
});

test('a session is named by its branch or its path as well', async () => {
  const { wt, at } = await makeLanded();
  await wt('create', 'b');
  expect((await wt('remove', 'wt/a')).code).toBe(0);
  expect((await wt('remove', at('b'))).code).toBe(0);
});

test('inside a session without an id it is that session, and outside an id is needed', async () => {
  const { wt, at } = await makeLanded();
  expect((await wt('remove')).code).toBe(2);
  expect((await wt('remove', '--dry-run', { cwd: at('a') })).stdout).toContain('Would remove a');
});

test('a removal that fails at its very end leaves the session as it was, what is known of its landing too', async () => {
  const bench = await makeLanded();
  const before = await readFile(`${bench.root}/.worktrees/sessions.json`, 'utf8');
  const log = `${bench.root}/.git/wt/logs/operations.jsonl`;
  await rename(log, `${log}.aside`);
  await mkdir(log);
  expect((await bench.wt('remove', 'a')).code).toBe(5);
  const rows = (text: string): unknown => (JSON.parse(text) as { sessions: unknown }).sessions;
  expect(rows(await readFile(`${bench.root}/.worktrees/sessions.json`, 'utf8'))).toEqual(rows(before));
  expect((await bench.wt('path', 'a')).code).toBe(0);
});
