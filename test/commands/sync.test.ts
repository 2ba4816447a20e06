import { chmod, readFile, rm, symlink } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { listObjects, photograph } from '../support/invariants.ts';
import { failure, leftovers, runFix } from '../support/listing.ts';
import { expectRefused, expectThereAndBack } from '../support/undone.ts';
import { makeBench, type Bench } from '../support/wt.ts';

interface Synced {
  readonly synced: readonly { id: string; from: string; to: string; base: { branch: string; commit: string } }[];
  readonly skipped: readonly { id: string; reason: string; paths: readonly string[] }[];
  readonly current: readonly { id: string }[];
}

/** Session `a` with two commits, cut one commit below main. */
async function makeBehind(): Promise<Bench> {
  const bench = await makeBench({ f: '1\n2\n3\n4\n5\n', other: 'one\n', gone: 'x\n' });
  await bench.wt('create', 'a');
  await bench.work('a', { f: '1\n2\n3\n4\n5 in a\n' }, 'change f');
  await bench.work('a', { 'new.txt': 'new\n' }, 'add new');
  await bench.write({ f: '1 in main\n2\n3\n4\n5\n', 'main.txt': 'main\n' });
  await rm(`${bench.root}/gone`);
  await bench.git('add', '-A');
  await bench.git('commit', '-qm', 'meanwhile');
  return bench;
}

const baseOf = async (bench: Bench, id: string): Promise<unknown> => {
  const { session } = await bench.data<{ session: { base: unknown } }>('show', id);
  return session.base;
};

test('replays the commits of a session on its base and says so', async () => {
  const bench = await makeBehind();
  const { code, stdout, stderr } = await bench.wt('sync', 'a');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^✓ Synced a with main {2}\S+ \(rebased, 2 commits\)\n$/);
  expect(await bench.git('log', '--format=%s', 'main..wt/a')).toBe('add new\nchange f');
  expect(await bench.git('merge-base', 'main', 'wt/a')).toBe(await bench.git('rev-parse', 'main'));
  expect(await readFile(`${bench.at('a')}/f`, 'utf8')).toBe('1 in main\n2\n3\n4\n5 in a\n');
  expect(await bench.room.git(bench.at('a'), 'status', '--porcelain')).toBe('');
  expect(await baseOf(bench, 'a')).toEqual({ branch: 'main', commit: await bench.git('rev-parse', 'main') });
  const note = await readFile(`${bench.root}/.git/worktrees/a/wt.json`, 'utf8');
  expect(note).toContain(await bench.git('rev-parse', 'main'));
});

test('answers with what moved as JSON', async () => {
  const bench = await makeBehind();
  const from = await bench.git('rev-parse', 'wt/a');
  const answer = await bench.data<Synced>('sync', 'a');
  expect(answer).toEqual({
    synced: [
      {
        id: 'a',
        from,
        to: await bench.git('rev-parse', 'wt/a'),
        base: { branch: 'main', commit: await bench.git('rev-parse', 'main') },
        strategy: 'rebase',
      },
    ],
    skipped: [],
    current: [],
  });
});

test('keeps author, author date and message, and sets the committer to now', async () => {
  const bench = await makeBehind();
  const [author, date] = ['Grace <grace@example.com>', '2001-02-03T04:05:06+07:00'];
  const words = ['-q', '--amend', '--author', author, '--date', date, '-m', 'Subject\n\nBody\n'];
  await bench.room.git(bench.at('a'), 'commit', ...words);
  const before = await bench.git('log', '-1', '--format=%an %ae %aI%n%B', 'wt/a');
  await bench.wt('sync', 'a');
  expect(await bench.git('log', '-1', '--format=%an %ae %aI%n%B', 'wt/a')).toBe(before);
  expect(before).toContain('Grace grace@example.com 2001-02-03T04:05:06+07:00');
});

test('--strategy merge makes a merge commit as git words it', async () => {
  const bench = await makeBehind();
  const tip = await bench.git('rev-parse', 'wt/a');
  expect((await bench.wt('sync', 'a', '--strategy', 'merge')).code).toBe(0);
  expect(await bench.git('log', '-1', '--format=%s', 'wt/a')).toBe("Merge branch 'main' into wt/a");
  expect(await bench.git('rev-parse', 'wt/a^1', 'wt/a^2')).toBe(`${tip}\n${await bench.git('rev-parse', 'main')}`);
  expect(await bench.room.git(bench.at('a'), 'status', '--porcelain')).toBe('');
});

