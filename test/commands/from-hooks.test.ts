import { execa } from 'execa';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { leftovers } from '../support/listing.ts';
import { makeBench, type Bench } from '../support/wt.ts';

const PROGRAM = path.resolve(import.meta.dirname, '../../bin/wt.js');

/** Variables with which git, or a user, points every git call somewhere else. */
const MISLEADING: readonly (readonly [string, (bench: Bench, other: string) => Record<string, string>])[] = [
  ['GIT_DIR', (_, other) => ({ GIT_DIR: `${other}/.git` })],
  ['GIT_DIR and GIT_WORK_TREE', (_, other) => ({ GIT_DIR: `${other}/.git`, GIT_WORK_TREE: other })],
  ['GIT_INDEX_FILE', ({ root }) => ({ GIT_INDEX_FILE: `${root}/.git/index` })],
  ['a relative GIT_INDEX_FILE', () => ({ GIT_INDEX_FILE: '.git/index' })],
  ['GIT_OBJECT_DIRECTORY', (_, other) => ({ GIT_OBJECT_DIRECTORY: `${other}/.git/objects` })],
  ['GIT_COMMON_DIR', (_, other) => ({ GIT_COMMON_DIR: `${other}/.git` })],
  ['GIT_NAMESPACE', () => ({ GIT_NAMESPACE: 'elsewhere' })],
  ['GIT_PREFIX', () => ({ GIT_PREFIX: 'sub/' })],
  ['GIT_CONFIG_COUNT', () => ({ GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'core.worktree', GIT_CONFIG_VALUE_0: '/' })],
  ['GIT_CONFIG_PARAMETERS', () => ({ GIT_CONFIG_PARAMETERS: "'core.worktree'='/'" })],
  ['GIT_LITERAL_PATHSPECS', () => ({ GIT_LITERAL_PATHSPECS: '1' })],
  ['GIT_EXTERNAL_DIFF', () => ({ GIT_EXTERNAL_DIFF: 'false' })],
];

test.each(MISLEADING)('%s in the environment changes nothing', async (_, variables) => {
  const bench = await makeBench();
  const other = await bench.room.repo('other', { 'other.txt': 'other\n' });
  const env = variables(bench, other);
  const refsOfOther = await bench.room.git(other, 'for-each-ref');
  const index = await readFile(`${bench.root}/.git/index`);
  expect(await bench.data('create', 'a', { env })).toMatchObject({ session: { path: bench.at('a') } });
  await bench.room.write(bench.at('a'), { x: '1\n' });
  expect(await bench.data('list', { env })).toMatchObject({
    sessions: [{ id: 'a', status: 'dirty', changes: { untracked: 1, modified: 0 } }],
  });
  expect(await bench.data('diff', 'a', { env })).toMatchObject({ files: [{ path: 'x', status: 'added' }] });
  expect((await bench.wt('commit', 'a', { env })).code).toBe(0);
  expect(await bench.room.git(bench.at('a'), 'status', '--porcelain')).toBe('');
  expect(await bench.room.git(bench.at('a'), 'diff', '--name-only', 'main', 'HEAD')).toBe('x');
  expect(await bench.room.git(other, 'for-each-ref')).toBe(refsOfOther);
  expect(await bench.git('status', '--porcelain')).toBe('');
  expect(await readFile(`${bench.root}/.git/index`)).toEqual(index);
});

/** Installs a hook that calls the built program, and runs a command in the repository as a person would. */
async function runWithHook(bench: Bench, hook: string, line: string, cwd: string, ...args: string[]): Promise<void> {
  await mkdir(`${bench.root}/.git/hooks`, { recursive: true });
  await writeFile(
    `${bench.root}/.git/hooks/${hook}`,
    `#!/bin/sh\nset -e\n"${process.execPath}" "${PROGRAM}" ${line} > "${bench.room.dir}/hook.log" 2>&1\n`,
    { mode: 0o755 },
  );
  await execa('git', args, { cwd, env: bench.room.env as Record<string, string>, extendEnv: false });
}

test('from the pre-commit hook of a partial commit the commit is exact and the session clean', async () => {
  const bench = await makeBench({ 'a.txt': 'a\n', 'b.txt': 'b\n', 'c.txt': 'c\n' });
  await bench.write({ 'a.txt': 'a, committed\n', 'b.txt': 'b, left unstaged\n', 'c.txt': 'c, staged\n' });
  await bench.git('add', 'c.txt');
  await runWithHook(
    bench,
    'pre-commit',
    'create from-hook --task "made in a hook"',
    bench.root,
    'commit',
    '-qm',
    'partial',
    'a.txt',
  );
  expect(await bench.git('show', '--name-status', '--format=%s', 'HEAD')).toBe('partial\n\nM\ta.txt');
  expect(await bench.git('show', 'HEAD:a.txt')).toBe('a, committed');
  expect(await bench.git('status', '--porcelain')).toBe(' M b.txt\nM  c.txt');
  expect(await bench.room.git(bench.at('from-hook'), 'status', '--porcelain')).toBe('');
  expect(await bench.room.git(bench.at('from-hook'), 'show', 'HEAD:a.txt')).toBe('a');
  expect(await bench.data('list')).toMatchObject({
    sessions: [{ id: 'from-hook', task: 'made in a hook', tree: 'ok' }],
  });
  expect(await leftovers(bench.root)).toEqual([]);
});

test('from the post-commit hook of a session the session of the caller is meant', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await bench.room.write(bench.at('a'), { x: '1\n' });
  await bench.room.git(bench.at('a'), 'add', '-A');
  await runWithHook(bench, 'post-commit', 'path --json', bench.at('a'), 'commit', '-qm', 'in a');
  const answer = JSON.parse(await readFile(`${bench.room.dir}/hook.log`, 'utf8')) as { data: unknown };
  expect(answer.data).toEqual({ id: 'a', path: bench.at('a') });
});

test('a commit of wt whose hook calls wt goes through', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await bench.room.write(bench.at('a'), { x: '1\n' });
  await writeFile(
    `${bench.root}/.git/hooks/pre-commit`,
    `#!/bin/sh\nexec "${process.execPath}" "${PROGRAM}" create from-hook\n`,
    { mode: 0o755 },
  );
  expect((await bench.wt('commit', 'a', '-m', 'work')).code).toBe(0);
  expect(await bench.room.git(bench.at('a'), 'show', '--name-status', '--format=%s', 'HEAD')).toBe('work\n\nA\tx');
  expect(await bench.room.git(bench.at('from-hook'), 'status', '--porcelain')).toBe('');
});
