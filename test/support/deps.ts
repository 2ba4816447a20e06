import { randomUUID } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { systemClock, type Clock } from '#src/platform/clock.ts';
import type { Deps } from '#src/platform/deps.ts';
import { createIdentity } from '#src/platform/identity.ts';
import { createDetach, createRunner } from '#src/platform/runner.ts';
import { gitAt, type Git } from '#src/git/git.ts';
import type { Room } from './room.ts';
import { noLines } from './wt.ts';

/** The doors of one wt process in a room, for tests below the command line. Each call is a process of its own to the lock. */
export function makeDeps(room: Room, cwd: string, changes: Partial<Deps> = {}): Deps {
  const identity = createIdentity('wt test', randomUUID());
  onTestFinished(() => identity.dispose());
  const signal = changes.signal ?? new AbortController().signal;
  return {
    run: createRunner(room.env, signal),
    detach: createDetach(room.env),
    clock: systemClock,
    random: Math.random,
    env: room.env,
    program: `${room.dir}/wt.js`,
    cwd,
    io: {
      out: () => {},
      err: () => {},
      readStdin: () => Promise.resolve(''),
      readLines: () => noLines(),
      stdinIsTTY: false,
      stdinIsPiped: false,
      stdoutIsTTY: false,
      stderrIsTTY: false,
      columns: 80,
      color: 0,
      errColor: 0,
    },
    confirm: () => Promise.resolve(undefined),
    signal,
    identity,
    ...changes,
  };
}

/** wt's own git in a folder of the room. */
export function gitOf(room: Room, dir: string): Git {
  return gitAt({ run: createRunner(room.env), clock: systemClock, dir });
}

/** A clock that sleeping moves, so that a timeout takes no time. */
export function makeClock(): Clock {
  let ms = 0;
  return {
    now: () => new Date(ms),
    elapsedMs: () => ms,
    async sleep(more) {
      ms += more;
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}
