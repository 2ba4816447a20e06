import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import process from 'node:process';
import type { Env } from './deps.ts';

export interface CaptureRequest {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly input?: string;
  readonly holdFd?: number;
}

/** How a program has ended, or why it was never started. */
export interface Ended {
  readonly exitCode?: number;
  readonly signal?: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
  readonly isCanceled: boolean;
  /** `ENOENT`, `EACCES`: it never ran. */
  readonly code?: string;
  readonly cause?: unknown;
}

export interface Captured {
  /** Absent: it could not be started. */
  readonly child?: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** Of each stream; a program that says more is stopped. */
const LIMIT_BYTES = 256 * 1024 * 1024;
const FORCE_MS = 5000;

/**
 * Starts a program whose output is kept as text, without what execa does for every other case: a third of the time, and the way of
 * nearly all that wt starts. `stop` ends it with SIGTERM, and with SIGKILL when that has no effect for five seconds; so does the end of
 * this process. It has ended when its streams are closed too.
 */
export function startCapture(request: CaptureRequest, env: Env, stop: AbortSignal | undefined): Captured {
  const startMs = performance.now();
  const nothing = { stdout: '', stderr: '', isCanceled: false };
  let child: ChildProcess;
  try {
    child = spawn(request.file, request.args, {
      cwd: request.cwd,
      env,
      stdio: stdioOf(request),
    });
  } catch (cause) {
    const { code = 'unknown' } = cause as NodeJS.ErrnoException;
    return { ended: Promise.resolve({ ...nothing, durationMs: performance.now() - startMs, code, cause }) };
  }
  const ending = endOn(child, stop);
  const [stdout, stderr] = [collect(child, 'stdout'), collect(child, 'stderr')];
  // A program need not read what it is given.
  child.stdin?.on('error', () => {}).end(request.input ?? '');
  const ended = new Promise<Ended>((resolve) => {
    let failure: NodeJS.ErrnoException | undefined;
    const finish = (exitCode: number | null, signal: string | null): void => {
      const isCanceled = ending.done();
      const durationMs = performance.now() - startMs;
      const said = { stdout: stdout(), stderr: stderr(), durationMs, isCanceled };
      if (failure !== undefined) resolve({ ...said, code: failure.code ?? 'unknown', cause: failure });
      else resolve({ ...said, ...(signal === null ? { exitCode: exitCode ?? 0 } : { signal }) });
    };
    child.on('error', (error) => {
      if (child.pid !== undefined) return; // a signal that came too late
      failure = error;
      finish(null, null);
    });
    child.on('close', finish);
  });
  return { child, ended };
}

function stdioOf({ input, holdFd }: CaptureRequest): StdioOptions {
  const stdin = input === undefined ? 'ignore' : 'pipe';
  return holdFd === undefined ? [stdin, 'pipe', 'pipe'] : [stdin, 'pipe', 'pipe', holdFd];
}

/** The text that has come, decoded as a whole; a byte order mark is no part of it. */
function collect(child: ChildProcess, name: 'stdout' | 'stderr'): () => string {
  const pieces: Buffer[] = [];
  let size = 0;
  const stream = child[name];
  stream?.on('error', () => {}); // let go
  stream?.on('data', (piece: Buffer) => {
    size += piece.length;
    if (size <= LIMIT_BYTES) pieces.push(piece);
    else if (child.kill('SIGTERM')) stream.destroy();
  });
  return () => {
    const [first] = pieces;
    const text = (pieces.length === 1 && first !== undefined ? first : Buffer.concat(pieces)).toString('utf8');
    return text.startsWith('\ufeff') ? text.slice(1) : text;
  };
}

const running = new Set<ChildProcess>();
let isWatching = false;

/** `done` says whether it was stopped. */
function endOn(child: ChildProcess, stop: AbortSignal | undefined): { done: () => boolean } {
  let isCanceled = false;
  let force: NodeJS.Timeout | undefined;
  const end = (): void => {
    isCanceled = true;
    child.kill('SIGTERM');
    force = setTimeout(() => child.kill('SIGKILL'), FORCE_MS).unref();
  };
  stop?.addEventListener('abort', end, { once: true });
  child.once('exit', () => clearTimeout(force));
  if (!isWatching) process.once('exit', () => running.forEach((one) => one.kill('SIGTERM')));
  isWatching = true;
  running.add(child);
  return {
    done() {
      clearTimeout(force);
      stop?.removeEventListener('abort', end);
      running.delete(child);
      return isCanceled;
    },
  };
}
