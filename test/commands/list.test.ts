import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import type { SessionView } from '#src/sessions/view.ts';
import { makeBench, type Bench, type Stage } from '../support/wt.ts';

interface Listed {
  readonly sessions: SessionView[];
  readonly unmanaged: { path: string; branch: string | null; locked: string | null }[];
  readonly removed?: { id: string; trash: string; branch: string; removedAt: string; proof: string | null }[];
}

const list = (bench: Bench, ...argv: (string | Stage)[]): Promise<Listed> => bench.data<Listed>('list', ...argv);

async function view(bench: Bench, id: string): Promise<SessionView> {
  const found = (await list(bench, '--all')).sessions.find((one) => one.id === id);
  if (found === undefined) throw new Error(`${id} is not listed`);
  return found;
}

test('a fresh session is new, level with its base and clean', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a', '--agent', 'claude', '--task', 'Fix it');
  expect(await view(bench, 'a')).toMatchObject({
    id: 'a',
    branch: 'wt/a',
    base: { branch: 'main' },
    path: bench.at('a'),
    agent: 'claude',
    task: 'Fix it',
    status: 'new',
    tree: 'ok',
    changes: { staged: 0, modified: 0, untracked: 0, conflicted: 0 },
    ahead: 0,
    behind: 0,
    proof: 'empty',
    head: { subject: 'first' },
  });
});

test('staged, modified and untracked files are counted apart, whatever the settings hide', async () => {
  const bench = await makeBench({ 'a.txt': 'a\n', 'b.txt': 'b\n' });
  await bench.wt('create', 'a');
  await bench.git('config', 'status.showUntrackedFiles', 'no');
  await bench.room.write(bench.at('a'), { 'a.txt': 'staged, long\n', 'new/x': 'x\n', 'new/y': 'y\n' });
  await bench.room.git(bench.at('a'), 'add', 'a.txt');
  await bench.room.write(bench.at('a'), { 'a.txt': 'staged and edited\n', 'b.txt': 'edited, long\n' });
  expect(await view(bench, 'a')).toMatchObject({
    status: 'dirty',
    changes: { staged: 1, modified: 2, untracked: 2, conflicted: 0 },
  });
});

test('commits ahead of and behind the base are counted', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await bench.work('a', { x: '1\n' }, 'one');
  await bench.work('a', { x: '2\n' }, 'two');
  await bench.git('commit', '-q', '--allow-empty', '-m', 'main goes on');
  expect(await view(bench, 'a')).toMatchObject({ status: 'ready', ahead: 2, behind: 1, head: { subject: 'two' } });
});

test('a merge with conflicts in the session is a conflict and names the operation', async () => {
  const bench = await makeBench({ f: 'one\n' });
  await bench.wt('create', 'a');
  await bench.work('a', { f: 'in a\n' });
  await bench.write({ f: 'in main\n' });
  await bench.git('commit', '-qam', 'main');
  await bench.room.git(bench.at('a'), 'merge', 'main').catch(() => {});
  expect(await view(bench, 'a')).toMatchObject({ status: 'conflict', operation: 'merge', changes: { conflicted: 1 } });
});

test('a session that would conflict with its base says so before anybody merges', async () => {
  const bench = await makeBench({ f: 'one\n' });
  await bench.wt('create', 'a');
  await bench.work('a', { f: 'in a\n' });
  await bench.write({ f: 'in main\n' });
  await bench.git('commit', '-qam', 'main');
  expect(await view(bench, 'a')).toMatchObject({ status: 'conflict', changes: { conflicted: 0 } });
});

test.each([
  ['rebase', ['rebase', '-q', '--force-rebase', '--exec', 'false', 'HEAD~1']],
  ['bisect', ['bisect', 'start']],
])('a %s in progress makes the session busy', async (operation, command) => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await bench.work('a', { x: '1\n' });
  await bench.room.git(bench.at('a'), ...command).catch(() => {});
  expect(await view(bench, 'a')).toMatchObject({ status: 'busy', operation, tree: 'ok' });
});

