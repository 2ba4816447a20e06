import { expect, test } from 'vitest';
import { listObjects, photograph } from '../support/invariants.ts';
import { makeBench, type Bench } from '../support/wt.ts';

const DATED = { GIT_AUTHOR_NAME: 'Ada L', GIT_AUTHOR_EMAIL: 'ada@example.org', GIT_AUTHOR_DATE: '1700000000 +0530' };

/** Session `a` two commits ahead of a main that has moved on. */
async function makeDiverged(): Promise<Bench> {
  const bench = await makeBench({ 'README.md': 'hello\n', 'list.txt': 'one\ntwo\nthree\n' });
  await bench.wt('create', 'a', '--task', 'Sort the list');
  await bench.work('a', { 'list.txt': 'one\ntwo\nthree\nfour\n' }, 'add four\n\nBecause of five.');
  await commitAs(bench, { 'new.txt': 'new\n' }, 'add new.txt');
  await bench.write({ 'main.txt': 'main\n' });
  await bench.git('add', '-A');
  await bench.git('commit', '-qm', 'main moves on');
  return bench;
}

/** A commit of somebody else, at another time. */
async function commitAs({ room, at }: Bench, files: Record<string, string>, message: string): Promise<void> {
  await room.write(at('a'), files);
  await room.git(at('a'), 'add', '-A');
  await room.git(
    at('a'),
    '-c',
    `user.name=${DATED.GIT_AUTHOR_NAME}`,
    'commit',
    '-qm',
    message,
    `--author=${DATED.GIT_AUTHOR_NAME} <${DATED.GIT_AUTHOR_EMAIL}>`,
    `--date=${DATED.GIT_AUTHOR_DATE}`,
  );
}

test('merge makes a merge commit even where a fast-forward would do', async () => {
  const { wt, work, git } = await makeBench();
  await wt('create', 'a');
  const tip = await work('a', { 'a.txt': 'a\n' });
  const base = await git('rev-parse', 'main');
  expect((await wt('merge', 'a', '--yes')).code).toBe(0);
  expect(await git('log', '-1', '--format=%P', 'main')).toBe(`${base} ${tip}`);
});

test('squash makes one commit on the base with the task as its subject', async () => {
  const { wt, git } = await makeDiverged();
  const base = await git('rev-parse', 'main');
  const { code, stdout } = await wt('merge', 'a', '--yes', '--strategy', 'squash');
  expect(code).toBe(0);
  expect(stdout).toContain('(squash, 2 commits, 2 files)');
  expect(await git('log', '-1', '--format=%P', 'main')).toBe(base);
  expect(await git('log', '-1', '--format=%B', 'main')).toMatchInlineSnapshot(`
    "Sort the list

    * add four
    * add new.txt

    Co-authored-by: Tess Ter <tess@example.org>
    Session-Id: a
    "
  `);
  expect(await git('show', 'main:list.txt')).toBe('one\ntwo\nthree\nfour');
  expect(await git('show', 'main:main.txt')).toBe('main');
  expect(await git('status', '--porcelain')).toBe('');
});

test('rebase replays each commit with its author, date and message', async () => {
  const { wt, git } = await makeDiverged();
  const format = '--format=%an <%ae> %ad|%s';
  const own = await git('log', '--date=raw', format, 'main..wt/a');
  const base = await git('rev-parse', 'main');
  expect((await wt('merge', 'a', '--yes', '--strategy', 'rebase')).code).toBe(0);
  expect(await git('log', '--date=raw', format, `${base}..main`)).toBe(own);
  expect(own).toContain('Ada L <ada@example.org> 1700000000 +0530|add new.txt');
  expect((await git('log', '-1', '--format=%B', 'main~1')).trim()).toBe('add four\n\nBecause of five.');
  expect(await git('rev-list', '--merges', '--count', 'main')).toBe('0');
  expect(await git('show', 'main:list.txt')).toBe('one\ntwo\nthree\nfour');
});

test('rebase leaves out what the base has already, and merges of the base into the session', async () => {
  const { wt, work, git, room, at } = await makeDiverged();
  await room.git(at('a'), 'merge', '--quiet', '--no-edit', 'main');
  await work('a', { 'after.txt': 'after\n' }, 'after the merge');
  await git('cherry-pick', 'wt/a~1^1');
  expect((await wt('merge', 'a', '--yes', '--strategy', 'rebase')).code).toBe(0);
  expect(await git('log', '--format=%s', 'main')).toBe('after the merge\nadd four\nadd new.txt\nmain moves on\nfirst');
  expect(await git('diff', 'main', 'wt/a')).toBe('');
});

test('a conflict in the middle of a rebase changes nothing', async () => {
  const bench = await makeDiverged();
  await bench.write({ 'list.txt': 'ONE\ntwo\nthree\nfive\n' });
  await bench.git('commit', '-qam', 'main changes the list');
  const before = await photograph(bench);
  const { code, stderr } = await bench.wt('merge', 'a', '--yes', '--strategy', 'rebase');
  expect(code).toBe(6);
  expect(stderr).toMatchInlineSnapshot(`
    "error: a conflicts with main in 1 file
      list.txt
        main: <short> main changes the list
        a: <short> add four
      tasks:
        a: Sort the list
      main and a are as they were.
      next: wt merge a --resolve
    "
  `);
  expect(await photograph(bench)).toEqual(before);
});

