import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { failure } from '../support/listing.ts';
import { configure, makeSetup } from '../support/setup.ts';
import { exists } from '../support/spawn.ts';
import type { Bench } from '../support/wt.ts';

const read = ({ root }: Bench, name: string): Promise<string> =>
  readFile(path.join(root, name), 'utf8').catch(() => '');

async function makeLandable(config: object): Promise<Bench> {
  const bench = await makeSetup({});
  for (const id of ['a', 'b']) {
    await bench.wt('create', id, '--task', `Task of ${id}`);
    await bench.work(id, { [`${id}.txt`]: '1\n' });
  }
  await configure(bench, config);
  await bench.git('add', '-A');
  await bench.git('commit', '--allow-empty', '-qm', 'configure');
  return bench;
}

test('hooks.merge.before runs in the session before anything is built, and may refuse', async () => {
  const bench = await makeLandable({
    merge: { gate: 'touch "$WT_MAIN/gate.log"' },
    hooks: { merge: { before: 'echo "$PWD $WT_INTO $WT_ID" >> "$WT_MAIN/before.log"; exit 1' } },
  });
  const before = await bench.git('rev-parse', 'main');
  expect(await failure(bench, 'merge', 'a', '--yes')).toMatchObject({
    exit: 7,
    code: 'hook.failed',
    changed: false,
    details: { hook: 'merge.before', id: 'a' },
    fix: ['wt', 'merge', 'a', '--no-hooks'],
  });
  expect(await read(bench, 'before.log')).toBe(`${bench.at('a')} main a\n`);
  expect(await read(bench, 'gate.log')).toBe('');
  expect(await bench.git('rev-parse', 'main')).toBe(before);
  expect((await bench.wt('merge', 'a', '--yes', '--no-hooks')).code).toBe(0);
  expect(await bench.git('rev-parse', 'main')).not.toBe(before);
});

test('a hook before a landing that commits in the session lands nothing that a person has not seen', async () => {
  const bench = await makeLandable({
    hooks: { merge: { before: 'echo more >> a.txt; git commit -qam more' } },
  });
  const before = await bench.git('rev-parse', 'main');
  expect((await bench.wt('merge', 'a', { answer: true, columns: 80 })).code).toBe(9);
  expect(await bench.git('rev-parse', 'main')).toBe(before);
});

test('nothing to land runs no hook', async () => {
  const bench = await makeLandable({
    hooks: { merge: { before: 'touch "$WT_MAIN/ran.log"', after: 'touch "$WT_MAIN/ran.log"' } },
  });
  await bench.wt('create', 'empty');
  expect((await bench.wt('merge', 'empty', '--yes')).code).toBe(0);
  expect((await bench.wt('merge', 'a', '--yes', '--dry-run')).code).toBe(0);
  expect(await read(bench, 'ran.log')).toBe('');
});

test('hooks.merge.after runs in the main worktree once each has landed, and its failure is a warning', async () => {
  const bench = await makeLandable({
    hooks: { merge: { after: 'echo "$PWD $WT_ID $(git rev-parse HEAD) $WT_COMMIT" >> "$WT_MAIN/after.log"; exit 6' } },
  });
  const { code, stderr } = await bench.wt('merge', 'a', 'b', '--yes');
  expect(code).toBe(0);
  expect(stderr).toContain('hooks.merge.after failed (exit 6)');
  const lines = (await read(bench, 'after.log')).trim().split('\n');
  expect(lines).toHaveLength(2);
  for (const line of lines) {
    const [folder, id, head, commit] = line.split(' ');
    expect([folder, head === commit, ['a', 'b'].includes(id ?? '')]).toEqual([bench.root, true, true]);
  }
});

test('--remove runs the hooks of remove and the teardown too', async () => {
  const bench = await makeLandable({
    hooks: { remove: { before: 'echo before >> "$WT_MAIN/order.log"' } },
    teardown: { run: 'echo teardown >> "$WT_MAIN/order.log"; exit 1' },
  });
  const { code, stderr } = await bench.wt('merge', 'a', '--yes', '--remove');
  expect(code).toBe(0);
  expect(stderr).toContain('teardown.run failed (exit 1)');
  expect(await read(bench, 'order.log')).toBe('before\nteardown\n');
  expect(await exists(bench.at('a'))).toBe(false);
  expect((await bench.wt('merge', 'b', '--yes', '--remove', '--no-hooks')).code).toBe(0);
  expect(await read(bench, 'order.log')).toBe('before\nteardown\n');
});

