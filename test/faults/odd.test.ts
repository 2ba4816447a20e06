import { execa } from 'execa';
import { cp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { PROGRAM } from '../support/built.ts';
import { failure, leftovers, picture } from '../support/listing.ts';
import { makeTwo, stateOf } from '../support/ways.ts';
import { benchAt, makeBench } from '../support/wt.ts';

test('a session removed before the repository moved comes back in the new place', async () => {
  const bench = await makeBench();
  await bench.data('create', 'a');
  await bench.room.write(bench.at('a'), { 'work.txt': 'work\n' });
  await bench.data('remove', 'a', '--force');
  await rename(bench.root, `${bench.room.dir}/moved`);
  const moved = benchAt(bench.room, `${bench.room.dir}/moved`);
  expect(await moved.data('restore', 'a')).toMatchObject({ session: { path: moved.at('a') } });
  expect(await readFile(path.join(moved.at('a'), 'work.txt'), 'utf8')).toBe('work\n');
  expect(await moved.room.git(moved.at('a'), 'status', '--porcelain')).toBe('?? work.txt');
  await expect(readFile(bench.root)).rejects.toThrow('ENOENT');
});

test('a clock that jumps days forth and back changes nothing', async () => {
  const bench = await makeBench();
  await bench.data('create', 'a', { now: '2030-01-05T00:00:00.000Z' });
  await bench.work('a', { 'a.txt': 'a\n' });
  await bench.data('create', 'b', { now: '2030-01-01T00:00:00.000Z' });
  await bench.data('merge', 'a', '--yes', { now: '2029-12-01T00:00:00.000Z' });
  await bench.data('remove', 'a', { now: '2031-01-01T00:00:00.000Z' });
  expect(await bench.data('clean', '--yes', { now: '2030-01-01T00:00:00.000Z' })).toMatchObject({ removed: [] });
  await bench.data('restore', 'a', { now: '2029-01-01T00:00:00.000Z' });
  expect(await bench.data('list', '--all', { now: '2028-01-01T00:00:00.000Z' })).toMatchObject({
    sessions: [{ id: 'b' }, { id: 'a', status: 'landed' }],
  });
  expect(await leftovers(bench.root)).toEqual([]);
});

test('a copy of a session is nobody’s: the session is removed, the copy stays', async () => {
  const bench = await makeBench();
  await bench.data('create', 'a');
  const copy = path.join(bench.room.dir, 'copy');
  await cp(bench.at('a'), copy, { recursive: true });
  await writeFile(path.join(copy, 'copied.txt'), 'in the copy\n');
  expect(await bench.data('list')).toMatchObject({ sessions: [{ id: 'a', tree: 'ok', path: bench.at('a') }] });
  await bench.data('remove', 'a');
  expect(await readFile(path.join(copy, 'copied.txt'), 'utf8')).toBe('in the copy\n');
});

test('a shallow clone takes sessions, and they land', async () => {
  const bench = await makeBench();
  await bench.git('commit', '--quiet', '--allow-empty', '-m', 'second');
  await bench.room.git(bench.room.dir, 'clone', '--quiet', '--depth', '1', `file://${bench.root}`, 'shallow');
  const shallow = benchAt(bench.room, path.join(bench.room.dir, 'shallow'));
  await shallow.data('create', 'a');
  await shallow.work('a', { 'a.txt': 'a\n' });
  await shallow.data('merge', 'a', '--yes', '--remove');
  expect(await readFile(path.join(shallow.root, 'a.txt'), 'utf8')).toBe('a\n');
});

test('a partial clone without its remote makes no session and leaves nothing of it', async () => {
  const bench = await makeBench();
  await bench.git('config', 'uploadpack.allowFilter', 'true');
  const clone = ['clone', '--quiet', '--filter=blob:none', '--no-checkout', `file://${bench.root}`, 'partial'];
  await bench.room.git(bench.room.dir, ...clone);
  await rename(bench.root, `${bench.root}-offline`);
  const partial = benchAt(bench.room, path.join(bench.room.dir, 'partial'));
  const before = await picture(partial);
  expect(await failure(partial, 'create', 'a')).toMatchObject({ exit: 5, changed: false });
  expect(
    (await picture(partial)).filter((line) => !/^\.(?:worktrees|git\/(?:worktrees|info\/exclude))/.test(line)),
  ).toEqual(before.filter((line) => !line.startsWith('.git/info/exclude')));
  expect(await partial.git('worktree', 'list')).not.toContain('wt/a');
});

test('settings of colour, pager, signatures and language change no answer', async () => {
  const bench = await makeBench();
  await bench.data('create', 'a');
  await bench.work('a', { 'a.txt': 'a\n' });
  await bench.room.write(bench.at('a'), { 'b.txt': 'b\n' });
  const now = '2030-01-01T00:00:00.000Z';
  const ask = async (env: Record<string, string>): Promise<readonly string[]> => {
    const answers: string[] = [];
    for (const argv of [['list'], ['show', 'a'], ['diff', 'a']])
      answers.push((await bench.wt(...argv, { now, env })).raw);
    return answers;
  };
  const before = await ask({});
  for (const [key, value] of [
    ['color.ui', 'always'],
    ['core.pager', 'false'],
    ['log.showSignature', 'true'],
    ['log.decorate', 'full'],
    ['log.follow', 'true'],
    ['status.branch', 'true'],
    ['status.short', 'true'],
    ['core.quotePath', 'true'],
    ['format.pretty', 'oneline'],
    ['diff.renames', 'copies'],
    ['column.ui', 'always'],
  ] as const)
    await bench.git('config', key, value);
  expect(await ask({ LANG: 'de_DE.UTF-8', LANGUAGE: 'de', LC_ALL: 'de_DE.UTF-8', GIT_PAGER: 'false' })).toEqual(before);
});

test('files that a sparse session does not have are no lost work, and it comes back as sparse as it was', async () => {
  const bench = await makeBench({ 'in/a.txt': 'a\n', 'out/b.txt': 'b\n' });
  await bench.data('create', 'a');
  await bench.room.git(bench.at('a'), 'sparse-checkout', 'set', 'in');
  await expect(readFile(path.join(bench.at('a'), 'out/b.txt'))).rejects.toThrow('ENOENT');
  const before = await stateOf(bench.room, bench.at('a'));
  await bench.data('remove', 'a');
  await bench.data('restore', 'a');
  expect(await stateOf(bench.room, bench.at('a'))).toEqual(before);
});

test('a lock that somebody left on the configuration stands in the way of nothing', async () => {
  const bench = await makeBench();
  await writeFile(`${bench.root}/.git/config.lock`, 'of somebody\n');
  await bench.data('create', 'a');
  await bench.room.write(bench.at('a'), { 'a.txt': 'a\n' });
  await bench.data('commit', 'a');
  await bench.data('merge', 'a', '--yes');
  await bench.data('remove', 'a');
  await bench.data('restore', 'a');
  await bench.data('undo');
  expect(await readFile(`${bench.root}/.git/config.lock`, 'utf8')).toBe('of somebody\n');
});

test('after git clean -ffdx in the main worktree every commit of the sessions is still there', async () => {
  const bench = await makeBench();
  await bench.data('create', 'a', '--task', 'Mend it');
  const tip = await bench.work('a', { 'a.txt': 'a\n' });
  await bench.git('clean', '-ffdxq');
  expect(await bench.data('list')).toMatchObject({ sessions: [{ id: 'a', task: 'Mend it', tree: 'missing' }] });
  expect(await bench.git('rev-parse', 'wt/a')).toBe(tip);
  await bench.data('merge', 'a', '--yes');
  expect(await readFile(path.join(bench.root, 'a.txt'), 'utf8')).toBe('a\n');
});

test('where no file may grow, as on a full disk, nothing is changed, and later it works', async () => {
  const bench = await makeBench({ 'large.txt': 'x'.repeat(100_000) });
  const before = await picture(bench);
  const { exitCode } = await execa(
    'sh',
    ['-c', 'ulimit -f 8; exec "$@"', 'sh', process.execPath, PROGRAM, 'create', 'a'],
    {
      cwd: bench.root,
      env: bench.room.env,
      extendEnv: false,
      reject: false,
    },
  );
  expect(exitCode).not.toBe(0);
  await bench.wt('list');
  const own = /^\.(?:worktrees|git\/(?:worktrees|info\/exclude))/;
  expect((await picture(bench)).filter((line) => !own.test(line))).toEqual(before.filter((line) => !own.test(line)));
  await bench.data('create', 'a');
  expect(await bench.data('list')).toMatchObject({ sessions: [{ id: 'a', tree: 'ok', status: 'new' }] });
});

test('a folder for the state that is none stops what changes something, with nothing changed', async () => {
  const bench = await makeBench();
  await bench.data('create', 'a');
  const before = await picture(bench);
  await rm(`${bench.root}/.git/wt/lock`, { recursive: true });
  await writeFile(`${bench.root}/.git/wt/lock`, 'a file\n');
  for (const argv of [
    ['create', 'b'],
    ['remove', 'a'],
    ['clean', '--older-than', '0s', '--yes'],
  ])
    expect(await failure(bench, ...argv)).toMatchObject({ code: 'io.failed', exit: 5, changed: false });
  expect(await picture(bench)).toEqual(before);
  expect((await bench.wt('list')).code).toBe(0);
});

test('a repository of its own in an ignored folder: git deletes its commits, wt keeps them', async () => {
  const two = await makeTwo({ '.gitignore': 'vendor/\n' });
  const { room, plainTree, plainGit } = two;
  for (const tree of [plainTree, two.at('a')]) {
    await room.git(tree, 'init', '--quiet', 'vendor/tool');
    await room.git(path.join(tree, 'vendor/tool'), 'commit', '--quiet', '--allow-empty', '-m', 'only here');
  }
  await plainGit('worktree', 'remove', plainTree);
  await expect(readFile(path.join(plainTree, 'vendor/tool/.git/HEAD'))).rejects.toThrow('ENOENT');

  await two.data('remove', 'a');
  await two.data('restore', 'a');
  expect(await room.git(path.join(two.at('a'), 'vendor/tool'), 'log', '--format=%s')).toBe('only here');
});

test('a worktree whose path has a line break forges no other one', async () => {
  const bench = await makeBench();
  await bench.git('worktree', 'add', '--quiet', '-b', 'odd', '../odd\nworktree etc');
  expect(await bench.data('list', '--all')).toMatchObject({
    sessions: [],
    unmanaged: [{ path: `${bench.room.dir}/odd\nworktree etc` }],
  });
});

test('a repository of another owner is not opened, with git’s own words', async () => {
  const bench = await makeBench();
  const before = await picture(bench);
  const env = { GIT_TEST_ASSUME_DIFFERENT_OWNER: '1' };
  for (const argv of [['list'], ['create', 'a'], ['clean', '--yes']]) {
    const refusal = await failure(bench, ...argv, { env });
    expect(refusal).toMatchObject({ code: 'repo.not-found', exit: 3, changed: false });
    expect(JSON.stringify(refusal.details)).toContain('dubious ownership');
  }
  expect(await picture(bench)).toEqual(before);
});

test('a HEAD of zeros in the record of a worktree that is no session stands in the way of no session', async () => {
  const bench = await makeBench();
  await bench.git('worktree', 'add', '--quiet', '-b', 'other', '../other');
  await bench.data('create', 'a');
  await writeFile(`${bench.root}/.git/worktrees/other/HEAD`, `${'0'.repeat(40)}\n`);
  expect((await bench.wt('list', '--all')).code).toBe(0);
  await bench.data('create', 'b');
  await bench.data('remove', 'a');
  await bench.data('restore', 'a');
  expect(await readFile(`${bench.root}/.git/worktrees/other/HEAD`, 'utf8')).toBe(`${'0'.repeat(40)}\n`);
});
