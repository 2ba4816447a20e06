import { chmod, lstat, mkdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { failure, leftovers, listing, picture } from '../support/listing.ts';
import { makeBench, type Bench } from '../support/wt.ts';

const FILES = {
  'staged.txt': 'one\n',
  'edited.txt': 'one\n',
  'both.txt': 'one\n',
  'gone.txt': 'one\n',
  'run.sh': 'one\n',
  'kept.txt': 'one\n',
  'link.txt': 'one\n',
  'dir/deep.txt': 'one\n',
};

/** Every kind of uncommitted change at once. */
async function makeChanges({ root, git, write }: Bench): Promise<void> {
  await writeFile(`${root}/.git/info/exclude`, '*.db\nnode_modules/\n');
  await write({ 'staged.txt': 'staged, long\n', 'both.txt': 'staged, long\n', 'new-staged.txt': 'new, staged\n' });
  await git('add', 'staged.txt', 'both.txt', 'new-staged.txt');
  await write({
    'both.txt': 'and edited on top, longer\n',
    'edited.txt': 'edited, long\n',
    'untracked.txt': 'untracked\n',
    'new/folder/file.txt': 'deep\n',
    'new/folder/cache.db': 'ignored\n',
    'node_modules/p/index.js': 'ignored\n',
    'local.db': 'ignored\n',
  });
  await rm(`${root}/gone.txt`);
  await chmod(`${root}/run.sh`, 0o755);
  await rm(`${root}/link.txt`);
  await symlink('kept.txt', `${root}/link.txt`);
  await git('rm', '-q', '--cached', 'kept.txt');
}

const status = (bench: Bench, place: string): Promise<string> =>
  bench.room.git(place, 'status', '--porcelain', '--untracked-files=all');

const MOVED = [
  ' M edited.txt',
  ' D gone.txt',
  ' T link.txt',
  'D  kept.txt',
  'A  new-staged.txt',
  ' M run.sh',
  'M  staged.txt',
  'MM both.txt',
  '?? kept.txt',
  '?? new/folder/file.txt',
  '?? untracked.txt',
];

test('every kind of change moves, staged stays staged, and the caller is clean but for what is ignored', async () => {
  const bench = await makeBench(FILES);
  await makeChanges(bench);
  const before = (await status(bench, bench.root)).split('\n');
  expect(before.toSorted()).toEqual(MOVED.toSorted());
  const { code, stdout, stderr } = await bench.wt('create', 'a', '--from-changes');
  expect({ code, stdout, stderr }).toMatchInlineSnapshot(`
    {
      "code": 0,
      "stderr": "",
      "stdout": "✓ Created a  branch wt/a from main <short>
      $ROOM/app/.worktrees/a
      9 changed files moved here; the worktree they came from is clean
      the originals are kept in $ROOM/app/.git/wt/trash/<op>/changes
    ",
    }
  `);
  expect((await status(bench, bench.at('a'))).split('\n')).toEqual(before);
  expect(await status(bench, bench.root)).toBe('');
  const read = (name: string): Promise<string> => readFile(path.join(bench.at('a'), name), 'utf8');
  expect([
    await read('both.txt'),
    await read('untracked.txt'),
    await read('new/folder/file.txt'),
    await read('kept.txt'),
  ]).toEqual(['and edited on top, longer\n', 'untracked\n', 'deep\n', 'one\n']);
  expect(await bench.room.git(bench.at('a'), 'show', ':both.txt')).toBe('staged, long');
  expect(await readlink(`${bench.at('a')}/link.txt`)).toBe('kept.txt');
  expect(((await lstat(`${bench.at('a')}/run.sh`)).mode & 0o111) !== 0).toBe(true);
  const ignored = ['new/folder/cache.db', 'node_modules/p/index.js', 'local.db'];
  expect(await Promise.all(ignored.map((name) => readFile(path.join(bench.root, name), 'utf8')))).toEqual([
    'ignored\n',
    'ignored\n',
    'ignored\n',
  ]);
  expect(await leftovers(bench.root)).toEqual([]);
});

test('the folders of untracked files go with them', async () => {
  const bench = await makeBench();
  await bench.write({ 'new/deep/file.txt': 'x\n' });
  await bench.wt('create', 'a', '--from-changes');
  await expect(lstat(`${bench.root}/new`)).rejects.toThrow('ENOENT');
});

test('from a subfolder the changes of the whole worktree move', async () => {
  const bench = await makeBench(FILES);
  await makeChanges(bench);
  const before = await status(bench, bench.root);
  expect((await bench.wt('create', 'a', '--from-changes', { cwd: `${bench.root}/dir` })).code).toBe(0);
  expect(await status(bench, bench.at('a'))).toBe(before);
  expect(await status(bench, bench.root)).toBe('');
});

test('from a session the changes of that session move', async () => {
  const bench = await makeBench(FILES);
  await bench.wt('create', 'a');
  await bench.room.write(bench.at('a'), { 'kept.txt': 'changed in a\n' });
  await bench.write({ 'kept.txt': 'changed in main\n' });
  expect((await bench.wt('create', 'b', '--from-changes', { cwd: bench.at('a') })).code).toBe(0);
  expect(await readFile(`${bench.at('b')}/kept.txt`, 'utf8')).toBe('changed in a\n');
  expect(await status(bench, bench.at('a'))).toBe('');
  expect(await readFile(`${bench.root}/kept.txt`, 'utf8')).toBe('changed in main\n');
});

test('bytes stay bytes: line ends, NUL and file modes', async () => {
  const bench = await makeBench();
  await bench.git('config', 'core.autocrlf', 'true');
  await bench.write({ 'dos.txt': 'a\r\nb\n', 'bin.dat': 'a\0b' });
  await writeFile(`${bench.root}/secret.key`, 'k\n', { mode: 0o600 });
  expect((await bench.wt('create', 'a', '--from-changes')).code).toBe(0);
  expect(await readFile(`${bench.at('a')}/dos.txt`, 'utf8')).toBe('a\r\nb\n');
  expect(await readFile(`${bench.at('a')}/bin.dat`, 'utf8')).toBe('a\0b');
  expect((await lstat(`${bench.at('a')}/secret.key`)).mode & 0o777).toBe(0o600);
});

test.each([
  ['a space.txt'],
  ['-dash'],
  ['quo"te'],
  ['tab\there'],
  ['new\nline'],
  [':(top)magic'],
  ['*.glob'],
  ['ü.txt'],
])('a file called %j moves', async (name) => {
  const bench = await makeBench();
  await bench.write({ [name]: 'content\n' });
  expect((await bench.wt('create', 'a', '--from-changes')).code).toBe(0);
  expect(await readFile(path.join(bench.at('a'), name), 'utf8')).toBe('content\n');
  expect(await status(bench, bench.root)).toBe('');
});

test('on another base the changes are merged into it, staged and unstaged apart', async () => {
  const bench = await makeBench({ 'one.txt': '1\n2\n3\n4\n5\n', 'two.txt': 'two\n' });
  await bench.git('switch', '-qc', 'dev');
  await bench.write({ 'one.txt': '1 on dev\n2\n3\n4\n5\n' });
  await bench.git('commit', '-qam', 'on dev');
  await bench.git('switch', '-q', 'main');
  await bench.write({ 'two.txt': 'two, staged\n' });
  await bench.git('add', 'two.txt');
  await bench.write({ 'one.txt': '1\n2\n3\n4\n5 here\n', 'new.txt': 'new\n' });
  const before = await status(bench, bench.root);
  expect((await bench.wt('create', 'a', '--base', 'dev', '--from-changes')).code).toBe(0);
  expect(await status(bench, bench.at('a'))).toBe(before);
  expect(await readFile(`${bench.at('a')}/one.txt`, 'utf8')).toBe('1 on dev\n2\n3\n4\n5 here\n');
  expect(await status(bench, bench.root)).toBe('');
});

test('without a change there is nothing to move and no session is made', async () => {
  const bench = await makeBench();
  const before = await picture(bench);
  expect((await bench.wt('create', 'a', '--from-changes')).code).toBe(2);
  expect(await picture(bench)).toEqual(before);
});

const TROUBLES: readonly (readonly [string, number, (bench: Bench) => Promise<readonly string[]>])[] = [
  [
    'the changes conflict with another base',
    6,
    async ({ git, write }) => {
      await git('switch', '-qc', 'dev');
      await write({ f: 'on dev\n' });
      await git('commit', '-qam', 'on dev');
      await git('switch', '-q', 'main');
      await write({ f: 'here\n', g: 'staged here\n', new: 'new\n' });
      await git('add', 'g');
      return ['--base', 'dev'];
    },
  ],
  [
    'the index has conflicts without an operation',
    2,
    async ({ git, write }) => {
      await write({ f: 'stashed\n' });
      await git('stash', '-q');
      await write({ f: 'committed\n' });
      await git('commit', '-qam', 'committed');
      await git('stash', 'pop', '-q').catch(() => {});
      return [];
    },
  ],
  [
    'a rebase is in progress',
    2,
    async ({ git, write }) => {
      await write({ f: 'one more\n' });
      await git('commit', '-qam', 'one more');
      await git('rebase', '-q', '--force-rebase', '--exec', 'false', 'HEAD~1').catch(() => {});
      await write({ f: 'edited meanwhile\n' });
      return [];
    },
  ],
  [
    'a merge is in progress',
    2,
    async ({ git, write }) => {
      await git('switch', '-qc', 'dev');
      await git('commit', '-q', '--allow-empty', '-m', 'on dev');
      await git('switch', '-q', 'main');
      await git('merge', '-q', '--no-ff', '--no-commit', 'dev');
      await write({ f: 'edited meanwhile\n' });
      return [];
    },
  ],
  [
    'a repository lies inside',
    2,
    async ({ room, write }) => {
      await room.repo('app/nested', { 'theirs.txt': 'theirs\n' });
      await write({ f: 'edited\n' });
      return [];
    },
  ],
  [
    'the id is taken',
    4,
    async ({ wt, write }) => {
      await wt('create', 'a');
      await write({ f: 'edited\n', new: 'new\n' });
      return [];
    },
  ],
  [
    'the base is not there',
    3,
    async ({ write }) => {
      await write({ f: 'edited\n', new: 'new\n' });
      return ['--base', 'nowhere'];
    },
  ],
];

test.each(TROUBLES)('nothing moves when %s', async (_, exit, prepare) => {
  const bench = await makeBench({ f: 'one\n', g: 'one\n' });
  const flags = await prepare(bench);
  const wanted = /^(?:\.git\/(?:wt|objects|logs)|\.git\/info\/exclude |\.worktrees\/ |\.git\/worktrees\/ )/;
  const before = (await listing(bench.root)).filter((line) => !wanted.test(line));
  const heads = await bench.git('for-each-ref');
  const error = await failure(bench, 'create', 'a', '--from-changes', ...flags);
  expect(error).toMatchObject({ exit, changed: false });
  expect(
    (await listing(bench.root)).filter((line) => !wanted.test(line) && !line.startsWith('.worktrees/sessions.json')),
  ).toEqual(before.filter((line) => !line.startsWith('.worktrees/sessions.json')));
  expect(await bench.git('for-each-ref')).toBe(heads);
  expect(await leftovers(bench.root)).toEqual([]);
});

test('nothing moves when a file changes while the session is made', async () => {
  const bench = await makeBench({ f: 'one\n' });
  await bench.write({ f: 'first edit\n', new: 'new\n' });
  const { code } = await bench.wt('create', 'a', '--from-changes', {
    wrap: (run) => async (request) => {
      const result = await run(request);
      if (request.shownArgs?.[0] === 'update-index') await bench.write({ f: 'a later, longer edit\n' });
      return result;
    },
  });
  expect(code).toBe(5);
  expect(await readFile(`${bench.root}/f`, 'utf8')).toBe('a later, longer edit\n');
  expect(await readFile(`${bench.root}/new`, 'utf8')).toBe('new\n');
  expect(await bench.git('branch', '--list', 'wt/*')).toBe('');
  expect((await bench.data<{ sessions: unknown[] }>('list')).sessions).toEqual([]);
});

test('an untracked file that appears after the picture was taken stays with the caller', async () => {
  const bench = await makeBench({ f: 'one\n' });
  await bench.write({ new: 'new\n' });
  const { code } = await bench.wt('create', 'a', '--from-changes', {
    wrap: (run) => async (request) => {
      // The sweep of the caller: from here on everything that appears is not ours.
      if (request.shownArgs?.[0] === 'reset' && request.cwd === bench.root)
        await mkdir(`${bench.root}/late`).then(() => bench.write({ 'late/file': 'late\n' }));
      return run(request);
    },
  });
  expect(code).toBe(0);
  expect(await readFile(`${bench.root}/late/file`, 'utf8')).toBe('late\n');
  expect(await readFile(`${bench.at('a')}/new`, 'utf8')).toBe('new\n');
});
