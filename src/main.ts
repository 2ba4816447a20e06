import { randomUUID } from 'node:crypto';
import { fstatSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { buffer } from 'node:stream/consumers';
import { isatty } from 'node:tty';
import process from 'node:process';
import { main } from './cli/main.ts';
import { verbIn } from './cli/program.ts';
import { systemClock } from './platform/clock.ts';
import type { Deps } from './platform/deps.ts';
import { createDraftDoor } from './platform/draft.ts';
import { createIdentity } from './platform/identity.ts';
import { askPerson } from './platform/prompt.ts';
import { createDetach, createRunner, type Handover } from './platform/runner.ts';
import { colorLevel, type Streams } from './platform/streams.ts';
import { createTerminal } from './platform/terminal.ts';

declare const __WT_VERSION__: string;

/** The composition root: the only reader of `process` outside the platform. */
const argv = process.argv.slice(2);
const interrupted = new AbortController();
const terminal: Handover = { isHandedOver: false };
const identity = createIdentity(`wt ${verbIn(argv) ?? ''}`.trim(), () => randomUUID());

for (const signal of ['SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    // What is typed while a program has the terminal is for that program.
    if (terminal.isHandedOver && (signal === 'SIGINT' || signal === 'SIGQUIT')) return;
    // A terminal that closes says so more than once; it is no sign of impatience.
    if (interrupted.signal.aborted && signal === 'SIGHUP') return;
    // A second signal ends at once: the journal covers what is left.
    if (interrupted.signal.aborted || signal === 'SIGQUIT') process.exit(signal === 'SIGQUIT' ? 131 : 130);
    interrupted.abort(signal);
  });
}
const readerGone = new AbortController();
const watched = new Set<NodeJS.WriteStream>();
const isTerminal = { in: isTerminalAt(0), out: isTerminalAt(1), err: isTerminalAt(2) };
// Others draw there too.
if (isTerminal.out) opened(process.stdout);
if (isTerminal.err) opened(process.stderr);

const noColor = argv.slice(0, argv.includes('--') ? argv.indexOf('--') : undefined).includes('--no-color');
const env = noColor ? { ...process.env, NO_COLOR: '1' } : process.env;
const draft = isTerminal.out ? createDraftDoor(process.stdout) : undefined;
const io: Streams = {
  out: (text) => void opened(process.stdout).write(draft?.over(text) ?? text),
  err: (text) => {
    draft?.clear();
    opened(process.stderr).write(text);
  },
  readStdin: async () => (await buffer(process.stdin)).toString('utf8'),
  readLines: (signal) => createInterface({ input: process.stdin, terminal: false, signal }),
  stdinIsTTY: isTerminal.in,
  stdinIsPiped: isPiped(),
  stdoutIsTTY: isTerminal.out,
  stderrIsTTY: isTerminal.err,
  get columns() {
    return (isTerminal.out ? process.stdout.columns : isTerminal.err ? process.stderr.columns : undefined) ?? 80;
  },
  readerGone: readerGone.signal,
  color: colorLevel(env, isTerminal.out),
  errColor: colorLevel(env, isTerminal.err),
};
const deps: Deps = {
  run: createRunner(env, interrupted.signal, terminal),
  detach: createDetach(env),
  clock: systemClock,
  random: Math.random,
  env,
  program: process.argv[1] ?? '',
  cwd: currentDirectory(),
  io,
  ...(draft === undefined ? {} : { draft }),
  ...(io.stdinIsTTY && io.stdoutIsTTY ? { terminal: createTerminal(process.stdin, process.stdout) } : {}),
  confirm: async (question) => {
    if (!io.stdinIsTTY || !io.stderrIsTTY) return undefined;
    const answer = await askPerson(question, process.stdin, process.stderr);
    if (answer === undefined) interrupted.abort('SIGINT');
    return answer;
  },
  signal: interrupted.signal,
  identity,
};

void start();

async function start(): Promise<void> {
  process.exitCode = await main(argv, deps, __WT_VERSION__);
  identity.dispose();
}

/** Where the caller stands; a shell in a deleted folder still knows its name. */
function currentDirectory(): string {
  try {
    return process.cwd();
  } catch {
    process.chdir('/'); // nothing can be started from a folder that is gone
    return process.env['PWD'] ?? '/';
  }
}

/** Standard output or standard error; opened when there is something to say, for that takes its time. */
function opened(stream: NodeJS.WriteStream): NodeJS.WriteStream {
  if (watched.has(stream)) return stream;
  watched.add(stream);
  // `wt list | head -1` is no failure.
  return stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error; // EIO: its terminal is gone
    if (stream === process.stdout) readerGone.abort();
  });
}

/** What is no character device is no terminal: that is quicker to know than by opening the stream. */
function isTerminalAt(fd: number): boolean {
  try {
    return fstatSync(fd).isCharacterDevice() && isatty(fd);
  } catch {
    return false;
  }
}

/** Whether somebody has put a pipe or a file on standard input. A socket is how programs start others without meaning anything by it. */
function isPiped(): boolean {
  try {
    const stats = fstatSync(0);
    return stats.isFIFO() || stats.isFile();
  } catch {
    return false;
  }
}
