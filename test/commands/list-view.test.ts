import { expect, test } from 'vitest';
import stringWidth from 'string-width';
import { makeBench, type Bench } from '../support/wt.ts';

const UNSAFE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/;
const NASTY =
  'red \u001B[31m bell \u0007 title \u001B]0;x\u0007 csi \u009B2J bidi \u202E zero \u200B end\ttab\nsecond line';

/** Sessions in several states, with long and wide texts. */
async function makeSessions(): Promise<Bench> {
  const bench = await makeBench({ f: 'one\n' });
  const now = '2026-01-01T00:00:00Z';
  await bench.wt(
    'create',
    'a',
    '--agent',
    'claude',
    '--task',
    'Redirect to the page that was asked for, and not to the start page, after a login',
    { now },
  );
  await bench.wt(
    'create',
    'a-session-with-a-rather-long-name-of-48-characters'.slice(0, 48),
    '--task',
    'Ein Satz, der länger ist als jede Spalte eines Terminals von achtzig Zeichen Breite',
    { now },
  );
  await bench.wt('create', 'c', { now });
  await bench.room.write(bench.at('a'), { x: '1\n' });
  return bench;
}

test.each([[40], [60], [80], [120], [200]])('no line is wider than a terminal of %i columns', async (columns) => {
  const bench = await makeSessions();
  for (const flags of [[], ['--conflicts'], ['--all']]) {
    const { stdout, raw, code } = await bench.wt('list', ...flags, { columns, now: '2026-01-03T00:00:00Z' });
    expect(code).toBe(0);
    expect(stdout).toContain('STATUS');
    expect(raw.split('\n').filter((line) => stringWidth(line) > columns)).toEqual([]);
  }
});

test('on a terminal of 80 columns the list reads like this', async () => {
  const bench = await makeSessions();
  expect((await bench.wt('list', { columns: 80, now: '2026-01-03T00:00:00Z' })).stdout).toMatchInlineSnapshot(`
    "ID                     STATUS  CHANGES  BASE  AGENT   AGE  TASK
    a                      dirty   ?1       main  claude  0s   Redirect to the page…
    a-session-with-a-rat…  new              main          0s   Ein Satz, der länger…
    c                      new              main          0s
    3 sessions: 1 dirty, 2 new
    "
  `);
});

test('on a terminal of 120 columns the list reads like this', async () => {
  const bench = await makeSessions();
  expect((await bench.wt('list', { columns: 120, now: '2026-01-03T00:00:00Z' })).stdout).toMatchInlineSnapshot(`
    "ID                                STATUS  CHANGES  BASE  AGENT   AGE  TASK
    a                                 dirty   ?1       main  claude  0s   Redirect to the page that was asked for, and not …
    a-session-with-a-rather-long-na…  new              main          0s   Ein Satz, der länger ist als jede Spalte eines Te…
    c                                 new              main          0s
    3 sessions: 1 dirty, 2 new
    "
  `);
});

test('without sessions a terminal is told how to begin and a pipe gets nothing', async () => {
  const { wt } = await makeBench();
  expect((await wt('list', { columns: 80 })).stdout).toMatchInlineSnapshot(`
    "No sessions yet.  wt create <id> makes one
    "
  `);
  expect((await wt('list')).stdout).toBe('');
});

test('off a terminal there is one line a session, ten fields, every value whole', async () => {
  const bench = await makeSessions();
  const { raw, stderr } = await bench.wt('list');
  const rows = raw
    .slice(0, -1)
    .split('\n')
    .map((line) => line.split('\t'));
  expect(rows.map((row) => row.length)).toEqual([10, 10, 10]);
  expect(rows.find(([id]) => id === 'a')).toEqual([
    'a',
    'dirty',
    'wt/a',
    'main',
    '0',
    '0',
    '?1',
    'claude',
    bench.at('a'),
    'Redirect to the page that was asked for, and not to the start page, after a login',
  ]);
  expect(stderr).toBe('');
});

test('colour is used when it is wanted and never changes the text', async () => {
  const bench = await makeSessions();
  const stage = { columns: 120, now: '2026-01-03T00:00:00Z' };
  const { raw } = await bench.wt('list', { ...stage, color: 1 });
  expect(raw).toContain('\u001B[');
  expect(raw.replaceAll(/\u001B\[[0-9;]*m/g, '').replaceAll(/ +$/gm, '')).toBe((await bench.wt('list', stage)).raw);
});

test('control characters of a task, a branch and a subject never come out raw', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a', '--task', NASTY);
  await bench.wt('create', 'b');
  await bench.work('b', { x: '1\n' }, NASTY);
  const branch = 'evil\u009B2J\u202Ebranch';
  await bench.git('worktree', 'add', '-q', '-b', branch, `${bench.room.dir}/evil\u001B[31m`);
  for (const argv of [
    ['list'],
    ['list', '--json'],
    ['show', 'a'],
    ['show', 'b'],
    ['show', 'b', '--json'],
    ['path', 'a'],
    ['diff', 'b', '--stat'],
    ['events'],
  ])
    for (const columns of [undefined, 100]) {
      const { raw, code, stderr } = await bench.wt(
        ...argv,
        columns === undefined ? {} : { columns, env: { PAGER: 'cat' } },
      );
      expect(raw).not.toBe('');
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(raw, `${argv.join(' ')} ${columns}`).not.toMatch(UNSAFE);
    }
  expect((await bench.wt('list')).stdout).toContain(
    String.raw`red \x1b[31m bell \x07 title \x1b]0;x\x07 csi \x9b2J bidi \u202e zero \u200b end tab\nsecond line`,
  );
  expect((await bench.wt('list', { columns: 200 })).stdout).toContain(String.raw`evil\x9b2J\u202ebranch`);
});

test('the JSON holds the task as it was given', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a', '--task', NASTY);
  const { sessions } = await bench.data<{ sessions: { task: string }[] }>('list');
  expect(sessions[0]?.task).toBe(NASTY);
});
