import { readdir, readFile, readlink } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';

export interface ProcessInside {
  readonly pid: number;
  readonly command: string;
  /** An ancestor of this very command: the shell or agent it was typed in. */
  readonly isCaller: boolean;
  /** A shell on a terminal that waits for its next line. */
  readonly isAtPrompt?: boolean;
  /** wt has started it, or one that it comes from. */
  readonly isStarted?: boolean;
}

/** Set for git processes that wt itself starts: for a moment they stand in a session without anybody being there. */
export const INTERNAL_MARK = 'WT_INTERNAL';

const SECOND_LOOK_MS = 50;

/**
 * Processes whose working directory is at or below a folder, proc(5); best effort, empty where /proc is missing. Looks
 * twice, so that one that is only passing through does not count.
 */
export async function listProcessesInside(folder: string): Promise<readonly ProcessInside[]> {
  const first = await findInside(folder);
  if (first.length === 0) return [];
  await new Promise((resolve) => setTimeout(resolve, SECOND_LOOK_MS));
  const second = await findInside(folder);
  return second.filter(({ pid }) => first.some((one) => one.pid === pid));
}

async function findInside(folder: string): Promise<readonly ProcessInside[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name)).map(Number);
  const callers = await ancestors(process.pid);
  const found = await Promise.all(
    pids.map(async (pid): Promise<ProcessInside | undefined> => {
      const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => undefined);
      if (pid === process.pid || cwd === undefined) return undefined;
      if (cwd !== folder && !cwd.startsWith(`${folder}${path.sep}`)) return undefined;
      const [command = '', environment = '', line = ''] = await Promise.all(
        ['comm', 'environ', 'cmdline'].map((name) => readFile(`/proc/${pid}/${name}`, 'latin1').catch(() => '')),
      );
      if (command === '' || environment.split('\0').includes(`${INTERNAL_MARK}=1`)) return undefined;
      const shell = { isAtPrompt: await isAtPrompt(pid, command.trim(), line.split('\0').slice(1)) };
      return { pid, command: command.trim(), isCaller: callers.has(pid), ...(shell.isAtPrompt ? shell : {}) };
    }),
  );
  return found.filter((entry) => entry !== undefined);
}

const SHELLS = new Set(['bash', 'zsh', 'fish', 'sh', 'dash', 'ksh', 'tcsh', 'nu', 'pwsh', 'xonsh', 'elvish']);

/** An interactive shell that has its terminal to itself: it runs no script, and no program in the foreground. */
async function isAtPrompt(pid: number, command: string, words: readonly string[]): Promise<boolean> {
  if (!SHELLS.has(command) || words.some((word) => word !== '' && !word.startsWith('-'))) return false;
  const { group, terminal, foreground } = await readStat(pid);
  return terminal !== 0 && foreground === group;
}

/** Whether a program of that name, by itself or as a script, has its working directory in one of these folders; best effort, false where /proc is missing. */
export async function isProgramInside(name: string, folders: readonly string[]): Promise<boolean> {
  const pids = (await readdir('/proc').catch(() => [])).filter((one) => /^\d+$/.test(one));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => undefined);
      if (cwd === undefined || !folders.some((folder) => cwd === folder || cwd.startsWith(`${folder}${path.sep}`)))
        return false;
      const line = await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '');
      const words = line.split('\0').slice(0, 2);
      return words.some((word) => word === name || word.endsWith(`/${name}`));
    }),
  );
  return found.includes(true);
}

/** Whether a process is this very command or one that it was called from. */
export async function isCaller(pid: number): Promise<boolean> {
  return (await ancestors(process.pid)).has(pid);
}

const GRACE_MS = 5000;
const POLL_MS = 25;

/**
 * Ends a process and all that it has started: SIGTERM, five seconds of grace, SIGKILL. One that leads a process group of
 * its own takes that along (kill(2), negative pid).
 */
export async function endProcessTree(pid: number): Promise<void> {
  const tree = await descendants(pid);
  const { group } = await readStat(pid);
  const signal = (name: 'SIGTERM' | 'SIGKILL'): void => {
    for (const target of group === pid ? [-pid, ...tree] : tree)
      try {
        process.kill(target, name);
      } catch {
        // it has ended by itself
      }
  };
  signal('SIGTERM');
  for (let waitedMs = 0; waitedMs < GRACE_MS; waitedMs += POLL_MS) {
    const left = await Promise.all(tree.map(async (one) => (await readStat(one)).isAlive));
    if (!left.includes(true)) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  signal('SIGKILL');
  await new Promise((resolve) => setTimeout(resolve, POLL_MS));
}

/**
 * Whether a process has the terminal that another one was started at: what is typed there reaches it or its own helpers. Undefined
 * where that cannot be seen (no /proc).
 */
export async function hasTerminalOf(pid: number, starter: number): Promise<boolean | undefined> {
  const [self, one, other] = await Promise.all([readStat(process.pid), readStat(pid), readStat(starter)]);
  if (!self.isAlive) return undefined;
  if (!one.isAlive || !other.isAlive || one.terminal === 0 || one.terminal !== other.terminal) return false;
  return one.foreground === one.group && (await descendants(starter)).includes(pid);
}

/** The terminal a process reads from; undefined when it has none, or that cannot be seen. */
export async function findTerminal(pid: number): Promise<string | undefined> {
  const input = await readlink(`/proc/${pid}/fd/0`).catch(() => '');
  return input.startsWith('/dev/') && input !== '/dev/null' ? input : undefined;
}

/** Ends what is left of a process group whose leader has ended already; nothing when all of it has. */
export async function endProcessGroup(group: number): Promise<void> {
  for (const name of ['SIGTERM', 'SIGKILL'] as const) {
    try {
      process.kill(-group, name);
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 4 * POLL_MS));
  }
}

/** proc_pid_stat(5): state, parent, process group; its terminal, and the group in the foreground there. */
async function readStat(
  pid: number,
): Promise<{ isAlive: boolean; parent: number; group: number; terminal: number; foreground: number }> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  const [state, parent, group, , terminal, foreground] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return {
    isAlive: stat !== '' && state !== 'Z' && state !== 'X',
    parent: Number(parent ?? 0),
    group: Number(group ?? 0),
    terminal: Number(terminal ?? 0),
    foreground: Number(foreground ?? 0),
  };
}

/** The process itself first, then its children, theirs, and so on. */
export async function descendants(pid: number): Promise<readonly number[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name)).map(Number);
  const parents = new Map(await Promise.all(pids.map(async (one) => [one, (await readStat(one)).parent] as const)));
  const tree = [pid];
  for (let i = 0; i < tree.length; i++)
    for (const [child, parent] of parents) if (parent === tree[i] && !tree.includes(child)) tree.push(child);
  return tree;
}

async function ancestors(pid: number): Promise<ReadonlySet<number>> {
  const seen = new Set<number>();
  for (let next = pid; next > 1 && !seen.has(next);) {
    seen.add(next);
    next = (await readStat(next)).parent;
  }
  return seen;
}

/** Mount points at or below a folder, proc_pid_mountinfo(5); a rename or delete must never reach through one. */
export async function listMountsInside(folder: string): Promise<readonly string[]> {
  const text = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
  const points = text
    .split('\n')
    .map((line) =>
      (line.split(' ')[4] ?? '').replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
        String.fromCharCode(Number.parseInt(octal, 8)),
      ),
    );
  return points.filter((point) => point === folder || point.startsWith(`${folder}${path.sep}`));
}
