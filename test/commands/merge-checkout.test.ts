import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { photograph } from '../support/invariants.ts';
import { benchAt, makeBench, type Bench, type Result, type Stage } from '../support/wt.ts';

const FILES = {
  'README.md': 'hello\n',
  'shared.txt': 'one\ntwo\nthree\n',
  'other.txt': 'other\n',
  'old/file.txt': 'old\n',
  'going.txt': 'going\n',
};

/** Session `a` that changes shared.txt, adds new.txt and deep/er.txt, deletes going.txt and turns the folder old into a file. */
async function makeLandable(): Promise<Bench> {
  const bench = await makeBench(FILES);
  await bench.wt('create', 'a', '--task', 'Change much');
  await rm(path.join(bench.at('a'), 'old'), { recursive: true });
  await rm(path.join(bench.at('a'), 'going.txt'));
  await bench.work(
    'a',
    { 'shared.txt': 'one\nTWO\nthree\n', 'new.txt': 'new\n', 'deep/er.txt': 'deeper\n', old: 'a file now\n' },
    'change much',
  );
  return bench;
}

test('a base that is checked out nowhere moves by its ref alone', async () => {
  const bench = await makeLandable();
  await bench.git('switch', '--quiet', '-c', 'elsewhere');
  const { trees } = await photograph(bench);
  expect((await bench.wt('merge', 'a', '--yes')).code).toBe(0);
  expect((await photograph(bench)).trees).toEqual(trees);
  expect(await bench.git('show', 'main:new.txt')).toBe('new');
});

test('a base that is checked out in another worktree is brought along there', async () => {
  const bench = await makeLandable();
  await bench.git('switch', '--quiet', '-c', 'elsewhere');
  const other = path.join(bench.room.dir, 'other place');
  await bench.git('worktree', 'add', '--quiet', other, 'main');
  await bench.room.write(other, { 'other.txt': 'mine, not committed\n' });
  const { stdout } = await bench.wt('merge', 'a', '--yes');
  expect(stdout).toContain('$ROOM/other place was brought along');
  expect(await bench.room.git(other, 'status', '--porcelain')).toBe('M other.txt'.padStart(12));
  expect(await readFile(path.join(other, 'new.txt'), 'utf8')).toBe('new\n');
  expect(await readFile(path.join(other, 'other.txt'), 'utf8')).toBe('mine, not committed\n');
});

test('a base that another session has checked out is brought along there', async () => {
  const bench = await makeLandable();
  await bench.wt('create', 'b', '--base', 'wt/a');
  await bench.work('b', { 'b.txt': 'b\n' });
  expect((await bench.wt('merge', 'b', '--yes')).code).toBe(0);
  expect(await readFile(path.join(bench.at('a'), 'b.txt'), 'utf8')).toBe('b\n');
  expect(await bench.room.git(bench.at('a'), 'status', '--porcelain')).toBe('');
});

test('in a bare layout the worktree of the base is brought along', async () => {
  const plain = await makeBench(FILES);
  const home = path.join(plain.room.dir, 'project');
  await mkdir(home);
  await plain.git('clone', '--quiet', '--bare', plain.root, path.join(home, '.bare'));
  await plain.room.write(home, { '.git': 'gitdir: ./.bare\n' });
  await plain.room.git(home, 'worktree', 'add', '--quiet', path.join(home, 'main'), 'main');
  const bench = benchAt(plain.room, home);
  await bench.wt('create', 'a', { cwd: path.join(home, 'main') });
  await bench.work('a', { 'new.txt': 'new\n' });
  expect((await bench.wt('merge', 'a', '--yes')).code).toBe(0);
  expect(await readFile(path.join(home, 'main', 'new.txt'), 'utf8')).toBe('new\n');
  expect(await bench.room.git(path.join(home, 'main'), 'status', '--porcelain')).toBe('');
});

test('a landing from inside the session brings the main worktree along', async () => {
  const { wt, at, root } = await makeLandable();
  expect((await wt('merge', '--yes', { cwd: at('a') })).code).toBe(0);
  expect(await readFile(path.join(root, 'new.txt'), 'utf8')).toBe('new\n');
});

