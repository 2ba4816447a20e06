import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { WtError } from '../core/errors.ts';
import { shellQuote } from '../core/shell.ts';
import type { Deps, Env } from './deps.ts';

/** A process that a command has started. Times in ms since wt itself was started. */
export interface TracedCall {
  readonly startMs: number;
  /** Null for one that goes on by itself: nobody waits for it. */
  readonly durationMs: number | null;
  /** Null for one that was stopped, timed out or goes on by itself. */
  readonly exitCode: number | null;
  readonly cwd: string;
  readonly argv: readonly string[];
}

/** What all processes of a command took. Times in ms. */
export interface TraceSum {
  readonly processes: number;
  readonly git: number;
  /** Every process by itself, added up. */
  readonly addedMs: number;
  /** While at least one of them ran. */
  readonly busyMs: number;
  /** Until the first one was started: what wt itself takes to come up. Null without any. */
  readonly firstMs: number | null;
  readonly totalMs: number;
}

/** The doors to other processes. */
type Doors = Pick<Deps, 'run' | 'detach'>;

interface Listener {
  call(call: TracedCall): void;
  end(sum: TraceSum): void;
}

export interface TraceRequest {
  readonly env: Env;
  /** Prints one line on standard error, made harmless for a terminal. */
  readonly say: (line: string) => void;
  /** The verb, for whoever reads a file that many commands write. */
  readonly command: string | null;
  readonly isVerbose: boolean;
}

/** Whether the environment asks for a trace; `0` and nothing do not. */
export function isTraceAsked(env: Env): boolean {
  return (env['WT_TRACE'] ?? '0') !== '0' && env['WT_TRACE'] !== '';
}

/**
 * Tells of every process that goes through these doors: `--verbose` and `WT_TRACE=1` on standard error, `WT_TRACE=<file>` as lines
 * of JSON. Throws `config.invalid` for any other text, and for a file that cannot be written.
 */
export function startTrace(doors: Doors, { env, say, command, isVerbose }: TraceRequest): Doors & { end(): void } {
  const text = isTraceAsked(env) ? (env['WT_TRACE'] ?? '') : '';
  const listeners: Listener[] = [];
  if (text !== '' && text !== '1') listeners.push(fileListener(text, command));
  if (text === '1' || isVerbose) listeners.push(lineListener(say, text === '1'));
  const calls: TracedCall[] = [];
  const tell = (call: TracedCall): void => {
    calls.push(call);
    for (const listener of listeners) listener.call(call);
  };
  return {
    ...watched(doors, tell),
    end() {
      const sum = sumUp(calls, performance.now());
      for (const listener of listeners) listener.end(sum);
    },
  };
}

function watched({ run, detach }: Doors, tell: (call: TracedCall) => void): Doors {
  return {
    async run(request) {
      const { file, args, shownArgs = args, cwd } = request;
      const startMs = performance.now();
      const ended = (exitCode: number | null): void =>
        tell({ startMs, durationMs: performance.now() - startMs, exitCode, cwd, argv: [file, ...shownArgs] });
      try {
        const result = await run(request);
        ended(result.exitCode);
        return result;
      } catch (error) {
        ended(null);
        throw error;
      }
    },
    detach(request) {
      const { file, args, cwd } = request;
      tell({ startMs: performance.now(), durationMs: null, exitCode: null, cwd, argv: [file, ...args] });
      return detach(request);
    },
  };
}

/** Pure. */
export function sumUp(calls: readonly TracedCall[], totalMs: number): TraceSum {
  const spans = calls
    .map(({ startMs, durationMs }) => ({ startMs, endMs: startMs + (durationMs ?? 0) }))
    .toSorted((a, b) => a.startMs - b.startMs);
  let busyMs = 0;
  let untilMs = 0;
  for (const { startMs, endMs } of spans) {
    busyMs += Math.max(0, endMs - Math.max(startMs, untilMs));
    untilMs = Math.max(untilMs, endMs);
  }
  return {
    processes: calls.length,
    git: calls.filter(({ argv }) => argv[0] === 'git').length,
    addedMs: spans.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0),
    busyMs,
    firstMs: spans[0]?.startMs ?? null,
    totalMs,
  };
}

function lineListener(say: (line: string) => void, withStart: boolean): Listener {
  return {
    call: (call) => say(callLine(call, withStart)),
    end: (sum) => say(sumLine(sum)),
  };
}

/** `git rev-parse HEAD  [/home/ada/shop] exit 0, 3 ms`, and with the time when it began in front of it. Pure. */
function callLine({ startMs, durationMs, exitCode, cwd, argv }: TracedCall, withStart: boolean): string {
  const exit = exitCode === null ? 'stopped' : `exit ${exitCode}`;
  const end = durationMs === null ? 'goes on by itself' : `${exit}, ${Math.round(durationMs)} ms`;
  const begin = withStart ? `+${startMs.toFixed(0)} ms  ` : '';
  return `${begin}${argv.map(shellQuote).join(' ')}  [${cwd}] ${end}`;
}

/** `12 git processes: 85 ms added up, 61 ms by the clock; the first after 41 ms; 130 ms in all`. Pure. */
export function sumLine({ processes, git, addedMs, busyMs, firstMs, totalMs }: TraceSum): string {
  const ms = (value: number): string => `${value.toFixed(0)} ms`;
  if (firstMs === null) return `no process was started; ${ms(totalMs)} in all`;
  const many = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 'es'}`;
  const all = git === processes ? many(git, 'git process') : `${many(processes, 'process')}, ${git} of git`;
  const times = `${ms(addedMs)} added up, ${ms(busyMs)} by the clock`;
  return `${all}: ${times}; the first after ${ms(firstMs)}; ${ms(totalMs)} in all`;
}

/** Lines of JSON, each put there with one write, so that several commands can share the file. A new one is for its owner alone. */
function fileListener(file: string, command: string | null): Listener {
  const fd = openTraceFile(file);
  const add = (kind: 'process' | 'sum', facts: object): void => {
    try {
      writeSync(fd, `${JSON.stringify({ kind, pid: process.pid, command, ...facts }, shorten)}\n`);
    } catch {
      // A full disk must not stop the work that is looked at.
    }
  };
  return {
    call: (call) => add('process', call),
    end(sum) {
      add('sum', sum);
      closeSync(fd);
    },
  };
}

/** Times are worth three places. */
function shorten(key: string, value: unknown): unknown {
  return typeof value === 'number' && key.endsWith('Ms') ? Math.round(value * 1000) / 1000 : value;
}

function openTraceFile(file: string): number {
  if (!path.isAbsolute(file)) throw invalid('it must be 1, or the absolute path of a file to add to');
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  try {
    // Neither a link nor a pipe that nobody reads can lead it astray.
    const fd = openSync(file, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
    if (fstatSync(fd).isFile()) return fd;
    closeSync(fd);
  } catch (error) {
    throw invalid(`${file} cannot be written: ${(error as NodeJS.ErrnoException).code ?? ''}`);
  }
  throw invalid(`${file} is no plain file`);
}

function invalid(reason: string): WtError<'config.invalid'> {
  return new WtError('config.invalid', { path: '$WT_TRACE', line: null, column: null, reason });
}
