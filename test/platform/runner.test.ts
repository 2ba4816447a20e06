import { build } from 'esbuild';
import { execa } from 'execa';
import { readFile, writeFile } from 'node:fs/promises';
import { openSync, closeSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { describe, expect, test } from 'vitest';
import { describeProcess } from '#src/platform/identity.ts';
import { createRunner, throwIfInterrupted } from '#src/platform/runner.ts';
import { makeRoom } from '../support/room.ts';
import { until } from '../support/spawn.ts';

describe('a program', () => {
  test('gives back what it printed and how it ended, to the last newline', async () => {
    const room = await makeRoom();
    const result = await createRunner(room.env)({
      file: 'sh',
      args: ['-c', 'printf "a\\n\\n"; echo b >&2; exit 3'],
      cwd: room.dir,
    });
    expect(result).toMatchObject({ exitCode: 3, stdout: 'a\n\n', stderr: 'b\n' });
  });

  test('sees the given environment and nothing else', async () => {
    const room = await makeRoom();
    const run = createRunner({ PATH: room.env['PATH'], A: '1', B: '2', C: '3' });
    const { stdout } = await run({ file: 'env', args: [], cwd: room.dir, env: { B: 'two', C: undefined } });
    expect(stdout.split('\n').filter((line) => /^[A-Z]=/.test(line))).toEqual(['A=1', 'B=two']);
    expect(stdout).not.toContain('VITEST');
  });

  test('reads its input, and none when there is none', async () => {
    const room = await makeRoom();
    const run = createRunner(room.env);
    expect((await run({ file: 'cat', args: [], cwd: room.dir, input: 'ü\0x' })).stdout).toBe('ü\0x');
    expect((await run({ file: 'cat', args: [], cwd: room.dir })).stdout).toBe('');
  });

  test('is handed over line by line', async () => {
    const room = await makeRoom();
    const lines: string[] = [];
    const onLine = (line: string, stream: string): void => void lines.push(`${stream} ${line}`);
    const { exitCode } = await createRunner(room.env)({
      file: 'sh',
      args: ['-c', 'echo one; echo two; echo bad >&2; exit 4'],
      cwd: room.dir,
      stdio: { onLine },
    });
    expect([exitCode, lines.toSorted()]).toEqual([4, ['stderr bad', 'stdout one', 'stdout two']]);
  });

  test('keeps a file descriptor open as its number 3 when it is given one', async () => {
    const room = await makeRoom();
    await writeFile(path.join(room.dir, 'x'), 'from the descriptor');
    const fd = openSync(path.join(room.dir, 'x'), 'r');
    const { stdout } = await createRunner(room.env)({ file: 'sh', args: ['-c', 'cat <&3'], cwd: room.dir, holdFd: fd });
    closeSync(fd);
    expect(stdout).toBe('from the descriptor');
  });
});

describe('a program that did not end by itself', () => {
  test('is 127 when there is none, 126 when it may not run, 128 and the signal when it was killed', async () => {
    const room = await makeRoom();
    await writeFile(path.join(room.dir, 'plain'), 'x', { mode: 0o644 });
    const run = createRunner(room.env);
    expect(await run({ file: 'no-such-program', args: [], cwd: room.dir })).toMatchObject({
      exitCode: 127,
      stderr: 'no-such-program: no such program on PATH\n',
    });
    expect((await run({ file: path.join(room.dir, 'plain'), args: [], cwd: room.dir })).exitCode).toBe(126);
    expect((await run({ file: 'sh', args: ['-c', 'kill -TERM $$'], cwd: room.dir })).exitCode).toBe(143);
    expect((await run({ file: 'sh', args: ['-c', 'kill -KILL $$'], cwd: room.dir })).exitCode).toBe(137);
  });

  test('fails for its folder when that is gone, not for the program', async () => {
    const room = await makeRoom();
    const cwd = path.join(room.dir, 'gone');
    await expect(createRunner(room.env)({ file: 'git', args: [], cwd })).rejects.toMatchObject({
      code: 'repo.not-found',
      details: { cwd, reason: 'gone' },
    });
  });

  test('is stopped after its time, and the failure shows what a reader wants to see', async () => {
    const room = await makeRoom();
    const request = { file: 'sleep', args: ['30'], cwd: room.dir, timeoutMs: 50, shownArgs: ['shown'] };
    await expect(createRunner(room.env)(request)).rejects.toMatchObject({
      code: 'git.timeout',
      details: { args: ['sleep', 'shown'] },
    });
  });

  test('is stopped together with what it has started, also what leads a group of its own', async () => {
    const room = await makeRoom();
    const script = 'sleep 300 & echo $! > pids; set -m; sleep 300 & echo $! >> pids; wait';
    const request = { file: 'bash', args: ['-c', script], cwd: room.dir, timeoutMs: 4000 };
    await expect(createRunner(room.env)(request)).rejects.toMatchObject({ code: 'git.timeout' });
    const pids = (await readFile(path.join(room.dir, 'pids'), 'utf8')).trim().split('\n').map(Number);
    expect(pids).toHaveLength(2);
    for (const pid of pids) await until(() => describeProcess(pid, '') === undefined);
  });
});

describe('a program that is only listened to', () => {
  test('need not read what it is given, and may say much and in every script', async () => {
    const room = await makeRoom();
    const run = createRunner(room.env);
    const input = 'x'.repeat(4_000_000);
    expect(await run({ file: 'true', args: [], cwd: room.dir, input })).toMatchObject({ exitCode: 0, stdout: '' });
    const text = 'äöü→'.repeat(200_000);
    expect((await run({ file: 'cat', args: [], cwd: room.dir, input: text })).stdout === text).toBe(true);
  });

  test('fails as the system says when it cannot be started at all', async () => {
    const room = await makeRoom();
    const run = createRunner(room.env);
    await writeFile(path.join(room.dir, 'file'), '');
    await expect(run({ file: 'true', args: [], cwd: path.join(room.dir, 'file') })).rejects.toMatchObject({
      code: 'ENOTDIR',
    });
    await expect(run({ file: 'true', args: ['x'.repeat(3_000_000)], cwd: room.dir })).rejects.toMatchObject({
      code: 'E2BIG',
    });
  });

  test('is killed when it takes no notice of an interrupt for five seconds', async () => {
    const room = await makeRoom();
    const stop = new AbortController();
    const run = createRunner(room.env, stop.signal);
    const script = 'trap "" TERM; touch ready; while :; do sleep 0.1; done';
    const running = run({ file: 'bash', args: ['-c', script], cwd: room.dir });
    await until(() =>
      readFile(path.join(room.dir, 'ready')).then(
        () => true,
        () => false,
      ),
    );
    stop.abort('SIGINT');
    await expect(running).rejects.toMatchObject({ code: 'interrupted' });
  });

  test('is not waited for longer than it lives when it was stopped and a child of its own holds its output', async () => {
    const room = await makeRoom();
    const stop = new AbortController();
    const run = createRunner(room.env, stop.signal);
    const running = run({ file: 'sh', args: ['-c', 'sleep 300 & echo $! > child; wait'], cwd: room.dir });
    await until(async () => (await readFile(path.join(room.dir, 'child'), 'utf8').catch(() => '')).endsWith('\n'));
    stop.abort('SIGTERM');
    await expect(running).rejects.toMatchObject({ code: 'interrupted' });
    process.kill(Number(await readFile(path.join(room.dir, 'child'), 'utf8')), 'SIGKILL');
  });

  test('goes when wt itself goes', async () => {
    const room = await makeRoom();
    const script = [
      `import { createRunner } from ${JSON.stringify(path.resolve('src/platform/runner.ts'))};`,
      'const run = createRunner(process.env);',
      "void run({ file: 'sleep', args: ['300'], cwd: '.', onStart: (pid) => { console.log(pid); process.exit(0); } });",
    ].join('\n');
    await writeFile(path.join(room.dir, 'run.ts'), script);
    const outfile = path.join(room.dir, 'run.cjs');
    await build({
      entryPoints: [path.join(room.dir, 'run.ts')],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'cjs',
    });
    const { stdout } = await execa(process.execPath, [outfile], { cwd: room.dir });
    expect(Number(stdout)).toBeGreaterThan(1);
    await until(() => describeProcess(Number(stdout), '') === undefined);
  });
});

describe('an interrupt', () => {
  test('stops what runs and starts nothing more', async () => {
    const room = await makeRoom();
    const stop = new AbortController();
    const run = createRunner(room.env, stop.signal);
    const running = run({ file: 'sleep', args: ['30'], cwd: room.dir });
    stop.abort('SIGTERM');
    await expect(running).rejects.toMatchObject({ code: 'interrupted', details: { signal: 'SIGTERM' } });
    await expect(run({ file: 'true', args: [], cwd: room.dir })).rejects.toMatchObject({ code: 'interrupted' });
    expect(() => throwIfInterrupted(stop.signal)).toThrow('interrupted');
    expect(() => throwIfInterrupted(undefined)).not.toThrow();
  });

  test('leaves alone what takes something back', async () => {
    const room = await makeRoom();
    const stop = new AbortController();
    const run = createRunner(room.env, stop.signal);
    const running = run({ file: 'sh', args: ['-c', 'sleep 0.2; echo done'], cwd: room.dir, shielded: true });
    stop.abort('SIGINT');
    expect(await running).toMatchObject({ exitCode: 0, stdout: 'done\n' });
    expect((await run({ file: 'true', args: [], cwd: room.dir, shielded: true })).exitCode).toBe(0);
  });
});
