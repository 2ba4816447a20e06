import { execa, type Options, type Result } from 'execa';
import { existsSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { WtError } from '../core/errors.ts';
import { startCapture, type Captured, type Ended } from './capture.ts';
import type { Env } from './deps.ts';
import { throwIfInterrupted } from './interrupt.ts';
import { endProcessGroup, endProcessTree } from './processes.ts';

export { throwIfInterrupted };

export interface RunRequest {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env?: Env;
  readonly input?: string;
  readonly timeoutMs?: number;
  /** `inherit` hands the terminal over, `aside` with its output on stderr; `lines` calls back per line; default captures. */
  readonly stdio?:
    | 'capture'
    | 'inherit'
    | 'aside'
    | { readonly onLine: (line: string, stream: 'stdout' | 'stderr') => void };
  /** The terminal is its own while it runs: an interrupt that is typed there is for it, and none of ours. */
  readonly ownsTerminal?: boolean;
  /** A file descriptor the child keeps open as its number 3, so that an orphan is still seen as ours. */
  readonly holdFd?: number;
  /** Runs on when the command is interrupted: for undoing. */
  readonly shielded?: boolean;
  /** An interrupt ends all that it has started too; `group`: in a process group of its own, which ends with it whatever it left running. */
  readonly ends?: 'tree' | 'group';
  /** Told the process id once the program runs. */
  readonly onStart?: (pid: number) => void;
  /** The part of the arguments that tells a reader something; default all. */
  readonly shownArgs?: readonly string[];
}

export interface RunResult {
  /** Exit code; 128 + n when a signal ended the program; 127 when there is no such program. */
  readonly exitCode: number;
  /** The signal that ended it, `SIGKILL`. */
  readonly signal?: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
}

/** Whether a program has the terminal to itself just now. */
export interface Handover {
  isHandedOver: boolean;
}

/** The only door to other processes. Tests wrap it; nothing replaces it. */
export type Runner = (request: RunRequest) => Promise<RunResult>;

const SIGNAL_NUMBERS: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGKILL: 9,
  SIGPIPE: 13,
  SIGTERM: 15,
};

/**
 * A runner over a fixed environment. Children get SIGTERM and five seconds before SIGKILL; one that takes too long goes with
 * all that it has started.
 * Throws `repo.not-found` when the working directory is gone, `git.timeout`, `interrupted`.
 */
export function createRunner(baseEnv: Env, signal?: AbortSignal, terminal: Handover = { isHandedOver: false }): Runner {
  const runWithExeca: Runner = async (request) => {
    if (!request.shielded) throwIfInterrupted(signal);
    if (request.ownsTerminal === true) terminal.isHandedOver = true;
    const child = execa(request.file, [...request.args], optionsOf(request, baseEnv, signal));
    if (child.pid !== undefined) request.onStart?.(child.pid);
    letGo(child, request, signal);
    const limit = limitTime(child.pid, request);
    if (isTerminals(request)) signal?.addEventListener('abort', () => passOn(signal, (name) => child.kill(name)));
    const tree = request.ends === undefined ? undefined : endWithAll(child, request, signal);
    const lines = request.stdio;
    if (typeof lines === 'object') {
      const pump = async (stream: 'stdout' | 'stderr'): Promise<void> => {
        for await (const line of child.iterable({ from: stream }))
          lines.onLine(typeof line === 'string' ? line : '', stream);
      };
      await Promise.all([pump('stdout'), pump('stderr')]).catch(() => {});
    }
    const result = await child.finally(limit.end);
    if (request.ownsTerminal === true) terminal.isHandedOver = false;
    await tree?.done();
    if (limit.isOver()) throw tookTooLong(request);
    const end = endedOf(result);
    await awaitOwnSignal(end, request, signal);
    if (tree !== undefined && !request.shielded) throwIfInterrupted(signal);
    return toResult(request, end, signal);
  };
  return async (request) => {
    if (!isPlain(request)) return runWithExeca(request);
    if (!request.shielded) throwIfInterrupted(signal);
    const { child, ended } = startCapture(
      request,
      { ...baseEnv, ...request.env },
      request.shielded ? undefined : signal,
    );
    if (child?.pid !== undefined) request.onStart?.(child.pid);
    if (child !== undefined) letGo(child, request, signal);
    const limit = limitTime(child?.pid, request);
    const result = await ended.finally(limit.end);
    if (limit.isOver()) throw tookTooLong(request);
    await awaitOwnSignal(result, request, signal);
    return toResult(request, result, signal);
  };
}

/** A program that is only listened to, as git nearly always is. */
function isPlain({ stdio, ends, ownsTerminal }: RunRequest): boolean {
  return (stdio === undefined || stdio === 'capture') && ends === undefined && ownsTerminal !== true;
}