const BROKEN: readonly (readonly [string, string, (bench: Bench) => Promise<unknown>])[] = [
  ['missing', 'its folder is gone', (bench) => rm(bench.at('a'), { recursive: true })],
  [
    'foreign',
    'a file lies there',
    (bench) => rm(bench.at('a'), { recursive: true }).then(() => writeFile(bench.at('a'), 'x')),
  ],
  [
    'foreign',
    'another repository lies there',
    (bench) => rm(bench.at('a'), { recursive: true }).then(() => bench.room.repo('app/.worktrees/a')),
  ],
  [
    'foreign',
    'the .git file of a sibling lies there',
    (bench) => writeFile(`${bench.at('a')}/.git`, `gitdir: ${bench.root}/.git/worktrees/b\n`),
  ],
  ['unregistered', 'git has lost its record', (bench) => rm(`${bench.root}/.git/worktrees/a`, { recursive: true })],
  ['branch-missing', 'its branch is gone', (bench) => bench.git('update-ref', '-d', 'refs/heads/wt/a')],
  ['unreadable', 'git cannot read its index', (bench) => writeFile(`${bench.root}/.git/worktrees/a/index`, 'garbage')],
];

test.each(BROKEN)('a session is broken (%s) when %s, and the others are shown as ever', async (tree, _, breakIt) => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await bench.wt('create', 'b');
  await bench.work('b', { x: '1\n' });
  await breakIt(bench);
  const { sessions } = await list(bench);
  expect(sessions.map(({ id, status, tree: state, ahead }) => ({ id, status, state, ahead }))).toEqual([
    { id: 'a', status: 'broken', state: tree, ahead: tree === 'branch-missing' ? null : 0 },
    { id: 'b', status: 'ready', state: 'ok', ahead: 1 },
  ]);
  expect((await bench.wt('list')).code).toBe(0);
});

test.each([
  ['another branch', ['switch', '-qc', 'other']],
  ['no branch', ['switch', '-q', '--detach']],
])('a session with %s checked out is shown as switched', async (_, command) => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await bench.room.git(bench.at('a'), ...command);
  expect(await view(bench, 'a')).toMatchObject({ tree: 'switched', branch: 'wt/a' });
});

test.each([['commondir'], ['gitdir'], ['HEAD']])(
  'an empty %s in the folder of a foreign worktree does not blank the list',
  async (file) => {
    const bench = await makeBench();
    await bench.wt('create', 'a');
    await bench.work('a', { x: '1\n' });
    await bench.git('worktree', 'add', '-q', '--detach', `${bench.room.dir}/foreign`);
    await writeFile(`${bench.root}/.git/worktrees/foreign/${file}`, '');
    const { sessions } = await list(bench, '--conflicts');
    expect(sessions).toMatchObject([{ id: 'a', status: 'ready', ahead: 1, tree: 'ok' }]);
  },
);

test('a folder below .git/worktrees with nothing in it does not blank the list', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await mkdir(`${bench.root}/.git/worktrees/half`);
  expect((await list(bench)).sessions.map(({ id }) => id)).toEqual(['a']);
});

test('a worktree moved by hand is shown as missing and not as somebody else’s', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await rename(bench.at('a'), `${bench.room.dir}/moved`);
  expect(await view(bench, 'a')).toMatchObject({ status: 'broken', tree: 'missing' });
});

test('what needs a person comes first, then the latest work', async () => {
  const bench = await makeBench({ f: 'one\n' });
  for (const id of ['clean', 'old', 'young', 'dirty', 'clash', 'gone'])
    await bench.wt('create', id, { now: '2026-01-01T00:00:00Z' });
  const commitAt = async (id: string, date: string): Promise<void> => {
    await bench.room.write(bench.at(id), { [`${id}.txt`]: `${id}\n` });
    await bench.room.git(bench.at(id), 'add', '-A');
    await bench.room.git(bench.at(id), '-c', 'user.name=T', 'commit', '-qm', id, '--date', date);
  };
  await commitAt('old', '2026-02-01T00:00:00Z');
  await bench.room.write(bench.at('dirty'), { new: 'x\n' });
  await bench.work('clash', { f: 'in clash\n' });
  await bench.write({ f: 'in main\n' });
  await bench.git('commit', '-qam', 'main');
  await rm(bench.at('gone'), { recursive: true });
  const { sessions } = await list(bench);
  expect(sessions.map(({ id, status }) => `${id} ${status}`)).toEqual([
    'clash conflict',
    'gone broken',
    'old ready',
    'dirty dirty',
    'clean new',
    'young new',
  ]);
});

