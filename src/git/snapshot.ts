import { WtError } from '../core/errors.ts';
import path from 'node:path';
import { copyFile, utimes } from 'node:fs/promises';
import type { Env } from '../platform/deps.ts';
import { discardOwnTree, lstatOf, makePrivateDirectory } from '../platform/files.ts';
import type { Git } from './git.ts';

/** Environment under which git reads the repository's objects but writes new ones into a folder of ours. */
export function scratchObjects(commonDir: string, folder: string): Env {
  return {
    GIT_OBJECT_DIRECTORY: folder,
    GIT_ALTERNATE_OBJECT_DIRECTORIES: quoteAlternate(path.join(commonDir, 'objects')),
  };
}

/** Runs with a throw-away object directory, so that a preview leaves nothing in the repository. */
export async function withScratchObjects<T>(
  commonDir: string,
  folder: string,
  use: (env: Env) => Promise<T>,
): Promise<T> {
  await makePrivateDirectory(folder);
  try {
    return await use(scratchObjects(commonDir, folder));
  } finally {
    await discardOwnTree(folder);
  }
}

// Entries are separated by ":"; one that has such a character is quoted like a C string (git(1), GIT_ALTERNATE_OBJECT_DIRECTORIES).
function quoteAlternate(directory: string): string {
  return /[:"\\\n]/.test(directory)
    ? `"${directory.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`
    : directory;
}

/**
 * Copies an index with its modification time: git compares that with the files' to tell which entries it must not trust
 * (racy-git in its technical documentation). False when there is no index.
 */
export async function copyIndex(from: string, to: string): Promise<boolean> {
  const stats = await lstatOf(from);
  if (stats === undefined) return false;
  await copyFile(from, to);
  // Whole milliseconds, cut off: an index that looks older is only trusted less, one that looks newer too much.
  const seconds = Math.floor(stats.mtimeMs) / 1000;
  await utimes(to, seconds, seconds);
  return true;
}

interface SnapshotSpec {
  readonly gitDir: string;
  /** Names a file to work in. */
  readonly index: string;
  readonly env?: Env;
  readonly config?: readonly string[];
}

/** Tree of everything in a worktree that is not ignored, its index untouched. */
export async function snapshotFiles(git: Git, spec: SnapshotSpec): Promise<string> {
  await copyIndex(path.join(spec.gitDir, 'index'), spec.index);
  const env = { ...spec.env, GIT_INDEX_FILE: spec.index };
  const config = spec.config ?? [];
  await git(['add', '--all', '--', ':/'], { env, config, timeoutMs: 600_000 });
  return (await git(['write-tree'], { env, config })).stdout.trim();
}

/**
 * The same for a worktree whose changed paths are known from its status: only those are looked at. Repositories inside it
 * are left out.
 */
export async function snapshotPaths(git: Git, spec: SnapshotSpec, paths: readonly string[]): Promise<string> {
  await copyIndex(path.join(spec.gitDir, 'index'), spec.index);
  const env = { ...spec.env, GIT_INDEX_FILE: spec.index };
  const config = spec.config ?? [];
  const input = paths.map((name) => (name.endsWith('/') ? '' : `${name}\0`)).join('');
  const args = ['update-index', '-z', '--add', '--remove', '--replace', '--stdin'];
  const { exitCode } = await git(args, { env, config, input, expect: [0, 1, 128], timeoutMs: 600_000 });
  // A path below what is a link by now, for one.
  if (exitCode !== 0) return snapshotFiles(git, spec);
  return (await git(['write-tree', '--missing-ok'], { env, config })).stdout.trim();
}

/** Tree of a worktree's index, or undefined while it holds conflicts (write-tree refuses those). */
export async function snapshotIndex(git: Git, env: Env = {}): Promise<string | undefined> {
  const { exitCode, stdout, stderr } = await git(['write-tree'], { expect: [0, 128], env });
  if (exitCode === 0) return stdout.trim();
  if (/unmerged|error building trees/.test(stderr)) return undefined;
  throw new WtError('git.failed', { args: ['git', 'write-tree'], exitCode, stderr: stderr.trim() });
}
