import { createHash } from 'node:crypto';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import type { Bench, Stage } from './wt.ts';

/** Copies of indexes, by which a status costs less: whoever only looks makes them too. */
const COPIES = /^\.git\/wt\/cache(?:\/indexes(?:\/[\d-]+\.(?:calm|racy)\.(?:(?!\.lock$)[^/])+)?)?$/;

/** Everything below a folder, one line an entry: what it is, its mode, its content by hash. */
export async function listing(folder: string, leaveOut: RegExp = /^$/): Promise<readonly string[]> {
  const lines: string[] = [];
  const visit = async (place: string): Promise<void> => {
    for (const entry of (await readdir(place, { withFileTypes: true })).toSorted((a, b) =>
      a.name.localeCompare(b.name),
    )) {
      const target = path.join(place, entry.name);
      const name = path.relative(folder, target);
      if (leaveOut.test(name) || (entry.isFile() && COPIES.test(name))) continue;
      const mode = ((await lstat(target)).mode & 0o777).toString(8);
      if (entry.isDirectory()) {
        if (!COPIES.test(name)) lines.push(`${name}/ ${mode}`);
        await visit(target);
      } else if (entry.isSymbolicLink()) lines.push(`${name} -> ${await readlink(target)}`);
      else if (entry.isFile()) lines.push(`${name} ${mode} ${hash(await readFile(target))}`);
      else lines.push(`${name} special`);
    }
  };
  await visit(folder);
  return lines;
}

/** What wt and git keep for themselves while they look: locks that were given back, the event stream, loose objects, reflogs. */
export const BOOKKEEPING = /^\.git\/(?:wt(?:\/|$)|objects(?:\/|$)|logs(?:\/|$))/;

/** All refs with what they point at. */
export async function refs({ git }: Pick<Bench, 'git'>): Promise<string> {
  return git('for-each-ref', '--format=%(refname) %(objectname) %(symref)');
}

/** Refs, worktrees and every file that is not bookkeeping: equal before and after means that nothing was made or lost. */
export async function picture(bench: Pick<Bench, 'git' | 'root'>): Promise<readonly string[]> {
  return [
    await refs(bench),
    await bench.git('worktree', 'list', '--porcelain'),
    ...(await listing(bench.root, BOOKKEEPING)),
  ];
}

/** Locks, open operations and scratch files that a finished command must not leave. */
export async function leftovers(root: string, common = path.join(root, '.git')): Promise<readonly string[]> {
  const everything = [...(await listing(root)), ...(common.startsWith(root) ? [] : await listing(common))].map((line) =>
    line.replace(/ .*$/, ''),
  );
  return everything.filter(
    (name) =>
      /\.lock$|\.tmp$|(?:^|\/)wt\/(?:journal|cache)\/.+|\/wt\/lock\/[ft]\.|tmp_obj/.test(name) &&
      // What is kept to be found again.
      !/fetched\.json$|\/cache\/[a-z]+\/(?:answers\.jsonl|[\d-]+\.(?:calm|racy)\.(?:(?!\.lock$)[^/])+)?$/.test(name),
  );
}

export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly changed: boolean;
  readonly retryable: boolean;
  readonly fix?: readonly string[];
}

/** The failure that `--json` reports, with the exit code. */
export async function failure(bench: Bench, ...argv: (string | Stage)[]): Promise<Failure & { exit: number }> {
  const { code, raw } = await bench.wt('--json', ...argv);
  const answer = JSON.parse(raw) as { ok: boolean; error: Failure };
  if (answer.ok) throw new Error(`wt was to fail and did not: ${raw}`);
  return { exit: code, ...answer.error };
}

/** Runs the command an error proposes, as a person would paste it, and gives its exit code. */
export async function runFix(bench: Bench, fix: readonly string[] | undefined): Promise<number> {
  const [program = 'false', ...args] = fix ?? [];
  if (program === 'wt') return (await bench.wt(...args)).code;
  const { exitCode } = await execa(program, args, {
    cwd: bench.root,
    env: bench.room.env as Record<string, string>,
    extendEnv: false,
    reject: false,
  });
  return exitCode ?? -1;
}

function hash(content: Buffer): string {
  return createHash('sha1').update(content).digest('hex').slice(0, 12);
}