test('unrelated staged, modified, deleted and untracked files of the checkout stay, to the byte and as staged as they were', async () => {
  const bench = await makeLandable();
  await bench.write({
    'other.txt': 'staged\n',
    'added.txt': 'intended\n',
    'free.txt': 'untracked\n',
    'folder/free.txt': 'untracked\n',
  });
  await bench.git('add', 'other.txt');
  await bench.git('add', '--intent-to-add', 'added.txt');
  await bench.write({ 'other.txt': 'staged, then edited\r\n' });
  await rm(path.join(bench.root, 'README.md'));
  const status = await bench.git('status', '--porcelain=v2', '-uall');
  const staged = await bench.git('ls-files', '--stage', 'other.txt', 'added.txt', 'README.md');
  expect((await bench.wt('merge', 'a', '--yes')).code).toBe(0);
  expect(await bench.git('status', '--porcelain=v2', '-uall')).toBe(status);
  expect(await bench.git('ls-files', '--stage', 'other.txt', 'added.txt', 'README.md')).toBe(staged);
  expect(await bench.git('show', ':other.txt')).toBe('staged');
  expect(await readFile(path.join(bench.root, 'other.txt'), 'utf8')).toBe('staged, then edited\r\n');
  expect(await readFile(path.join(bench.root, 'folder/free.txt'), 'utf8')).toBe('untracked\n');
});

interface Case {
  readonly what: string;
  readonly names: readonly string[];
  readonly lay: (bench: Bench) => Promise<unknown>;
}

const overlaps: readonly Case[] = [
  { what: 'a modified file', names: ['shared.txt'], lay: ({ write }) => write({ 'shared.txt': 'mine\n' }) },
  {
    what: 'a staged file',
    names: ['shared.txt'],
    lay: async ({ write, git }) => {
      await write({ 'shared.txt': 'mine\n' });
      await git('add', 'shared.txt');
    },
  },
  {
    what: 'a file that is staged and restored on disk',
    names: ['shared.txt'],
    lay: async ({ write, git }) => {
      await write({ 'shared.txt': 'mine\n' });
      await git('add', 'shared.txt');
      await write({ 'shared.txt': FILES['shared.txt'] });
    },
  },
  {
    what: 'an edit of a file that the landing deletes',
    names: ['going.txt'],
    lay: ({ write }) => write({ 'going.txt': 'mine\n' }),
  },
  { what: 'a deleted file', names: ['shared.txt'], lay: ({ root }) => rm(path.join(root, 'shared.txt')) },
  { what: 'an untracked file', names: ['new.txt'], lay: ({ write }) => write({ 'new.txt': 'mine\n' }) },
  {
    what: 'an untracked file of the very same content',
    names: ['new.txt'],
    lay: ({ write }) => write({ 'new.txt': 'new\n' }),
  },
  {
    what: 'an ignored file',
    names: ['new.txt'],
    lay: async ({ write, root, room }) => {
      await room.write(path.join(root, '.git/info'), { exclude: '/.worktrees/\nnew.txt\n' });
      await write({ 'new.txt': 'mine\n' });
    },
  },
  { what: 'an untracked file where a folder must be', names: ['deep'], lay: ({ write }) => write({ deep: 'mine\n' }) },
  {
    what: 'an ignored file where a folder must be',
    names: ['deep'],
    lay: async ({ write, root, room }) => {
      await room.write(path.join(root, '.git/info'), { exclude: '/.worktrees/\ndeep\n' });
      await write({ deep: 'mine\n' });
    },
  },
  {
    what: 'untracked files in a folder where a file must be',
    names: ['old/mine.txt'],
    lay: ({ write }) => write({ 'old/mine.txt': 'mine\n' }),
  },
  {
    what: 'ignored files in a folder where a file must be',
    names: ['old/in/mine.txt'],
    lay: async ({ write, root, room }) => {
      await room.write(path.join(root, '.git/info'), { exclude: '/.worktrees/\nmine.txt\n' });
      await write({ 'old/in/mine.txt': 'mine\n' });
    },
  },
  {
    what: 'an edit hidden by assume-unchanged',
    names: ['shared.txt'],
    lay: async ({ write, git }) => {
      await git('update-index', '--assume-unchanged', 'shared.txt');
      await write({ 'shared.txt': 'mine\n' });
    },
  },
  {
    what: 'an edit hidden by skip-worktree',
    names: ['shared.txt'],
    lay: async ({ write, git }) => {
      await git('update-index', '--skip-worktree', 'shared.txt');
      await write({ 'shared.txt': 'mine\n' });
    },
  },
];

test.for(overlaps)('an overlap is refused by name before anything moves: $what', async ({ names, lay }) => {
  const bench = await makeLandable();
  await lay(bench);
  const before = await photograph(bench);
  expect(refusalOf(await bench.wt('merge', 'a', '--yes', '--json'))).toEqual({
    exit: 4,
    code: 'target.dirty',
    changed: false,
    paths: names,
    operation: null,
  });
  expect(await photograph(bench)).toEqual(before);
  expect(refusalOf(await bench.wt('merge', 'a', '--dry-run', '--json'))?.paths).toEqual(names);
});

