import { mergeTrees } from '../git/merge-tree.ts';
import { withScratchObjects } from '../git/snapshot.ts';
import { scratchPath } from '../sessions/cache.ts';
import type { Inspection } from '../sessions/inspect.ts';
import type { Repo } from '../sessions/repo.ts';

/** What one session's merge into its base would give: a first look, from one process for all sessions. */
export interface Preview {
  /** Paths in conflict with the base; undefined when that could not be computed. */
  readonly conflicts: readonly string[] | undefined;
  readonly addsNothing: boolean;
}

/** Merges sessions into their bases, and pairs of sessions into each other, in one git process and a throw-away object folder. */
export async function previewMerges(
  repo: Repo,
  inspections: readonly Inspection[],
  pairs: readonly (readonly [Inspection, Inspection])[] = [],
): Promise<{ bases: readonly (Preview | undefined)[]; pairs: readonly (readonly string[] | undefined)[] }> {
  const wanted = inspections.map(({ branch, base, distance }) =>
    branch === undefined || base === undefined || (distance?.ahead ?? 0) === 0
      ? undefined
      : { ours: base, theirs: branch },
  );
  const jobs = wanted.filter((job) => job !== undefined);
  const pairJobs = pairs.flatMap(([a, b]) =>
    a.branch === undefined || b.branch === undefined ? [] : [[a.branch.commit, b.branch.commit] as const],
  );
  if (jobs.length + pairJobs.length === 0) return { bases: inspections.map(() => undefined), pairs: [] };
  const merges = [...jobs.map(({ ours, theirs }) => [ours.commit, theirs.commit] as const), ...pairJobs];
  const results = await withScratchObjects(repo.commonDir, scratchPath(repo, 'objects'), (env) =>
    mergeTrees(repo.git, merges, { env }),
  );
  let next = 0;
  const bases = wanted.map((job): Preview | undefined => {
    if (job === undefined) return undefined;
    const result = results[next++];
    if (result === undefined) return { conflicts: undefined, addsNothing: false };
    return {
      conflicts: result.kind === 'conflict' ? result.paths : [],
      addsNothing: result.kind === 'clean' && result.tree === job.ours.tree,
    };
  });
  return {
    bases,
    pairs: results
      .slice(jobs.length)
      .map((result) => (result === undefined ? undefined : result.kind === 'conflict' ? result.paths : [])),
  };
}