test('--status and --agent filter, an unknown status is a usage error that names the known ones', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a', '--agent', 'claude');
  await bench.wt('create', 'b', '--agent', 'codex');
  await bench.work('b', { x: '1\n' });
  expect((await list(bench, '--status', 'ready')).sessions.map(({ id }) => id)).toEqual(['b']);
  expect((await list(bench, '--agent', 'claude')).sessions.map(({ id }) => id)).toEqual(['a']);
  expect((await list(bench, '--agent', 'claude', '--status', 'ready')).sessions).toEqual([]);
  const { code, stderr } = await bench.wt('list', '--status', 'reddy');
  expect({ code, stderr }).toMatchInlineSnapshot(`
    {
      "code": 2,
      "stderr": "error: --status <status>: one of waiting, conflict, broken, failed, done, approved, ready, dirty, working, busy, new, landed
    ",
    }
  `);
});

test('what has landed is hidden until it is asked for, and what was removed comes with --all', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await bench.work('a', { x: '1\n' });
  await bench.wt('create', 'b');
  await bench.wt('merge', 'a', '--yes');
  await bench.wt('remove', 'b');
  const plain = await list(bench);
  expect(plain.sessions).toEqual([]);
  expect('removed' in plain).toBe(false);
  expect((await list(bench, '--status', 'landed')).sessions.map(({ id }) => id)).toEqual(['a']);
  const all = await list(bench, '--all');
  expect(all.sessions).toMatchObject([{ id: 'a', status: 'landed' }]);
  expect(all.removed).toMatchObject([{ id: 'b', branch: 'wt/b', proof: 'empty' }]);
});

test('--conflicts names the sessions that touch the same lines, both ways', async () => {
  const bench = await makeBench({ f: 'one\n', g: 'one\n' });
  for (const id of ['a', 'b', 'c']) await bench.wt('create', id);
  await bench.work('a', { f: 'in a\n' });
  await bench.work('b', { f: 'in b\n' });
  await bench.work('c', { g: 'in c\n' });
  const { sessions } = await list(bench, '--conflicts');
  expect(Object.fromEntries(sessions.map(({ id, conflicts }) => [id, conflicts]))).toEqual({
    a: { base: [], sessions: [{ id: 'b', paths: ['f'] }] },
    b: { base: [], sessions: [{ id: 'a', paths: ['f'] }] },
    c: { base: [], sessions: [] },
  });
  expect((await list(bench)).sessions.some((one) => 'conflicts' in one)).toBe(false);
});

test('worktrees that are no sessions are shown apart and stay none', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await bench.git('worktree', 'add', '-q', '-b', 'mine', `${bench.room.dir}/mine`);
  await bench.git('worktree', 'add', '-q', '--detach', '--lock', '--reason', 'on a stick', bench.at('inside'));
  const { sessions, unmanaged } = await list(bench);
  expect(sessions.map(({ id }) => id)).toEqual(['a']);
  expect(unmanaged.toSorted((a, b) => a.path.localeCompare(b.path))).toEqual([
    { path: bench.at('inside'), branch: null, locked: 'on a stick' },
    { path: `${bench.room.dir}/mine`, branch: 'mine', locked: null },
  ]);
  expect((await bench.wt('show', 'mine')).code).toBe(3);
  expect((await bench.wt('list')).stdout).not.toContain('mine');
});

/** Verbs of the git processes of a list, beside one status for each session. */
async function verbsOfList(bench: Bench, sessions: number): Promise<readonly (string | undefined)[]> {
  const { git, code } = await bench.wt('list');
  const verbs = git.map(([verb]) => verb);
  expect([code, verbs.filter((verb) => verb === 'status').length]).toEqual([0, sessions]);
  return verbs.filter((verb) => verb !== 'status');
}

const KNOWN = ['rev-parse', 'for-each-ref'];

test('a list right after create asks git for the repository, the refs, and one status a session', async () => {
  const bench = await makeBench({ f: 'one\n' });
  expect((await bench.wt('list')).git.map(([verb]) => verb)).toEqual(['rev-parse']);
  await bench.wt('create', 's1');
  expect(await verbsOfList(bench, 1)).toEqual(KNOWN);
  for (let i = 2; i <= 5; i++) await bench.wt('create', `s${i}`);
  expect(await verbsOfList(bench, 5)).toEqual(KNOWN);
});

