import { rm } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { photograph } from '../support/invariants.ts';
import { makeBench, type Bench } from '../support/wt.ts';

/** Sessions `a` and `b` that change one line, `b` landed. */
async function makeConflict(): Promise<Bench> {
  const bench = await makeBench({ 'list.txt': 'one\ntwo\nthree\n', 'other.txt': 'x\n' });
  await bench.wt('create', 'a', '--task', 'Shout the two');
  await bench.wt('create', 'b', '--task', 'Count in German');
  await bench.work('a', { 'list.txt': 'one\nTWO\nthree\n', 'a.txt': 'a\n' }, 'shout');
  await bench.work('b', { 'list.txt': 'one\nzwei\nthree\n' }, 'zwei');
  await bench.wt('merge', 'b', '--yes');
  return bench;
}

test('a conflict exits 6, changes nothing and names both sides of each file', async () => {
  const bench = await makeConflict();
  await bench.write({ 'other.txt': 'mine\n', 'free.txt': 'free\n' });
  const before = await photograph(bench);
  const { code, stdout, stderr } = await bench.wt('merge', 'a', '--yes');
  expect({ code, stdout }).toEqual({ code: 6, stdout: '' });
  expect(stderr).toMatchInlineSnapshot(`
    "error: a conflicts with main in 1 file
      list.txt
        main: <short> Merge session b: Count in German
        a: <short> shout
      tasks:
        a: Shout the two
        b: Count in German
      main and a are as they were.
      next: wt merge a --resolve
    "
  `);
  expect(await photograph(bench)).toEqual(before);
});

test('a conflict as JSON carries the paths with the commits of both sides, and the tasks', async () => {
  const { wt } = await makeConflict();
  const { raw } = await wt('merge', 'a', '--yes', '--json');
  const { ok, error } = JSON.parse(raw) as {
    ok: boolean;
    error: { code: string; changed: boolean; retryable: boolean; details: object };
  };
  expect({ ok, code: error.code, changed: error.changed, retryable: error.retryable }).toEqual({
    ok: false,
    code: 'merge.conflict',
    changed: false,
    retryable: false,
  });
  expect(error.details).toMatchObject({
    id: 'a',
    into: 'main',
    files: [
      {
        path: 'list.txt',
        target: expect.stringMatching(/^[0-9a-f]{7} Merge session b: Count in German$/),
        session: expect.stringMatching(/^[0-9a-f]{7} shout$/),
      },
    ],
    tasks: ['a: Shout the two', 'b: Count in German'],
  });
});

test('the conflict is resolved with the command that it names, and then the session lands', async () => {
  const { wt, room, at, git } = await makeConflict();
  const { raw } = await wt('merge', 'a', '--yes', '--json');
  const { error } = JSON.parse(raw) as { error: { fix: string[] } };
  expect(error.fix).toEqual(['wt', 'merge', 'a', '--resolve']);
  expect((await wt(...error.fix.slice(1))).code).toBe(0);
  await room.write(at('a'), { 'list.txt': 'one\nZWEI\nthree\n' });
  expect((await wt('merge', 'a', '--continue', '--yes')).code).toBe(0);
  expect(await git('show', 'main:list.txt')).toBe('one\nZWEI\nthree');
});

test('a conflict between deleting and editing, and between two added files, is a conflict too', async () => {
  const bench = await makeBench({ 'gone.txt': 'one\n', 'kept.txt': 'k\n' });
  await bench.wt('create', 'a');
  await bench.work('a', { 'gone.txt': 'edited\n', 'twice.txt': 'mine\n' });
  await rm(path.join(bench.root, 'gone.txt'));
  await bench.write({ 'twice.txt': 'theirs\n' });
  await bench.git('add', '-A');
  await bench.git('commit', '-qm', 'other side');
  const before = await photograph(bench);
  const { code, raw } = await bench.wt('merge', 'a', '--yes', '--json');
  const { error } = JSON.parse(raw) as { error: { details: { files: { path: string }[] } } };
  expect({ code, paths: error.details.files.map((file) => file.path) }).toEqual({
    code: 6,
    paths: ['gone.txt', 'twice.txt'],
  });
  expect(await photograph(bench)).toEqual(before);
});

interface Case {
  readonly what: string;
  readonly code: string;
  readonly lay: (bench: Bench, session: string) => Promise<unknown>;
}

const refusals: readonly Case[] = [
  { what: 'modified work', code: 'session.dirty', lay: ({ room }, at) => room.write(at, { 'README.md': 'edited\n' }) },
  { what: 'untracked work', code: 'session.dirty', lay: ({ room }, at) => room.write(at, { 'new.txt': 'new\n' }) },
  {
    what: 'staged work',
    code: 'session.dirty',
    lay: async ({ room }, at) => {
      await room.write(at, { 'README.md': 'edited\n' });
      await room.git(at, 'add', '-A');
    },
  },
  {
    what: 'another branch checked out',
    code: 'session.operation',
    lay: ({ room }, at) => room.git(at, 'switch', '--quiet', '-c', 'other'),
  },
  {
    what: 'a detached HEAD',
    code: 'session.operation',
    lay: ({ room }, at) => room.git(at, 'switch', '--quiet', '--detach'),
  },
  {
    what: 'a merge in progress',
    code: 'session.operation',
    lay: async ({ room, git }, at) => {
      await git('commit', '--quiet', '--allow-empty', '-m', 'main moves');
      await room.git(at, 'merge', '--quiet', '--no-commit', '--no-ff', 'main');
    },
  },
  {
    what: 'a rebase in progress',
    code: 'session.operation',
    lay: async ({ room }, at) =>
      room.git(at, '-c', 'sequence.editor=sed -i 1ibreak', 'rebase', '--quiet', '-i', 'HEAD~1'),
  },
];

test.for(refusals)('a session with $what does not land', async ({ code, lay }) => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await bench.work('a', { 'a.txt': 'a\n' });
  await lay(bench, bench.at('a'));
  const before = await photograph(bench);
  const result = await bench.wt('merge', 'a', '--yes', '--json');
  const { error } = JSON.parse(result.raw) as { error: { code: string; changed: boolean } };
  expect({ exit: result.code, code: error.code, changed: error.changed }).toEqual({ exit: 4, code, changed: false });
  expect(await photograph(bench)).toEqual(before);
});

test('what a dirty session is told to do makes it land', async () => {
  const { wt, room, at, git, work } = await makeBench();
  await wt('create', 'a');
  await work('a', { 'a.txt': 'a\n' });
  await room.write(at('a'), { 'b.txt': 'b\n' });
  const { raw } = await wt('merge', 'a', '--yes', '--json');
  const { error } = JSON.parse(raw) as { error: { fix: string[] } };
  expect(error.fix).toEqual(['wt', 'commit', 'a']);
  expect((await wt(...error.fix.slice(1))).code).toBe(0);
  expect((await wt('merge', 'a', '--yes')).code).toBe(0);
  expect(await git('show', 'main:b.txt')).toBe('b');
});

test('an unknown session is not found, and the near one is named', async () => {
  const { wt } = await makeBench();
  await wt('create', 'login');
  const { code, stderr } = await wt('merge', 'logn', '--yes');
  expect(code).toBe(3);
  expect(stderr).toContain('near: login');
});
