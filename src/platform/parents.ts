import { readFileSync } from 'node:fs';
import process from 'node:process';

/** A process that this one comes from. */
export interface Parent {
  readonly pid: number;
  /** Its own short name, proc_pid_comm(5). */
  readonly name: string;
  readonly words: readonly string[];
}

const MAX_PARENTS = 32;

/** The processes that this one comes from, the nearest first; only the nearest where /proc is missing. */
export function listParents(): readonly Parent[] {
  const parents: Parent[] = [];
  for (let pid = process.ppid; pid > 1 && parents.length < MAX_PARENTS;) {
    const stat = read(pid, 'stat');
    if (stat === undefined) return parents.length === 0 ? [{ pid, name: '', words: [] }] : parents;
    const end = stat.lastIndexOf(')');
    const words = (read(pid, 'cmdline') ?? '').split('\0').slice(0, -1);
    parents.push({ pid, name: stat.slice(stat.indexOf('(') + 1, end), words });
    pid = Number(stat.slice(end + 2).split(' ')[1] ?? 0);
  }
  return parents;
}

function read(pid: number, name: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return undefined;
  }
}
