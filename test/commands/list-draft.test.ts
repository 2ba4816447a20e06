import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { draftWhile } from '#src/cli/draft.ts';
import { createTheme } from '#src/ui/theme.ts';
import { makeDeps } from '../support/deps.ts';
import { shownAfter } from '../support/emulator.ts';
import { makeRoom, type Env } from '../support/room.ts';
import { exists, PROGRAM, runWt, until } from '../support/spawn.ts';
import { openTerminal, openWt, type Terminal } from '../support/terminal.ts';
import { benchAt, type Bench } from '../support/wt.ts';

interface Slow extends Bench {
  /** The environment in which git answers no status before `release`. */
  readonly env: Env;
  release(...ids: readonly string[]): Promise<void>;
}

const OLD = { now: '2026-01-01T00:00:00Z' };
const IDS = ['api', 'docs', 'login', 'search'];

/** Sessions in several states, and a git whose `status` waits until it is released, all at once or in one session. */
async function makeSlow(ids: readonly string[] = IDS): Promise<Slow> {
  const room = await makeRoom();
  const at = '2026-01-02T00:00:00Z'; // so that no age changes while a test runs
  Object.assign(room.env, { GIT_COMMITTER_DATE: at, GIT_AUTHOR_DATE: at });
  const bench = benchAt(room, await room.repo('app', { f: 'one\n' }));
  for (const id of ids) await bench.wt('create', id, '--agent', 'claude', '--task', `The ${id} of everyone`, OLD);
  await bench.work(ids[0] ?? '', { x: '1\n' });
  await room.write(bench.at(ids[1] ?? ''), { y: '1\n', f: 'two\n' });
  const program = [
    '#!/bin/sh',
    `case " $* " in *" status "*) while [ ! -e ${room.dir}/free ] && [ ! -e "${room.dir}/free-$(basename "$PWD")" ]; do sleep 0.02; done;; esac`,
    'exec "$REAL_GIT" "$@"',
    '',
  ].join('\n');
  await room.write(path.join(room.dir, 'slow'), { git: program });
  await chmod(path.join(room.dir, 'slow', 'git'), 0o755);
  const real = await findGit(room.env['PATH'] ?? '');
  return {
    ...bench,
    env: { PATH: `${room.dir}/slow:${room.env['PATH'] ?? ''}`, REAL_GIT: real },
    async release(...some) {
      const names = some.length === 0 ? ['free'] : some.map((id) => `free-${id}`);
      for (const name of names) await writeFile(path.join(room.dir, name), '');
    },
  };
}

async function findGit(search: string): Promise<string> {
  for (const folder of search.split(':')) if (await exists(path.join(folder, 'git'))) return path.join(folder, 'git');
  throw new Error('no git');
}

/** The same list on a terminal on which nothing is drawn before it. */
async function plainOf(bench: Bench, argv: readonly string[], columns: number): Promise<string> {
  const { bytes, code } = await openWt(bench.room, bench.root, argv, { columns, env: { ACCESSIBLE: '1' } }).done;
  expect(code).toBe(0);
  expect(bytes).not.toContain('\u001B7');
  return bytes;
}

/** wt on a terminal, with the slow git; its process id stands in a file. */
const openSlow = (
  bench: Slow,
  argv: readonly string[],
  size: { columns?: number; rows?: number } = {},
  script = 'exec "$@"',
): Terminal =>
  openTerminal(
    bench.room,
    bench.root,
    [
      'bash',
      '-c',
      script,
      'bash',
      'sh',
      '-c',
      `echo $$ > "$HOME/pid"; exec "$@"`,
      'sh',
      process.execPath,
      PROGRAM,
      ...argv,
    ],
    { ...size, env: bench.env },
  );

test.each([[80], [120]])(
  'on %i columns what is known is drawn before git has answered, filled in, and the answer takes its place',
  async (columns) => {
    const bench = await makeSlow();
    const size = { columns, rows: 20 };
    const terminal = openSlow(bench, ['list'], size);
    await terminal.shows('4 sessions: 0 of 4 read');
    const first = terminal.screen().split('\n');
    expect(first[0]).toMatch(/^ID +STATUS +CHANGES +BASE +± +AGENT/);
    expect(first.slice(1, 5).map((line) => line.split(/ {2,}/).slice(0, 3))).toEqual(
      first.slice(1, 5).map((line) => [line.split(' ')[0], '·', '·']),
    );
    expect(first.join('\n')).toContain('The login of everyone');
    await bench.release('docs');
    await terminal.shows('4 sessions: 1 of 4 read');
    const second = terminal.screen().split('\n');
    expect(second[0]).toBe(first[0]);
    expect(second.find((line) => line.startsWith('docs'))).toContain('~1 ?1');
    expect(second.slice(1, 5).map((line) => line.split(' ')[0])).toEqual(
      first.slice(1, 5).map((line) => line.split(' ')[0]),
    );
    await bench.release();
    const { bytes, code } = await terminal.done;
    expect(code).toBe(0);
    expect(terminal.mode()).toEqual({ buffer: 'normal', isCursorShown: true });
    const plain = await plainOf(bench, ['list'], columns);
    expect(await shownAfter(size, bytes)).toEqual(await shownAfter(size, plain));
  },
);

