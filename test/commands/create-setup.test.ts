import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { failure, runFix } from '../support/listing.ts';
import { makeSetup } from '../support/setup.ts';
import { exists, findFaults, runAll } from '../support/spawn.ts';
import { makeBench } from '../support/wt.ts';

const BROUGHT = { 'wt.config.jsonc': '{ "setup": { "run": "touch ran" } }\n' };

test('a repository that nobody has approved anything of creates nothing: exit 8, and says what goes without', async () => {
  const bench = await makeBench(BROUGHT);
  const error = await failure(bench, 'create', 'a');
  expect(error).toMatchObject({
    exit: 8,
    code: 'config.untrusted',
    changed: false,
    details: { commands: ['setup.run[0]: touch ran'], without: ['wt', 'create', 'a', '--no-setup'] },
    fix: ['wt', 'trust'],
  });
  expect((await bench.data<{ sessions: [] }>('list')).sessions).toEqual([]);
  expect(await bench.git('branch', '--list', 'wt/*')).toBe('');
  const { stderr } = await bench.wt('create', 'a', '--yes');
  expect(stderr).toContain('without them: wt create a --no-setup');
  expect(await runFix(bench, error.details['without'] as string[])).toBe(0);
  expect(await exists(path.join(bench.at('a'), 'ran'))).toBe(false);
});

test('on a terminal a person is shown the commands and asked, and a no creates nothing', async () => {
  const bench = await makeBench(BROUGHT);
  const no = await bench.wt('create', 'a', { columns: 80, answer: false });
  expect(no.code).toBe(8);
  expect(no.stderr).toContain('setup.run[0]: touch ran');
  expect(await exists(bench.at('a'))).toBe(false);
  expect((await bench.wt('create', 'a', { columns: 80, answer: true })).code).toBe(0);
  expect(await exists(path.join(bench.at('a'), 'ran'))).toBe(true);
  expect((await bench.wt('create', 'b')).code).toBe(0); // it was approved for good
});

test('an agent in a session that is asked the same is refused', async () => {
  const bench = await makeBench(BROUGHT);
  await bench.wt('create', 'a', '--no-setup');
  const inside = { cwd: bench.at('a'), columns: 80, answer: true };
  expect((await bench.wt('create', 'b', inside)).code).toBe(8);
  expect((await bench.wt('create', 'b', '--yes', inside)).code).toBe(8);
  expect(await exists(bench.at('b'))).toBe(false);
});

test('--reuse of a session that is there asks for nothing and runs nothing', async () => {
  const bench = await makeBench(BROUGHT);
  await bench.wt('create', 'a', '--no-setup');
  expect((await bench.wt('create', 'a', '--reuse')).code).toBe(0);
  expect(await exists(path.join(bench.at('a'), 'ran'))).toBe(false);
});

test('--no-setup leaves out hooks too', async () => {
  const bench = await makeSetup({ hooks: { create: { before: 'exit 1', after: 'touch after.log' } } });
  expect((await bench.wt('create', 'a', '--no-setup')).code).toBe(0);
  expect(await exists(path.join(bench.at('a'), 'after.log'))).toBe(false);
});

test('hooks.create.before runs in the main worktree before anything is made, and may refuse', async () => {
  const bench = await makeSetup({
    hooks: {
      create: { before: 'echo "$PWD|$WT_ID|$WT_BASE|$WT_PATH" > "$WT_MAIN/seen.log"; ls .worktrees; echo no; exit 5' },
    },
  });
  const error = await failure(bench, 'create', 'a', '--task', 'T');
  expect(error).toMatchObject({
    exit: 7,
    code: 'hook.failed',
    changed: false,
    details: { hook: 'create.before', verb: 'create', id: 'a' },
    fix: ['wt', 'create', 'a', '--no-setup'],
  });
  expect(await readFile(path.join(bench.root, 'seen.log'), 'utf8')).toBe(`${bench.root}|a|main|${bench.at('a')}\n`);
  expect(await exists(bench.at('a'))).toBe(false);
  expect(await findFaults(bench.room, bench.root)).toEqual([]);
  expect((await bench.wt('create', 'a')).stderr).toContain('Nothing was created.');
});

test('a create that would be refused runs no hook', async () => {
  const bench = await makeSetup({ hooks: { create: { before: 'touch "$WT_MAIN/ran.log"' } } });
  await bench.git('branch', 'wt/a');
  expect((await bench.wt('create', 'a')).code).toBe(4);
  expect(await exists(path.join(bench.root, 'ran.log'))).toBe(false);
});

