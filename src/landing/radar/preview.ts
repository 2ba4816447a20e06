import * as z from 'zod';
import { mergeTrees } from '../../git/merge-tree.ts';
import type { Ref } from '../../git/ref.ts';
import { loadAnswers } from '../../sessions/answers.ts';
import { withScratch } from '../../sessions/cache.ts';
import type { Inspection } from '../../sessions/inspect.ts';
import type { Repo } from '../../sessions/repo.ts';
import { readMergeWorld } from '../merge-world.ts';

/** What one session's merge into its base would give: a first look, from one process for all sessions. */
export interface Preview {
  /** Paths in conflict with the base; undefined when that could not be computed. */
  readonly conflicts: readonly string[] | undefined;
  readonly addsNothing: boolean;
  /** Tree of the merged result of what is committed; undefined when that is not known. */
  readonly tree?: string;
}

/**
 * Merges the tips of sessions into their bases, in one git process and a throw-away object folder. What was merged before is
 * remembered by the two commits and what else a merge depends on. Undefined: nothing to merge.
 */
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
  const merged = await mergeAll(repo, jobs);
  return wanted.map((job): Preview | undefined => {
    const result = job && merged.get(keyOf(job));
    if (job === undefined) return undefined;
    if (result === undefined) return { conflicts: undefined, addsNothing: false };
    if (result.tree === null) return { conflicts: result.paths, addsNothing: false };
    return { conflicts: [], addsNothing: result.tree === job.ours.tree, tree: result.tree };
  });
}

interface Job {
  readonly ours: Ref;
  readonly theirs: Ref;
}

function keyOf({ ours, theirs }: Job): string {
  return `${ours.commit} ${theirs.commit}`;
}

/** What a merge gave: the tree of a clean one, else the paths in conflict. */
const Merged = z.object({ tree: z.string().nullable(), paths: z.array(z.string()) });
type Merged = z.infer<typeof Merged>;

/** Goes up when what is remembered comes to mean something else. */
const WORLD = 'preview 1';
const LIMIT_BYTES = 1024 * 1024;

async function mergeAll(repo: Repo, jobs: readonly Job[]): Promise<ReadonlyMap<string, Merged>> {
  const [first] = jobs;
  if (first === undefined) return new Map();
  const world = await readMergeWorld(repo, first.ours.commit.length / 2);
  const answers = await loadAnswers(repo, 'previews', world && [WORLD, ...world], LIMIT_BYTES);
  const known = new Map(jobs.map((job) => [keyOf(job), answers.get(keyOf(job), Merged)] as const));
  const missing = [...new Map(jobs.map((job) => [keyOf(job), job])).entries()].filter(
    ([key]) => known.get(key) === undefined,
  );
  if (missing.length > 0) {
    const pairs = missing.map(([, { ours, theirs }]) => [ours.commit, theirs.commit] as const);
    const results = await withScratch(repo, (env) => mergeTrees(repo.git, pairs, { env }));
    for (const [i, [key]] of missing.entries()) {
      const result = results[i];
      if (result === undefined) continue;
      const merged =
        result.kind === 'clean' ? { tree: result.tree, paths: [] } : { tree: null, paths: [...result.paths] };
      known.set(key, merged);
      answers.put(key, merged);
    }
    await answers.save();
  }
  return new Map([...known].flatMap(([key, merged]) => (merged === undefined ? [] : [[key, merged] as const])));
}