function isTerminals({ stdio }: Pick<RunRequest, 'stdio'>): boolean {
  return stdio === 'inherit' || stdio === 'aside';
}

/** While the program still lives its children can be told from others: they go before it does. */
function endWithAll(
  child: ReturnType<typeof execa>,
  { ends }: RunRequest,
  signal: AbortSignal | undefined,
): { done: () => Promise<unknown> } {
  const { pid } = child;
  if (pid === undefined) return { done: () => Promise.resolve() };
  let ending: Promise<void> | undefined;
  const end = (): void => void (ending ??= endProcessTree(pid));
  signal?.addEventListener('abort', end, { once: true });
  let left: NodeJS.Timeout | undefined;
  child.once('exit', () => {
    if (ends !== 'group') return;
    // What it left running would hold its output open, and write where the next one works.
    left = setTimeout(() => {
      ending ??= endProcessGroup(pid);
      child.stdout?.destroy();
      child.stderr?.destroy();
    }, LEFTOVER_MS);
  });
  return {
    async done() {
      signal?.removeEventListener('abort', end);
      clearTimeout(left);
      if (ends === 'group') ending ??= endProcessGroup(pid);
      await ending;
    },
  };
}

const LEFTOVER_MS = 1000;

/** What a terminal sends goes to everybody at once, and may end a child before this process has heard of it: an interrupt is no failure. */
async function awaitOwnSignal(
  { signal: name }: Pick<Ended, 'signal'>,
  request: RunRequest,
  signal: AbortSignal | undefined,
): Promise<void> {
  const isOfAll = name === 'SIGINT' || name === 'SIGTERM' || name === 'SIGHUP';
  if (!isOfAll || isTerminals(request) || request.shielded || signal === undefined || signal.aborted) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, OWN_SIGNAL_MS);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
}

const OWN_SIGNAL_MS = 100;

/** Ends the program with everything it has started once its time is over: a filter or a hook of a hanging git too. */
function limitTime(pid: number | undefined, { timeoutMs }: RunRequest): { isOver: () => boolean; end: () => void } {
  let isOver = false;
  if (pid === undefined || timeoutMs === undefined) return { isOver: () => false, end: () => {} };
  const timer = setTimeout(() => {
    isOver = true;
    void endProcessTree(pid);
  }, timeoutMs);
  return { isOver: () => isOver, end: () => clearTimeout(timer) };
}

/** Starts a program that outlives this one, in a session of its own. One that is not spoken with says nothing, and whether it starts is not waited for. */
export type Detach = (request: DetachRequest) => Detached;

export interface DetachRequest extends Pick<RunRequest, 'file' | 'args' | 'cwd'> {
  /** Put on its standard input, which then ends; and who is told each line it prints, until it is let go. */
  readonly talk?: { readonly input: string; readonly onLine: (line: string) => void };
}

export interface Detached {
  readonly pid: number | undefined;
  /** It has ended, was let go, or could not be started. */
  readonly over: Promise<void>;
  readonly letGo: () => void;
}

/** In a session and process group of its own, which goes on when this process ends. */
function apart(cwd: string, env: Env) {
  return {
    cwd,
    env: { ...env },
    extendEnv: false,
    detached: true,
    cleanup: false,
    reject: false,
    buffer: false,
  } as const;
}

export function createDetach(env: Env): Detach {
  return ({ file, args, cwd, talk }) => {
    const child = execa(file, [...args], {
      ...apart(cwd, env),
      ...(talk === undefined ? { stdio: 'ignore' } : { stdio: ['pipe', 'pipe', 'ignore'], input: talk.input }),
    });
    child.unref();
    const over = talk === undefined ? Promise.resolve() : readLines(child.stdout ?? null, talk.onLine);
    return { pid: child.pid, over, letGo: () => child.stdout?.destroy() };
  };
}

async function readLines(stdout: Readable | null, onLine: (line: string) => void): Promise<void> {
  let rest = '';
  try {
    for await (const piece of stdout?.setEncoding('utf8') ?? []) {
      const lines = `${rest}${String(piece)}`.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) onLine(line);
    }
  } catch {
    // it was let go
  }
}

/** How a program that was started apart has ended. */
export interface ApartEnd {
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** Why it was never started: `ENOENT`, `EACCES`. */
  readonly failure?: string;
}

