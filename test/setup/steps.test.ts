import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { loadDefinition } from '#src/setup/definition.ts';
import { runPhase } from '#src/setup/steps.ts';
import { makeDeps } from '../support/deps.ts';
import { makeBench } from '../support/wt.ts';
import { failure } from '../support/listing.ts';
import { makeSetup } from '../support/setup.ts';
import { exists, until } from '../support/spawn.ts';

/** Ended, or dead and not asked after yet. */
async function isGone(pid: string): Promise<boolean> {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => ') Z');
  return text.includes(') Z');
}

const out = (folder: string, name: string): Promise<string> => readFile(path.join(folder, name), 'utf8');

test('a step gets the session in its environment and the whole context as one line of JSON', async () => {
  const bench = await makeSetup({
    setup: { run: 'env > env.log; cat > in.log' },
    env: { GREETING: 'hello {id}' },
    ports: { names: [] },
  });
  await bench.wt('create', 'fix-1', '--task', 'Fix it\nwell');
  const folder = bench.at('fix-1');
  const env = await out(folder, 'env.log');
  for (const line of [
    'WT_SESSION=fix-1',
    `WT_PATH=${folder}`,
    `WT_MAIN=${bench.root}`,
    'WT_BRANCH=wt/fix-1',
    'WT_BASE=main',
    'WT_PHASE=setup',
    'GREETING=hello fix-1',
    `PWD=${folder}`,
  ])
    expect(env.split('\n')).toContain(line);
  const input = await out(folder, 'in.log');
  expect(input.split('\n')).toHaveLength(2);
  expect(JSON.parse(input)).toMatchObject({
    schema: 1,
    phase: 'setup',
    repository: bench.root,
    session: { id: 'fix-1', branch: 'wt/fix-1', base: 'main', path: folder, task: 'Fix it\nwell' },
    ports: {},
  });
  const file = /^WT_TASK_FILE=(.*)$/m.exec(env)?.[1] ?? '';
  expect([await readFile(file, 'utf8'), (await stat(file)).mode & 0o777]).toEqual(['Fix it\nwell', 0o600]);
});

const EVIL = [
  'x$(touch "$WT_MAIN/pwned")y',
  '`touch $WT_MAIN/pwned`',
  `'; touch "$WT_MAIN/pwned"; echo '`,
  '"; touch "$WT_MAIN/pwned"; echo "',
  'line one\ntouch "$WT_MAIN/pwned"\n',
  '-rf; * ? ~ {id} \\ ${HOME}',
];

test.each(EVIL)('a task is a word wherever it stands in a script, and never evaluated: %j', async (task) => {
  const bench = await makeSetup({
    setup: {
      run: [
        'printf %s {task} > bare.log',
        'printf %s "{task}" > double.log',
        'printf %s "a $(printf %s "{task}") b" > nested.log',
        'printf %s "`printf %s {task}`" > tick.log',
        "# don't\nprintf %s {task} > comment.log",
        'cat > here.log <<END\n{task}\nEND',
        ['sh', '-c', 'printf %s "$1" > argv.log', 'sh', '{task}'],
        { run: 'printf %s "$OWN" > env.log', env: { OWN: '{task}' } },
      ],
    },
  });
  await bench.wt('create', 'a', '--task-file', '-', { stdin: task });
  const folder = bench.at('a');
  const clean = task.trim();
  for (const name of ['bare.log', 'double.log', 'tick.log', 'comment.log', 'argv.log', 'env.log'])
    expect([name, await out(folder, name)]).toEqual([name, clean]);
  expect(await out(folder, 'nested.log')).toBe(`a ${clean} b`);
  expect(await out(folder, 'here.log')).toBe(`${clean}\n`);
  expect(await exists(path.join(bench.root, 'pwned'))).toBe(false);
});

test('a null byte in a task keeps nothing from running', async () => {
  const bench = await makeSetup({ setup: { run: 'printf %s {task} > task.log' } });
  expect((await bench.wt('create', 'a', '--task-file', '-', { stdin: 'a\0b' })).code).toBe(0);
  expect(await out(bench.at('a'), 'task.log')).toBe('a\u{FFFD}b');
});

test('braces of the shell stay its own', async () => {
  const bench = await makeSetup({
    setup: { run: `echo "\${HOME:-x}" {{.Names}} > a.log; f() { awk '{print $1}' a.log; }; f > b.log` },
  });
  await bench.wt('create', 'a');
  expect(await out(bench.at('a'), 'a.log')).toBe(`${bench.room.env['HOME']} {{.Names}}\n`);
});

test.each([
  ['an unknown name', 'echo {brunch}', 'setup.run[0]: {brunch} is not known'],
  ['an unknown filter', 'echo {branch|shout}', 'setup.run[0]: {branch|shout} is not known'],
  [
    'a port where there is none',
    ['echo', '{port}'],
    'setup.run[0]: {port} is no port of a session; "ports" names none',
  ],
  ['a value between single quotes', "echo '{branch}'", 'single quotes'],
])('%s is an error before anything runs or is made', async (_, run, reason) => {
  const bench = await makeSetup({ setup: { run: [run, 'touch "$WT_MAIN/ran"'] } });
  const error = await failure(bench, 'create', 'a');
  expect(error).toMatchObject({ exit: 2, code: 'config.invalid', changed: false });
  expect(error.message).toContain(reason);
  expect(await exists(path.join(bench.root, 'ran'))).toBe(false);
  expect((await bench.data<{ sessions: [] }>('list')).sessions).toEqual([]);
});