test('a session without commits of its own moves along, whatever the strategy', async () => {
  for (const strategy of ['rebase', 'merge']) {
    const bench = await makeBehind();
    await bench.wt('create', 'b', '--base', 'main~1');
    await bench.git('branch', '-f', 'wt/c', 'main~1');
    await bench.wt('create', 'c', '--branch', 'wt/c', '--base', 'main');
    expect((await bench.wt('sync', 'c', '--strategy', strategy)).stdout).toMatch(/\(moved along\)/);
    expect(await bench.git('rev-parse', 'wt/c')).toBe(await bench.git('rev-parse', 'main'));
  }
});

test('there is nothing to do for a session that has its base', async () => {
  const bench = await makeBehind();
  await bench.wt('sync', 'a');
  const before = await photograph(bench);
  const { code, stdout } = await bench.wt('sync', 'a');
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'a has all of main already\n' });
  expect(await photograph(bench)).toEqual(before);
});

test('inside a session its id may be left out', async () => {
  const bench = await makeBehind();
  expect((await bench.wt('sync', { cwd: bench.at('a') })).stdout).toContain('Synced a');
});

test('a conflict changes nothing and names both sides and the way on', async () => {
  const bench = await makeBehind();
  await bench.work('a', { f: '1 in a\n2\n3\n4\n5\n' }, 'the same line');
  const before = await photograph(bench);
  for (const strategy of ['rebase', 'merge']) {
    const error = await failure(bench, 'sync', 'a', '--strategy', strategy);
    expect(error).toMatchObject({ exit: 6, code: 'merge.conflict', changed: false });
    expect(error.fix).toEqual(['wt', 'sync', 'a', '--resolve']);
    expect(error.message).toBe('a conflicts with main in 1 file');
  }
  expect(await photograph(bench)).toEqual(before);
  expect(await leftovers(bench.root)).toEqual([]);
});

test('a rebase that would lose what a merge resolved is refused, and the merge it proposes works', async () => {
  const bench = await makeBehind();
  await bench.room.git(bench.at('a'), 'merge', '-q', '--no-commit', '--no-ff', 'main');
  await bench.room.write(bench.at('a'), { f: '1 as resolved\n2\n3\n4\n5 in a\n' });
  await bench.room.git(bench.at('a'), 'commit', '-qam', 'merge, edited by hand');
  await bench.write({ later: 'x\n' });
  await bench.git('add', '-A');
  await bench.git('commit', '-qm', 'later');
  const before = await photograph(bench);
  const error = await failure(bench, 'sync', 'a');
  expect(error).toMatchObject({ exit: 2, code: 'usage.invalid', changed: false });
  expect(await photograph(bench)).toEqual(before);
  expect(await runFix(bench, error.fix)).toBe(0);
  expect(await readFile(`${bench.at('a')}/f`, 'utf8')).toBe('1 as resolved\n2\n3\n4\n5 in a\n');
  expect(await readFile(`${bench.at('a')}/later`, 'utf8')).toBe('x\n');
});

test('a commit that the base has picked is left out', async () => {
  const bench = await makeBehind();
  await bench.git('cherry-pick', 'wt/a~1');
  expect((await bench.wt('sync', 'a')).code).toBe(0);
  expect(await bench.git('log', '--format=%s', 'main..wt/a')).toBe('add new');
});

test('a dry run says what would be done and writes nothing, not even an object', async () => {
  const bench = await makeBehind();
  const [before, objects] = [await photograph(bench), await listObjects(bench)];
  const { code, stdout } = await bench.wt('sync', 'a', '--dry-run');
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'Would sync a with main at <short>  (rebased, 2 commits)\n' });
  expect(await photograph(bench)).toEqual(before);
  expect(await listObjects(bench)).toEqual(objects);
});

test.for(['rebase', 'merge'])('undo takes a sync by %s back exactly, and that again', async (strategy) => {
  const bench = await makeBehind();
  await bench.room.write(bench.at('a'), { '.ignored': 'x\n' });
  await bench.room.write(bench.root, { '.git/info/exclude': '/.worktrees/\n.ignored\n' });
  await expectThereAndBack(bench, 'sync', 'a', '--strategy', strategy);
});

test('a session that has gone on since its sync is not taken back', async () => {
  const bench = await makeBehind();
  await bench.wt('sync', 'a');
  await bench.work('a', { later: 'x\n' });
  await expectRefused(bench, 'target.moved', 9);
});

test('what the branch left behind stays reachable', async () => {
  const bench = await makeBehind();
  const tip = await bench.git('rev-parse', 'wt/a');
  await bench.wt('sync', 'a');
  expect(await bench.git('for-each-ref', '--format=%(objectname)', 'refs/wt/rewound/a/')).toBe(tip);
});