test('ff moves the base to the session, with no commit of its own', async () => {
  const { wt, work, git } = await makeBench();
  await wt('create', 'a');
  const tip = await work('a', { 'a.txt': 'a\n' });
  expect((await wt('merge', 'a', '--yes', '--strategy', 'ff')).code).toBe(0);
  expect(await git('rev-parse', 'main')).toBe(tip);
  expect(await git('status', '--porcelain')).toBe('');
});

test('ff is refused once the base has moved on, and the fix that it names lands', async () => {
  const bench = await makeDiverged();
  const before = await photograph(bench);
  const { code, raw } = await bench.wt('merge', 'a', '--yes', '--strategy', 'ff', '--json');
  const { error } = JSON.parse(raw) as { error: { code: string; fix: string[] } };
  expect({ code, error: error.code }).toEqual({ code: 9, error: 'target.moved' });
  expect(await photograph(bench)).toEqual(before);
  expect((await bench.wt(...error.fix.slice(1), '--yes')).code).toBe(0);
});

test('ff takes no message', async () => {
  const { wt } = await makeDiverged();
  const { code, stderr } = await wt('merge', 'a', '--yes', '--strategy', 'ff', '-m', 'words');
  expect({ code, stderr }).toEqual({ code: 2, stderr: 'error: --message: a fast-forward makes no commit\n' });
});

test('an unknown strategy is a usage error that names the known ones', async () => {
  const { wt } = await makeDiverged();
  const { code, stderr } = await wt('merge', 'a', '--yes', '--strategy', 'octopus');
  expect({ code, stderr }).toEqual({ code: 2, stderr: 'error: --strategy <how>: one of merge, squash, rebase, ff\n' });
});

test('--into lands on another branch and leaves the base alone', async () => {
  const { wt, git } = await makeDiverged();
  const [main, tip] = [await git('rev-parse', 'main'), await git('rev-parse', 'wt/a')];
  await git('branch', 'release', 'main~1');
  expect((await wt('merge', 'a', '--yes', '--into', 'release')).code).toBe(0);
  expect(await git('rev-parse', 'main')).toBe(main);
  expect(await git('rev-parse', 'release^2')).toBe(tip);
});

test('--into names a branch that exists and is not the session itself', async () => {
  const { wt } = await makeDiverged();
  expect((await wt('merge', 'a', '--yes', '--into', 'mian')).stderr).toContain('near: main');
  expect((await wt('merge', 'a', '--yes', '--into', 'mian')).code).toBe(3);
  expect((await wt('merge', 'a', '--yes', '--into', 'wt/a')).code).toBe(2);
});

test('a session cut from a bare commit asks for the branch to land on', async () => {
  const { wt, work, git } = await makeBench();
  await wt('create', 'a', '--base', await git('rev-parse', 'HEAD'));
  await work('a', { 'a.txt': 'a\n' });
  const { code, raw } = await wt('merge', 'a', '--yes', '--json');
  const { error } = JSON.parse(raw) as { error: { fix: string[] } };
  expect({ code, fix: error.fix }).toEqual({ code: 2, fix: ['wt', 'merge', 'a', '--into', 'main'] });
  expect((await wt(...error.fix.slice(1), '--yes')).code).toBe(0);
  expect(await git('show', 'main:a.txt')).toBe('a');
});

test.for(['merge', 'squash', 'rebase'])(
  'a preview of %s leaves no object behind, whatever the answer',
  async (strategy) => {
    const bench = await makeDiverged();
    const objects = await listObjects(bench);
    expect((await bench.wt('merge', 'a', '--strategy', strategy, '--dry-run')).code).toBe(0);
    expect((await bench.wt('merge', 'a', '--strategy', strategy)).code).toBe(8);
    expect((await bench.wt('merge', 'a', '--strategy', strategy, { answer: false, columns: 80 })).code).toBe(0);
    expect(await listObjects(bench)).toEqual(objects);
  },
);

test('merge drivers of the base count, its own and those of the configuration, wherever it is checked out', async () => {
  const bench = await makeBench({
    'log.txt': 'one\n',
    'made.lock': '1\n',
    '.gitattributes': '*.txt merge=union\n*.lock merge=ours\n',
  });
  await bench.git('config', 'merge.ours.driver', 'true');
  await bench.wt('create', 'a');
  await bench.work('a', { 'log.txt': 'one\na\n', 'made.lock': 'a\n' });
  await bench.write({ 'log.txt': 'one\nmain\n', 'made.lock': 'main\n' });
  await bench.git('commit', '-qam', 'main goes on');
  await bench.git('switch', '-q', '--orphan', 'empty');
  await bench.git('worktree', 'add', '-q', `${bench.room.dir}/elsewhere`, 'main');
  expect((await bench.wt('merge', 'a', '--yes')).code).toBe(0);
  expect(await bench.git('show', 'main:log.txt')).toBe('one\nmain\na');
  expect(await bench.git('show', 'main:made.lock')).toBe('main');
});
