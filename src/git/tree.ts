import type { Git } from './git.ts';

/** The tree of each commit, from one process (git-cat-file(1) --batch-check). */
export async function listTrees(git: Git, commits: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const wanted = [...new Set(commits)];
  if (wanted.length === 0) return new Map();
  const input = wanted.map((commit) => `${commit}^{tree}\n`).join('');
  const { stdout } = await git(['cat-file', '--batch-check=%(objectname)'], { input });
  const trees = stdout.split('\n');
  return new Map(wanted.map((commit, i) => [commit, trees[i] ?? '']));
}