test('hooks.create.after runs in the session once it is ready, and its failure is a warning', async () => {
  const bench = await makeSetup({
    setup: { run: 'touch one.log' },
    hooks: { create: { after: 'pwd; test -e one.log && exit 9' } },
  });
  const { code, stderr } = await bench.wt('create', 'a');
  expect(code).toBe(0);
  expect(stderr).toContain('  $ROOM/app/.worktrees/a\n');
  expect(stderr).toContain('hooks.create.after failed (exit 9)');
  expect(await bench.data('show', 'a')).toMatchObject({ session: { status: 'new', setup: { state: 'done' } } });
});

test('a hook may call wt: no lock is held while it runs', async () => {
  const wt = `${process.execPath} ${path.resolve('bin/wt.js')}`;
  const env = { WT_LOCK_TIMEOUT: '5' };
  const bench = await makeSetup({
    setup: { run: `${wt} list && ${wt} create inner-{id} --no-setup` },
    hooks: {
      create: { before: `${wt} list`, after: `${wt} list` },
      remove: { before: `${wt} list`, after: `${wt} create gone-{id} --no-setup` },
      merge: { before: `${wt} create pre-{id} --no-setup`, after: `${wt} list` },
      clean: { before: `${wt} list`, after: `${wt} create tidy --no-setup` },
    },
    teardown: { run: `${wt} create last-{id} --no-setup` },
  });
  expect(await bench.wt('create', 'a', { env })).toMatchObject({ code: 0 });
  await bench.work('a', { x: '1\n' });
  expect(await bench.wt('merge', 'a', '--yes', { env })).toMatchObject({ code: 0 });
  expect(await bench.wt('remove', 'a', { env })).toMatchObject({ code: 0 });
  expect(await bench.wt('clean', { env })).toMatchObject({ code: 0 });
  const { sessions } = await bench.data<{ sessions: { id: string }[] }>('list');
  expect(sessions.map(({ id }) => id).toSorted()).toEqual(['gone-a', 'inner-a', 'last-a', 'pre-a', 'tidy']);
});

test('the set-ups of several creates run side by side', async () => {
  const bench = await makeSetup({
    setup: {
      run: 'touch "$WT_MAIN/$WT_ID.log"; until [ -e "$WT_MAIN/a.log" ] && [ -e "$WT_MAIN/b.log" ]; do sleep 0.02; done',
    },
  });
  const exits = await runAll(bench.room, bench.root, [
    ['create', 'a'],
    ['create', 'b'],
  ]);
  expect(exits.map(({ code }) => code)).toEqual([0, 0]);
});

test('where there is nothing to set up a create costs no further git process', async () => {
  const bench = await makeBench();
  const plain = await bench.wt('create', 'a', '--no-setup');
  const whole = await bench.wt('create', 'b');
  expect(whole.git.length).toBeLessThanOrEqual(plain.git.length);
});

test('the task file goes into the trash with its session and comes back with it', async () => {
  const bench = await makeSetup({ setup: { run: 'printf %s "$WT_TASK_FILE" > file.log' } });
  await bench.wt('create', 'a', '--task', 'Keep me');
  const file = await readFile(path.join(bench.at('a'), 'file.log'), 'utf8');
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  await bench.wt('remove', 'a');
  expect(await exists(file)).toBe(false);
  const { stdout } = await bench.wt('restore', 'a');
  expect(await readFile(file, 'utf8')).toBe('Keep me');
  expect(stdout).toContain('wt setup a');
});

test('what was copied, linked and run is said, in words and in JSON', async () => {
  const bench = await makeSetup({ setup: { copy: ['local.log'], run: ['true', 'true'] } });
  await bench.write({ 'local.log': 'x\n' });
  const { stdout } = await bench.wt('create', 'a');
  expect(stdout).toMatch(/ {2}copied 1 file \(2 B[^)]*\): local\.log\n {2}set up by 2 commands in \d+\.\d s\n$/);
  const { setup } = await bench.data<{ setup: object }>('create', 'b');
  expect(setup).toMatchObject({
    files: { copied: 1, copiedBytes: 2, entries: ['local.log'] },
    steps: [
      { phase: 'setup', at: 'setup.run[0]', command: 'true', exitCode: 0 },
      { phase: 'setup', at: 'setup.run[1]', command: 'true', exitCode: 0 },
    ],
  });
});