test('an overlap names the checkout, the files and the next command', async () => {
  const { wt, write } = await makeLandable();
  await write({ 'shared.txt': 'mine\n', 'new.txt': 'mine\n' });
  expect((await wt('merge', 'a', '--yes')).stderr).toMatchInlineSnapshot(`
    "error: main is checked out in $ROOM/app with uncommitted changes that this would write over
      new.txt
      shared.txt
      Nothing was changed.
      next: git -C $ROOM/app status
    "
  `);
});

test('an overlap in another worktree that has the base is refused as well', async () => {
  const bench = await makeLandable();
  await bench.git('switch', '--quiet', '-c', 'elsewhere');
  const other = path.join(bench.room.dir, 'other');
  await bench.git('worktree', 'add', '--quiet', other, 'main');
  await bench.room.write(other, { 'shared.txt': 'mine\n' });
  const before = await photograph(bench);
  expect(refusalOf(await bench.wt('merge', 'a', '--yes', '--json'))?.paths).toEqual(['shared.txt']);
  expect(await photograph(bench)).toEqual(before);
});

test('untracked files are seen whatever status.showUntrackedFiles says', async () => {
  const bench = await makeLandable();
  await bench.git('config', 'status.showUntrackedFiles', 'no');
  await bench.write({ 'new.txt': 'mine\n' });
  expect(refusalOf(await bench.wt('merge', 'a', '--yes', '--json'))?.paths).toEqual(['new.txt']);
  expect(await readFile(path.join(bench.root, 'new.txt'), 'utf8')).toBe('mine\n');
});

test('a base in the middle of a merge does not move', async () => {
  const bench = await makeLandable();
  await bench.git('switch', '--quiet', '-c', 'side');
  await bench.write({ 'side.txt': 'side\n' });
  await bench.git('add', '-A');
  await bench.git('commit', '-qm', 'side');
  await bench.git('switch', '--quiet', 'main');
  await bench.git('merge', '--quiet', '--no-commit', '--no-ff', 'side');
  const before = await photograph(bench);
  expect(refusalOf(await bench.wt('merge', 'a', '--yes', '--json'))).toEqual({
    exit: 4,
    code: 'target.dirty',
    changed: false,
    paths: [],
    operation: 'merge',
  });
  expect(await photograph(bench)).toEqual(before);
});

test('a base that is being rebased in another worktree does not move', async () => {
  const bench = await makeLandable();
  await bench.git('commit', '--quiet', '--allow-empty', '-m', 'on main');
  await bench.git('switch', '--quiet', '-c', 'elsewhere');
  const other = path.join(bench.room.dir, 'other');
  await bench.git('worktree', 'add', '--quiet', other, 'main');
  await bench.room.git(
    other,
    '-c',
    'sequence.editor=sed -i 1ibreak',
    'rebase',
    '--quiet',
    '-i',
    '--keep-empty',
    'HEAD~1',
  );
  const before = await photograph(bench);
  expect(refusalOf(await bench.wt('merge', 'a', '--yes', '--json'))).toEqual({
    exit: 4,
    code: 'target.dirty',
    changed: false,
    paths: [],
    operation: 'rebase',
  });
  expect(await photograph(bench)).toEqual(before);
});

test('a base that is being bisected does not move', async () => {
  const bench = await makeLandable();
  await bench.git('commit', '--quiet', '--allow-empty', '-m', 'two');
  await bench.git('commit', '--quiet', '--allow-empty', '-m', 'three');
  await bench.git('bisect', 'start', 'HEAD', 'HEAD~2');
  const before = await photograph(bench);
  expect(refusalOf(await bench.wt('merge', 'a', '--yes', '--json'))?.operation).toBe('bisect');
  expect(await photograph(bench)).toEqual(before);
});

test('a lock that somebody takes on the index in the last moment is left alone, and nothing moves', async () => {
  const bench = await makeLandable();
  const before = await photograph(bench);
  const lock = path.join(bench.root, '.git', 'index.lock');
  const wrap: Stage['wrap'] = (run) => async (request) => {
    if (request.shownArgs?.[0] === 'merge') await writeFile(lock, 'somebody\n');
    return run(request);
  };
  expect((await bench.wt('merge', 'a', '--yes', { wrap })).code).toBe(5);
  expect(await readFile(lock, 'utf8')).toBe('somebody\n');
  await rm(lock);
  expect(await photograph(bench)).toEqual(before);
});

function refusalOf({
  code,
  raw,
}: Result): { exit: number; code: string; changed: boolean; paths: string[]; operation: string | null } | undefined {
  const answer = JSON.parse(raw) as {
    error?: { code: string; changed: boolean; details: { paths: string[]; operation: string | null } };
  };
  const { error } = answer;
  return error === undefined
    ? undefined
    : {
        exit: code,
        code: error.code,
        changed: error.changed,
        paths: error.details.paths,
        operation: error.details.operation,
      };
}
