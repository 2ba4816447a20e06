import { readdir, readFile, readlink } from 'node:fs/promises';
import process from 'node:process';
import type { Clock } from './clock.ts';
import { findPathIn } from './dirs.ts';
import { describeProcess, livenessOf, type Owner } from './identity.ts';

/** Variable that every process of one run of an agent inherits: the nonce of its owner's record. */
export const RUN_MARK = 'WT_RUN';

interface Member {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
}

/**
 * A program that wt has started and all that has come of it: what descends from it, and what is in its process group or session
 * still. While it lives itself it is known by its start time; after that only what carries its mark counts, for a process id may
 * have been given to another. Never this very process.
 */
export async function listMembers(owner: Owner): Promise<readonly number[]> {
  const all = await listProcesses();
  const isIn = ({ group, session }: Member): boolean => group === owner.pid || session === owner.pid;
  if (livenessOf(owner) === 'alive') {
    const leads = all.some(({ pid, group }) => pid === owner.pid && group === owner.pid);
    const found = new Set([owner.pid, ...all.flatMap((one) => (leads && isIn(one) ? [one.pid] : []))]);
    for (let size = 0; size !== found.size;) {
      size = found.size;
      for (const { pid, parent } of all) if (found.has(parent)) found.add(pid);
    }
    return [...found].filter((pid) => pid !== process.pid);
  }
  if (owner.nonce === '') return [];
  const left = all.filter((one) => isIn(one) && one.pid !== process.pid);
  const marked = await Promise.all(left.map(async ({ pid }) => ((await hasMark(pid, owner.nonce)) ? [pid] : [])));
  return marked.flat();
}

/**
 * Who carries the mark of a run whose recorded process is gone, and stands in a folder: an agent whose wt was killed before it could
 * write down its process, or what an agent has left there. Never one that stands elsewhere, for the mark is inherited.
 */
export async function listMarked(owner: Owner, folder: string): Promise<readonly number[]> {
  if (owner.nonce === '' || livenessOf(owner) !== 'dead') return [];
  const all = await listProcesses();
  const found = await Promise.all(
    all.map(async ({ pid }) => {
      const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => undefined);
      if (pid === process.pid || cwd === undefined || findPathIn(folder, cwd) === undefined) return [];
      return (await hasMark(pid, owner.nonce)) ? [pid] : [];
    }),
  );
  return found.flat();
}

async function hasMark(pid: number, nonce: string): Promise<boolean> {
  const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
  return environment.split('\0').includes(`${RUN_MARK}=${nonce}`);
}

/** proc_pid_stat(5); what has ended and waits to be asked after does not count. Empty where /proc is missing. */
async function listProcesses(): Promise<readonly Member[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(
    pids.map(async (pid): Promise<readonly Member[]> => {
      const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
      const [state, parent, group, session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (stat === '' || state === 'Z' || state === 'X') return [];
      return [{ pid, parent: Number(parent), group: Number(group), session: Number(session) }];
    }),
  );
  return found.flat();
}

const POLL_MS = 40;
/** What even SIGKILL does not end at once is in the middle of something in the kernel. */
const STUBBORN_MS = 5000;

/**
 * Ends processes: SIGTERM, some grace, SIGKILL; without grace SIGKILL at once. `find` is asked again and again, so that one that is
 * started meanwhile goes too, and who was found once is not lost when its parent goes first. Returns the last signal that was
 * needed, or undefined when there was nobody.
 */
export async function endMembers(
  clock: Clock,
  find: () => Promise<readonly number[]>,
  graceMs: number,
): Promise<'SIGTERM' | 'SIGKILL' | undefined> {
  const startMs = clock.elapsedMs();
  const known = new Map<number, Owner>();
  const told = new Set<number>();
  let last: 'SIGTERM' | 'SIGKILL' | undefined;
  for (;;) {
    for (const pid of await find()) {
      const owner = known.has(pid) ? undefined : describeProcess(pid, '');
      if (owner !== undefined) known.set(pid, owner);
    }
    for (const [pid, owner] of known) if (livenessOf(owner) === 'dead') known.delete(pid);
    const waitedMs = clock.elapsedMs() - startMs;
    if (known.size === 0 || waitedMs > graceMs + STUBBORN_MS) return last;
    last = waitedMs >= graceMs ? 'SIGKILL' : 'SIGTERM';
    for (const pid of known.keys()) if (last === 'SIGKILL' || !told.has(pid)) send(pid, last);
    for (const pid of known.keys()) told.add(pid);
    await clock.sleep(POLL_MS);
  }
}

function send(pid: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
    // One that is stopped hears nothing before it goes on.
    if (signal === 'SIGTERM') process.kill(pid, 'SIGCONT');
  } catch {
    // it has ended by itself
  }
}

/** SIGTERM to a process group that this process has started. */
export function endGroupGently(group: number): void {
  send(-group, 'SIGTERM');
}

/** SIGTERM to one process that this process has started. */
export function endGently(pid: number): void {
  send(pid, 'SIGTERM');
}
