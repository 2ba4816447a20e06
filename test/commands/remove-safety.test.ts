import { execa } from 'execa';
import { mkdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { PROGRAM, runBuilt, standIn } from '../support/built.ts';
import { photograph } from '../support/invariants.ts';
import { CANNOT_MOUNT, runMounted } from '../support/mount.ts';
import { makeBench, type Bench } from '../support/wt.ts';

/** Session `a` whose one commit has landed, so that nothing but what a test lays there can hold it. */
async function makeLanded(): Promise<Bench> {
  const bench = await makeBench({ 'README.md': 'hello\n', 'kept.txt': 'kept\n' });
  await bench.wt('create', 'a');
  await bench.work('a', { 'a.txt': 'a\n' });
  await bench.wt('merge', 'a', '--yes');
  return bench;
}

interface Refusal {
  readonly exit: number;
  readonly code: string;
  readonly changed: boolean;
  readonly reasons: readonly (Record<string, unknown> & { code: string })[];
}

async function refusalOf(bench: Bench, ...argv: string[]): Promise<Refusal> {
  const { code, raw } = await bench.wt('remove', 'a', '--json', ...argv);
  const { error } = JSON.parse(raw) as {
    error?: { code: string; changed: boolean; details: { reasons: Refusal['reasons'] } };
  };
  return {
    exit: code,
    code: error?.code ?? '',
    changed: error?.changed ?? true,
    reasons: error?.details.reasons ?? [],
  };
}

interface Case {
  readonly what: string;
  readonly reason: Record<string, unknown>;
  readonly lay: (bench: Bench, at: string) => Promise<unknown>;
}

const work: readonly Case[] = [
  {
    what: 'a modified file',
    reason: { code: 'session.dirty', modified: 1 },
    lay: ({ room }, at) => room.write(at, { 'README.md': 'edited\n' }),
  },
  {
    what: 'a staged file',
    reason: { code: 'session.dirty', staged: 1 },
    lay: async ({ room }, at) => {
      await room.write(at, { 'README.md': 'edited\n' });
      await room.git(at, 'add', 'README.md');
    },
  },
  {
    what: 'a staged file that is as before on disk',
    reason: { code: 'session.dirty', staged: 1, modified: 1 },
    lay: async ({ room }, at) => {
      await room.write(at, { 'README.md': 'edited\n' });
      await room.git(at, 'add', 'README.md');
      await room.write(at, { 'README.md': 'hello\n' });
    },
  },
  {
    what: 'an untracked file',
    reason: { code: 'session.dirty', untracked: 1 },
    lay: ({ room }, at) => room.write(at, { 'deep/new.txt': 'new\n' }),
  },
  {
    what: 'an untracked file that status.showUntrackedFiles hides',
    reason: { code: 'session.dirty', untracked: 1 },
    lay: async ({ room, git }, at) => {
      await git('config', 'status.showUntrackedFiles', 'no');
      await room.write(at, { 'new.txt': 'new\n' });
    },
  },
  {
    what: 'an edit hidden by assume-unchanged',
    reason: { code: 'session.dirty', hidden: 1, paths: ['README.md'] },
    lay: async ({ room }, at) => {
      await room.git(at, 'update-index', '--assume-unchanged', 'README.md');
      await room.write(at, { 'README.md': 'edited\n' });
    },
  },
  {
    what: 'an edit hidden by skip-worktree',
    reason: { code: 'session.dirty', hidden: 1, paths: ['README.md'] },
    lay: async ({ room }, at) => {
      await room.git(at, 'update-index', '--skip-worktree', 'README.md');
      await room.write(at, { 'README.md': 'edited\n' });
    },
  },
  {
    what: 'an untracked repository inside',
    reason: { code: 'session.dirty', untracked: 1 },
    lay: async ({ room }, at) => {
      await room.git(at, 'init', '--quiet', 'nested');
      await room.write(path.join(at, 'nested'), { 'file.txt': 'x\n' });
      await room.git(path.join(at, 'nested'), 'add', '-A');
      await room.git(path.join(at, 'nested'), 'commit', '-qm', 'nested work');
    },
  },
  {
    what: 'an unlanded commit',
    reason: { code: 'session.unmerged', commits: 1 },
    lay: ({ work: commit }) => commit('a', { 'late.txt': 'late\n' }, 'late'),
  },
  {
    what: 'a commit on a detached HEAD',
    reason: { code: 'session.unmerged', commits: 1 },
    lay: async ({ room, work: commit }, at) => {
      await room.git(at, 'switch', '--quiet', '--detach');
      await commit('a', { 'late.txt': 'late\n' }, 'late');
    },
  },
  {
    what: 'a commit whose branch was deleted under it',
    reason: { code: 'session.unmerged', commits: 1 },
    lay: async ({ git, work: commit }) => {
      await commit('a', { 'late.txt': 'late\n' }, 'late');
      await git('update-ref', '-d', 'refs/heads/wt/a');
    },
  },
];

test.for(work)('$what holds a session, and --force takes a copy', async ({ reason, lay }) => {
  const bench = await makeLanded();
  await lay(bench, bench.at('a'));
  const before = await photograph(bench);
  const refusal = await refusalOf(bench);
  expect(refusal).toMatchObject({ exit: 4, changed: false });
  expect(refusal.reasons).toContainEqual(expect.objectContaining(reason));
  expect(await photograph(bench)).toEqual(before);
  expect((await bench.wt('remove', 'a', '--yes')).code).toBe(4);
  expect((await bench.wt('remove', 'a', '--force')).code).toBe(0);
});

const firm: readonly Case[] = [
  {
    what: 'a lock of git with a reason',
    reason: { code: 'session.locked', reason: 'on a stick' },
    lay: async ({ git }, at) => {
      await git('worktree', 'unlock', at);
      await git('worktree', 'lock', '--reason', 'on a stick', at);
    },
  },
  {
    what: 'a lock of git without a reason',
    reason: { code: 'session.locked', reason: '' },
    lay: async ({ git }, at) => {
      await git('worktree', 'unlock', at);
      await git('worktree', 'lock', at);
    },
  },
  {
    what: 'a merge in progress',
    reason: { code: 'session.operation', operation: 'merge' },
    lay: async ({ room, git }, at) => {
      await git('commit', '--quiet', '--allow-empty', '-m', 'on main');
      await room.git(at, 'merge', '--quiet', '--no-commit', '--no-ff', 'main');
    },
  },
  {
    what: 'a rebase in progress',
    reason: { code: 'session.operation', operation: 'rebase' },
    lay: ({ room }, at) => room.git(at, '-c', 'sequence.editor=sed -i 1ibreak', 'rebase', '--quiet', '-i', 'HEAD~1'),
  },
  {
    what: 'a bisect in progress',
    reason: { code: 'session.operation', operation: 'bisect' },
    lay: ({ room }, at) => room.git(at, 'bisect', 'start'),
  },
  {
    what: 'a lock on its index',
    reason: { code: 'session.operation', operation: expect.stringContaining('index.lock') },
    lay: ({ root }) => writeFile(path.join(root, '.git/worktrees/a/index.lock'), ''),
  },
  {
    what: 'a process that stands in it',
    reason: { code: 'session.live', processes: [expect.stringMatching(/^sleep \(\d+\)$/)] },
    lay: (_, at) => standIn(at),
  },
  {
    what: 'a process that stands in a folder of it',
    reason: { code: 'session.live', processes: [expect.stringMatching(/^sleep \(\d+\)$/)] },
    lay: async (_, at) => {
      await mkdir(path.join(at, 'empty'));
      await standIn(path.join(at, 'empty'));
    },
  },
];

test.for(firm)('$what holds a session, also with --force', async ({ reason, lay }) => {
  const bench = await makeLanded();
  await lay(bench, bench.at('a'));
  const before = await photograph(bench);
  expect(await refusalOf(bench, '--force', '--yes')).toMatchObject({ exit: 4, code: reason['code'], changed: false });
  expect((await refusalOf(bench, '--force')).reasons).toContainEqual(expect.objectContaining(reason));
  expect(await photograph(bench)).toEqual(before);
});

test('a shell that stands in the session is told to leave first', async () => {
  const bench = await makeLanded();
  const script = 'cd "$1"; "$2" "$3" remove --force; echo "exit $?"';
  const { stdout, stderr } = await execa('sh', ['-c', script, 'sh', bench.at('a'), process.execPath, PROGRAM], {
    env: bench.room.env as Record<string, string>,
    extendEnv: false,
  });
  expect(stdout).toBe('exit 4');
  expect(stderr).toContain('this command was called from inside it');
  expect((await runBuilt(bench.room, bench.root, ['remove', 'a'])).code).toBe(0);
});

/** What somebody put where the session was; `a/theirs.txt` is what must survive. */
const occupants: readonly { readonly what: string; readonly lay: (bench: Bench, at: string) => Promise<unknown> }[] = [
  { what: 'a plain folder', lay: ({ room }, at) => room.write(at, { 'theirs.txt': 'theirs\n' }) },
  {
    what: 'a repository of its own',
    lay: async ({ room, git }, at) => {
      await git('init', '--quiet', at);
      await room.write(at, { 'theirs.txt': 'theirs\n' });
    },
  },
  {
    what: 'a link to another folder',
    lay: async ({ room }, at) => {
      await room.write(path.join(room.dir, 'far'), { 'theirs.txt': 'theirs\n' });
      await symlink(path.join(room.dir, 'far'), at);
    },
  },
  {
    what: 'a worktree of another repository',
    lay: async ({ room }, at) => {
      const other = await room.repo('other');
      await room.git(other, 'worktree', 'add', '--quiet', at);
      await room.write(at, { 'theirs.txt': 'theirs\n' });
    },
  },
  {
    what: 'a worktree of a sibling session',
    lay: async ({ wt, room, at: place }, at) => {
      await wt('create', 'b');
      await room.write(place('b'), { 'theirs.txt': 'theirs\n' });
      await rename(place('b'), at);
    },
  },
  {
    what: 'a copy of the main worktree',
    lay: async ({ git, root, room }, at) => {
      await git('clone', '--quiet', root, at);
      await room.write(at, { 'theirs.txt': 'theirs\n' });
    },
  },
];

test.for(occupants)('$what at the place of a session is never touched', async ({ lay }) => {
  const bench = await makeLanded();
  await rename(bench.at('a'), path.join(bench.room.dir, 'moved-away'));
  await lay(bench, bench.at('a'));
  expect(await refusalOf(bench, '--force')).toMatchObject({ exit: 4, code: 'path.unsafe', changed: false });
  expect(await readFile(path.join(bench.at('a'), 'theirs.txt'), 'utf8')).toBe('theirs\n');
  expect(await bench.git('rev-parse', '--verify', 'refs/heads/wt/a')).toMatch(/^[0-9a-f]{40}$/);
});

/** Edits the session's row in the registry by hand. */
async function tamper({ root }: Bench, row: Record<string, unknown>): Promise<void> {
  const file = path.join(root, '.worktrees/sessions.json');
  const registry = JSON.parse(await readFile(file, 'utf8')) as { sessions: Record<string, object> };
  registry.sessions['a'] = { ...registry.sessions['a'], ...row };
  await writeFile(file, JSON.stringify(registry));
}

test.for(['/', '..', '../..', 'ROOT', 'HOME'])(
  'a path that was edited to %s in the registry leads nowhere',
  async (place) => {
    const bench = await makeLanded();
    const at = place === 'ROOT' ? bench.root : place === 'HOME' ? path.join(bench.room.dir, 'home') : place;
    await bench.room.write(path.join(bench.room.dir, 'home'), { 'mine.txt': 'mine\n' });
    await tamper(bench, { path: at });
    await bench.wt('remove', 'a', '--force');
    expect(await readFile(path.join(bench.room.dir, 'home/mine.txt'), 'utf8')).toBe('mine\n');
    expect(await bench.git('status', '--porcelain')).toBe('');
    expect((await bench.wt('path', 'a')).code).toBe(3);
  },
);

test('a branch that was edited to main in the registry does not cost main while it is checked out', async () => {
  const bench = await makeLanded();
  const main = await bench.git('rev-parse', 'refs/heads/main');
  await tamper(bench, { branch: 'main' });
  await bench.wt('remove', 'a', '--force');
  expect(await bench.git('rev-parse', 'refs/heads/main')).toBe(main);
});

test('a branch that was edited to main in the registry does not cost main while nobody has it checked out', async () => {
  const bench = await makeLanded();
  await bench.git('switch', '--quiet', '-c', 'elsewhere');
  const main = await bench.git('rev-parse', 'refs/heads/main');
  await tamper(bench, { branch: 'main' });
  await bench.wt('remove', 'a', '--force');
  expect(await bench.git('rev-parse', '--verify', 'refs/heads/main')).toBe(main);
});

test('a mount inside a session holds it, and what is mounted is untouched', async ({ skip }) => {
  const bench = await makeLanded();
  const host = path.join(bench.room.dir, 'host');
  await bench.room.write(host, { 'mine.txt': 'mine\n' });
  await mkdir(path.join(bench.at('a'), 'mnt'));
  const mounted = await runMounted(bench, { from: host, on: path.join(bench.at('a'), 'mnt') }, [
    'remove',
    'a',
    '--force',
    '--json',
  ]);
  if (mounted === undefined) return skip(CANNOT_MOUNT);
  const { exitCode, stdout } = mounted;
  const { error } = JSON.parse(stdout) as { error: { code: string } };
  expect({ exitCode, code: error.code }).toEqual({ exitCode: 4, code: 'path.mounted' });
  expect(await readFile(path.join(host, 'mine.txt'), 'utf8')).toBe('mine\n');
  expect(await readFile(path.join(bench.at('a'), 'a.txt'), 'utf8')).toBe('a\n');
});