test('one session that is not known costs one walk, one merge and two looks at names, and then nothing any more', async () => {
  const bench = await makeBench({ f: 'one\n' });
  await bench.wt('create', 'a');
  await bench.work('a', { a: '1\n' });
  // The base has not moved: nothing can be there that came after.
  expect(await verbsOfList(bench, 1)).toEqual([...KNOWN, 'rev-list', 'merge-tree', 'diff-tree']);
  expect(await verbsOfList(bench, 1)).toEqual(KNOWN);
  await bench.write({ f: 'in main\n' });
  await bench.git('commit', '-qam', 'main');
  expect(await verbsOfList(bench, 1)).toEqual([...KNOWN, 'rev-list', 'merge-tree', 'diff-tree', 'diff-tree']);
  expect(await verbsOfList(bench, 1)).toEqual(KNOWN);
  await bench.room.write(bench.at('a'), { new: 'dirty\n' });
  expect(await verbsOfList(bench, 1)).toEqual(KNOWN);
});

test('five sessions cost as many processes as one beside their statuses, and one for what their histories share', async () => {
  const bench = await makeBench({ f: 'one\n' });
  for (let i = 1; i <= 5; i++) {
    await bench.wt('create', `s${i}`);
    await bench.work(`s${i}`, { f: `${i}\n`, [`own${i}`]: '1\n' });
    await bench.write({ [`main${i}`]: '1\n' });
    await bench.git('add', '-A');
    await bench.git('commit', '-qm', `main ${i}`);
  }
  const cold = [...KNOWN, 'merge-base', 'rev-list', 'merge-tree', 'diff-tree', 'diff-tree'];
  expect(await verbsOfList(bench, 5)).toEqual(cold);
  expect(await verbsOfList(bench, 5)).toEqual(KNOWN);
  // One of them goes on: only it is looked at.
  await bench.work('s3', { more: '1\n' });
  expect(await verbsOfList(bench, 5)).toEqual([...KNOWN, 'rev-list', 'merge-tree', 'diff-tree', 'diff-tree']);
  expect(await verbsOfList(bench, 5)).toEqual(KNOWN);
});

test('what is remembered of a merge is not believed once git would merge in another way', async () => {
  const bench = await makeBench({ f: 'one\n', 'd/g': 'one\n' });
  await bench.wt('create', 'a');
  await bench.work('a', { f: 'in a\n', 'd/g': 'in a\n' });
  await bench.write({ f: 'in main\n', 'd/g': 'in main\n' });
  await bench.git('commit', '-qam', 'main');
  const merges = async (): Promise<boolean> => (await verbsOfList(bench, 1)).includes('merge-tree');
  expect([await merges(), await merges()]).toEqual([true, false]);
  const status = async (): Promise<unknown> => (await list(bench)).sessions[0]?.status;
  expect(await status()).toBe('conflict');
  await bench.git('config', 'merge.renames', 'false');
  expect([await merges(), await merges()]).toEqual([true, false]);
  await bench.write({ '.git/info/attributes': 'f merge=union\n' });
  expect([await merges(), await merges()]).toEqual([true, false]);
  expect(await status()).toBe('conflict');
  await bench.write({ 'd/.gitattributes': 'g merge=union\n' });
  await bench.git('add', 'd/.gitattributes');
  expect([await merges(), await merges()]).toEqual([true, false]);
  expect(await status()).toBe('ready');
  await bench.write({ 'd/.gitattributes': 'g -merge\n' });
  expect([await merges(), await merges()]).toEqual([true, false]);
  expect(await status()).toBe('conflict');
});

test('what is remembered of a history is not believed once a commit is replaced', async () => {
  const bench = await makeBench({ f: 'one\n' });
  await bench.wt('create', 'a');
  await bench.work('a', { a: '1\n' });
  await bench.work('a', { b: '1\n' });
  const ahead = async (): Promise<unknown> => (await list(bench)).sessions[0]?.ahead;
  expect(await ahead()).toBe(2);
  const tip = await bench.git('rev-parse', 'wt/a');
  const short = await bench.git('commit-tree', '-p', 'main', '-m', 'short', 'wt/a^{tree}');
  await bench.git('replace', tip, short);
  expect(await ahead()).toBe(1);
  await bench.git('replace', '-d', tip);
  expect(await ahead()).toBe(2);
});