test('the rows of the next draft stand where those of the list stood, as wide', async () => {
  const bench = await makeSlow();
  const rowsOf = (screen: string): readonly string[] =>
    screen
      .split('\n')
      .slice(1, 5)
      .map((line) => line.split(' ')[0] ?? '');
  const before = openSlow(bench, ['list']);
  await before.shows('0 of 4 read');
  await bench.release();
  const { screen } = await before.done;
  await until(() => exists(path.join(bench.root, '.git/wt/cache/last-list.json')));
  const again = await makeAgain(bench);
  await again.shows('0 of 4 read');
  expect(rowsOf(again.screen())).toEqual(rowsOf(screen));
  expect(again.screen().split('\n')[0]).toBe(screen.split('\n')[0]);
});

/** A list whose git waits once more. */
async function makeAgain(bench: Slow): Promise<Terminal> {
  const program = path.join(bench.room.dir, 'slow', 'git');
  await writeFile(program, (await readFile(program, 'utf8')).replaceAll('/free', '/never'));
  return openSlow(bench, ['list']);
}

test.each([
  ['taller than the terminal', ['list'], { columns: 80, rows: 6 }],
  ['with conflicts', ['list', '--conflicts', '--all'], { columns: 100, rows: 12 }],
  ['of one status', ['list', '--status', 'new'], { columns: 80, rows: 20 }],
] as readonly (readonly [string, readonly string[], { columns: number; rows: number }])[])(
  'a list %s is in the end what it is without a draft, its scrollback too',
  async (_, argv, size) => {
    const bench = await makeSlow();
    for (const isFirst of [true, false]) {
      const terminal = openSlow(bench, argv, size, 'seq 30; exec "$@"');
      if (isFirst && !argv.includes('--status')) await until(() => terminal.bytes().includes('of 4 read'));
      await bench.release();
      const { bytes, code } = await terminal.done;
      expect(code).toBe(0);
      const above = Array.from({ length: 30 }, (__, i) => `${i + 1}\n`).join('');
      const plain = await plainOf(bench, argv, size.columns);
      const [got, wanted] = [await shownAfter(size, bytes), await shownAfter(size, above, plain)];
      expect(got.lines).toEqual(wanted.lines);
      expect(got.cursor).toEqual(wanted.cursor);
    }
  },
);

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s takes the draft away, gives the cursor back, and ends as ever', async (signal, expected) => {
  const bench = await makeSlow();
  const terminal = openSlow(bench, ['list']);
  await terminal.shows('0 of 4 read');
  if (signal === 'SIGINT') terminal.type('\u0003');
  else process.kill(await pidOf(bench), signal);
  const { code, screen } = await terminal.done;
  expect(code).toBe(expected);
  expect(screen).not.toMatch(/STATUS|of 4 read|\^C/);
  expect(screen).toContain('interrupted');
  expect(terminal.mode()).toEqual({ buffer: 'normal', isCursorShown: true });
  await bench.release();
});

test('a stop takes the draft away, and after it the answer is printed below', async () => {
  const bench = await makeSlow();
  const script = 'set -m; "$@"; while [ ! -e "$HOME/free" ]; do sleep 0.02; done; echo; fg > /dev/null';
  const size = { columns: 80, rows: 20 };
  const terminal = openSlow(bench, ['list'], size, script);
  await terminal.shows('0 of 4 read');
  terminal.type('\u001A');
  const pid = await pidOf(bench);
  await until(async () => (await stateOf(pid)) === 'T');
  await terminal.until((screen) => !screen.includes('STATUS'));
  expect(terminal.mode().isCursorShown).toBe(true);
  const before = terminal.bytes().length;
  await bench.release();
  const { bytes, code } = await terminal.done;
  expect(code).toBe(0);
  const plain = (await shownAfter(size, await plainOf(bench, ['list'], 80))).lines;
  expect((await shownAfter(size, bytes)).lines.slice(-plain.length)).toEqual(plain);
  expect(bytes.slice(before)).not.toContain('\u001B8');
});