test('steps of a list run one after the other, those of a group side by side with their names before their lines', async () => {
  const bench = await makeSetup({
    setup: {
      run: [
        'echo first',
        {
          parallel: [
            { name: 'one', run: 'touch a.log; until [ -e b.log ]; do sleep 0.01; done; echo 1' },
            { name: 'two', run: 'touch b.log; until [ -e a.log ]; do sleep 0.01; done; echo 2' },
          ],
        },
        'echo last',
      ],
    },
  });
  const { code, stderr } = await bench.wt('create', 'a');
  expect(code).toBe(0);
  const lines = stderr.split('\n').filter((line) => line.startsWith('  '));
  expect([lines[0], lines.slice(1, 3).toSorted(), lines[3]]).toEqual(['  first', ['  one: 1', '  two: 2'], '  last']);
});

test('after a stage in which one fails nothing more runs, and its neighbours come to their end', async () => {
  const bench = await makeSetup({
    setup: { run: [{ parallel: ['exit 4', 'sleep 0.3; touch done.log'] }, 'touch never.log'] },
  });
  expect(await failure(bench, 'create', 'a')).toMatchObject({ exit: 7, code: 'setup.failed' });
  expect(await exists(path.join(bench.at('a'), 'done.log'))).toBe(true);
  expect(await exists(path.join(bench.at('a'), 'never.log'))).toBe(false);
});

test('a step that takes too long goes with all that it has started', async () => {
  const bench = await makeSetup({
    setup: { run: 'sleep 60 & echo $! > pid.log; sleep 61', timeout: '1s' },
  });
  const { details, ...error } = await failure(bench, 'create', 'a');
  expect(error).toMatchObject({ exit: 7, code: 'setup.failed', changed: true });
  expect(details).toMatchObject({ timedOut: true, exitCode: null, reason: 'took longer than 1 s' });
  const pid = (await out(bench.at('a'), 'pid.log')).trim();
  await until(() => isGone(pid));
});

test('what a step leaves running ends with it', async () => {
  const bench = await makeSetup({ setup: { run: 'sleep 60 & echo $! > pid.log' } });
  expect((await bench.wt('create', 'a')).code).toBe(0);
  const pid = (await out(bench.at('a'), 'pid.log')).trim();
  await until(() => isGone(pid));
});

test('a program that is not there is a failed step, and says so', async () => {
  const bench = await makeSetup({ setup: { run: [['no-such-program-at-all', 'x']] } });
  const { details } = await failure(bench, 'create', 'a');
  expect(details).toMatchObject({ exitCode: 127, output: ['no-such-program-at-all: no such program on PATH'] });
});

test('all that is printed is in a log of its own for its owner alone, and the newest fifty stay', async () => {
  const bench = await makeSetup({ setup: { run: 'echo out; echo err >&2' } });
  const folder = path.join(bench.root, '.git/wt/logs/setup');
  const old = Object.fromEntries(
    Array.from({ length: 60 }, (_, i) => [
      `.git/wt/logs/setup/2020-01-01T00-00-${String(i).padStart(2, '0')}-x.log`,
      'x',
    ]),
  );
  await bench.write(old);
  const { setup } = await bench.data<{ setup: { log: string } }>('create', 'a');
  expect(await readFile(setup.log, 'utf8')).toMatch(/^\$ echo out; echo err >&2\n(?:out\nerr|err\nout)\n$/);
  expect((await stat(setup.log)).mode & 0o777).toBe(0o600);
  expect(path.basename(setup.log)).toMatch(/-a-setup\.log$/);
  expect(await readdir(folder)).toHaveLength(50);
});

test('a step does not see what points git elsewhere', async () => {
  const bench = await makeSetup({ setup: { run: 'git rev-parse --show-toplevel > top.log' } });
  const env = { GIT_DIR: path.join(bench.root, '.git'), GIT_WORK_TREE: bench.root };
  await bench.wt('create', 'a', { env });
  expect(await out(bench.at('a'), 'top.log')).toBe(`${bench.at('a')}\n`);
});

test("a person's own commands run in a repository that nobody has approved anything of", async () => {
  const bench = await makeBench();
  await bench.room.write(bench.room.dir, {
    '.config/wt/config.jsonc': '{ "setup": { "run": "touch mine.log" } }\n',
  });
  expect((await bench.wt('create', 'a')).code).toBe(0);
  expect(await exists(path.join(bench.at('a'), 'mine.log'))).toBe(true);
});

test('nothing of a repository runs that was not approved, whoever calls for it', async () => {
  const bench = await makeBench({ 'wt.config.jsonc': '{ "setup": { "run": "touch ran" } }\n' });
  const deps = makeDeps(bench.room, bench.root);
  const definition = await loadDefinition(bench.root, bench.room.env);
  const place = { deps, main: bench.root, commonDir: path.join(bench.root, '.git'), cwd: bench.root, facts: undefined };
  const silent = { onStep: (): void => {}, onLine: (): void => {} };
  await expect(runPhase(place, definition, 'setup', silent)).rejects.toThrow('config.untrusted');
  expect(await exists(path.join(bench.root, 'ran'))).toBe(false);
});