test('--all brings on what can be, and leaves the rest with the reason', async () => {
  const bench = await makeBehind();
  for (const id of ['dirty', 'conflict', 'busy', 'landed', 'current'])
    await bench.wt('create', id, ...(id === 'current' ? [] : ['--base', 'main']));
  await bench.work('conflict', { other: 'in conflict\n' });
  await bench.work('landed', { landed: 'x\n' });
  await bench.work('busy', { busy: '1\n' });
  await bench.work('busy', { busy: '2\n' });
  await bench.wt('merge', 'landed', '--yes');
  await bench.write({ other: 'in main\n' });
  await bench.git('commit', '-qam', 'other');
  await bench.wt('sync', 'current');
  await bench.room.write(bench.at('dirty'), { draft: 'x\n' });
  await bench.room.git(bench.at('busy'), 'bisect', 'start', 'HEAD', 'HEAD~1').catch(() => {});
  const { code, raw } = await bench.wt('sync', '--all', '--json');
  const { data } = JSON.parse(raw) as { data: Synced };
  expect(code).toBe(6);
  expect(data.synced.map(({ id }) => id)).toEqual(['a']);
  expect(data.skipped.map(({ id, reason }) => `${id} ${reason}`).toSorted()).toEqual([
    'busy session.operation',
    'conflict merge.conflict',
    'dirty session.dirty',
  ]);
  expect(data.skipped.find(({ id }) => id === 'conflict')?.paths).toEqual(['other']);
  const { stdout } = await bench.wt('sync', '--all');
  expect(stdout).toContain(
    '! dirty was left as it was: uncommitted work: 1 untracked (draft)\n  next  wt commit dirty\n',
  );
  expect(data.current.map(({ id }) => id).toSorted()).toEqual(['current', 'landed']);
});

test.for<[string, string, (bench: Bench) => Promise<unknown>]>([
  ['uncommitted work', 'session.dirty', (bench) => bench.room.write(bench.at('a'), { draft: 'x\n' })],
  [
    'another branch checked out',
    'session.operation',
    (bench) => bench.room.git(bench.at('a'), 'switch', '-qc', 'side'),
  ],
  ['a detached HEAD', 'session.operation', (bench) => bench.room.git(bench.at('a'), 'switch', '-q', '--detach')],
  ['a git lock', 'session.operation', (bench) => bench.room.write(bench.root, { '.git/worktrees/a/index.lock': '' })],
  [
    'a lock of somebody else',
    'session.locked',
    (bench) => bench.room.write(bench.root, { '.git/worktrees/a/locked': 'mine' }),
  ],
  ['a folder that is gone', 'path.unsafe', (bench) => rm(bench.at('a'), { recursive: true })],
])('a session with %s is refused and left as it is', async ([, code, prepare]) => {
  const bench = await makeBehind();
  await prepare(bench);
  const before = [await bench.git('for-each-ref'), await readFile(`${bench.root}/.worktrees/sessions.json`, 'utf8')];
  expect(await failure(bench, 'sync', 'a')).toMatchObject({ exit: 4, code, changed: false });
  expect([await bench.git('for-each-ref'), await readFile(`${bench.root}/.worktrees/sessions.json`, 'utf8')]).toEqual(
    before,
  );
});

test('an ignored file where the base brings one is refused, not written over', async () => {
  const bench = await makeBehind();
  await bench.room.write(bench.root, { '.git/info/exclude': '/.worktrees/\nmain.txt\n' });
  await bench.room.write(bench.at('a'), { 'main.txt': 'precious\n' });
  expect(await failure(bench, 'sync', 'a')).toMatchObject({ exit: 4, code: 'session.dirty', changed: false });
  expect(await readFile(`${bench.at('a')}/main.txt`, 'utf8')).toBe('precious\n');
});

test('a base that is gone is not found, and a bare commit is no base to bring in', async () => {
  const bench = await makeBehind();
  await bench.git('branch', 'next');
  await bench.wt('create', 'b', '--base', 'next');
  await bench.git('branch', '-D', 'next');
  await bench.wt('create', 'c', '--base', await bench.git('rev-parse', 'main'));
  expect(await failure(bench, 'sync', 'b')).toMatchObject({ exit: 3, code: 'base.not-found' });
  expect(await failure(bench, 'sync', 'c')).toMatchObject({ exit: 2, code: 'usage.invalid' });
});

