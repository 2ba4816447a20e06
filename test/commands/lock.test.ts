import { appendFile, readdir, readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { failure } from '../support/listing.ts';
import { runWt, startWt, until } from '../support/spawn.ts';
import { makeBench, type Bench } from '../support/wt.ts';

interface Lock {
  readonly name: string;
  readonly max: number;
  readonly holders: readonly { pid: number; command: string; session: string | null; since: string }[];
  readonly waiting: readonly { command: string }[];
}

async function locksOf({ data }: Bench): Promise<readonly Lock[]> {
  return (await data<{ locks: Lock[] }>('lock', '--list')).locks;
}

const sh = (script: string): readonly string[] => ['--', 'sh', '-c', script];

/** Writes that it has come in, stays, and writes that it goes; nobody may be in between. */
const inside = (log: string, name: string, seconds = 0.05): readonly string[] =>
  sh(`echo "+ ${name}" >> "${log}"; sleep ${seconds}; echo "- ${name}" >> "${log}"`);

/** The most that were inside at once, and in which order they came. */
async function readLog(log: string): Promise<{ most: number; order: readonly string[] }> {
  const lines = (await readFile(log, 'utf8')).split('\n').filter(Boolean);
  let now = 0;
  let most = 0;
  for (const line of lines) {
    now += line.startsWith('+') ? 1 : -1;
    most = Math.max(most, now);
  }
  return { most, order: lines.filter((line) => line.startsWith('+')).map((line) => line.slice(2)) };
}

describe('a command under a lock', () => {
  test.each([0, 3, 255])('gives its exit code %i as the answer', async (code) => {
    const bench = await makeBench();
    expect((await bench.wt('--json', 'lock', 'x', ...sh(`exit ${code}`))).code).toBe(code);
    expect(await locksOf(bench)).toEqual([]);
  });

  test('that is not there is 127, and the lock is free again', async () => {
    const bench = await makeBench();
    expect((await bench.wt('--json', 'lock', 'x', '--', 'no-such-program')).code).toBe(127);
    expect(await locksOf(bench)).toEqual([]);
  });

  test('gets its words as they are, and flags before the dashes are wt’s', async () => {
    const bench = await makeBench();
    const argv = ['lock', 'x', '--max', '2', '--', 'printf', '%s|', '--max', '3', '--list', '$HOME', ''];
    const { result, lock } = await bench.data<{ result: { stdout: string }; lock: { max: number } }>(...argv);
    expect({ ...result, ...lock }).toMatchObject({ stdout: '--max|3|--list|$HOME||', max: 2 });
  });

  test('has the environment of the session it is called in, and stays in the folder of the call', async () => {
    const bench = await makeBench({ 'sub/x': '1\n' });
    await bench.wt('create', 'a');
    const cwd = `${bench.at('a')}/sub`;
    const script = sh('echo "$WT_SESSION|$WT_BRANCH|$PWD|${GIT_DIR-none}"');
    const ran = await bench.data<{ result: { stdout: string } }>('lock', 'x', ...script, { cwd });
    expect(ran.result.stdout).toBe(`a|wt/a|${cwd}|none\n`);
    const outside = await bench.data<{ result: { stdout: string } }>('lock', 'x', ...script);
    expect(outside.result.stdout).toBe(`||${bench.root}|none\n`);
  });
});

test('many at once are never more inside than there are places', async () => {
  const bench = await makeBench();
  const log = `${bench.room.dir}/log`;
  const calls = Array.from({ length: 12 }, (_, i) =>
    runWt(bench.room, bench.root, ['lock', 'pool', '--max', '3', ...inside(log, String(i))]),
  );
  expect((await Promise.all(calls)).map(({ code }) => code)).toEqual(calls.map(() => 0));
  const { most, order } = await readLog(log);
  expect(most).toBeLessThanOrEqual(3);
  expect(order.length).toBe(12);
});

test('whoever came first goes first', async () => {
  const bench = await makeBench();
  const log = `${bench.room.dir}/log`;
  const first = startWt(bench.room, bench.root, [
    'lock',
    'x',
    ...sh(`while ! test -e "${log}.go"; do sleep 0.02; done`),
  ]);
  await until(async () => (await locksOf(bench)).length === 1);
  const others = [];
  for (let i = 0; i < 5; i++) {
    others.push(startWt(bench.room, bench.root, ['lock', 'x', ...inside(log, String(i), 0.01)]));
    await until(async () => (await locksOf(bench))[0]?.waiting.length === i + 1);
  }
  await appendFile(`${log}.go`, '');
  await Promise.all([first, ...others].map(({ done }) => done));
  expect(await readLog(log)).toEqual({ most: 1, order: ['0', '1', '2', '3', '4'] });
});

test('a busy lock is exit 9 with who has it, and leaves no ticket', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  const holder = startWt(bench.room, bench.at('a'), ['lock', 'db', '--', 'sleep', '60'], { group: true });
  await until(async () => (await locksOf(bench)).length === 1);
  expect(await failure(bench, 'lock', 'db', '--wait', '0s', '--', 'touch', 'ran')).toMatchObject({
    code: 'lock.busy',
    exit: 9,
    retryable: true,
    details: { name: 'db', max: 1, holders: [{ command: 'sleep 60', session: 'a', pid: holder.pid }], waiting: 0 },
  });
  expect(await readdir(bench.root)).not.toContain('ran');
  const [lock] = await locksOf(bench);
  expect(lock?.waiting).toEqual([]);
  const { stdout } = await bench.wt('lock', '--list');
  expect(stdout).toContain(`db\n  held  sleep 60  in a, process ${holder.pid}`);
});

