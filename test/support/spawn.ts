import { spawn, type ChildProcess } from 'node:child_process';
import { lstat, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import type { Env, Room } from './room.ts';

/** The built program, as its users start it. Another build can be put in its place. */
export const PROGRAM = process.env['WT_TEST_PROGRAM'] ?? path.resolve(import.meta.dirname, '../../bin/wt.js');

export interface Exit {
  /** Exit code; 128 + n is what a shell would say, -1 is a process that a signal ended. */
  readonly code: number;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly pid: number;
  readonly done: Promise<Exit>;
  /** What it has said on stderr so far. */
  readonly said: () => string;
  kill(signal: NodeJS.Signals): void;
}

export interface SpawnOptions {
  readonly env?: Env;
  /** Leads a process group of its own, as a job of a shell does. */
  readonly group?: boolean;
}

/** Starts a program as a process of its own; what still runs when the test ends is killed. */
export function start(
  room: Room,
  cwd: string,
  [file, ...args]: readonly [string, ...string[]],
  options: SpawnOptions = {},
): Started {
  const child: ChildProcess = spawn(file, args, {
    cwd,
    env: { ...room.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: options.group ?? false,
  });
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const done = new Promise<Exit>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code: code ?? -1, signal, stdout, stderr }));
  });
  onTestFinished(async () => {
    if (options.group) killGroup(child.pid ?? 0);
    else if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await done.catch(() => {});
  });
  return {
    pid: child.pid ?? 0,
    done,
    said: () => stderr,
    kill: (signal) => void child.kill(signal),
  };
}

function killGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL');
  } catch {
    // nobody of it lives
  }
}

/** Starts the built wt. */
export function startWt(room: Room, cwd: string, argv: readonly string[], options: SpawnOptions = {}): Started {
  return start(room, cwd, [process.execPath, PROGRAM, ...argv], {
    ...options,
    env: { WT_LOCK_TIMEOUT: '300', ...options.env },
  });
}

export function runWt(room: Room, cwd: string, argv: readonly string[], options: SpawnOptions = {}): Promise<Exit> {
  return startWt(room, cwd, argv, options).done;
}

/** One wt for each argument list, all started before any has ended. */
export function runAll(room: Room, cwd: string, calls: readonly (readonly string[])[]): Promise<readonly Exit[]> {
  return Promise.all(calls.map((argv) => runWt(room, cwd, argv)));
}

/** `data` of a `--json` answer of the built wt; throws when it is a failure. */
export async function askWt<T>(room: Room, cwd: string, argv: readonly string[]): Promise<T> {
  const { code, stdout, stderr } = await runWt(room, cwd, ['--json', ...argv]);
  const answer = JSON.parse(stdout === '' ? '{}' : stdout) as { ok?: boolean; data: T };
  if (answer.ok !== true) throw new Error(`wt ${argv.join(' ')} exited with ${code}: ${stdout}${stderr}`);
  return answer.data;
}

/** Waits until something holds; the test's own time limit ends a vain wait. */
export async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await holds())) await sleep(10);
}

/** Every file and link below a folder, relative to it. */
export async function filesBelow(folder: string, below = ''): Promise<readonly string[]> {
  const entries = await readdir(path.join(folder, below), { withFileTypes: true }).catch(() => []);
  const nested = await Promise.all(
    entries.map(async (entry) => {
      const name = path.join(below, entry.name);
      return entry.isDirectory() ? filesBelow(folder, name) : [name];
    }),
  );
  return nested.flat().toSorted();
}

/** Ids in the registry file, sorted; none when there is no file. */
export async function registeredIds(root: string): Promise<readonly string[]> {
  return Object.keys((await readRows(root)) ?? {}).toSorted();
}

export async function readRows(
  root: string,
): Promise<Readonly<Record<string, { state: string; path: string }>> | undefined> {
  const text = await readFile(path.join(root, '.worktrees', 'sessions.json'), 'utf8').catch(() => undefined);
  return text === undefined
    ? undefined
    : (JSON.parse(text) as { sessions: Record<string, { state: string; path: string }> }).sessions;
}

