import type { Env } from '../platform/deps.ts';
import type { Git } from './git.ts';

/** The tree of a commit. `env` may name a throw-away object directory. */
export async function treeOf(git: Git, commit: string, env: Env = {}): Promise<string> {
  return (await git(['rev-parse', '--verify', `${commit}^{tree}`], { env })).stdout.trim();
}

/** The tree of each commit, from one process (git-cat-file(1) --batch-check). */
export async function treesOf(git: Git, commits: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const wanted = [...new Set(commits)];
  if (wanted.length === 0) return new Map();
  const input = wanted.map((commit) => `${commit}^{tree}\n`).join('');
  const { stdout } = await git(['cat-file', '--batch-check=%(objectname)'], { input });
  const trees = stdout.split('\n');
  return new Map(wanted.map((commit, i) => [commit, trees[i] ?? '']));
}
