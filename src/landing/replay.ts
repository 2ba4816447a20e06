import { WtError } from '../core/errors.ts';
import { writeCommit, writeStandIn, type Commit } from '../git/commit.ts';
import type { Git, GitOptions } from '../git/git.ts';
import { mergeTree } from '../git/merge-tree.ts';

export type ReplayResult =
  | { readonly kind: 'done'; readonly commit: string; readonly tree: string }
  | { readonly kind: 'conflict'; readonly at: Commit; readonly paths: readonly string[] };

/**
 * Rebases commits onto another one in the object store: no worktree, no ref. Each pick is a merge of the new tip with the
 * commit, on a stand-in that gives both the picked commit's parent as their base. Merges are left out, what becomes empty too.
 */
export async function replayCommits(
  git: Git,
  commits: readonly Commit[],
  onto: { commit: string; tree: string },
  { isSigned = false, ...options }: GitOptions & { isSigned?: boolean } = {},
): Promise<ReplayResult> {
  let { commit, tree } = onto;
  for (const picked of commits.filter((one) => one.parents.length < 2)) {
    const standIn = await writeStandIn(git, { tree, parents: picked.parents }, options);
    const merged = await mergeTree(git, standIn, picked.commit, options);
    if (merged.kind === 'conflict') return { kind: 'conflict', at: picked, paths: merged.paths };
    if (merged.tree === tree) continue;
    const { author, message } = await readAuthorship(git, picked.commit);
    commit = await writeCommit(git, {
      tree: merged.tree,
      parents: [commit],
      message,
      isSigned,
      env: { ...options.env, ...author },
    });
    tree = merged.tree;
  }
  return { kind: 'done', commit, tree };
}

/** A replay leaves merges out, with what was resolved in them. Pure. */
export function hasMerges(commits: readonly Commit[]): boolean {
  return commits.some(({ parents }) => parents.length > 1);
}

/** Why a session cannot be rebased, and what goes instead. Pure. */
export function refuseReplay(
  verb: 'merge' | 'sync',
  id: string,
  reason = `${id} has merges of its own, and a rebase would lose what was resolved in them`,
): WtError {
  const fix = ['wt', verb, id, '--strategy', 'merge'];
  return new WtError('usage.invalid', { option: '--strategy rebase', reason, fix });
}

async function readAuthorship(git: Git, commit: string): Promise<{ author: Record<string, string>; message: string }> {
  const { stdout } = await git(['log', '-1', '--format=%an%x00%ae%x00%ad%x00%B', '--date=raw', commit]);
  const [name = '', email = '', date = '', message = ''] = stdout.split('\0');
  // log ends the last field with a newline of its own; "@" makes small numbers seconds too.
  const author = { GIT_AUTHOR_NAME: name, GIT_AUTHOR_EMAIL: email, GIT_AUTHOR_DATE: `@${date}` };
  return { author, message: message.replace(/\n$/, '') };
}
