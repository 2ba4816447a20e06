import { readFile, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { failure, leftovers, refs } from '../support/listing.ts';
import { makeBench, type Bench } from '../support/wt.ts';

const hook = ({ root }: Bench, name: string, script: string): Promise<void> =>
  writeFile(`${root}/.git/hooks/${name}`, `#!/bin/sh\n${script}\n`, { mode: 0o755 });

test('stages everything and commits with the task as message', async () => {
  const { wt, data, at, room } = await makeBench({ f: 'one\n', gone: 'x\n', 'sub/s': 'x\n' });
  await wt('create', 'a', '--task', 'Fix the login\n\nin detail');
  await room.write(at('a'), { f: 'edited, long\n', 'sub/new': 'x\n' });
  await room.git(at('a'), 'rm', '-q', 'gone');
  const { commit, paths } = await data<{ commit: string; paths: string[] }>('commit', { cwd: `${at('a')}/sub` });
  expect(await room.git(at('a'), 'log', '-1', '--format=%H%n%B')).toBe(`${commit}\nFix the login\n\nin detail\n`);
  expect(paths.toSorted()).toEqual(['f', 'gone', 'sub/new']);
  expect(await room.git(at('a'), 'status', '--porcelain')).toBe('');
});

test('-m is taken before the task, and without either the message says what changed', async () => {
  const { wt, data, at, room } = await makeBench();
  await wt('create', 'a', '--task', 'T');
  await room.write(at('a'), { x: '1\n' });
  expect(await data('commit', 'a', '-m', 'Mine')).toMatchObject({ message: 'Mine' });
  await wt('create', 'b');
  await room.write(at('b'), { x: '1\n' });
  expect(await data('commit', 'b')).toMatchObject({ message: 'b: change x' });
  await room.write(at('b'), { y: '1\n', z: '1\n' });
  expect(await data('commit', 'b')).toMatchObject({ message: 'b: change 2 files' });
});

test('a message that begins with a hash or a dash is kept out of git’s options', async () => {
  const { wt, at, room } = await makeBench();
  await wt('create', 'a');
  await room.write(at('a'), { x: '1\n' });
  expect((await wt('commit', 'a', '-m=--amend')).code).toBe(0);
  expect(await room.git(at('a'), 'rev-list', '--count', 'main..HEAD')).toBe('1');
});

test('nothing to commit is no failure and makes no commit', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  const before = await refs(bench);
  expect(await bench.data('commit', 'a')).toEqual({ id: 'a', commit: null, message: null, paths: [] });
  expect(await refs(bench)).toBe(before);
});

test('a hook that refuses leaves index, files and branch as they were', async () => {
  const bench = await makeBench({ f: 'one\n' });
  await bench.wt('create', 'a');
  await bench.room.write(bench.at('a'), { staged: '1\n', x: '1\n' });
  await bench.room.git(bench.at('a'), 'add', 'staged');
  await hook(bench, 'pre-commit', 'echo "no tabs, please" >&2; exit 1');
  const state = async (): Promise<string> =>
    `${await bench.room.git(bench.at('a'), 'status', '--porcelain')}\n${await refs(bench)}`;
  const before = await state();
  const error = await failure(bench, 'commit', 'a', '-m', 'x');
  expect(error).toMatchObject({ code: 'hook.failed', exit: 7, changed: false });
  expect(String(error.details['output'])).toContain('no tabs, please');
  expect(await state()).toBe(before);
  expect(await leftovers(bench.root)).toEqual([]);
});

test('the hooks of the repository run and may change the message', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await bench.room.write(bench.at('a'), { x: '1\n' });
  await hook(bench, 'commit-msg', 'echo "Signed: hook" >> "$1"');
  await bench.wt('commit', 'a', '-m', 'Subject');
  expect(await bench.room.git(bench.at('a'), 'log', '-1', '--format=%B')).toContain('Signed: hook');
});

test('a conflict that is not resolved is refused by file name', async () => {
  const bench = await makeBench({ f: 'one\n' });
  await bench.wt('create', 'a');
  await bench.work('a', { f: 'in a\n' });
  await bench.write({ f: 'in main\n' });
  await bench.git('commit', '-qam', 'main');
  await bench.room.git(bench.at('a'), 'merge', 'main').catch(() => {});
  const before = await readFile(`${bench.at('a')}/f`, 'utf8');
  const error = await failure(bench, 'commit', 'a');
  expect(error).toMatchObject({ code: 'session.operation', exit: 4, changed: false });
  expect(JSON.stringify(error.details)).toContain('conflicts in f');
  expect(await readFile(`${bench.at('a')}/f`, 'utf8')).toBe(before);
});

test('without an identity the failure is git’s own, not a hook’s, and the index is as it was', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await bench.room.write(bench.at('a'), { x: '1\n' });
  await bench.git('config', 'user.useConfigOnly', 'true');
  const env = {
    GIT_AUTHOR_NAME: undefined,
    GIT_AUTHOR_EMAIL: undefined,
    GIT_COMMITTER_NAME: undefined,
    GIT_COMMITTER_EMAIL: undefined,
  };
  expect(await failure(bench, 'commit', 'a', { env })).toMatchObject({ code: 'git.failed', exit: 5 });
  expect(await bench.room.git(bench.at('a'), 'status', '--porcelain')).toBe('?? x');
});
