import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { failure, runFix } from '../support/listing.ts';
import { configure, makeSetup } from '../support/setup.ts';
import { exists, start, startWt, until } from '../support/spawn.ts';
import { makeBench, type Bench } from '../support/wt.ts';

interface View {
  id: string;
  status: string;
  setup?: { state: string; log: string | null; step?: string; reason?: string };
}
const viewOf = async (bench: Bench, id = 'a'): Promise<View> =>
  (await bench.data<{ session: View }>('show', id)).session;

/** The set-up passes once this file is there. */
const FLAKY = 'echo trying; test -e "$WT_MAIN/network.log"';

test('a failing set-up leaves the session broken, with the step, the log and the command that runs it again', async () => {
  const bench = await makeSetup({ setup: { run: [FLAKY, 'touch second.log'] } });
  const error = await failure(bench, 'create', 'a');
  expect(error).toMatchObject({
    exit: 7,
    code: 'setup.failed',
    changed: true,
    details: { id: 'a', path: bench.at('a'), step: FLAKY, exitCode: 1, timedOut: false, output: ['trying'] },
    fix: ['wt', 'setup', 'a'],
  });
  const log = String(error.details['log']);
  expect(await readFile(log, 'utf8')).toBe(`$ ${FLAKY}\ntrying\nexit 1\n`);
  expect(await viewOf(bench)).toMatchObject({
    status: 'broken',
    setup: { state: 'failed', step: FLAKY, reason: 'exit 1', log },
  });
  const list = await bench.wt('list', { columns: 160 });
  expect(list.stdout).toContain('broken');
  expect(list.stdout).toContain('set-up failed (exit 1)');
  expect((await bench.wt('show', 'a')).stdout).toMatch(/next +wt setup a/);

  expect(await runFix(bench, error.fix)).toBe(7);
  await bench.write({ 'network.log': '' });
  expect(await runFix(bench, error.fix)).toBe(0);
  expect(await viewOf(bench)).toMatchObject({ status: 'new', setup: { state: 'done' } });
  expect(await exists(path.join(bench.at('a'), 'second.log'))).toBe(true);
});

test('says in words that the session is there, and what to run', async () => {
  const bench = await makeSetup({ setup: { run: 'echo no network >&2; exit 3' } });
  const { code, stderr } = await bench.wt('create', 'a');
  expect(code).toBe(7);
  expect(stderr.replaceAll(/\d{4}-\d\d-\d\dT[\d-]+Z/g, 'TIME')).toMatchInlineSnapshot(`
    "setup for a: echo no network >&2; exit 3
      no network
    error: session a is there, but its set-up failed (exit 3): echo no network >&2; exit 3
      folder  $ROOM/app/.worktrees/a
      log     $ROOM/app/.git/wt/logs/setup/TIME-a-setup.log
      once the cause is mended, this runs the set-up again:
      next: wt setup a
    "
  `);
});

test('a set-up that is done may run again, and does all of it', async () => {
  const bench = await makeSetup({
    setup: { run: 'echo x >> runs.log' },
    hooks: { create: { after: 'echo x >> hooks.log' } },
  });
  await bench.wt('create', 'a');
  const { code, stdout } = await bench.wt('setup', 'a');
  expect({ code, stdout: stdout.replace(/\d+\.\d s/, 'T s') }).toEqual({
    code: 0,
    stdout: '✓ a is ready\n  set up by 1 command in T s\n',
  });
  expect(await readFile(path.join(bench.at('a'), 'runs.log'), 'utf8')).toBe('x\nx\n');
  expect(await readFile(path.join(bench.at('a'), 'hooks.log'), 'utf8')).toBe('x\n');
});

