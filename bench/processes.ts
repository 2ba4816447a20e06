import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

export type Env = Readonly<Record<string, string | undefined>>;

export interface Call {
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
  readonly env: Env;
  readonly input?: string;
  /** Exit codes that are answers. Default [0]. */
  readonly expect?: readonly number[];
}

export interface Ended {
  readonly pid: number;
  readonly stdout: string;
}

/** Runs a program to its end. Throws with what it said when it fails. */
export function runNow({ argv: [file, ...args], cwd, env, input, expect = [0] }: Call): Ended {
  const options = { cwd, env, input, encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 } as const;
  const { status, stdout, stderr, error, pid } = spawnSync(file, args, options);
  if (status === null || !expect.includes(status))
    throw failure([file, ...args], error?.message ?? `exit ${status}: ${stderr || stdout}`);
  return { pid, stdout };
}

/** The same, while others run too. */
export function runBeside({ argv: [file, ...args], cwd, env, expect = [0] }: Call): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd, env, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    child.on('error', reject);
    child.on('exit', (code) =>
      code !== null && expect.includes(code) ? resolve() : reject(failure([file, ...args], `exit ${code}: ${said}`)),
    );
  });
}

function failure(argv: readonly string[], why: string): Error {
  return new Error(`${argv.join(' ')}: ${why.trim()}`);
}

const TICK_MS = 10;

/** Processor time of this process and of all children that have ended, with theirs, in ms and steps of 10 (proc_pid_stat(5)); undefined off Linux. */
export function cpuMs(): number | undefined {
  try {
    const fields = readFileSync('/proc/self/stat', 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    // utime, stime, cutime, cstime
    return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) * TICK_MS;
  } catch {
    return undefined;
  }
}

/** Longer than anything that a command leaves to run by itself, on a machine with much else to do. */
const QUIET_MS = 300_000;

/** Waits until no process is left that was started with this home: what a command left to run by itself disturbs the next one. */
export async function untilQuiet(home: string): Promise<void> {
  const mark = `HOME=${home}\0`;
  const isMine = (pid: string): boolean => {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(mark);
    } catch {
      return false;
    }
  };
  const untilMs = performance.now() + QUIET_MS;
  while (performance.now() < untilMs) {
    const pids = existsSync('/proc') ? readdirSync('/proc') : [];
    if (!pids.some((pid) => /^\d+$/.test(pid) && isMine(pid))) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
