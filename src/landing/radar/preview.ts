import { mergeTrees } from '../../git/merge-tree.ts';
import { withScratch } from '../../sessions/cache.ts';
import type { Inspection } from '../../sessions/inspect.ts';
import type { Repo } from '../../sessions/repo.ts';

/** What one session's merge into its base would give: a first look, from one process for all sessions. */
export interface Preview {
  /** Paths in conflict with the base; undefined when that could not be computed. */
  readonly conflicts: readonly string[] | undefined;
  readonly addsNothing: boolean;
  /** Tree of the merged result of what is committed; undefined when that is not known. */
  readonly tree?: string;
}

/** Merges the tips of sessions into their bases, in one git process and a throw-away object folder. Undefined: nothing to merge. */
export async function previewMerges(
  repo: Repo,
  inspections: readonly Inspection[],
): Promise<readonly (Preview | undefined)[]> {
  const wanted = inspections.map(({ branch, base, distance }) =>
    branch === undefined || base === undefined || (distance?.ahead ?? 0) === 0
      ? undefined
      : { ours: base, theirs: branch },
  );
  const jobs = wanted.filter((job) => job !== undefined);
  if (jobs.length === 0) return inspections.map(() => undefined);
  const merges = jobs.map(({ ours, theirs }) => [ours.commit, theirs.commit] as const);
  const results = await withScratch(repo, (env) => mergeTrees(repo.git, merges, { env }));
  let next = 0;
  return wanted.map((job): Preview | undefined => {
    if (job === undefined) return undefined;
    const result = results[next++];
    if (result === undefined) return { conflicts: undefined, addsNothing: false };
    return {
      conflicts: result.kind === 'conflict' ? result.paths : [],
      addsNothing: result.kind === 'clean' && result.tree === job.ours.tree,
      ...(result.kind === 'clean' ? { tree: result.tree } : {}),
    };
  });
}
