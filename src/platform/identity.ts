import { closeSync, constants, openSync, readFileSync, readlinkSync, unlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import type { Runner } from './runner.ts';

/** Who holds a lock or runs an operation; enough to tell later whether that process still lives. */
export interface Owner {
  readonly pid: number;
  /** Start time in clock ticks since boot, proc_pid_stat(5) field 22; null where /proc is missing. */
  readonly start: string | null;
  readonly boot: string | null;
  readonly pidns: string | null;
  readonly host: string;
  readonly nonce: string;
  /** Absolute path of a FIFO that the process and its git children keep open for reading; null without mkfifo(1). */
  readonly fifo: string | null;
  readonly command: string;
}

/** The record in a value that was read from a file; undefined when it is none. Pure. */
export function parseOwner(value: unknown): Owner | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { pid, start, boot, pidns, host, nonce, fifo, command } = value as Record<string, unknown>;
  const [texts, maybe] = [
    [host, nonce, command],
    [start, boot, pidns, fifo],
  ];
  const isOwner =
    Number.isInteger(pid) &&
    texts.every((text) => typeof text === 'string') &&
    maybe.every((text) => text === null || typeof text === 'string');
  return isOwner ? ({ pid, start, boot, pidns, host, nonce, fifo, command } as Owner) : undefined;
}

/** This process: its owner record, made on first use, and the open end of its FIFO. */
export interface Identity {
  owner(directory: string, run: Runner): Promise<{ readonly owner: Owner; readonly fd: number | undefined }>;
  dispose(): void;
}

/** `nonce`: a name that nobody else has, or what makes one. */
export function createIdentity(command: string, nonce: string | (() => string)): Identity {
  let made: Promise<{ owner: Owner; fd: number | undefined }> | undefined;
  let open: { fd: number; fifo: string } | undefined;
  const make = async (directory: string, run: Runner): Promise<{ owner: Owner; fd: number | undefined }> => {
    const name = typeof nonce === 'string' ? nonce : nonce();
    open = await makeFifo(path.join(directory, `f.${name}`), run);
    return { owner: describeSelf(command, name, open?.fifo ?? null), fd: open?.fd };
  };
  return {
    owner(directory, run) {
      made ??= make(directory, run);
      return made;
    },
    dispose() {
      if (open === undefined) return;
      closeSync(open.fd);
      try {
        unlinkSync(open.fifo);
      } catch {
        // somebody tidied up before us
      }
      open = undefined;
      made = undefined;
    },
  };
}

/** An identity without a FIFO, for a lock that is held for milliseconds and over no child. */
export function createBriefIdentity(command: string, nonce: string): Identity {
  return {
    owner: () => Promise.resolve({ owner: describeSelf(command, nonce, null), fd: undefined }),
    dispose: () => {},
  };
}

/** `dead` only when it is proven; a process in another PID namespace without a FIFO is `unknown`. */
export function livenessOf(owner: Owner): 'alive' | 'dead' | 'unknown' {
  const self = selfFacts();
  // A FIFO tells of the processes of one kernel only: on a shared disk another machine's holder would look dead.
  const isSameKernel = owner.host === self.host || (owner.boot !== null && owner.boot === self.boot);
  if (!isSameKernel) return 'unknown';
  if (owner.boot !== self.boot) return 'dead';
  const held = owner.fifo === null ? undefined : isFifoHeld(owner.fifo);
  if (held !== undefined) return held ? 'alive' : 'dead';
  if (owner.host !== self.host || owner.pidns !== self.pidns) return 'unknown';
  if (self.boot === null) return isPidAlive(owner.pid) ? 'alive' : 'dead'; // no /proc here
  const start = startTimeOf(owner.pid);
  return start === undefined || start !== owner.start ? 'dead' : 'alive';
}

/** The machine was started anew since: nothing of that time lives. */
export function isFromEarlierBoot({ boot, host }: Owner): boolean {
  const self = selfFacts();
  return host === self.host && boot !== null && self.boot !== null && boot !== self.boot;
}

/** True while a process has the FIFO open for reading (fifo(7): ENXIO otherwise); undefined when that cannot be asked. */
export function isFifoHeld(fifo: string): boolean | undefined {
  try {
    closeSync(openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK));
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENXIO' ? false : undefined;
  }
}

async function makeFifo(fifo: string, run: Runner): Promise<{ fd: number; fifo: string } | undefined> {
  for (let attempt = 0; attempt < 3; attempt++) {
    const { exitCode } = await run({ file: 'mkfifo', args: ['-m', '600', fifo], cwd: path.dirname(fifo) });
    if (exitCode !== 0) return undefined;
    try {
      return { fifo, fd: openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK) };
    } catch {
      // a tidy-up took it for a dead one between the two calls; make another
    }
  }
  return undefined;
}

function describeSelf(command: string, nonce: string, fifo: string | null): Owner {
  return {
    ...selfFacts(),
    pid: process.pid,
    start: startTimeOf(process.pid) ?? null,
    nonce,
    fifo,
    command,
  };
}

/** The record of another process of this machine; undefined when it is gone. */
export function describeProcess(pid: number, command: string): Owner | undefined {
  const start = startTimeOf(pid);
  const facts = selfFacts();
  if (start === undefined && facts.boot !== null) return undefined;
  return { ...facts, pid, start: start ?? null, nonce: '', fifo: null, command };
}

function selfFacts(): { boot: string | null; pidns: string | null; host: string } {
  return {
    boot: tryRead(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    pidns: tryRead(() => readlinkSync('/proc/self/ns/pid')),
    host: hostname(),
  };
}

/** Start time of a process; undefined when it is gone or a zombie. */
function startTimeOf(pid: number): string | undefined {
  const text = tryRead(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
  if (text === null) return undefined;
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}

/** What tells whether a process has worked since: the processor time of it and of its ended children, proc_pid_stat(5); undefined when it is gone. */
export function processMark(pid: number): string | undefined {
  const text = tryRead(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
  return text
    ?.slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 15)
    .join(' ');
}

function isPidAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

function tryRead(read: () => string): string | null {
  try {
    return read();
  } catch {
    return null;
  }
}
