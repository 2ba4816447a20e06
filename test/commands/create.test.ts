import { lstat, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { leftovers, refs } from '../support/listing.ts';
import { makeBench, type Bench } from '../support/wt.ts';

interface Created {
  readonly created: boolean;
  readonly session: {
    readonly id: string;
    readonly branch: string;
    readonly base: { readonly branch: string | null; readonly commit: string };
    readonly path: string;
    readonly agent: string | null;
    readonly task: string | null;
  };
}

/** Two commits on main, and a branch `dev` with one more. */
async function makeHistory(): Promise<Bench & { first: string; second: string; dev: string }> {
  const bench = await makeBench();
  const first = await bench.git('rev-parse', 'HEAD');
  await bench.write({ 'two.txt': '2\n' });
  await bench.git('add', '-A');
  await bench.git('commit', '-qm', 'second');
  const second = await bench.git('rev-parse', 'HEAD');
  await bench.git('switch', '-qc', 'dev');
  await bench.git('commit', '-q', '--allow-empty', '-m', 'on dev');
  const dev = await bench.git('rev-parse', 'HEAD');
  await bench.git('switch', '-q', 'main');
  return { ...bench, first, second, dev };
}

test('makes branch, worktree and registry entry, and says where', async () => {
  const { wt, git, at, root, room } = await makeBench();
  const { code, stdout, stderr } = await wt('create', 'fix-login', '--task', 'Fix the login', '--agent', 'claude');
  expect(code).toBe(0);
  expect(stderr).toBe('');
  expect(stdout).toMatchInlineSnapshot(`
    "✓ Created fix-login  branch wt/fix-login from main <short>
      $ROOM/app/.worktrees/fix-login
    "
  `);
  expect(await git('worktree', 'list', '--porcelain')).toContain(`worktree ${at('fix-login')}\nHEAD`);
  expect(await room.git(at('fix-login'), 'symbolic-ref', 'HEAD')).toBe('refs/heads/wt/fix-login');
  expect(await room.git(at('fix-login'), 'status', '--porcelain')).toBe('');
  expect(await readFile(`${at('fix-login')}/README.md`, 'utf8')).toBe('hello\n');
  expect(await git('status', '--porcelain')).toBe('');
  expect(await leftovers(root)).toEqual([]);
});

test('keeps the registry, the note and wt’s own folder to the user alone', async () => {
  const { wt, root, git, data } = await makeBench();
  const { session } = await data<Created>('create', 'a', '--task', 'T', '--agent', 'codex');
  const mode = async (name: string): Promise<string> => ((await lstat(path.join(root, name))).mode & 0o777).toString(8);
  expect([
    await mode('.worktrees/sessions.json'),
    await mode('.worktrees'),
    await mode('.git/wt'),
    await mode('.git/wt/events.jsonl'),
  ]).toEqual(['600', '700', '700', '600']);
  const registry = JSON.parse(await readFile(`${root}/.worktrees/sessions.json`, 'utf8')) as {
    version: number;
    sessions: Record<string, unknown>;
  };
  const note = JSON.parse(await readFile(`${root}/.git/worktrees/a/wt.json`, 'utf8')) as Record<string, unknown>;
  expect(registry.version).toBe(1);
  expect(registry.sessions['a']).toMatchObject({
    id: 'a',
    branch: 'wt/a',
    base: session.base,
    agent: 'codex',
    task: 'T',
    state: 'ready',
    ownsBranch: true,
  });
  expect(note).toMatchObject({
    id: 'a',
    branch: 'wt/a',
    base: session.base,
    agent: 'codex',
    task: 'T',
    state: 'ready',
  });
  expect(session.base).toEqual({ branch: 'main', commit: await git('rev-parse', 'main') });
  expect((await wt('list', '--json')).stdout).toContain('"id":"a"');
});

test('an existing branch named with --branch is checked out at its tip and its base is where it left', async () => {
  const { data, git, at, room, dev, second } = await makeHistory();
  const { session } = await data<Created>('create', 'a', '--branch', 'dev');
  expect(session).toMatchObject({ id: 'a', branch: 'dev', base: { branch: 'main', commit: second } });
  expect(await room.git(at('a'), 'rev-parse', 'HEAD')).toBe(dev);
  expect(await git('branch', '--list', 'wt/*')).toBe('');
});

test('a new branch named with --branch is cut from the base', async () => {
  const { data, git, second } = await makeHistory();
  const { session } = await data<Created>('create', 'a', '--branch', 'topic/deep/name');
  expect(session).toMatchObject({ id: 'a', branch: 'topic/deep/name' });
  expect(await git('rev-parse', 'refs/heads/topic/deep/name')).toBe(second);
});

test('an argument with a slash is a branch name, and the output says so', async () => {
  const { wt, git, at } = await makeBench();
  const { code, stdout, stderr } = await wt('create', 'feature/login');
  expect({ code, stdout, stderr }).toMatchInlineSnapshot(`
    {
      "code": 0,
      "stderr": "! "feature/login" is a branch name, so the session is called feature-login
    ",
      "stdout": "✓ Created feature-login  branch feature/login from main <short>
      $ROOM/app/.worktrees/feature-login
    ",
    }
  `);
  expect(await git('-C', at('feature-login'), 'symbolic-ref', '--short', 'HEAD')).toBe('feature/login');
});

test('a remote branch as base sets up no tracking and leaves the configuration byte for byte', async () => {
  const { data, git, root, room, at } = await makeHistory();
  const origin = path.join(room.dir, 'origin.git');
  await git('clone', '-q', '--bare', root, origin);
  await git('remote', 'add', 'origin', origin);
  await git('fetch', '-q', 'origin');
  await git('config', 'branch.autoSetupMerge', 'always');
  const before = await readFile(`${root}/.git/config`);
  const { session } = await data<Created>('create', 'a', '--base', 'origin/dev');
  expect(session.base).toEqual({ branch: 'dev', commit: await git('rev-parse', 'origin/dev') });
  expect(await readFile(`${root}/.git/config`)).toEqual(before);
  expect(await git('for-each-ref', '--format=%(upstream)', 'refs/heads/wt/a')).toBe('');
  expect(await room.git(at('a'), 'rev-parse', 'HEAD')).toBe(session.base.commit);
});

test('a create goes through while another program holds the lock of the configuration', async () => {
  const { wt, root } = await makeBench();
  await writeFile(`${root}/.git/config.lock`, '');
  expect((await wt('create', 'a')).code).toBe(0);
});

test.each([
  ['a tag', 'v1', 'first'],
  ['a full commit', undefined, 'first'],
  ['an older commit of the branch', 'HEAD~1', 'first'],
] as const)('%s as base is a bare commit', async (_, base, which) => {
  const { data, git, at, room, ...history } = await makeHistory();
  await git('tag', '-a', '-m', 'one', 'v1', history.first);
  const { session } = await data<Created>('create', 'a', '--base', base ?? history.first);
  expect(session.base).toEqual({ branch: null, commit: history[which] });
  expect(await room.git(at('a'), 'rev-parse', 'HEAD')).toBe(history.first);
});

test('on a detached HEAD the base is that commit', async () => {
  const { data, git, first } = await makeHistory();
  await git('switch', '-q', '--detach', 'HEAD~1');
  const { session } = await data<Created>('create', 'a');
  expect(session.base).toEqual({ branch: null, commit: first });
});

test('a base branch is taken before a tag of the same name', async () => {
  const { data, git, dev, first } = await makeHistory();
  await git('tag', 'dev', first);
  const { session } = await data<Created>('create', 'a', '--base', 'dev');
  expect(session.base).toEqual({ branch: 'dev', commit: dev });
});

test('a tag with the name of the new branch does not lead the session astray', async () => {
  const { data, git, at, room, first, second } = await makeHistory();
  await git('tag', 'wt/a', first);
  const { session } = await data<Created>('create', 'a');
  expect(session.base.commit).toBe(second);
  expect(await room.git(at('a'), 'rev-parse', 'HEAD')).toBe(second);
  expect(await room.git(at('a'), 'symbolic-ref', 'HEAD')).toBe('refs/heads/wt/a');
  expect(await room.git(at('a'), 'status', '--porcelain')).toBe('');
});

test('inside a session the default base is the base of that session', async () => {
  const { wt, data, at, work, dev } = await makeHistory();
  await wt('create', 'a', '--base', 'dev');
  await work('a', { 'own.txt': 'own\n' });
  const { session } = await data<Created>('create', 'b', { cwd: at('a') });
  expect(session.base).toEqual({ branch: 'dev', commit: dev });
});

test('a base that is not there lists the near ones and changes nothing', async () => {
  const bench = await makeHistory();
  const before = await refs(bench);
  const { code, stderr } = await bench.wt('create', 'a', '--base', 'devv');
  expect({ code, stderr }).toMatchInlineSnapshot(`
    {
      "code": 3,
      "stderr": "error: there is no branch, tag or commit "devv"
      near: dev
      next: git branch --all
    ",
    }
  `);
  expect(await refs(bench)).toBe(before);
});

test.each(['--upload-pack=touch pwn', '-', '--force'])('a base that looks like a flag is refused: %s', async (base) => {
  const bench = await makeBench();
  const before = await refs(bench);
  expect((await bench.wt('create', 'a', `--base=${base}`)).code).toBe(2);
  expect(await refs(bench)).toBe(before);
});

test('--reuse gives the session that is there and makes the one that is not', async () => {
  const { data, root } = await makeBench();
  const made = await data<Created>('create', 'a', '--reuse', '--task', 'T');
  const events = await readFile(`${root}/.git/wt/events.jsonl`, 'utf8');
  const again = await data<Created>('create', 'a', '--reuse');
  expect([made.created, again.created]).toEqual([true, false]);
  expect(again.session).toEqual(made.session);
  expect(await readFile(`${root}/.git/wt/events.jsonl`, 'utf8')).toBe(events);
});

test('without an id two short words are made up', async () => {
  const { data } = await makeBench();
  const { session } = await data<Created>('create');
  expect(session.id).toMatch(/^[a-z]+-[a-z]+$/);
  expect(session.branch).toBe(`wt/${session.id}`);
});

test('the task comes from a file or from standard input', async () => {
  const { data, write } = await makeBench();
  await write({ 'task.md': '\nFrom a file\nsecond line\n\n' });
  expect((await data<Created>('create', 'a', '--task-file', 'task.md')).session.task).toBe('From a file\nsecond line');
  expect((await data<Created>('create', 'b', '--task-file', '-', { stdin: 'From a pipe\n' })).session.task).toBe(
    'From a pipe',
  );
});

test.each([
  ['both ways to give a task', ['--task', 'a', '--task-file', 'b']],
  ['an empty task', ['--task-file', '-']],
  ['a task of more than 64 kB', ['--task', 'x'.repeat(65_537)]],
  ['an agent with a space in its name', ['--agent', 'a b']],
])('%s is a usage error', async (_, flags) => {
  const bench = await makeBench();
  expect((await bench.wt('create', 'a', ...flags)).code).toBe(2);
  expect(await refs(bench)).not.toContain('wt/a');
});

test('the exclude file of the repository gets its line once and keeps its others', async () => {
  const { wt, git, root } = await makeBench();
  await writeFile(`${root}/.git/info/exclude`, '*.swp');
  await wt('create', 'a');
  await wt('create', 'b');
  expect(await readFile(`${root}/.git/info/exclude`, 'utf8')).toBe('*.swp\n/.worktrees/\n');
  expect(await git('status', '--porcelain', '--untracked-files=all')).toBe('');
});

test('hooks of the repository do not run', async () => {
  const { wt, git, root } = await makeBench();
  for (const hook of ['post-checkout', 'reference-transaction', 'post-index-change'])
    await writeFile(`${root}/.git/hooks/${hook}`, `#!/bin/sh\ntouch "${root}/../pwn-${hook}"\n`, { mode: 0o755 });
  await git('update-ref', 'refs/heads/seen', 'HEAD');
  expect(
    await lstat(`${root}/../pwn-reference-transaction`).then(
      () => 'it can run',
      () => 'it cannot run',
    ),
  ).toBe('it can run');
  const seen = await lstat(`${root}/../pwn-reference-transaction`);
  expect((await wt('create', 'a')).code).toBe(0);
  expect((await lstat(`${root}/../pwn-reference-transaction`)).mtimeMs).toBe(seen.mtimeMs);
  await expect(lstat(`${root}/../pwn-post-checkout`)).rejects.toThrow('ENOENT');
  await expect(lstat(`${root}/../pwn-post-index-change`)).rejects.toThrow('ENOENT');
});