test('hooks.create.after runs once the session is ready for the first time, and never again', async () => {
  const bench = await makeSetup({
    setup: { run: FLAKY },
    hooks: { create: { after: 'echo x >> "$WT_MAIN/hooks.log"' } },
  });
  const hooks = (): Promise<string> => readFile(path.join(bench.root, 'hooks.log'), 'utf8').catch(() => '');
  await bench.wt('create', 'a');
  expect(await hooks()).toBe('');
  await bench.write({ 'network.log': '' });
  expect((await bench.wt('setup', 'a')).code).toBe(0);
  expect(await hooks()).toBe('x\n');
  await bench.room.git(bench.root, 'clean', '-fdxq', '-e', '.worktrees', '-e', 'hooks.log');
  expect((await bench.wt('setup', 'a')).code).toBe(7);
  await bench.write({ 'network.log': '' });
  expect((await bench.wt('setup', 'a')).code).toBe(0);
  expect(await hooks()).toBe('x\n');
});

test('without a word of a person nothing of the repository runs: exit 8', async () => {
  const bench = await makeBench({ 'wt.config.jsonc': '{ "setup": { "run": "touch ran" } }\n' });
  await bench.wt('create', 'a', '--no-setup');
  expect(await viewOf(bench)).toMatchObject({ status: 'new', setup: { state: 'skipped' } });
  expect(await failure(bench, 'setup', 'a')).toMatchObject({ exit: 8, code: 'config.untrusted', changed: false });
  expect(await failure(bench, 'setup', 'a', '--yes')).toMatchObject({ exit: 8, code: 'config.untrusted' });
  expect((await bench.wt('setup', 'a', { columns: 80, answer: false })).code).toBe(8);
  expect(await exists(path.join(bench.at('a'), 'ran'))).toBe(false);
  expect((await bench.wt('setup', 'a', { columns: 80, answer: true })).code).toBe(0);
  expect(await exists(path.join(bench.at('a'), 'ran'))).toBe(true);
});

test('a person who is asked from inside a session is not asked at all', async () => {
  const bench = await makeBench({ 'wt.config.jsonc': '{ "setup": { "run": "touch ran" } }\n' });
  await bench.wt('create', 'a', '--no-setup');
  const stage = { cwd: bench.at('a'), columns: 80, answer: true };
  expect((await bench.wt('setup', stage)).code).toBe(8);
  expect((await bench.wt('setup', 'a', { columns: 80, answer: true, env: { WT_SESSION: 'a' } })).code).toBe(8);
  expect(await exists(path.join(bench.at('a'), 'ran'))).toBe(false);
});

test('what changed since it was approved does not run', async () => {
  const bench = await makeSetup({ setup: { run: 'true' } });
  await bench.wt('create', 'a');
  await bench.write({ 'wt.config.jsonc': '{ "setup": { "run": "touch ran" } }\n' });
  expect(await failure(bench, 'setup', 'a')).toMatchObject({ code: 'config.untrusted' });
  expect(await exists(path.join(bench.at('a'), 'ran'))).toBe(false);
});

test('two set-ups of one session never run at once', async () => {
  const bench = await makeSetup({
    setup: { run: 'touch begun.log; until [ -e "$WT_MAIN/go.log" ]; do sleep 0.02; done' },
  });
  const first = startWt(bench.room, bench.root, ['create', 'a']);
  await until(() => exists(path.join(bench.at('a'), 'begun.log')));
  expect(await viewOf(bench)).toMatchObject({ status: 'busy', setup: { state: 'running' } });
  expect(await failure(bench, 'setup', 'a')).toMatchObject({ exit: 4, code: 'session.live', changed: false });
  expect(await failure(bench, 'remove', 'a')).toMatchObject({ exit: 4, code: 'session.live' });
  await bench.write({ 'go.log': '' });
  expect((await first.done).code).toBe(0);
  expect(await viewOf(bench)).toMatchObject({ status: 'new', setup: { state: 'done' } });
});

test('a removal with --kill ends the set-up first', async () => {
  const bench = await makeSetup({ setup: { run: 'touch begun.log; sleep 60' } });
  const child = startWt(bench.room, bench.root, ['create', 'a']);
  await until(() => exists(path.join(bench.at('a'), 'begun.log')));
  expect((await bench.wt('remove', 'a', '--kill')).code).toBe(0);
  expect((await child.done).code).not.toBe(0);
  expect(await exists(bench.at('a'))).toBe(false);
});

