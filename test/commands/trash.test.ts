import { chmod, readFile, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { runBuilt } from '../support/built.ts';
import { makeBench, type Bench } from '../support/wt.ts';

/** Session `a` with a commit that has not landed, and work of every kind on top of it. */
async function makeMessy(): Promise<Bench> {
  const bench = await makeBench({ 'README.md': 'hello\n', 'tool.sh': '#!/bin/sh\n' });
  await bench.room.write(path.join(bench.root, '.git/info'), { exclude: '/.worktrees/\n.env\n' });
  await bench.wt('create', 'a', '--task', 'Be messy');
  await bench.work('a', { 'a.txt': 'a\n' }, 'unlanded');
  const at = bench.at('a');
  await bench.room.write(at, { 'staged.txt': 'only in the index\n' });
  await bench.room.git(at, 'add', 'staged.txt');
  await bench.room.write(at, {
    'staged.txt': 'edited since\n',
    'README.md': 'edited\n',
    'free.txt': 'untracked secret\n',
    '.env': 'SECRET=1\n',
  });
  await chmod(path.join(at, 'tool.sh'), 0o755);
  return bench;
}

async function removeForced(bench: Bench): Promise<{ op: string; trash: string }> {
  const { removed } = await bench.data<{ removed: { trash: string }[] }>('remove', 'a', '--force');
  const op = removed[0]?.trash ?? '';
  return { op, trash: path.join(bench.root, '.git/wt/trash', op) };
}

test('a trash entry holds the tree, its administrative folder and a description', async () => {
  const bench = await makeMessy();
  const tip = await bench.git('rev-parse', 'wt/a');
  const base = await bench.git('rev-parse', 'main');
  const { op, trash } = await removeForced(bench);
  expect((await readdir(trash)).toSorted()).toEqual(['admin', 'branch-log', 'meta.json', 'tree']);
  expect(JSON.parse(await readFile(path.join(trash, 'meta.json'), 'utf8'))).toEqual({
    version: 1,
    op,
    id: 'a',
    verb: 'remove',
    at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    row: expect.objectContaining({
      id: 'a',
      branch: 'wt/a',
      task: 'Be messy',
      base: { branch: 'main', commit: base },
      ownsBranch: true,
    }),
    path: bench.at('a'),
    admin: 'a',
    head: { ref: 'refs/heads/wt/a', commit: tip },
    branch: { name: 'wt/a', commit: tip, deleted: true },
    proof: null,
    precious: ['.env'],
    regenerable: [],
  });
});

test('the tree in the trash is the very same, to the byte and the mode', async () => {
  const bench = await makeMessy();
  const before = await stat(path.join(bench.at('a'), 'free.txt'));
  const { trash } = await removeForced(bench);
  const tree = path.join(trash, 'tree');
  expect(await readFile(path.join(tree, 'staged.txt'), 'utf8')).toBe('edited since\n');
  expect(await readFile(path.join(tree, 'README.md'), 'utf8')).toBe('edited\n');
  expect(await readFile(path.join(tree, 'free.txt'), 'utf8')).toBe('untracked secret\n');
  expect(await readFile(path.join(tree, '.env'), 'utf8')).toBe('SECRET=1\n');
  expect((await stat(path.join(tree, 'tool.sh'))).mode & 0o777).toBe(0o755);
  const after = await stat(path.join(tree, 'free.txt'));
  expect({ ino: after.ino, mtimeMs: after.mtimeMs }).toEqual({ ino: before.ino, mtimeMs: before.mtimeMs });
});

test('the administrative folder in the trash is whole: HEAD, index, reflog and note', async () => {
  const { trash } = await removeForced(await makeMessy());
  const names = await readdir(path.join(trash, 'admin'));
  expect(names).toEqual(expect.arrayContaining(['HEAD', 'commondir', 'gitdir', 'index', 'logs', 'wt.json']));
  expect(await readFile(path.join(trash, 'admin', 'HEAD'), 'utf8')).toBe('ref: refs/heads/wt/a\n');
});

test.for(['000', '022', '077'])('with umask %s nobody else can look into the trash', async (umask) => {
  const bench = await makeMessy();
  const before = process.umask(Number.parseInt(umask, 8));
  try {
    expect((await runBuilt(bench.room, bench.root, ['remove', 'a', '--force'])).code).toBe(0);
  } finally {
    process.umask(before);
  }
  const state = path.join(bench.root, '.git/wt');
  const [op = ''] = await readdir(path.join(state, 'trash'));
  const modeOf = async (name: string): Promise<string> =>
    ((await stat(path.join(state, name))).mode & 0o777).toString(8);
  expect({
    state: await modeOf('.'),
    trash: await modeOf('trash'),
    entry: await modeOf(`trash/${op}`),
    meta: await modeOf(`trash/${op}/meta.json`),
    journal: await modeOf('journal'),
    events: await modeOf('events.jsonl'),
  }).toEqual({ state: '700', trash: '700', entry: '700', meta: '600', journal: '700', events: '600' });
});

test('HEAD, branch and index are pinned below refs/wt/trash', async () => {
  const bench = await makeMessy();
  const tip = await bench.git('rev-parse', 'wt/a');
  const { op } = await removeForced(bench);
  expect((await bench.git('for-each-ref', '--format=%(refname)', 'refs/wt')).split('\n')).toEqual(
    ['branch', 'head', 'index'].map((name) => `refs/wt/trash/a/${op}/${name}`),
  );
  expect(await bench.git('rev-parse', `refs/wt/trash/a/${op}/head`, `refs/wt/trash/a/${op}/branch`)).toBe(
    `${tip}\n${tip}`,
  );
});

test('commits and what is only in the index survive a gc that prunes all', async () => {
  const bench = await makeMessy();
  const tip = await bench.git('rev-parse', 'wt/a');
  const { op } = await removeForced(bench);
  await bench.git('reflog', 'expire', '--expire=now', '--all');
  await bench.git('gc', '--quiet', '--prune=now');
  expect(await bench.git('show', `${tip}:a.txt`)).toBe('a');
  expect(await bench.git('show', `refs/wt/trash/a/${op}/index:staged.txt`)).toBe('only in the index');
  expect(await bench.git('fsck', '--no-dangling', '--no-progress')).toBe('');
});

test('commits of a detached HEAD survive a gc that prunes all', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await bench.room.git(bench.at('a'), 'switch', '--quiet', '--detach');
  const loose = await bench.work('a', { 'loose.txt': 'loose\n' }, 'on no branch');
  const { op } = await removeForced(bench);
  await bench.git('gc', '--quiet', '--prune=now');
  expect(await bench.git('rev-parse', `refs/wt/trash/a/${op}/head`)).toBe(loose);
  expect(await bench.git('show', `${loose}:loose.txt`)).toBe('loose');
});