const GATED = {
  setup: { run: 'echo "$PWD $WT_GATE" >> "$WT_MAIN/setups.log"; echo ready > ready.log' },
  merge: { gate: 'cat ready.log' },
};

test('the gate worktree gets the set-up of the repository once, and again when a lockfile or the set-up is another', async () => {
  const bench = await makeLandable(GATED);
  const gate = path.join(bench.root, '.worktrees/.gate');
  const setups = async (): Promise<number> => (await read(bench, 'setups.log')).split('\n').length - 1;
  const { code, stderr } = await bench.wt('merge', 'a', '--yes');
  expect(code).toBe(0);
  expect(stderr).toContain('  ready\n');
  expect(await read(bench, 'setups.log')).toBe(`${gate} 1\n`);
  expect((await bench.wt('merge', 'b', '--yes')).code).toBe(0);
  expect(await setups()).toBe(1);
  await bench.wt('create', 'c');
  const inSessions = await setups();
  await bench.work('c', { 'sub/package-lock.json': '{}\n' });
  expect((await bench.wt('merge', 'c', '--yes')).code).toBe(0);
  expect(await setups()).toBe(inSessions + 1);
  await bench.wt('create', 'd');
  await bench.work('d', { d: '1\n' });
  await configure(bench, { ...GATED, setup: { run: [GATED.setup.run, 'true'] } });
  const before = await setups();
  expect((await bench.wt('merge', 'd', '--yes')).code).toBe(0);
  expect(await setups()).toBe(before + 1);
  await bench.wt('create', 'e');
  await bench.work('e', { e: '1\n' });
  await rm(gate, { recursive: true });
  const last = await setups();
  expect((await bench.wt('merge', 'e', '--yes')).code).toBe(0);
  expect(await setups()).toBe(last + 1);
});

test('the gate worktree gets the files that a session gets', async () => {
  const bench = await makeLandable({ setup: { copy: ['secret.log'] }, merge: { gate: 'cat secret.log' } });
  await bench.write({ 'secret.log': 'from main\n' });
  const { code, stderr } = await bench.wt('merge', 'a', '--yes');
  expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('  from main\n') as string });
});

test('a set-up of the gate worktree that fails is a red gate that names it, and is tried again', async () => {
  const bench = await makeLandable({
    setup: { run: 'echo broken; test -e "$WT_MAIN/net.log"' },
    merge: { gate: 'true' },
  });
  const before = await bench.git('rev-parse', 'main');
  const error = await failure(bench, 'merge', 'a', '--yes');
  expect(error).toMatchObject({
    exit: 7,
    code: 'gate.failed',
    changed: false,
    details: { isSetup: true, output: ['broken'] },
  });
  expect(error.message).toContain('the gate worktree cannot be made ready for a');
  expect(await readFile(String(error.details['log']), 'utf8')).toContain('broken\nexit 1\n');
  expect(await bench.git('rev-parse', 'main')).toBe(before);
  await bench.write({ 'net.log': '' });
  expect((await bench.wt('merge', 'a', '--yes')).code).toBe(0);
});

test('a gate that takes longer than merge.gateTimeout is ended and is red', async () => {
  const bench = await makeLandable({ merge: { gate: 'echo begun; sleep 60', gateTimeout: '1s' } });
  const error = await failure(bench, 'merge', 'a', '--yes');
  expect(error).toMatchObject({ exit: 7, code: 'gate.failed', details: { timedOut: true, exitCode: 124 } });
  expect(error.message).toContain('it took too long');
});

test('without a person’s word on the set-up no gate is run in it', async () => {
  const bench = await makeLandable({});
  await bench.write({ 'wt.config.jsonc': '{ "setup": { "run": "touch ../../ran" } }\n' });
  expect(await failure(bench, 'merge', 'a', '--yes', '--gate', 'true')).toMatchObject({
    exit: 8,
    code: 'config.untrusted',
  });
  expect((await bench.wt('merge', 'a', '--yes', '--gate', 'true', '--no-hooks')).code).toBe(0);
  expect(await exists(path.join(bench.root, 'ran'))).toBe(false);
});