test('when wt is killed the lock stays with its command, and is free once that has ended too', async () => {
  const bench = await makeBench();
  const log = `${bench.room.dir}/log`;
  const script = sh(`echo $$ > "${log}.pid"; while ! test -e "${log}.go"; do sleep 0.02; done`);
  const holder = startWt(bench.room, bench.root, ['lock', 'x', ...script], { group: true });
  await until(async () => (await readFile(`${log}.pid`, 'utf8').catch(() => '')) !== '');
  holder.kill('SIGKILL');
  await until(async () => {
    try {
      return process.kill(holder.pid, 0) && false;
    } catch {
      return true;
    }
  });
  expect((await bench.wt('lock', 'x', '--wait', '0s', '--', 'true')).code).toBe(9);
  await appendFile(`${log}.go`, '');
  expect((await bench.wt('--json', 'lock', 'x', '--wait', '20s', '--', 'true')).code).toBe(0);
});

test('a holder that is killed with its command frees the lock for the next', async () => {
  const bench = await makeBench();
  const log = `${bench.room.dir}/log`;
  const holder = startWt(bench.room, bench.root, ['lock', 'x', '--', 'sleep', '60'], { group: true });
  await until(async () => (await locksOf(bench)).length === 1);
  const next = startWt(bench.room, bench.root, ['lock', 'x', ...inside(log, 'next')]);
  await until(async () => (await locksOf(bench))[0]?.waiting.length === 1);
  process.kill(-holder.pid, 'SIGKILL');
  expect((await next.done).code).toBe(0);
});

