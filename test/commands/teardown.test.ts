import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { failure, runFix } from '../support/listing.ts';
import { configure, makeSetup } from '../support/setup.ts';
import { exists, startWt, until } from '../support/spawn.ts';
import { makeBench, type Bench } from '../support/wt.ts';

const read = ({ root }: Bench, name: string): Promise<string> =>
  readFile(path.join(root, name), 'utf8').catch(() => '');

const ORDER = {
  hooks: {
    remove: {
      before: 'echo "before $PWD" >> "$WT_MAIN/order.log"',
      after: 'echo "after $PWD $WT_PATH" >> "$WT_MAIN/order.log"',
    },
  },
  teardown: { run: 'echo "teardown $PWD" >> "$WT_MAIN/order.log"; test -e README.md' },
};

test('remove runs hooks.remove.before and the teardown in the worktree, then hooks.remove.after in the main one', async () => {
  const bench = await makeSetup(ORDER);
  await bench.wt('create', 'a');
  expect((await bench.wt('remove', 'a')).code).toBe(0);
  expect(await read(bench, 'order.log')).toBe(
    `before ${bench.at('a')}\nteardown ${bench.at('a')}\nafter ${bench.root} ${bench.at('a')}\n`,
  );
});

test('a hook that runs before may refuse: nothing is removed, and --no-hooks removes without', async () => {
  const bench = await makeSetup({
    hooks: { remove: { before: 'echo not today; exit 2' } },
    teardown: { run: 'touch "$WT_MAIN/torn.log"' },
  });
  await bench.wt('create', 'a');
  const error = await failure(bench, 'remove', 'a');
  expect(error).toMatchObject({
    exit: 7,
    code: 'hook.failed',
    changed: false,
    details: { hook: 'remove.before', id: 'a', output: 'not today' },
    fix: ['wt', 'remove', 'a', '--no-hooks'],
  });
  expect(await exists(bench.at('a'))).toBe(true);
  expect(await read(bench, 'torn.log')).toBe('');
  expect(await exists(String(error.details['log']))).toBe(true);
  expect(await runFix(bench, error.fix)).toBe(0);
  expect(await exists(bench.at('a'))).toBe(false);
});

test('a failing teardown is a warning with its log, and the session goes all the same', async () => {
  const bench = await makeSetup({ teardown: { run: 'exit 3' } });
  await bench.wt('create', 'a');
  const { code, stderr } = await bench.wt('remove', 'a');
  expect(code).toBe(0);
  expect(stderr).toMatch(/a: teardown\.run failed \(exit 3\): exit 3; log \S+-a-teardown\.log/);
  expect(await exists(bench.at('a'))).toBe(false);
});

test('a teardown that hangs is ended after its time', async () => {
  const bench = await makeSetup({ teardown: { run: 'sleep 60', timeout: '1s' } });
  await bench.wt('create', 'a');
  const { code, stderr } = await bench.wt('remove', 'a');
  expect(code).toBe(0);
  expect(stderr).toContain('took longer than 1 s');
});

test('a removal that is refused tears nothing down', async () => {
  const bench = await makeSetup(ORDER);
  await bench.wt('create', 'a');
  await bench.room.write(bench.at('a'), { 'new.txt': 'x\n' });
  expect((await bench.wt('remove', 'a')).code).toBe(4);
  expect(await read(bench, 'order.log')).toBe('');
});

test('work that a hook leaves behind is seen: what is judged again under the lock refuses', async () => {
  const bench = await makeSetup({ hooks: { remove: { before: 'echo precious > new.txt' } } });
  await bench.wt('create', 'a');
  expect(await failure(bench, 'remove', 'a')).toMatchObject({ exit: 4, code: 'session.dirty' });
  expect(await readFile(path.join(bench.at('a'), 'new.txt'), 'utf8')).toBe('precious\n');
});