test('commits whose branch was deleted under the session survive a gc that prunes all', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  const lost = await bench.work('a', { 'lost.txt': 'lost\n' });
  await bench.git('update-ref', '-d', 'refs/heads/wt/a');
  await removeForced(bench);
  await bench.git('gc', '--quiet', '--prune=now');
  expect(await bench.git('show', `${lost}:lost.txt`)).toBe('lost');
});

test('all three sides of an index in conflict survive a gc that prunes all', async () => {
  const bench = await makeBench({ 'list.txt': 'base\n' });
  await bench.wt('create', 'a');
  await bench.work('a', { 'list.txt': 'ours\n' });
  await bench.write({ 'list.txt': 'theirs\n' });
  await bench.git('commit', '-qam', 'theirs');
  const at = bench.at('a');
  await expect(bench.room.git(at, 'merge', '--quiet', 'main')).rejects.toThrow('merge');
  const sides = (await bench.room.git(at, 'ls-files', '--unmerged'))
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '');
  await bench.room.git(at, 'merge', '--quit');
  await bench.git('reset', '--quiet', '--hard', 'HEAD~1');
  await bench.git('reflog', 'expire', '--expire=now', '--all');
  await removeForced(bench);
  await bench.git('gc', '--quiet', '--prune=now');
  expect(sides).toHaveLength(3);
  const contents = await Promise.all(sides.map((id) => bench.git('cat-file', 'blob', id)));
  expect(contents).toEqual(['base', 'ours', 'theirs']);
});

test('what was never added stays out of the object store, so that no push can carry it off', async () => {
  const bench = await makeMessy();
  const at = bench.at('a');
  const secrets = await Promise.all(
    ['free.txt', '.env', 'staged.txt', 'README.md'].map((name) => bench.room.git(at, 'hash-object', name)),
  );
  await removeForced(bench);
  for (const id of secrets) await expect(bench.git('cat-file', '-e', id)).rejects.toThrow(id);
  expect(secrets).toHaveLength(4);
});

test('every removal has an entry of its own', async () => {
  const bench = await makeMessy();
  const first = await removeForced(bench);
  await bench.wt('create', 'a');
  const second = await removeForced(bench);
  expect(second.op).not.toBe(first.op);
  expect((await readdir(path.join(bench.root, '.git/wt/trash'))).toSorted()).toEqual([first.op, second.op].toSorted());
});

test('a trash that cannot take the session leaves it as it was', async () => {
  const bench = await makeMessy();
  await bench.room.write(path.join(bench.root, '.git/wt'), { trash: 'a file where the folder must be\n' });
  const status = await bench.room.git(bench.at('a'), 'status', '--porcelain');
  expect((await bench.wt('remove', 'a', '--force')).code).toBe(5);
  expect(await bench.room.git(bench.at('a'), 'status', '--porcelain')).toBe(status);
  expect(await bench.git('rev-parse', '--verify', 'refs/heads/wt/a')).toMatch(/^[0-9a-f]{40}$/);
});
