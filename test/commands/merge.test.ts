import { rm } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { listObjects, photograph } from '../support/invariants.ts';
import { makeBench, type Bench, type Stage } from '../support/wt.ts';

/** Session `a` with one commit on `feature.txt`. */
async function makeLandable(task = 'Add the feature'): Promise<Bench> {
  const bench = await makeBench({ 'README.md': 'hello\n', 'shared.txt': 'one\n' });
  await bench.wt('create', 'a', '--task', task);
  await bench.work('a', { 'feature.txt': 'feature\n' }, 'add feature.txt');
  return bench;
}

test('lands with a merge commit whose message is the task, and says so', async () => {
  const { wt, git } = await makeLandable();
  const { code, stdout, stderr } = await wt('merge', 'a', '--yes');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^✓ Landed a on main {2}.* \(merge, 1 commit, 1 file\)\n {2}\$ROOM\/app was brought along\n$/);
  expect(await git('log', '--format=%s', '--first-parent')).toBe('Merge session a: Add the feature\nfirst');
  expect(await git('rev-parse', 'HEAD^2')).toBe(await git('rev-parse', 'wt/a'));
  expect(await git('status', '--porcelain')).toBe('');
});

test('answers with the landing as JSON', async () => {
  const { data, git } = await makeLandable();
  expect(await data('merge', 'a', '--yes')).toEqual({
    landed: [
      {
        id: 'a',
        commit: await git('rev-parse', 'main').then(() => expect.stringMatching(/^[0-9a-f]{40}$/)),
        into: 'main',
        strategy: 'merge',
      },
    ],
    stopped: null,
    failed: [],
    untried: [],
  });
  expect(await git('log', '-1', '--format=%s', 'main')).toBe('Merge session a: Add the feature');
});

test('the message lists several commits, and -m replaces it', async () => {
  const { wt, work, git } = await makeLandable('Add the feature\n\nWith a body.');
  await work('a', { 'second.txt': '2\n' }, 'add second.txt');
  expect((await wt('merge', 'a', '--yes')).code).toBe(0);
  expect(await git('log', '-1', '--format=%B')).toMatchInlineSnapshot(`
    "Merge session a: Add the feature

    With a body.

    * add feature.txt
    * add second.txt

    Session-Id: a
    "
  `);
  await work('a', { 'third.txt': '3\n' }, 'add third.txt');
  expect((await wt('merge', 'a', '--yes', '-m', 'My own words')).code).toBe(0);
  expect(await git('log', '-1', '--format=%B')).toBe('My own words\n\nSession-Id: a\n');
});

test('a dry run shows the landing and writes nothing, not even an object', async () => {
  const bench = await makeLandable();
  const [before, objects] = [await photograph(bench), await listObjects(bench)];
  const { code, stdout } = await bench.wt('merge', 'a', '--dry-run');
  expect(code).toBe(0);
  expect(stdout).toMatchInlineSnapshot(`
    "a → main  merge, onto <short>, no conflicts
      message  Merge session a: Add the feature

    1 commit
      <short> add feature.txt

    1 file  +1 -0
      feature.txt  +1 -0

    $ROOM/app will be brought along

    Nothing was changed.
    "
  `);
  expect(await photograph(bench)).toEqual(before);
  expect(await listObjects(bench)).toEqual(objects);
});

test('a dry run answers with the plan as JSON', async () => {
  const { data, git } = await makeLandable();
  expect(await data('merge', 'a', '--dry-run', '--yes')).toEqual({
    landed: [],
    stopped: null,
    failed: [],
    untried: [],
    planned: [
      {
        id: 'a',
        state: 'ready',
        into: 'main',
        strategy: 'merge',
        commits: [await git('rev-parse', 'wt/a')],
        files: ['feature.txt'],
      },
    ],
  });
});

test('asks nobody when nobody can answer: exit 8, and the fix that it names lands', async () => {
  const bench = await makeLandable();
  const before = await photograph(bench);
  const { code, raw } = await bench.wt('merge', 'a', '--json');
  const { error } = JSON.parse(raw) as { error: { code: string; changed: boolean; fix: string[] } };
  expect({ code, error: error.code, changed: error.changed, fix: error.fix }).toEqual({
    code: 8,
    error: 'confirm.required',
    changed: false,
    fix: ['wt', 'merge', 'a', '--yes'],
  });
  expect(await photograph(bench)).toEqual(before);
  expect((await bench.wt(...error.fix.slice(1))).code).toBe(0);
  expect(await bench.git('show', 'main:feature.txt')).toBe('feature');
});

test('the fix for want of an answer repeats every flag that was given', async () => {
  const { wt, git } = await makeLandable();
  await git('branch', 'release');
  const { raw } = await wt('merge', 'a', '--json', '--into', 'release', '--strategy', 'squash', '--remove');
  expect((JSON.parse(raw) as { error: { fix: string[] } }).error.fix).toEqual([
    'wt',
    'merge',
    'a',
    '--into',
    'release',
    '--strategy',
    'squash',
    '--remove',
    '--yes',
  ]);
});

test('the answer no changes nothing', async () => {
  const bench = await makeLandable();
  const [before, objects] = [await photograph(bench), await listObjects(bench)];
  const { code, stdout } = await bench.wt('merge', 'a', { answer: false, columns: 80 });
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'Nothing was merged.\n' });
  expect(await photograph(bench)).toEqual(before);
  expect(await listObjects(bench)).toEqual(objects);
});

