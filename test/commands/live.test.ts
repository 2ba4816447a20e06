import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { onTestFinished, expect, test } from 'vitest';
import { describeProcess } from '#src/platform/identity.ts';
import { failure } from '../support/listing.ts';
import { exists, startWt, until } from '../support/spawn.ts';
import { makeBench, type Bench } from '../support/wt.ts';

/** A program started by `wt exec` that has gone somewhere else; gives its process id. */
async function startAway(bench: Bench, script = 'cd /; echo $$ > "$1"; exec sleep 600'): Promise<number> {
  const file = path.join(bench.room.dir, 'pid');
  startWt(bench.room, bench.root, ['exec', 'a', '--', 'sh', '-c', script, 'sh', file], {});
  const read = (): Promise<string> => readFile(file, 'utf8').catch(() => '');
  await until(async () => (await read()).endsWith('\n'));
  const pid = Number(await read());
  onTestFinished(() => void (isAlive(pid) && process.kill(pid, 'SIGKILL')));
  return pid;
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test('a program that wt has started holds the session, wherever it stands by now, also with --force', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  const pid = await startAway(bench);
  for (const argv of [
    ['remove', 'a'],
    ['remove', 'a', '--force'],
  ])
    expect(await failure(bench, ...argv)).toMatchObject({ exit: 4, code: 'session.live' });
  expect((await bench.wt('remove', 'a')).stderr).toContain(`(${pid})`);
  const { kept } = await bench.data<{ kept: { reasons: { code: string }[] }[] }>('clean', '--all', '--yes');
  expect(kept[0]?.reasons.map(({ code }) => code)).toEqual(['session.live']);
  expect(isAlive(pid)).toBe(true);
});

test('--kill ends it with everything it has started, and then the session goes', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  const pid = await startAway(bench, 'cd /; sleep 600 & echo $! > "$1"; wait');
  expect((await bench.wt('remove', 'a', '--kill', '--dry-run')).code).toBe(0);
  expect(isAlive(pid)).toBe(true);
  expect((await bench.wt('remove', 'a', '--kill')).code).toBe(0);
  await until(() => !isAlive(pid));
  expect(await exists(bench.at('a'))).toBe(false);
});

test('--kill ends nothing while the session would be refused all the same', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await bench.room.write(bench.at('a'), { new: 'x\n' });
  const pid = await startAway(bench);
  expect(await failure(bench, 'remove', 'a', '--kill')).toMatchObject({ exit: 4 });
  expect(isAlive(pid)).toBe(true);
  expect((await bench.wt('remove', 'a', '--kill', '--force')).code).toBe(0);
  await until(() => !isAlive(pid));
});

test('clean --kill takes a landed session away under its program', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await bench.work('a', { a: '1\n' });
  await bench.wt('merge', 'a', '--yes');
  const pid = await startAway(bench);
  expect((await bench.wt('clean', '--kill')).stdout).toContain('removed');
  await until(() => !isAlive(pid));
});

test('a process that wt has not started is never ended', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  const sleeper = execa('sleep', ['600'], { cwd: bench.at('a'), reject: false });
  onTestFinished(() => void sleeper.kill());
  expect(await failure(bench, 'remove', 'a', '--kill', '--force')).toMatchObject({ exit: 4, code: 'session.live' });
  expect(isAlive(sleeper.pid ?? 0)).toBe(true);
});

test('the record of a program is gone once it has ended, and one whose process id was given to another does not count', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await bench.wt('exec', 'a', '--', 'true');
  const folder = path.join(bench.root, '.git', 'worktrees', 'a', 'wt-live');
  expect(await readdir(folder).catch(() => [])).toEqual([]);
  const owner = { ...describeProcess(process.pid, 'x'), start: '1' };
  await bench.room.write(folder, { [`${process.pid}.json`]: JSON.stringify(owner), 'junk.json': '{' });
  expect((await bench.wt('remove', 'a')).code).toBe(0);
});
