import { execa } from 'execa';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import type { Env, Room } from './room.ts';
import { until } from './spawn.ts';

export const PROGRAM = path.resolve(import.meta.dirname, '../../bin/wt.js');

/** The built program as a process of its own, at the head of its own process group. `npm test` builds it first. */
export async function runBuilt(
  room: Room,
  cwd: string,
  argv: readonly string[],
  env: Env = {},
): Promise<{ code: number; stdout: string; stderr: string; isKilled: boolean }> {
  const result = await execa(process.execPath, [PROGRAM, ...argv], {
    cwd,
    env: { ...room.env, ...env } as Record<string, string>,
    extendEnv: false,
    reject: false,
    detached: true,
    stdin: 'ignore',
  });
  return {
    code: result.exitCode ?? -1,
    stdout: room.seal(result.stdout),
    stderr: room.seal(result.stderr),
    isKilled: result.signal === 'SIGKILL',
  };
}

/** A program that stands in a folder until the test ends. Returns its process id once it is there. */
export async function standIn(cwd: string): Promise<number> {
  const child = execa('sh', ['-c', 'echo here; exec sleep 300'], { cwd, reject: false, buffer: false });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await child;
  });
  await once(child.stdout, 'data');
  await until(async () => (await readFile(`/proc/${child.pid}/comm`, 'utf8')) === 'sleep\n');
  return child.pid ?? 0;
}