test('--fetch brings in what the upstream has, and leaves the local base alone', async () => {
  const bench = await makeBehind();
  const hub = await bench.room.repo('hub', { hub: 'x\n' });
  await bench.git('remote', 'add', 'origin', hub);
  await bench.git('push', '-q', '--force', 'origin', 'main:trunk');
  await bench.git('fetch', '-q');
  await bench.git('branch', '-q', '--set-upstream-to', 'origin/trunk', 'main');
  await bench.room.git(hub, 'switch', '-q', 'trunk');
  await bench.room.write(hub, { upstream: 'x\n' });
  await bench.room.git(hub, 'add', '-A');
  await bench.room.git(hub, 'commit', '-qm', 'upstream');
  const main = await bench.git('rev-parse', 'main');
  expect((await bench.wt('sync', 'a', '--fetch')).code).toBe(0);
  expect(await readFile(`${bench.at('a')}/upstream`, 'utf8')).toBe('x\n');
  expect(await bench.git('rev-parse', 'main')).toBe(main);
  expect(await baseOf(bench, 'a')).toEqual({ branch: 'main', commit: await bench.room.git(hub, 'rev-parse', 'trunk') });
});

test('a rebase of what was pushed warns of the push that follows; a merge does not', async () => {
  for (const [strategy, warns] of [
    ['rebase', true],
    ['merge', false],
  ] as const) {
    const bench = await makeBehind();
    await bench.git('update-ref', 'refs/remotes/origin/wt/a', await bench.git('rev-parse', 'wt/a'));
    const { code, stderr } = await bench.wt('sync', 'a', '--strategy', strategy);
    expect({ code, warned: stderr.includes('wt push a replaces what is there') }).toEqual({ code: 0, warned: warns });
  }
});

test('a person who wants signatures gets them on every replayed commit', async () => {
  const bench = await makeBehind();
  const script = `${bench.room.dir}/sign`;
  await bench.room.write(bench.room.dir, {
    sign: '#!/bin/sh\ncat >/dev/null\nprintf "\\n[GNUPG:] SIG_CREATED D 1 8 00 1 X\\n" >&2\necho "-----BEGIN PGP SIGNATURE-----"\n',
  });
  await chmod(script, 0o755);
  await bench.git('config', 'commit.gpgSign', 'true');
  await bench.git('config', 'gpg.program', script);
  expect((await bench.wt('sync', 'a')).code).toBe(0);
  expect(await bench.git('cat-file', 'commit', 'wt/a')).toContain('gpgsig ');
  expect(await bench.git('cat-file', 'commit', 'wt/a~1')).toContain('gpgsig ');
});

test('a commit made at the same moment stands, and the files are as its author left them', async () => {
  const bench = await makeBehind();
  const own = await bench.git('commit-tree', '-p', 'wt/a', '-m', 'raced', 'wt/a^{tree}');
  let isDone = false;
  const { code, stderr } = await bench.wt('sync', 'a', {
    wrap: (run) => async (request) => {
      if (!isDone && request.args.includes('--stdin') && request.args.includes('update-ref')) {
        isDone = true;
        await bench.git('update-ref', 'refs/heads/wt/a', own);
      }
      return run(request);
    },
  });
  expect({ code, isDone }).toEqual({ code: 9, isDone: true });
  expect(stderr).toContain('next: wt sync a');
  expect(await bench.git('rev-parse', 'wt/a')).toBe(own);
  expect(await bench.room.git(bench.at('a'), 'status', '--porcelain')).toBe('');
  expect(await leftovers(bench.root)).toEqual([]);
});

test('links, modes and folders that become files come along', async () => {
  const bench = await makeBehind();
  await symlink('f', `${bench.root}/link`);
  await bench.write({ 'folder/inner': 'x\n', run: 'x\n' });
  await chmod(`${bench.root}/run`, 0o755);
  await bench.git('add', '-A');
  await bench.git('commit', '-qm', 'kinds');
  await bench.wt('sync', 'a');
  await rm(`${bench.root}/folder`, { recursive: true });
  await bench.write({ folder: 'a file now\n' });
  await bench.git('add', '-A');
  await bench.git('commit', '-qm', 'a file');
  await expectThereAndBack(bench, 'sync', 'a');
});

test('show proposes a sync for a session with nothing of its own that is behind', async () => {
  const bench = await makeBench({ f: 'one\n' });
  await bench.wt('create', 'a');
  await bench.write({ f: 'two\n' });
  await bench.git('commit', '-qam', 'two');
  const { next } = await bench.data<{ next: string[] }>('show', 'a');
  expect(next).toEqual(['wt', 'sync', 'a']);
  expect(await runFix(bench, next)).toBe(0);
});

test('costs at most 18 git processes, and 4 for each commit', async () => {
  const bench = await makeBehind();
  const { code, git } = await bench.wt('sync', 'a');
  expect({ code, git: git.length <= 18 + 4 * 2 ? [] : git }).toEqual({ code: 0, git: [] });
});
