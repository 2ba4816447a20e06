import { readFile, rm } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { failure } from '../support/listing.ts';
import { makeBench } from '../support/wt.ts';

interface Executed {
  readonly results: readonly { id: string; exitCode: number; stdout: string; stderr: string }[];
}
const sh = (script: string): readonly string[] => ['--', 'sh', '-c', script];

test('runs in the folder of the session with what it needs to know, and nothing of git’s', async () => {
  const { data, wt, at, root } = await makeBench();
  await wt('create', 'a', '--task', 'Two\nlines');
  const { results } = await data<Executed>(
    'exec',
    'a',
    ...sh(
      'pwd; echo "$PWD|$WT_ID|$WT_BRANCH|$WT_PATH|$WT_MAIN|$WT_BASE|$WT_TASK"; env | grep ^GIT_ | grep -v ^GIT_CONFIG_ | grep -v -e AUTHOR -e COMMITTER',
    ),
    {
      env: { GIT_DIR: `${root}/.git`, GIT_INDEX_FILE: '/nowhere', GIT_WORK_TREE: '/' },
    },
  );
  expect(results[0]?.stdout).toBe(`${at('a')}\n${at('a')}|a|wt/a|${at('a')}|${root}|main|Two\nlines\n`);
});

test.each([0, 1, 3, 42, 255])('the exit code %i of the program is the answer', async (n) => {
  const { wt } = await makeBench();
  await wt('create', 'a');
  expect((await wt('--json', 'exec', 'a', ...sh(`exit ${n}`))).code).toBe(n);
});

test('a program that is not there is 127, one ended by a signal 128 and its number', async () => {
  const { wt } = await makeBench();
  await wt('create', 'a');
  expect((await wt('--json', 'exec', 'a', '--', 'no-such-program')).code).toBe(127);
  expect((await wt('--json', 'exec', 'a', ...sh('kill -TERM $$'))).code).toBe(143);
});

test('arguments arrive as they are, no shell between', async () => {
  const { wt, data } = await makeBench();
  await wt('create', 'a');
  const words = ['a b', '$HOME', '`id`', '--json', '-n', '--', "it's", '*', ''];
  const { results } = await data<Executed>(
    'exec',
    'a',
    '--',
    process.execPath,
    '-e',
    'console.log(JSON.stringify(process.argv.slice(1)))',
    'x',
    ...words,
  );
  expect(JSON.parse(results[0]?.stdout ?? '')).toEqual(['x', ...words]);
});

test('inside a session "." means that session', async () => {
  const { wt, data, at } = await makeBench();
  await wt('create', 'a');
  const { results } = await data<Executed>('exec', '.', '--', 'pwd', { cwd: at('a') });
  expect(results[0]?.stdout).toBe(`${at('a')}\n`);
});

test('--all runs in every session, prefixes each line, and ends with a table of exit codes', async () => {
  const { wt } = await makeBench();
  for (const id of ['one', 'two', 'three']) await wt('create', id);
  const { code, stdout, stderr } = await wt(
    'exec',
    '--all',
    ...sh('echo "I am $WT_ID"; echo problem >&2; [ "$WT_ID" != two ] || exit 7'),
  );
  expect(code).toBe(7);
  expect(stdout.split('\n').filter(Boolean).toSorted()).toEqual([
    'one: I am one',
    'three: I am three',
    'two: I am two',
  ]);
  expect(stderr).toContain('one: problem');
  expect(stderr.replaceAll(/\d+\.\d s/g, '<time>')).toContain(
    'one    exit 0  <time>\ntwo    exit 7  <time>\nthree  exit 0  <time>\n',
  );
});

test('-j bounds how many run at once, and all run', async () => {
  const { wt, root, room } = await makeBench();
  for (const id of ['one', 'two', 'three', 'four']) await wt('create', id);
  const { code } = await wt(
    'exec',
    '--all',
    '-j',
    '1',
    ...sh(`echo "begin" >> ${room.dir}/log; echo "end" >> ${room.dir}/log`),
  );
  expect(code).toBe(0);
  expect((await readFile(`${root}/../log`, 'utf8')).trim().split('\n')).toEqual(
    Array.from({ length: 8 }, (_, i) => (i % 2 === 0 ? 'begin' : 'end')),
  );
});

test('--all passes over sessions without a folder and says when there is none', async () => {
  const bench = await makeBench();
  expect(await bench.data('exec', '--all', '--', 'true')).toEqual({ results: [] });
  await bench.wt('create', 'a');
  await bench.wt('create', 'b');
  await rm(bench.at('a'), { recursive: true });
  expect((await bench.data<Executed>('exec', '--all', '--', 'true')).results.map(({ id }) => id)).toEqual(['b']);
  expect(await failure(bench, 'exec', 'a', '--', 'true')).toMatchObject({ code: 'path.unsafe', exit: 4 });
});
