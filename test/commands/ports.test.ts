import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { benchAt, makeBench, type Bench } from '../support/wt.ts';
import { runAll, runWt, startWt } from '../support/spawn.ts';

type Ports = Readonly<Record<string, number>>;

async function makeWith(config: unknown): Promise<Bench> {
  return makeBench({ 'README.md': 'hello\n', 'wt.config.jsonc': JSON.stringify(config) });
}

/** A place of its own for each test, so that tests that run side by side do not meet. */
let next = 10_000 + (process.pid % 90) * 100;
const range = (size = 20): { from: number; to: number } => {
  const from = next;
  next += size;
  return { from, to: from + size - 1 };
};

async function portsOf(bench: Bench, id: string): Promise<Ports> {
  const { session } = await bench.data<{ session: { ports?: Ports } }>('show', id);
  return session.ports ?? {};
}

async function listen(port: number, host: string): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  onTestFinished(() => void server.close());
  return server;
}

test('every session gets ports of its own, the same in show, list, its environment and the answer of create', async () => {
  const bench = await makeWith({ ports: { names: ['web', 'db'], ...range() } });
  const { session } = await bench.data<{ session: { ports: Ports } }>('create', 'a');
  await bench.wt('create', 'b');
  const [a, b] = [await portsOf(bench, 'a'), await portsOf(bench, 'b')];
  expect(session.ports).toEqual(a);
  expect(new Set([...Object.values(a), ...Object.values(b)]).size).toBe(4);
  expect(a['db']).toBe((a['web'] ?? 0) + 1);
  const { sessions } = await bench.data<{ sessions: { id: string; ports: Ports }[] }>('list');
  expect(Object.fromEntries(sessions.map(({ id, ports }) => [id, ports]))).toEqual({ a, b });
  const { results } = await bench.data<{ results: { stdout: string }[] }>(
    'exec',
    'a',
    '--',
    'sh',
    '-c',
    'echo $WT_PORT_WEB $WT_PORT_DB',
  );
  expect(results[0]?.stdout).toBe(`${a['web']} ${a['db']}\n`);
  expect((await bench.wt('show', 'a')).stdout).toContain(`ports     web ${a['web']}  db ${a['db']}\n`);
});

test('a session without ports in the configuration has none and says nothing of them', async () => {
  const bench = await makeBench();
  const { session } = await bench.data<{ session: object }>('create', 'a');
  expect(Object.keys(session)).not.toContain('ports');
});

test.each(['127.0.0.1', '0.0.0.0', '::1', '::'])(
  'a port on which somebody listens at %s is passed over',
  async (host) => {
    const bench = await makeWith({ ports: { names: ['web'], ...range(2) } });
    await bench.wt('create', 'a');
    const before = (await portsOf(bench, 'a'))['web'] ?? 0;
    await bench.wt('remove', 'a');
    try {
      await listen(before, host);
    } catch {
      return; // no such family here
    }
    await bench.wt('create', 'a');
    expect((await portsOf(bench, 'a'))['web']).not.toBe(before);
  },
);

test('ports go with the session, and the same id gets the same again', async () => {
  const bench = await makeWith({ ports: { names: ['web'], ...range() } });
  await bench.wt('create', 'a');
  const before = await portsOf(bench, 'a');
  await bench.wt('remove', 'a');
  await bench.wt('create', 'a');
  expect(await portsOf(bench, 'a')).toEqual(before);
});

test('a range that is used up refuses the next create, also a dry one, and leaves nothing behind', async () => {
  const bench = await makeWith({ ports: { names: ['web', 'db'], ...range(5) } });
  await bench.wt('create', 'a');
  await bench.wt('create', 'b');
  const registry = await readFile(`${bench.root}/.worktrees/sessions.json`, 'utf8');
  for (const argv of [
    ['create', 'c'],
    ['create', 'c', '--dry-run'],
  ]) {
    const { code, stderr } = await bench.wt(...argv);
    expect({ code, stderr }).toMatchObject({ code: 4, stderr: expect.stringContaining('no ports are left') as string });
  }
  expect(await readFile(`${bench.root}/.worktrees/sessions.json`, 'utf8')).toBe(registry);
  expect(await bench.git('branch', '--list', 'wt/c')).toBe('');
});

test('a restored session has its ports again, unless somebody has them by now: then new ones, and that is said', async () => {
  const bench = await makeWith({ ports: { names: ['web'], ...range(2) } });
  await bench.wt('create', 'a');
  const before = await portsOf(bench, 'a');
  await bench.wt('remove', 'a');
  await bench.wt('restore', 'a');
  expect(await portsOf(bench, 'a')).toEqual(before);

  await bench.wt('remove', 'a');
  await listen(before['web'] ?? 0, '127.0.0.1');
  const { stderr } = await bench.wt('restore', 'a');
  const after = (await portsOf(bench, 'a'))['web'] ?? 0;
  expect(after).not.toBe(before['web']);
  expect(stderr).toContain(`its port web is ${after} now: ${before['web']} was taken meanwhile`);
});

test('the undo of a removal keeps the ports or says the new ones', async () => {
  const bench = await makeWith({ ports: { names: ['web'], ...range(3) } });
  await bench.wt('create', 'a');
  const before = await portsOf(bench, 'a');
  await bench.wt('remove', 'a');
  await bench.wt('undo');
  expect(await portsOf(bench, 'a')).toEqual(before);
  await bench.wt('remove', 'a');
  await listen(before['web'] ?? 0, '::');
  const { stderr } = await bench.wt('undo');
  expect(stderr).toContain(`a: its port web is ${(await portsOf(bench, 'a'))['web']} now`);
});

