import { readFile, rm, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { failure } from '../support/listing.ts';
import { makeBench, type Bench } from '../support/wt.ts';

/** Committed, staged, unstaged, untracked and ignored work in session `a`. */
async function makeWork(): Promise<Bench> {
  const bench = await makeBench({ f: 'one\n', gone: 'x\n' });
  await writeFile(`${bench.root}/.git/info/exclude`, '*.db\n');
  await bench.wt('create', 'a');
  await bench.work('a', { committed: '1\n' });
  await bench.room.write(bench.at('a'), { staged: '2\n', 'x.db': 'ignored\n' });
  await bench.room.git(bench.at('a'), 'add', 'staged');
  await bench.room.write(bench.at('a'), { f: 'edited, long\n', 'new/untracked': '3\n' });
  await rm(`${bench.at('a')}/gone`);
  return bench;
}

test('holds committed, staged, unstaged and untracked work, and leaves index and refs untouched', async () => {
  const { data, root, wt, at, room } = await makeWork();
  const index = `${root}/.git/worktrees/a/index`;
  const [before, status] = [
    await readFile(index),
    await room.git(at('a'), '--no-optional-locks', 'status', '--porcelain'),
  ];
  const { files } = await data<{ files: { path: string; status: string }[] }>('diff', 'a');
  expect(files.map(({ path, status: what }) => `${path} ${what}`)).toEqual([
    'committed added',
    'f modified',
    'gone deleted',
    'new/untracked added',
    'staged added',
  ]);
  expect(await readFile(index)).toEqual(before);
  expect(await room.git(at('a'), '--no-optional-locks', 'status', '--porcelain')).toBe(status);
  expect((await wt('diff', 'a', '--name-only')).stdout).toBe('committed\nf\ngone\nnew/untracked\nstaged\n');
});

test('the patch applies on the base and gives the session’s files', async () => {
  const { wt, git, root, room } = await makeWork();
  const { raw } = await wt('diff', 'a');
  await writeFile(`${room.dir}/a.patch`, raw);
  await git('apply', `${room.dir}/a.patch`);
  expect(await readFile(`${root}/f`, 'utf8')).toBe('edited, long\n');
  expect(await readFile(`${root}/new/untracked`, 'utf8')).toBe('3\n');
  await expect(readFile(`${root}/gone`)).rejects.toThrow('ENOENT');
});

test('--committed shows the commits alone, also when the folder is gone', async () => {
  const bench = await makeWork();
  expect((await bench.wt('diff', 'a', '--committed', '--name-only')).stdout).toBe('committed\n');
  await rm(bench.at('a'), { recursive: true });
  expect(await failure(bench, 'diff', 'a')).toMatchObject({ code: 'path.unsafe', exit: 4 });
  expect((await bench.wt('diff', 'a', '--committed', '--name-only')).stdout).toBe('committed\n');
});

test('what the base did meanwhile is not in it', async () => {
  const { git, write, wt } = await makeWork();
  await write({ later: 'x\n' });
  await git('add', '-A');
  await git('commit', '-qm', 'later');
  expect((await wt('diff', 'a', '--name-only')).stdout).not.toContain('later');
});

test('settings and programs of the repository do not change it', async () => {
  const { git, wt, root, room } = await makeWork();
  const plain = (await wt('diff', 'a')).raw;
  for (const [key, value] of [
    ['diff.external', `touch ${room.dir}/pwn`],
    ['color.ui', 'always'],
    ['diff.noprefix', 'true'],
    ['diff.mnemonicPrefix', 'true'],
    ['core.pager', 'false'],
    ['core.fsmonitor', `touch ${room.dir}/pwn`],
  ] as const)
    await git('config', key, value);
  expect((await wt('diff', 'a')).raw).toBe(plain);
  await expect(readFile(`${root}/../pwn`)).rejects.toThrow('ENOENT');
});

test('leaves no object behind', async () => {
  const { wt, git } = await makeWork();
  const before = await git('count-objects', '-v');
  await wt('diff', 'a');
  expect(await git('count-objects', '-v')).toBe(before);
});
