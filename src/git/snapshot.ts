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
  await utimes(to, stats.atime, stats.mtime);
  return true;
}

/** Tree of everything in a worktree that is not ignored, its index untouched. `index` names a file to work in. */
export async function snapshotFiles(
  git: Git,
  spec: { gitDir: string; index: string; env?: Env; config?: readonly string[] },
): Promise<string> {
  await copyIndex(path.join(spec.gitDir, 'index'), spec.index);
  const env = { ...spec.env, GIT_INDEX_FILE: spec.index };
  const config = spec.config ?? [];
  await git(['add', '--all', '--', ':/'], { env, config, timeoutMs: 600_000 });
  return (await git(['write-tree'], { env, config })).stdout.trim();
}

/** Tree of a worktree's index, or undefined while it holds conflicts (write-tree refuses those). */
export async function snapshotIndex(git: Git, env: Env = {}): Promise<string | undefined> {
  const { exitCode, stdout, stderr } = await git(['write-tree'], { expect: [0, 128], env });
  if (exitCode === 0) return stdout.trim();
  if (/unmerged|error building trees/.test(stderr)) return undefined;
  throw new WtError('git.failed', { args: ['git', 'write-tree'], exitCode, stderr: stderr.trim() });
}