/** Starts a program in a session and process group of its own, its input and output going straight to open files: it needs nobody to go on. */
export function startApart(
  { file, args, cwd, env }: Pick<RunRequest, 'file' | 'args' | 'cwd'> & { env: Env },
  [input, output]: readonly [number | 'ignore', number],
): { readonly pid: number | undefined; readonly end: Promise<ApartEnd> } {
  const child = execa(file, [...args], {
    ...apart(cwd, env),
    stdio: [input, output, output] as never,
  });
  const end = child.then(({ exitCode, signal, code }): ApartEnd => {
    if (exitCode !== undefined) return { exitCode, signal: null };
    if (signal !== undefined) return { exitCode: null, signal };
    return { exitCode: null, signal: null, failure: code ?? 'unknown' };
  });
  return { pid: child.pid, end };
}

const GRACE_MS = 100;

/** A stopped program's own children may hold its pipes open for long (a filter, a hook): they are not waited for. */
function letGo(
  child: ReturnType<typeof execa> | NonNullable<Captured['child']>,
  { timeoutMs, shielded }: RunRequest,
  signal: AbortSignal | undefined,
): void {
  const startMs = performance.now();
  child.once('exit', () => {
    const isLate = timeoutMs !== undefined && performance.now() - startMs >= timeoutMs;
    if (!isLate && (shielded || !signal?.aborted)) return;
    setTimeout(() => {
      child.stdout?.destroy();
      child.stderr?.destroy();
    }, GRACE_MS);
  });
}

/** The terminal sends Ctrl-C to everybody itself; what was sent to wt alone goes on to the child. */
function passOn({ reason }: AbortSignal, kill: (name: 'SIGTERM' | 'SIGHUP') => void): void {
  if (reason === 'SIGTERM' || reason === 'SIGHUP') kill(reason);
}

function optionsOf(request: RunRequest, baseEnv: Env, signal: AbortSignal | undefined): Options {
  const { cwd, env, input, stdio, holdFd, shielded, ends } = request;
  const isHandedOver = isTerminals(request);
  const err = isHandedOver ? 'inherit' : 'pipe';
  const out = stdio === 'aside' ? 2 : err;
  const stdin = input !== undefined ? 'pipe' : isHandedOver ? 'inherit' : 'ignore';
  return {
    cwd,
    env: { ...baseEnv, ...env },
    extendEnv: false,
    reject: false,
    stripFinalNewline: false,
    buffer: typeof stdio !== 'object',
    maxBuffer: 256 * 1024 * 1024,
    forceKillAfterDelay: 5000,
    stdio: (holdFd === undefined ? [stdin, out, err] : [stdin, out, err, holdFd]) as never,
    ...(input === undefined ? {} : { input }),
    // A program that has the terminal gets its own Ctrl-C from it.
    ...(signal === undefined || shielded || isHandedOver || ends !== undefined ? {} : { cancelSignal: signal }),
    ...(ends === 'group' ? { detached: true } : {}),
  };
}

function endedOf(result: Result): Ended {
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  const { exitCode, signal, code, durationMs, isCanceled } = result;
  return {
    stdout: text(result.stdout),
    stderr: text(result.stderr),
    durationMs,
    isCanceled,
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(signal === undefined ? {} : { signal }),
    ...(code === undefined ? {} : { code }),
    ...(result instanceof Error ? { cause: result.cause } : {}),
  };
}

function toResult(request: RunRequest, end: Ended, signal: AbortSignal | undefined): RunResult {
  const done = { stdout: end.stdout, stderr: end.stderr, durationMs: end.durationMs };
  const isStopped = end.isCanceled || (end.signal !== undefined && !isTerminals(request));
  if (isStopped && !request.shielded) throwIfInterrupted(signal);
  if (end.exitCode !== undefined) return { ...done, exitCode: end.exitCode };
  if (end.signal !== undefined)
    return { ...done, exitCode: 128 + (SIGNAL_NUMBERS[end.signal] ?? 0), signal: end.signal };
  return { ...done, ...startFailure(request, end) };
}

function tookTooLong({ file, args, shownArgs, timeoutMs }: RunRequest): WtError {
  const seconds = Math.round((timeoutMs ?? 0) / 1000);
  return new WtError('git.timeout', { args: [file, ...(shownArgs ?? args)], seconds });
}

/** The program never ran. ENOENT means two different things: no such program, or no such working directory. */
function startFailure({ file, cwd }: RunRequest, { code, cause }: Ended): Pick<RunResult, 'exitCode' | 'stderr'> {
  if (code === 'ENOENT' && !existsSync(cwd)) throw new WtError('repo.not-found', { cwd, reason: 'gone' });
  if (code === 'ENOENT') return { exitCode: 127, stderr: `${file}: no such program on PATH\n` };
  if (code === 'EACCES') return { exitCode: 126, stderr: `${file}: may not be executed\n` };
  throw cause instanceof Error ? cause : new Error(`${file} could not be run`);
}