test('the answer yes lands', async () => {
  const { wt, git } = await makeLandable();
  expect((await wt('merge', 'a', { answer: true, columns: 80 })).code).toBe(0);
  expect(await git('show', 'main:feature.txt')).toBe('feature');
});

/** Does something between the answer of the person and the landing, at the moment the lock is asked for. */
function beforeLock(act: () => Promise<unknown>): Stage['wrap'] {
  let done = false;
  return (run) => async (request) => {
    if (request.file === 'mkfifo' && !done) {
      done = true;
      await act();
    }
    return run(request);
  };
}

test.for([
  ['the session', (bench: Bench) => bench.work('a', { 'late.txt': 'late\n' }, 'late work')],
  ['the base', (bench: Bench) => bench.git('commit', '--quiet', '--allow-empty', '-m', 'moved on')],
] as const)('what was approved does not land once %s has moved', async ([, move]) => {
  const bench = await makeLandable();
  let moved: unknown;
  const wrap = beforeLock(async () => {
    await move(bench);
    moved = await photograph(bench);
  });
  const { code, raw } = await bench.wt('merge', 'a', {
    answer: true,
    columns: 80,
    ...(wrap === undefined ? {} : { wrap }),
  });
  expect({ code, raw }).toEqual({ code: 9, raw: '' });
  expect(await photograph(bench)).toEqual(moved);
});

test('a base that moves in the last moment is never overwritten: target.moved, retryable', async () => {
  const bench = await makeLandable();
  await bench.git('switch', '--quiet', '-c', 'elsewhere');
  const wrap: Stage['wrap'] = (run) => async (request) => {
    if (request.shownArgs?.[0] === 'update-ref') {
      const other = await bench.git('commit-tree', '-p', 'main', '-m', 'somebody else', 'main^{tree}');
      await bench.git('update-ref', 'refs/heads/main', other);
    }
    return run(request);
  };
  const { code, raw } = await bench.wt('merge', 'a', '--yes', '--json', { wrap });
  const { error } = JSON.parse(raw) as { error: { code: string; retryable: boolean; changed: boolean } };
  expect({ code, error: error.code, retryable: error.retryable, changed: error.changed }).toEqual({
    code: 9,
    error: 'target.moved',
    retryable: true,
    changed: false,
  });
  expect(await bench.git('log', '-1', '--format=%s', 'main')).toBe('somebody else');
  expect((await bench.wt('merge', 'a', '--yes')).code).toBe(0);
  expect(await bench.git('log', '--format=%s', '--first-parent', 'main')).toBe(
    'Merge session a: Add the feature\nsomebody else\nfirst',
  );
});

test('a fresh session has nothing to land', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  const before = await photograph(bench);
  const { code, stdout } = await bench.wt('merge', 'a', '--yes', '--remove');
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'Nothing to land: a has no commits of its own yet.\n' });
  expect(await photograph(bench)).toEqual(before);
});

test('a session that has landed has nothing to land again, by whichever strategy it landed', async () => {
  for (const strategy of ['merge', 'squash', 'rebase', 'ff']) {
    const { wt, git } = await makeLandable();
    expect((await wt('merge', 'a', '--yes', '--strategy', strategy)).code).toBe(0);
    const tip = await git('rev-parse', 'main');
    const { code, stdout } = await wt('merge', 'a', '--yes');
    expect({ strategy, code, stdout }).toEqual({
      strategy,
      code: 0,
      stdout: 'Nothing to land: main has everything of a already.\n',
    });
    expect(await git('rev-parse', 'main')).toBe(tip);
  }
});

test('--remove takes the session away once it has landed', async () => {
  const { data, git, wt } = await makeLandable();
  const { removed } = await data<{ removed: unknown }>('merge', 'a', '--yes', '--remove');
  expect(removed).toEqual([{ id: 'a', trash: expect.stringMatching(/^[0-9a-f-]{36}$/) }]);
  expect(await git('branch', '--format=%(refname:short)')).toBe('main');
  expect((await wt('path', 'a')).code).toBe(3);
});

test('--remove keeps a session that somebody has locked, and the landing stands', async () => {
  const { wt, git, at } = await makeLandable();
  await git('worktree', 'unlock', at('a'));
  await git('worktree', 'lock', at('a'));
  const { code, raw } = await wt('merge', 'a', '--yes', '--remove', '--json');
  const answer = JSON.parse(raw) as { data: object; warnings: string[] };
  expect({ code, warnings: answer.warnings, removed: 'removed' in answer.data }).toEqual({
    code: 0,
    warnings: ['a has landed and was kept: locked'],
    removed: false,
  });
  expect(await git('show', 'main:feature.txt')).toBe('feature');
});

test('a session whose folder was deleted by hand still lands from its branch', async () => {
  const { wt, at, git } = await makeLandable();
  await rm(at('a'), { recursive: true });
  expect((await wt('merge', 'a', '--yes')).code).toBe(0);
  expect(await git('show', 'main:feature.txt')).toBe('feature');
});

test('a tag named like the base or the branch changes nothing', async () => {
  const { wt, git } = await makeLandable();
  const tip = await git('rev-parse', 'refs/heads/wt/a');
  await git('tag', 'wt/a', 'main');
  await git('tag', 'main', tip);
  expect((await wt('merge', 'a', '--yes')).code).toBe(0);
  expect(await git('rev-parse', 'refs/heads/main^2')).toBe(tip);
  expect(await git('show', 'refs/heads/main:feature.txt')).toBe('feature');
});