test('what nobody has approved refuses a removal, and --no-hooks removes', async () => {
  const bench = await makeBench({ 'wt.config.jsonc': '{ "teardown": { "run": "touch ../../ran" } }\n' });
  await bench.wt('create', 'a');
  const error = await failure(bench, 'remove', 'a');
  expect(error).toMatchObject({ exit: 8, code: 'config.untrusted', changed: false });
  expect(await exists(bench.at('a'))).toBe(true);
  expect(await runFix(bench, error.details['without'] as string[])).toBe(0);
  expect(await exists(path.join(bench.root, 'ran'))).toBe(false);
});

test('a session whose folder is gone goes with a warning instead of its teardown', async () => {
  const bench = await makeSetup({ teardown: { run: 'true' } });
  await bench.wt('create', 'a');
  await rm(bench.at('a'), { recursive: true });
  const { code, stderr } = await bench.wt('remove', 'a');
  expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('its folder is gone') as string });
});

test('Ctrl-C in a teardown leaves the session where it is', async () => {
  const bench = await makeSetup({ teardown: { run: 'touch begun.log; sleep 60' } });
  await bench.wt('create', 'a');
  const child = startWt(bench.room, bench.root, ['remove', 'a']);
  await until(() => exists(path.join(bench.at('a'), 'begun.log')));
  child.kill('SIGINT');
  const { code, stderr } = await child.done;
  expect(code).toBe(130);
  expect(stderr).toContain('a is there; its teardown was cut off.');
  expect(await exists(bench.at('a'))).toBe(true);
});

test('clean runs its hooks once in the main worktree, and the teardown of each session that goes', async () => {
  const bench = await makeSetup({
    hooks: {
      clean: { before: 'echo "before $PWD" >> order.log', after: 'cat > removed.log; echo after >> order.log' },
      remove: { before: 'exit 1' },
    },
    teardown: { run: 'echo "teardown $WT_ID" >> "$WT_MAIN/order.log"' },
  });
  for (const id of ['a', 'b']) {
    await bench.wt('create', id);
    await bench.work(id, { [id]: '1\n' });
    await bench.wt('merge', id, '--yes');
  }
  await bench.wt('create', 'stays');
  expect((await bench.wt('clean')).code).toBe(0);
  expect(await read(bench, 'order.log')).toBe(`before ${bench.root}\nteardown a\nteardown b\nafter\n`);
  expect(JSON.parse(await read(bench, 'removed.log'))).toMatchObject({ phase: 'clean.after', removed: ['a', 'b'] });
  expect(await exists(bench.at('stays'))).toBe(true);
});

test('a hook before clean that fails keeps everything', async () => {
  const bench = await makeSetup({ hooks: { clean: { before: 'exit 1' } } });
  await bench.wt('create', 'a');
  await bench.work('a', { a: '1\n' });
  await bench.wt('merge', 'a', '--yes');
  const error = await failure(bench, 'clean');
  expect(error).toMatchObject({ exit: 7, code: 'hook.failed', fix: ['wt', 'clean', '--no-hooks'] });
  expect(await exists(bench.at('a'))).toBe(true);
  expect(await runFix(bench, error.fix)).toBe(0);
  expect(await exists(bench.at('a'))).toBe(false);
});

test('a dry run of remove and of clean runs no command', async () => {
  const bench = await makeSetup(ORDER);
  await bench.wt('create', 'a');
  await bench.wt('remove', 'a', '--dry-run');
  await bench.wt('clean', '--dry-run');
  expect(await read(bench, 'order.log')).toBe('');
});

test('what another session is called gets into no command of this one', async () => {
  const bench = await makeSetup({});
  await bench.wt('create', 'a');
  await configure(bench, { teardown: { run: 'echo {branch} > "$WT_MAIN/seen.log"' } });
  await bench.wt('remove', 'a');
  expect(await read(bench, 'seen.log')).toBe('wt/a\n');
});