/** Names of the linked worktrees' folders as git lists them, sorted; the gate's is wt's own. */
export async function linkedWorktrees(room: Room, root: string): Promise<readonly string[]> {
  const text = await room.git(root, 'worktree', 'list', '--porcelain');
  return [...text.matchAll(/^worktree (.+)$/gm)]
    .map(([, folder = '']) => folder)
    .filter((folder) => folder !== root && folder !== path.join(root, '.worktrees', '.gate'))
    .map((folder) => path.relative(path.join(root, '.worktrees'), folder))
    .toSorted();
}

/** Names of the branches, sorted. */
export async function branches(room: Room, root: string): Promise<readonly string[]> {
  return lines(await room.git(root, 'for-each-ref', '--format=%(refname:short)', 'refs/heads/')).toSorted();
}

/** What is wrong with a repository that nobody works in at the moment; empty when all is right. */
export async function findFaults(room: Room, root: string): Promise<readonly string[]> {
  const dotGit = path.join(root, '.git');
  const [rows, trees, files] = await Promise.all([
    registeredIds(root),
    linkedWorktrees(room, root),
    filesBelow(dotGit),
  ]);
  const faults: string[] = [];
  const rowPaths = Object.values((await readRows(root)) ?? {}).map((row) =>
    path.relative(path.join(root, '.worktrees'), row.path),
  );
  const outside = trees.filter((name) => name.startsWith('..') && !rowPaths.includes(name)); // may be somebody else's
  if (rowPaths.toSorted().join() !== trees.filter((name) => !outside.includes(name)).join())
    faults.push(`registry has [${rows.join()}], git has [${trees.join()}]`);
  for (const [id, row] of Object.entries((await readRows(root)) ?? {}))
    if (row.state !== 'ready') faults.push(`${id} is ${row.state}`);
  // What a killed gate leaves in its own record the next gate clears away, and nobody else works there; what is thrown away has names
  // that nobody uses again, and goes in time.
  const isOwn = (name: string): boolean =>
    /^(?:worktrees\/-gate\/|wt\/cache\/(?:(?:objects|message)-[^/]+\/|index-[^/]+$|indexes\/))/.test(name);
  const locks = files.filter((name) => name.endsWith('.lock') && !isOwn(name));
  faults.push(...locks.map((name) => `lock file ${name}`));
  for (const name of files.filter((file) => /^worktrees\/[^/]+\/locked$/.test(file))) {
    const reason = await readFile(path.join(dotGit, name), 'utf8');
    if (!/^wt(?: [\w-]+)?:/.test(reason)) faults.push(`${name} says ${JSON.stringify(reason)}`);
  }
  faults.push(...files.filter((name) => /^wt\/journal\/.*\.json$/.test(name)).map((name) => `open operation ${name}`));
  const fsck = await room.git(root, 'fsck', '--no-dangling').catch((error: Error) => error.message);
  if (fsck !== '') faults.push(`fsck: ${fsck}`);
  return faults;
}

/** Waits until no process of a group lives; the dead whom nobody has asked after do not count. */
export async function untilGroupIsGone(group: number): Promise<void> {
  await until(async () => {
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
    const stats = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '')));
    return !stats.some((stat) => {
      const [state, , pgrp] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return Number(pgrp) === group && state !== 'Z' && state !== 'X';
    });
  });
}

export async function exists(file: string): Promise<boolean> {
  return lstat(file).then(
    () => true,
    () => false,
  );
}

export function lines(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '');
}

/** How often each exit code came. */
export function countCodes(exits: readonly Exit[]): Readonly<Record<number, number>> {
  const counts: Record<number, number> = {};
  for (const { code } of exits) counts[code] = (counts[code] ?? 0) + 1;
  return counts;
}