test.each([
  ['wider', 100, 20],
  ['narrower', 50, 20],
  ['lower', 80, 9],
] as const)(
  'a terminal that becomes %s meanwhile has the answer, as wide as it is then, below the draft',
  async (_, columns, rows) => {
    const bench = await makeSlow();
    const terminal = openSlow(bench, ['list'], { columns: 80, rows: 20 });
    await terminal.shows('0 of 4 read');
    const before = terminal.bytes().length;
    terminal.resize(columns, rows);
    await until(() => terminal.bytes().length > before);
    await bench.release();
    const { bytes, code } = await terminal.done;
    expect(code).toBe(0);
    const plain = (await shownAfter({ columns, rows: 60 }, await plainOf(bench, ['list'], columns))).lines;
    const after = (await shownAfter({ columns, rows: 60 }, bytes.slice(before))).lines;
    expect(after.slice(-plain.length)).toEqual(plain);
    expect(bytes.slice(before)).not.toContain('\u001B8');
  },
);

test('an error appears as it does without a draft', async () => {
  const bench = await makeSlow();
  const program = path.join(bench.room.dir, 'slow', 'git');
  const script = await readFile(program, 'utf8');
  const fails = `case " $* " in *" for-each-ref "*) while [ ! -e ${bench.room.dir}/free ]; do sleep 0.02; done; exit 128;; esac\nexec `;
  await writeFile(program, script.replace('exec ', fails));
  const terminal = openSlow(bench, ['list']);
  await terminal.shows('0 of 4 read');
  await bench.release();
  const { code, bytes } = await terminal.done;
  const plain = await openWt(bench.room, bench.root, ['list'], { env: { ...bench.env, ACCESSIBLE: '1' } }).done;
  expect([code, plain.code]).toEqual([5, 5]);
  const size = { columns: 80, rows: 60 };
  expect((await shownAfter(size, bytes)).lines).toEqual((await shownAfter(size, plain.bytes)).lines);
});

test('nothing is drawn where a person does not look, or does not want it', async () => {
  const bench = await makeSlow(['api', 'docs']);
  const { env } = bench;
  const cases: readonly (readonly [readonly string[], Env])[] = [
    [['list'], { NO_COLOR: '1' }],
    [['list', '--no-color'], {}],
    [['list'], { TERM: 'dumb' }],
    [['list'], { CI: 'true' }],
    [['list'], { ACCESSIBLE: '1' }],
    [['list', '--json'], {}],
    [['list', '--quiet'], {}],
    [['list', '--verbose'], {}],
  ];
  const open = cases.map(([argv, more]) => openWt(bench.room, bench.root, argv, { env: { ...env, ...more } }));
  const drawn = openSlow(bench, ['list']);
  await drawn.shows('0 of 2 read');
  const piped = runWt(bench.room, bench.root, ['list'], { env });
  await new Promise((resolve) => setTimeout(resolve, 500));
  await bench.release();
  for (const terminal of open) expect((await terminal.done).bytes).not.toMatch(/of 2 read|\u001B7/);
  expect((await piped).stdout).not.toContain('\u001B');
  expect((await drawn.done).code).toBe(0);
});

test('off a terminal, and where nothing can be drawn, it is not kept how the list was shown', async () => {
  const bench = await makeSlow(['api', 'docs']);
  await runWt(bench.room, bench.root, ['list']);
  await plainOf(bench, ['list'], 80);
  const file = path.join(bench.root, '.git/wt/cache/last-list.json');
  expect(await exists(file)).toBe(false);
  await openWt(bench.room, bench.root, ['list']).done;
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test('an answer that is there at once is printed alone; one that takes its time has a draft before it', async () => {
  const room = await makeRoom();
  const drawn: string[] = [];
  const draft = {
    open: () => ({
      size: () => ({ columns: 80, rows: 24 }),
      draw: (text: string) => drawn.push(text) > 0,
      erase: () => drawn.push('erased'),
    }),
  };
  const context = {
    deps: makeDeps(room, room.dir, { draft }),
    look: { theme: createTheme(0), isTerminal: true, width: 80, now: new Date(0) },
  };
  const picture = { begin: () => Promise.resolve(), lines: () => [`frame ${drawn.length}`] };
  expect(await draftWhile(context, picture, () => Promise.resolve('soon'))).toBe('soon');
  await expect(draftWhile(context, picture, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(drawn).toEqual(['erased']);
  drawn.length = 0;
  await draftWhile(context, picture, async (onChange) => {
    await until(() => drawn.length === 1);
    for (let i = 0; i < 50; i++) onChange();
    await until(() => drawn.length === 2);
  });
  expect(drawn.map((text) => /frame \d/.exec(text)?.[0])).toEqual(['frame 0', 'frame 1']);
});

async function pidOf(bench: Bench): Promise<number> {
  return Number(await readFile(path.join(bench.room.dir, 'pid'), 'utf8'));
}

async function stateOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1');
  return text.slice(text.lastIndexOf(')') + 2)[0] ?? '';
}
