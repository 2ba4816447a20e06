import { mapLimit } from '../core/pool.ts';
import type { Env } from '../platform/deps.ts';
import { lstatOf } from '../platform/files.ts';
import path from 'node:path';
import type { Git } from './git.ts';
import { lookIntoIndex, type IndexPlace } from './index-file.ts';
import { literalPathspec } from './pathspec.ts';

/** What is uncommitted in a worktree. Paths are relative to its top. */
export interface Status {
  readonly staged: readonly string[];
  readonly modified: readonly string[];
  readonly untracked: readonly string[];
  readonly conflicted: readonly string[];
  /** Ignored files and folders; only when asked for. */
  readonly ignored: readonly string[];
}

/** Counts as the contract's JSON gives them. */
export interface Changes {
  readonly staged: number;
  readonly modified: number;
  readonly untracked: number;
  readonly conflicted: number;
}

/** The worktree's status whatever its settings hide: every untracked file, no optional lock taken (git-status(1) porcelain v2). */
export async function readStatus(
  git: Git,
  options: { ignored?: boolean; env?: Env; shielded?: boolean } = {},
): Promise<Status> {
  const { env = {}, shielded = false } = options;
  const args = ['status', '--porcelain=v2', '-z', '--untracked-files=all', '--ignore-submodules=none', '--no-renames'];
  const { stdout } = await git([...args, `--ignored=${options.ignored ? 'matching' : 'no'}`], { env, shielded });
  return parseStatus(stdout);
}

/** Pure half of {@link readStatus}. */
export function parseStatus(stdout: string): Status {
  const status = {
    staged: [] as string[],
    modified: [] as string[],
    untracked: [] as string[],
    conflicted: [] as string[],
    ignored: [] as string[],
  };
  const fields = stdout.split('\0');
  for (let i = 0; i < fields.length; i++) {
    const line = fields[i] ?? '';
    const name = pathOf(line);
    if (line.startsWith('? ')) status.untracked.push(name);
    else if (line.startsWith('! ')) status.ignored.push(name);
    else if (line.startsWith('u ')) status.conflicted.push(name);
    else if (line.startsWith('1 ') || line.startsWith('2 ')) {
      if (line[2] !== '.') status.staged.push(name);
      if (line[3] !== '.') status.modified.push(name);
      if (line.startsWith('2 ')) i++; // a rename's old path is a field of its own
    }
  }
  return status;
}

const FIELDS_BEFORE_PATH: Readonly<Record<string, number>> = { '1': 8, '2': 9, u: 10, '?': 1, '!': 1 };

function pathOf(line: string): string {
  let at = 0;
  for (let n = FIELDS_BEFORE_PATH[line[0] ?? ''] ?? 0; n > 0; n--) at = line.indexOf(' ', at) + 1;
  return line.slice(at);
}

export function countChanges(status: Status): Changes {
  return {
    staged: status.staged.length,
    modified: status.modified.length,
    untracked: status.untracked.length,
    conflicted: status.conflicted.length,
  };
}

export function hasChanges(changes: Changes): boolean {
  return changes.staged + changes.modified + changes.untracked + changes.conflicted > 0;
}

/** Every changed path once, in order of urgency. */
export function changedPaths(status: Status): readonly string[] {
  return [...new Set([...status.conflicted, ...status.staged, ...status.modified, ...status.untracked])];
}

/** Tracked paths whose edits git is told not to see: assume-unchanged and skip-worktree (git-ls-files(1) -v). */
export async function listHiddenPaths(git: Git, paths: readonly string[] = []): Promise<readonly string[]> {
  const { stdout } = await git(['ls-files', '-v', '-z', '--', ...paths.map(literalPathspec)]);
  return stdout
    .split('\0')
    .filter((line) => /^[a-zS] /.test(line))
    .map((line) => line.slice(2));
}

/** The same, with a process only where the index itself does not tell that there are none. */
export async function findHiddenPaths(
  git: Git,
  index: IndexPlace | undefined,
  paths: readonly string[] = [],
): Promise<readonly string[]> {
  const look = index === undefined ? undefined : await lookIntoIndex(index);
  return look?.hasHidden === false ? [] : listHiddenPaths(git, paths);
}

/** Those of the tracked paths whose file differs from what the index holds, whatever the index is told to assume. */
export async function listEditedPaths(git: Git, paths: readonly string[]): Promise<readonly string[]> {
  const there = await mapLimit(
    paths,
    32,
    async (name) => (await lstatOf(path.join(git.place.dir, name))) !== undefined,
  );
  const present = paths.filter((name, i) => there[i] === true && !name.includes('\n'));
  if (present.length === 0) return [];
  const { stdout: staged } = await git(['ls-files', '-s', '-z', '--full-name', '--', ':/']);
  const lines = staged.split('\0').filter(Boolean);
  const objects = new Map(lines.map((line) => [line.slice(line.indexOf('\t') + 1), line.split(' ')[1]]));
  const { stdout } = await git(['hash-object', '--stdin-paths'], { input: `${present.join('\n')}\n` });
  const hashes = stdout.split('\n');
  return present.filter((name, i) => hashes[i] !== objects.get(name));
}

/** Paths under a folder that git tracks in this worktree's index. */
export async function listTrackedUnder(git: Git, folder: string): Promise<readonly string[]> {
  const { stdout } = await git(['ls-files', '-z', '--', literalPathspec(folder)]);
  return stdout.split('\0').filter(Boolean);
}

/** The first of them; without a process where the index itself tells. */
export async function findTrackedUnder(
  git: Git,
  index: IndexPlace | undefined,
  folder: string,
): Promise<string | undefined> {
  const look = index === undefined ? undefined : await lookIntoIndex(index, folder);
  return look === undefined ? (await listTrackedUnder(git, folder))[0] : look.inFolder;
}