test('a waiter that is killed, or ended by Ctrl-C, stands in nobody’s way', async () => {
  const bench = await makeBench();
  const log = `${bench.room.dir}/log`;
  const holder = startWt(bench.room, bench.root, [
    'lock',
    'x',
    ...sh(`while ! test -e "${log}.go"; do sleep 0.02; done`),
  ]);
  await until(async () => (await locksOf(bench)).length === 1);
  const killed = startWt(bench.room, bench.root, ['lock', 'x', ...inside(log, 'killed')]);
  await until(async () => (await locksOf(bench))[0]?.waiting.length === 1);
  const ended = startWt(bench.room, bench.root, ['lock', 'x', ...inside(log, 'ended')]);
  await until(async () => (await locksOf(bench))[0]?.waiting.length === 2);
  const last = startWt(bench.room, bench.root, ['lock', 'x', ...inside(log, 'last')]);
  await until(async () => (await locksOf(bench))[0]?.waiting.length === 3);
  killed.kill('SIGKILL');
  ended.kill('SIGINT');
  expect((await ended.done).code).toBe(130);
  await until(async () => (await locksOf(bench))[0]?.waiting.length === 1);
  await appendFile(`${log}.go`, '');
  expect((await last.done).code).toBe(0);
  expect((await holder.done).code).toBe(0);
  expect((await readLog(log)).order).toEqual(['last']);
  const left = await readdir(`${bench.root}/.git/wt/locks/x`);
  expect(left.filter((name) => name.startsWith('draft'))).toEqual([]);
});

test('SIGTERM reaches the command, and its exit code is the answer', async () => {
  const bench = await makeBench();
  const log = `${bench.room.dir}/log`;
  const script = sh(`trap 'exit 7' TERM; touch "${log}.up"; while :; do sleep 0.05; done`);
  const holder = startWt(bench.room, bench.root, ['lock', 'x', ...script], { group: true });
  await until(async () => (await readFile(`${log}.up`, 'utf8').catch(() => undefined)) !== undefined);
  holder.kill('SIGTERM');
  expect((await holder.done).code).toBe(7);
  expect(await locksOf(bench)).toEqual([]);
});

test('the same lock inside of itself is refused at once, another one is not, nor is one whose holder is long gone', async () => {
  const bench = await makeBench();
  const wt = `"${process.execPath}" "${process.cwd()}/bin/wt.js"`;
  const nested = await runWt(bench.room, bench.root, ['lock', 'x', ...sh(`${wt} lock y -- ${wt} lock x -- true`)]);
  expect(nested.code).toBe(4);
  expect(nested.stderr).toContain('this runs under lock x already, and would wait for itself');
  const other = await runWt(bench.room, bench.root, ['lock', 'x', ...sh(`${wt} lock y -- echo in`)]);
  expect(other).toMatchObject({ code: 0, stdout: 'in\n' });
  expect((await bench.wt('--json', 'lock', 'x', '--', 'true', { env: { WT_LOCKS: 'x:long-gone' } })).code).toBe(0);
});

test('all who use a lock at once agree on its places; later ones may choose anew', async () => {
  const bench = await makeBench();
  const holder = startWt(bench.room, bench.root, ['lock', 'x', '--max', '2', '--', 'sleep', '60'], { group: true });
  await until(async () => (await locksOf(bench)).length === 1);
  expect(await failure(bench, 'lock', 'x', '--max', '3', '--', 'true')).toMatchObject({
    code: 'usage.invalid',
    message: expect.stringContaining('lock x is in use with --max 2') as string,
  });
  expect((await bench.data<{ lock: Lock }>('lock', 'x', '--', 'true')).lock.max).toBe(2);
  process.kill(-holder.pid, 'SIGKILL');
  await holder.done;
  expect((await bench.data<{ lock: Lock }>('lock', 'x', '--max', '3', '--', 'true')).lock.max).toBe(3);
});

test('two names are two locks, and so are two repositories', async () => {
  const bench = await makeBench();
  const other = await bench.room.repo('other');
  const holder = startWt(bench.room, bench.root, ['lock', 'x', '--', 'sleep', '60'], { group: true });
  await until(async () => (await locksOf(bench)).length === 1);
  expect((await bench.wt('--json', 'lock', 'y', '--wait', '0s', '--', 'true')).code).toBe(0);
  expect((await bench.wt('--json', 'lock', 'x', '--wait', '0s', '--', 'true', { cwd: other })).code).toBe(0);
  expect(holder.said()).toBe('');
});