test('a session that came meanwhile keeps the ports it got; the one that comes back gives way', async () => {
  const bench = await makeWith({ ports: { names: ['web'], ...range(1) } });
  await bench.wt('create', 'a');
  await bench.wt('remove', 'a');
  await bench.wt('create', 'b');
  const taken = await portsOf(bench, 'b');
  expect((await bench.wt('restore', 'a')).code).toBe(0);
  expect(await portsOf(bench, 'b')).toEqual(taken);
  expect(await portsOf(bench, 'a')).toEqual({});
});

test('an adopted worktree gets ports, and has them again when its adoption is taken back and done again', async () => {
  const bench = await makeWith({ ports: { names: ['web'], ...range() } });
  await bench.git('worktree', 'add', '-q', '-b', 'side', '../side');
  await bench.wt('adopt', '../side');
  const before = await portsOf(bench, 'side');
  expect(Object.keys(before)).toEqual(['web']);
  await bench.wt('undo');
  await bench.wt('undo');
  expect(await portsOf(bench, 'side')).toEqual(before);
});

test('a lost registry comes back with the ports in it', async () => {
  const bench = await makeWith({ ports: { names: ['web'], ...range() } });
  await bench.wt('create', 'a');
  const before = await portsOf(bench, 'a');
  await writeFile(`${bench.root}/.worktrees/sessions.json`, '{');
  await bench.wt('create', 'b');
  expect(await portsOf(bench, 'a')).toEqual(before);
  expect(Object.values(await portsOf(bench, 'b'))).not.toContain(before['web']);
});

test('two repositories with one range never get the same ports, though nobody listens yet', async () => {
  const bench = await makeWith({ ports: { names: ['web', 'db'], ...range(8) } });
  const text = await readFile(`${bench.root}/wt.config.jsonc`, 'utf8');
  const other = benchAt(bench.room, await bench.room.repo('other', { 'wt.config.jsonc': text }));
  const all: number[] = [];
  for (const [i, one] of [bench, other, bench, other].entries()) {
    await one.wt('create', `s${i}`);
    all.push(...Object.values(await portsOf(one, `s${i}`)));
  }
  expect(new Set(all).size).toBe(8);
});

test('a hint of other repositories that cannot be read or written is no reason to fail', async () => {
  const bench = await makeWith({ ports: { names: ['web'], ...range() } });
  const state = `${bench.room.dir}/.local/state/wt`;
  await mkdir(`${state}/ports.json`, { recursive: true });
  expect((await bench.wt('create', 'a')).code).toBe(0);
  const file = `${bench.room.dir}/state`;
  await writeFile(file, 'no folder');
  expect((await bench.wt('create', 'b', { env: { XDG_STATE_HOME: file } })).code).toBe(0);
});

test('many creates at once get ports without a collision', async () => {
  const bench = await makeWith({ ports: { names: ['web', 'db', 'mail'], ...range(30) } });
  const ids = Array.from({ length: 8 }, (_, i) => `s${i}`);
  const exits = await runAll(
    bench.room,
    bench.root,
    ids.map((id) => ['create', id]),
  );
  expect(exits.map(({ code }) => code)).toEqual(ids.map(() => 0));
  const { sessions } = await bench.data<{ sessions: { ports: Ports }[] }>('list');
  expect(new Set(sessions.flatMap(({ ports }) => Object.values(ports))).size).toBe(24);
});

test('a create that is killed gives its ports back', async () => {
  const { from, to } = range(1);
  const bench = await makeBench({
    'README.md': 'hello\n',
    '.gitattributes': 'slow.txt filter=slow\n',
    'slow.txt': 'x\n',
    'wt.config.jsonc': JSON.stringify({ ports: { names: ['web'], from, to } }),
  });
  await bench.git('config', 'filter.slow.smudge', 'touch "$(git rev-parse --git-common-dir)/slow"; sleep 60; cat');
  const begun = startWt(bench.room, bench.root, ['create', 'a'], { group: true });
  const rows = async (): Promise<string> => readFile(`${bench.root}/.worktrees/sessions.json`, 'utf8').catch(() => '');
  while (!(await rows()).includes(`"web": ${from}`)) await new Promise((resolve) => setTimeout(resolve, 20));
  process.kill(-begun.pid, 'SIGKILL');
  await begun.done;
  await bench.git('config', 'filter.slow.smudge', 'cat');
  const { code } = await runWt(bench.room, bench.root, ['create', 'b']);
  expect(code).toBe(0);
  expect(await portsOf(bench, 'b')).toEqual({ web: from });
  expect(JSON.parse(await rows())).toMatchObject({ sessions: { b: { ports: { web: from } } } });
});

test('repositories that lease at the same time from the same range get different ports', async () => {
  const first = await makeBench();
  const { room } = first;
  const { from } = range();
  const config = { 'wt.config.jsonc': JSON.stringify({ ports: { names: ['web'], from, to: from + 5 } }) };
  const names = ['one', 'two', 'three', 'four'];
  const benches = await Promise.all(names.map(async (name) => benchAt(room, await room.repo(name, config))));
  const exits = await Promise.all(benches.map(({ root }) => runWt(room, root, ['create', 'a'])));
  expect(exits.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
  const leased = await Promise.all(benches.map(async (bench) => (await portsOf(bench, 'a'))['web']));
  expect(new Set(leased).size).toBe(4);
});