test.each(['SIGINT', 'SIGTERM'] as const)(
  '%s ends the set-up with all it started and leaves the session broken',
  async (signal) => {
    const bench = await makeSetup({ setup: { run: 'sleep 60 & echo $! > pid.log; wait' } });
    const child = startWt(bench.room, bench.root, ['create', 'a']);
    await until(async () => (await readFile(path.join(bench.at('a'), 'pid.log'), 'utf8').catch(() => '')) !== '');
    child.kill(signal);
    const { code, stderr } = await child.done;
    expect(code).toBe(signal === 'SIGINT' ? 130 : 143);
    expect(stderr).toContain('Session a is there; its set-up was ended.');
    expect(stderr).toContain('next: wt setup a');
    const pid = (await readFile(path.join(bench.at('a'), 'pid.log'), 'utf8')).trim();
    await until(async () => {
      const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => ') Z');
      return stat.includes(') Z');
    });
    expect(await viewOf(bench)).toMatchObject({ status: 'broken', setup: { state: 'failed', reason: 'interrupted' } });
  },
);

test('of a wt that was killed in a set-up the session is broken once nothing of it runs any more', async () => {
  const bench = await makeSetup({
    setup: { run: 'echo $$ > pid.log; until [ -e "$WT_MAIN/go.log" ]; do sleep 0.02; done; touch late.log' },
  });
  const child = startWt(bench.room, bench.root, ['create', 'a']);
  await until(async () => (await readFile(path.join(bench.at('a'), 'pid.log'), 'utf8').catch(() => '')) !== '');
  child.kill('SIGKILL');
  await child.done;
  // Its command lives on, and is not joined by a second one.
  expect((await viewOf(bench)).status).toBe('busy');
  expect(await failure(bench, 'setup', 'a')).toMatchObject({ code: 'session.live' });
  await bench.write({ 'go.log': '' });
  await until(async () => (await viewOf(bench)).status !== 'busy');
  expect(await viewOf(bench)).toMatchObject({ status: 'broken', setup: { state: 'failed', reason: 'it was cut off' } });
  expect((await bench.wt('setup', 'a')).code).toBe(0);
  expect(await viewOf(bench)).toMatchObject({ status: 'new', setup: { state: 'done' } });
});

test('a registry that is rebuilt still knows that the set-up failed', async () => {
  const bench = await makeSetup({ setup: { run: 'exit 1' } });
  await bench.wt('create', 'a');
  await bench.write({ '.worktrees/sessions.json': '{ damaged' });
  expect(await viewOf(bench)).toMatchObject({ status: 'broken', setup: { state: 'failed' } });
});

test('a dry run says what would run and runs nothing', async () => {
  const bench = await makeSetup({
    setup: { copy: ['.env'], run: ['npm ci', { name: 'build', run: ['make', 'all'] }] },
  });
  const { stdout } = await bench.wt('create', 'a', '--dry-run');
  expect(stdout.split('\n').slice(2)).toEqual([
    '  would copy: .env',
    '  would run (setup.run[0]): npm ci',
    '  would run (setup.run[1]): build: ["make","all"]',
    '',
  ]);
  await configure(bench, { setup: { run: 'touch ran.log' } });
  await bench.wt('create', 'a', '--no-setup');
  expect((await bench.data('setup', 'a', '--dry-run'))['would']).toEqual(['would run (setup.run[0]): touch ran.log']);
  expect(await exists(path.join(bench.at('a'), 'ran.log'))).toBe(false);
});

test('nothing to do is no failure', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  expect(await bench.wt('setup', 'a')).toMatchObject({ code: 0, stdout: '✓ a is ready\n' });
});

test('a session whose folder is gone is not set up', async () => {
  const bench = await makeSetup({ setup: { run: 'true' } });
  await bench.wt('create', 'a');
  await start(bench.room, bench.root, ['rm', '-rf', bench.at('a')]).done;
  expect(await failure(bench, 'setup', 'a')).toMatchObject({ exit: 4, code: 'path.unsafe', changed: false });
});
