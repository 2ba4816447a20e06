import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { afterAll } from 'vitest';
import type { Env, Room } from './room.ts';
import { filesBelow, lines, startWt, until, type Exit } from './spawn.ts';

const compiler = ['cc', 'gcc', 'clang'].find((name) => spawnSync(name, ['--version']).status === 0);

/** Why nothing can be preloaded here, for the title of a skipped test; '' when it can. */
export const cannotPreload =
  process.platform !== 'linux'
    ? ' (skipped: preloading a library this way is for Linux)'
    : compiler === undefined
      ? ' (skipped: there is no C compiler here)'
      : '';

let library: string | undefined;

/** The preload library, built once a test file. */
function buildLibrary(): string {
  if (library !== undefined) return library;
  const folder = mkdtempSync(path.join(tmpdir(), 'wt-crash-'));
  library = path.join(folder, 'crash.so');
  const source = path.resolve(import.meta.dirname, 'crash.c');
  execFileSync(compiler ?? 'cc', ['-shared', '-fPIC', '-O2', '-o', library, source, '-ldl']);
  return library;
}

afterAll(async () => {
  if (library !== undefined) await rm(path.dirname(library), { recursive: true });
});

/** What happens before a call: see crash.c. */
export type Mishap = 'kill' | `signal:${number}` | `errno:${number}` | `errno:${number}:on` | `clock:${number}`;

export interface Counted {
  readonly exit: Exit;
  /** Every call of the process tree that changes the file system, in order, up to the kill. */
  readonly calls: readonly string[];
}

/** Commits made in one run and in another are the same. */
export const FIXED_DATES: Env = { GIT_AUTHOR_DATE: '2026-03-01T12:00:00Z', GIT_COMMITTER_DATE: '2026-03-01T12:00:00Z' };

/** Runs wt with all its children under the library; at 0 nothing happens to it. */
export async function runCounted(
  { room, root }: { room: Room; root: string },
  argv: readonly string[],
  { at, mishap = 'kill' }: { at: number; mishap?: Mishap },
): Promise<Counted> {
  const [counter, log] = [path.join(room.dir, 'counter'), path.join(room.dir, 'calls')];
  await Promise.all([rm(counter, { force: true }), rm(log, { force: true })]);
  const env: Env = {
    ...FIXED_DATES,
    LD_PRELOAD: buildLibrary(),
    CRASH_COUNTER: counter,
    CRASH_LOG: log,
    CRASH_AT: String(at),
    CRASH_DO: mishap,
  };
  const exit = await startWt(room, root, argv, { env, group: true }).done;
  await untilRoomIsQuiet(room);
  return { exit, calls: lines(await readFile(log, 'utf8').catch(() => '')) };
}

const QUIET_MS = 120_000;

/** Waits until no process of a room lives: none with its HOME. Throws with those that stay for two minutes. */
export async function untilRoomIsQuiet(room: Room): Promise<void> {
  const startMs = performance.now();
  await until(async () => {
    const left = await listProcessesOf(room);
    if (left.length > 0 && performance.now() - startMs > QUIET_MS) throw new Error(`still there: ${left.join('; ')}`);
    return left.length === 0;
  });
}

/** State and command line of each process with a room's HOME. */
export async function listProcessesOf(room: Room): Promise<readonly string[]> {
  const mark = `\0HOME=${room.dir}\0`;
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const read = (pid: string, name: string): Promise<string> =>
    readFile(`/proc/${pid}/${name}`, 'latin1').catch(() => '');
  const inside = await Promise.all(pids.map(async (pid) => `\0${await read(pid, 'environ')}`.includes(mark)));
  const found = pids.filter((_, i) => inside[i]);
  return Promise.all(
    found.map(async (pid) => {
      const [state = '', args] = [/^State:\s*(.*)$/m.exec(await read(pid, 'status'))?.[1], await read(pid, 'cmdline')];
      return `${pid} ${state} ${args.replaceAll('\0', ' ').slice(0, 300)}`;
    }),
  );
}

/**
 * The effect of a logged call: its kind and the class of its path, so that two runs name it alike. Undefined for calls
 * after which nobody can tell that they were made: syncs, and writes to files that have no name yet for anybody else.
 */
function effectOf(call: string, room: Room): string | undefined {
  const [, program = '', kind = '', file = ''] = /^\d+ (\S+)\[\d+\] (\S+) (.*)$/.exec(call) ?? [];
  if (/^(?:fsync|fdatasync)$|-$/.test(kind)) return undefined;
  const name = file
    .replace(`${room.dir}/`, '')
    .replace(/^app\/|^\.\//, '')
    .replaceAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<op>')
    .replaceAll(/(?<=lock\/[ld]\.)\d+/g, '<n>');
  if (/\.[0-9a-f]{12}\.tmp$|wt\/lock\/[tf]\.|wt\/cache\/|(?:^|\/)objects\/|tmp_obj_|^[0-9a-f]{2}(?:\/|$)/.test(name))
    return undefined;
  if (program === 'git' && /(?:^|\/)logs(?:\/|$)/.test(name)) return undefined; // nobody reads a reflog's last line alone
  if (/wt\/logs\/|events\.jsonl$/.test(name)) return `${program} log ${path.basename(name)}`;
  const isOfGit = /(?:^|\/)\.git(?:\/|$)|\.worktrees\/sessions\.json$/.test(name);
  if (!isOfGit && /open|write|unlink/.test(kind)) return `${program} ${kind.slice(0, 4)} file of a worktree`;
  const isHidden = name.endsWith('.lock') && !/^(?:rename|unlink)/.test(kind);
  return `${program} ${isHidden ? 'lock' : kind.replace(/at$/, '')} ${name}`;
}

/** The calls to kill before so that each effect is once done and once not: the first of each row of equal ones, twice at most. */
export function pointsOf(calls: readonly string[], room: Room): readonly { at: number; effect: string }[] {
  const points: { at: number; effect: string }[] = [];
  let last = '';
  for (const [i, call] of calls.entries()) {
    const effect = effectOf(call, room);
    if (effect === undefined || effect === last) continue;
    last = effect;
    if (points.filter((point) => point.effect === effect).length < (effect.includes('wt/lock/') ? 1 : 2))
      points.push({ at: i + 1, effect });
  }
  return points;
}

/** What must be found afterwards, whatever happens. */
export interface Work {
  readonly contents: readonly string[];
  readonly commits: readonly string[];
}

/** Contents and commits that cannot be found any more: on disk in a worktree or the trash, or reachable in git. */
export async function findLosses(room: Room, root: string, { contents, commits }: Work): Promise<readonly string[]> {
  const files = (await filesBelow(root)).filter(
    (name) => !name.startsWith('.git/') || name.startsWith('.git/wt/trash/'),
  );
  const texts = await Promise.all(files.map((name) => readFile(path.join(root, name), 'utf8').catch(() => '')));
  const onDisk = new Set(texts);
  const reachable = await room.git(root, 'rev-list', '--objects', '--no-object-names', '--all', '--indexed-objects');
  const known = new Set(lines(reachable));
  return [
    ...commits.filter((commit) => !known.has(commit)).map((commit) => `commit ${commit} is lost`),
    ...contents
      .filter((content) => !onDisk.has(content) && !known.has(blobId(content)))
      .map((content) => `content ${JSON.stringify(content)} is lost`),
  ];
}

function blobId(content: string): string {
  const bytes = Buffer.from(content);
  return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
}
