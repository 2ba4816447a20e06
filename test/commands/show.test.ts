import { rm } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { failure } from '../support/listing.ts';
import { makeBench } from '../support/wt.ts';

interface Shown {
  readonly session: {
    readonly id: string;
    readonly status: string;
    readonly tree: string;
    readonly conflicts: unknown;
  };
  readonly commits: readonly { commit: string; subject: string }[];
  readonly files: readonly { path: string; status: string; added: number | null; deleted: number | null }[];
  readonly uncommitted: readonly string[];
  readonly events: readonly { event: string }[];
  readonly sizeBytes: number | null;
  readonly next: readonly string[];
}

test('shows commits newest first, files, uncommitted paths, events and what conflicts', async () => {
  const { wt, data, work, at, room } = await makeBench({ f: 'one\n', gone: 'x\n' });
  await wt('create', 'a', '--task', 'Task', '--agent', 'claude');
  await wt('create', 'b');
  await work('a', { f: 'in a\n', bin: 'a\0b' }, 'first of a');
  const last = await work('a', { g: '1\n2\n' }, 'second of a');
  await work('b', { f: 'in b\n' });
  await room.write(at('a'), { new: 'x\n' });
  const shown = await data<Shown>('show', 'a');
  expect(shown.commits.map(({ subject }) => subject)).toEqual(['second of a', 'first of a']);
  expect(shown.commits[0]?.commit).toBe(last);
  expect(shown.files).toEqual([
    { path: 'bin', status: 'added', added: null, deleted: null },
    { path: 'f', status: 'modified', added: 1, deleted: 1 },
    { path: 'g', status: 'added', added: 2, deleted: 0 },
  ]);
  expect(shown.uncommitted).toEqual(['new']);
  expect(shown.events.map(({ event }) => event)).toEqual(['session.create.before', 'session.create.after']);
  expect(shown.session).toMatchObject({
    id: 'a',
    status: 'dirty',
    tree: 'ok',
    conflicts: { base: [], sessions: [{ id: 'b', paths: ['f'] }] },
  });
  expect(shown.sizeBytes).toBeGreaterThan(0);
});

test('commits that the base has by now are not counted as the session’s own', async () => {
  const { wt, data, work, git, at, room } = await makeBench();
  await wt('create', 'a');
  await work('a', { a: '1\n' }, 'own');
  await git('commit', '-q', '--allow-empty', '-m', 'of main');
  await room.git(at('a'), 'merge', '-q', '--no-edit', 'main');
  const { commits } = await data<Shown>('show', 'a');
  expect(commits.map(({ subject }) => subject)).toEqual(["Merge branch 'main' into wt/a", 'own']);
});

test.each([
  ['the id', 'a'],
  ['the id in another case', 'A'],
  ['the branch', 'wt/a'],
  ['an absolute path', '$AT'],
  ['a path below it', '$AT/sub'],
  ['a relative path', './.worktrees/a'],
])('a session is addressed by %s', async (_, argument) => {
  const { wt, data, at } = await makeBench({ 'sub/f': 'x\n' });
  await wt('create', 'a');
  expect((await data<Shown>('show', argument.replace('$AT', at('a')))).session.id).toBe('a');
});

test.each([[[]], [['.']]])('inside a session %j means that session', async (argv) => {
  const { wt, data, at } = await makeBench({ 'sub/f': 'x\n' });
  await wt('create', 'a');
  await wt('create', 'b');
  expect((await data<Shown>('show', ...argv, { cwd: `${at('b')}/sub` })).session.id).toBe('b');
});

test('an unknown id names the near ones', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'fix-login');
  await bench.wt('create', 'unrelated');
  expect(await failure(bench, 'show', 'fix-lgin')).toMatchObject({
    code: 'session.not-found',
    exit: 3,
    details: { near: ['fix-login'] },
  });
});

test('a session whose folder is gone is still shown', async () => {
  const { wt, data, at, work } = await makeBench();
  await wt('create', 'a');
  await work('a', { a: '1\n' }, 'kept');
  await rm(at('a'), { recursive: true });
  const shown = await data<Shown>('show', 'a');
  expect(shown).toMatchObject({ session: { status: 'broken', tree: 'missing' }, sizeBytes: null });
  expect(shown.commits.map(({ subject }) => subject)).toEqual(['kept']);
});
