import { execa } from 'execa';
import * as fc from 'fast-check';
import { lstat, readFile, symlink } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { startTrace, sumLine, sumUp, type TracedCall } from '#src/platform/trace.ts';
import { makeRoom } from '../support/room.ts';

const answers = {
  run: () => Promise.resolve({ exitCode: 1, stdout: '', stderr: '', durationMs: 0 }),
  detach: () => ({ pid: 1, over: Promise.resolve(), letGo: () => {} }),
};

function listen(env: Readonly<Record<string, string>>, isVerbose = false) {
  const said: string[] = [];
  const trace = startTrace(answers, { env, say: (line) => void said.push(line), command: 'list', isVerbose });
  return { said, trace };
}

describe('a trace on standard error', () => {
  test('has lines that can be pasted, with the part of the arguments that tells something', async () => {
    const { said, trace } = listen({}, true);
    await trace.run({ file: 'git', args: ['-c', 'x', 'log'], shownArgs: ['log', 'a b'], cwd: '/x' });
    trace.end();
    expect(said[0]).toMatch(/^git log 'a b' {2}\[\/x\] exit 1, \d+ ms$/);
    expect((await execa('sh', ['-c', `echo ${said[0]?.split('  ')[0]}`])).stdout).toBe('git log a b');
    expect(said[1]).toMatch(
      /^1 git process: \d+ ms added up, \d+ ms by the clock; the first after \d+ ms; \d+ ms in all$/,
    );
  });

  test('says when each process began, asked for by WT_TRACE; once, if --verbose asks too', async () => {
    const { said, trace } = listen({ WT_TRACE: '1' }, true);
    await trace.run({ file: 'git', args: ['status'], cwd: '/x' });
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/^\+\d+ ms {2}git status {2}\[\/x\] exit 1, \d+ ms$/);
  });

  test('names what goes on by itself, and what was stopped', async () => {
    const { said, trace } = listen({}, true);
    trace.detach({ file: 'nice', args: ['rm'], cwd: '/x' });
    const stopped = startTrace(
      { ...answers, run: () => Promise.reject(new Error('too long')) },
      { env: {}, say: (line) => void said.push(line), command: null, isVerbose: true },
    );
    await expect(stopped.run({ file: 'git', args: ['log'], cwd: '/x' })).rejects.toThrow('too long');
    expect(said).toEqual([
      'nice rm  [/x] goes on by itself',
      expect.stringMatching(/^git log {2}\[\/x\] stopped, \d+ ms$/),
    ]);
  });
});

describe('a trace in a file', () => {
  test('is a line of JSON for each process and one for all, and is for its owner alone', async () => {
    const room = await makeRoom();
    const file = path.join(room.dir, 'trace.jsonl');
    for (let i = 0; i < 2; i++) {
      const { said, trace } = listen({ WT_TRACE: file });
      await trace.run({ file: 'git', args: ['status'], cwd: '/x' });
      trace.end();
      expect(said).toEqual([]);
    }
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { kind: string }).kind)).toEqual([
      'process',
      'sum',
      'process',
      'sum',
    ]);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      command: 'list',
      pid: process.pid,
      startMs: expect.any(Number),
      durationMs: expect.any(Number),
      exitCode: 1,
      cwd: '/x',
      argv: ['git', 'status'],
    });
    expect(JSON.parse(lines[1] ?? '')).toMatchObject({ processes: 1, git: 1, addedMs: expect.any(Number) });
    expect((await lstat(file)).mode & 0o777).toBe(0o600);
  });

  test('is refused where it is no absolute path, no plain file, a link, or cannot be made', async () => {
    const room = await makeRoom();
    const link = path.join(room.dir, 'link');
    const pipe = path.join(room.dir, 'pipe');
    await symlink(path.join(room.dir, 'elsewhere'), link);
    await execa('mkfifo', [pipe]);
    const refused = [
      'yes',
      'trace.jsonl',
      '../x',
      room.dir,
      link,
      pipe,
      '/dev/null',
      path.join(room.dir, 'no', 'such'),
    ];
    for (const text of refused)
      expect(() => listen({ WT_TRACE: text })).toThrow(
        expect.objectContaining({ code: 'config.invalid', details: expect.objectContaining({ path: '$WT_TRACE' }) }),
      );
  });
});

const spans = fc.array(
  fc.record({
    startMs: fc.integer({ min: 0, max: 1000 }),
    durationMs: fc.option(fc.integer({ min: 0, max: 1000 })),
  }),
);
const asCall = (span: Pick<TracedCall, 'startMs' | 'durationMs'>): TracedCall => ({
  ...span,
  exitCode: 0,
  cwd: '/',
  argv: ['git'],
});

describe('the sum of a trace', () => {
  test('counts a moment once on the clock, however many processes ran in it', () => {
    const calls = [
      { startMs: 10, durationMs: 20 },
      { startMs: 15, durationMs: 5 },
      { startMs: 25, durationMs: 15 },
      { startMs: 100, durationMs: null },
    ].map(asCall);
    expect(sumUp(calls, 120)).toEqual({ processes: 4, git: 4, addedMs: 40, busyMs: 30, firstMs: 10, totalMs: 120 });
  });

  test('has as much time on the clock as there are milliseconds with a process', () => {
    fc.assert(
      fc.property(spans, (all) => {
        const covered = new Set(
          all.flatMap(({ startMs, durationMs }) => Array.from({ length: durationMs ?? 0 }, (_, i) => startMs + i)),
        );
        expect(sumUp(all.map(asCall), 2000).busyMs).toBe(covered.size);
      }),
    );
  });

  test('says so when no process was started, and which of them are of git', () => {
    expect(sumLine(sumUp([], 41.4))).toBe('no process was started; 41 ms in all');
    const calls = [asCall({ startMs: 5, durationMs: 2 }), { ...asCall({ startMs: 9, durationMs: 1 }), argv: ['npm'] }];
    expect(sumLine(sumUp(calls, 12))).toBe(
      '2 processes, 1 of git: 3 ms added up, 3 ms by the clock; the first after 5 ms; 12 ms in all',
    );
  });
});
