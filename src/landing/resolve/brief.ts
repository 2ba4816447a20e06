import type { Commit } from '../../git/commit.ts';
import { findMergeBase, listCommits } from '../../git/commit.ts';
import type { Git } from '../../git/git.ts';
import { mergeTree } from '../../git/merge-tree.ts';
import { literalPathspec } from '../../git/pathspec.ts';
import { findRef, refOfBranch } from '../../git/ref.ts';
import type { Resolving } from '../../registry/session.ts';
import type { Session } from '../../sessions/book.ts';
import { withScratch } from '../../sessions/cache.ts';
import type { Repo } from '../../sessions/repo.ts';
import { listTasks } from '../explain.ts';
import { requireSyncBase } from '../sync/sync-plan.ts';

/** What an agent must know to resolve a conflict of its session. */
export interface ConflictBrief {
  readonly id: string;
  readonly path: string;
  readonly branch: string;
  readonly into: string;
  readonly verb: Resolving['verb'];
  /** The conflict lies in the session's files; else it is foreseen. */
  readonly isLaidOut: boolean;
  readonly files: readonly {
    readonly path: string;
    /** Commits that changed it, newest first. */
    readonly ours: readonly string[];
    readonly theirs: readonly string[];
  }[];
  /** The session's own task, and those of sessions that landed on the same files. */
  readonly task: string | null;
  readonly others: readonly { readonly id: string; readonly task: string }[];
}

const COMMITS_SHOWN = 5;

/** The conflict that is being resolved in a session, else the one that a sync would meet; undefined when there is none. */
export async function gatherBrief(repo: Repo, session: Session): Promise<ConflictBrief | undefined> {
  const { id, row, path } = session;
  const { resolving } = row;
  const sides = resolving ?? (await foreseeSides(repo, session));
  if (sides === undefined) return undefined;
  const { tip, target, into } = sides;
  const paths = await withScratch(repo, async (env) => {
    const merged = await mergeTree(repo.git, tip, target, { env });
    return merged.kind === 'conflict' ? merged.paths : [];
  });
  if (paths.length === 0) return undefined;
  const shared = await findMergeBase(repo.git, tip, target);
  const range = (end: string): readonly string[] => (shared === undefined ? [end] : [`${shared}..${end}`]);
  const files = [];
  for (const name of paths)
    files.push({
      path: name,
      ours: await subjects(repo.git, range(tip), name),
      theirs: await subjects(repo.git, range(target), name),
    });
  const others = await listTasks(repo, id, { range: range(target), paths });
  const verb = resolving?.verb ?? 'sync';
  return {
    id,
    path,
    branch: row.branch,
    into,
    verb,
    isLaidOut: resolving !== undefined,
    files,
    task: row.task,
    others,
  };
}

async function foreseeSides(
  repo: Repo,
  session: Session,
): Promise<{ tip: string; target: string; into: string } | undefined> {
  if (session.row.base.branch === null) return undefined;
  const branch = await findRef(repo.git, refOfBranch(session.row.branch));
  const target = await requireSyncBase(repo, session);
  return branch === undefined ? undefined : { tip: branch.commit, target: target.commit, into: target.branch };
}

/** Merges are named only where nothing else is: what they bring in has commits of its own. */
async function subjects(git: Git, range: readonly string[], name: string): Promise<readonly string[]> {
  const own = await listCommits(git, [...range, '--no-merges', '--', literalPathspec(name)]);
  const all = own.length > 0 ? own : await listCommits(git, ['-m', ...range, '--', literalPathspec(name)]);
  return unique(all).slice(0, COMMITS_SHOWN);
}

function unique(commits: readonly Commit[]): readonly string[] {
  return [...new Set(commits.map(({ commit, subject }) => `${commit.slice(0, 7)} ${subject}`))];
}
