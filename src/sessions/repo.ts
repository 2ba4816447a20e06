import path from 'node:path';
import { gitAt, gitIn, type Git } from '../git/git.ts';
import type { IndexPlace } from '../git/index-file.ts';
import { listWorktrees, type Worktree } from '../git/worktree.ts';
import type { RepoLocation } from '../git/repo.ts';
import type { Deps, Env } from '../platform/deps.ts';
import type { Runner } from '../platform/runner.ts';
import type { Layout } from './layout.ts';

/** An open repository: where it is, git at its root, and where wt keeps things. */
export interface Repo extends RepoLocation {
  readonly deps: Deps;
  readonly git: Git;
  readonly layout: Layout;
}

/** All worktrees. git names the main one by its git directory when that lies elsewhere (a submodule, --separate-git-dir). */
export async function listCheckouts(repo: Repo): Promise<readonly Worktree[]> {
  const [main, ...linked] = await listWorktrees(repo.git);
  if (main === undefined) return [];
  // The gate's is wt's own, and stands in nobody's way.
  const others = linked.filter((tree) => tree.path !== repo.layout.gate);
  return [main.isBare ? main : { ...main, path: repo.root }, ...others];
}

/** git at a worktree of the repository. */
export function gitAtWorktree(repo: Repo, worktree: string): Git {
  return gitIn(repo.git, worktree);
}

/** The index of the main worktree, for {@link lookIntoIndex}; undefined while nobody knows how long object ids are here. */
export function mainIndexOf({ commonDir, headCommit }: Repo): IndexPlace | undefined {
  return headCommit === undefined ? undefined : indexIn(commonDir, headCommit);
}

/** The index in a worktree's git directory; any commit tells how long object ids are. */
export function indexIn(gitDir: string, commit: string): IndexPlace {
  return { file: path.join(gitDir, 'index'), hashBytes: commit.length / 2 };
}

/** The same repository whose processes run on after an interrupt: for taking something back. */
export function shielded(repo: Repo): Repo {
  const run: Runner = (request) => repo.deps.run({ ...request, shielded: true });
  return { ...repo, deps: { ...repo.deps, run }, git: gitAt({ ...repo.git.place, run }) };
}

/** The same repository with variables in git's environment: for a throw-away object folder. */
export function withGitEnv(repo: Repo, env: Env): Repo {
  const run: Runner = (request) => repo.git.place.run({ ...request, env: { ...request.env, ...env } });
  return { ...repo, git: gitAt({ ...repo.git.place, run }) };
}
