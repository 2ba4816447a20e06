import { readdir, readFile, readlink } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';

export interface ProcessInside {
  readonly pid: number;
  readonly command: string;
  /** An ancestor of this very command: the shell or agent it was typed in. */
  readonly isCaller: boolean;
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
      const [command, environment] = await Promise.all(
        ['comm', 'environ'].map((name) => readFile(`/proc/${pid}/${name}`, 'latin1').catch(() => '')),
      );
      const isOurs = environment?.split('\0').includes(`${INTERNAL_MARK}=1`) === true;
      return isOurs || !command ? undefined : { pid, command: command.trim(), isCaller: callers.has(pid) };
    }),
  );
  return found.filter((entry) => entry !== undefined);
}

async function ancestors(pid: number): Promise<ReadonlySet<number>> {
  const seen = new Set<number>();
  for (let next = pid; next > 1 && !seen.has(next);) {
    seen.add(next);
    const stat = await readFile(`/proc/${next}/stat`, 'latin1').catch(() => '');
    next = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] ?? 0);
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
