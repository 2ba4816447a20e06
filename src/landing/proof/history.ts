import { listDescendants, listFirstParents, listMergeBases, reach, type Graph } from '../../git/graph.ts';
import { mergeTrees } from '../../git/merge-tree.ts';
import { includesPatch, readPatches, type Patch, type PatchRequest } from '../../git/patch.ts';
import { treesOf } from '../../git/tree.ts';
import { listTouchedBetween, listTouchedBy, type Touched } from '../../git/touched.ts';
import { withScratch } from '../../sessions/cache.ts';
import type { Repo } from '../../sessions/repo.ts';

/** Does the history of `target` have what `tip` has? Depends on the two commits alone. */
export interface Question {
  readonly tip: string;
  readonly target: string;
  readonly graph: Graph;
}

/** How it has it; `as` is the commit that brought it, where one did. Null when nothing shows that it has. */
export type Answer = {
  readonly proof: 'no-added-changes' | 'merge-adds-nothing' | 'patch-id';
  readonly as: string | null;
} | null;

/** Newer commits of a target's history than this are looked through; for merges of its own line, and for a session's own commits, fewer. */
const HISTORY_LIMIT = 10_000;
const LINE_LIMIT = 300;
const LIKE_LIMIT = 500;
const OWN_LIMIT = 300;
const PATH_LIMIT = 500;

/** What is known of a question before its contents are looked at. */
interface Case {
  readonly question: Question;
  readonly mergeBase: string;
  readonly hasOneBase: boolean;
  /** Of the session alone, newest first. */
  readonly own: readonly string[];
  /** Of the target alone and after the merge base, newest first: what lies beside it says nothing of what came after it. */
  readonly since: readonly string[];
  readonly paths: readonly string[];
  /** Commits of the target's own line at which all of it may be there, oldest first. */
  readonly points: readonly string[];
  readonly touched: ReadonlyMap<string, Touched>;
}

/**
 * Answers all questions at once: two git processes say by names alone which of them may have a yes, and only those are looked
 * at. `isFiltered: false` looks at all of them and is there for the test that the answer is the same.
 */
export async function searchHistory(
  repo: Repo,
  questions: readonly Question[],
  { isFiltered = true }: { isFiltered?: boolean } = {},
): Promise<readonly Answer[]> {
  const ranges = questions.map(rangeOf);
  const known = ranges.filter((range) => range !== undefined);
  const changed = await nameChanges(repo, known);
  const asked = changed.filter(({ paths, since }) => paths.length > 0 && since.length > 0);
  const touched = await listTouchedBy(
    repo.git,
    [...new Set(asked.flatMap(({ since }) => since))],
    [...new Set(asked.flatMap(({ paths, onTheWay }) => [...paths, ...onTheWay]))],
  );
  const cases = asked.map((range): Case => ({ ...range, touched, points: listPoints(range, touched, isFiltered) }));
  const open = cases.filter(({ points }) => points.length > 0);
  const contained = await findContained(repo, open);
  const rest = open.filter((_, i) => contained[i] === undefined);
  const patched = await findPatches(repo, rest, isFiltered);
  const answers = new Map<Question, Answer>([
    ...changed.filter(({ paths }) => paths.length === 0).map(({ question }) => [question, CANCELLED] as const),
    ...open.flatMap(({ question }, i): (readonly [Question, Answer])[] => {
      const as = contained[i];
      return as === undefined ? [] : [[question, { proof: 'merge-adds-nothing', as }]];
    }),
    ...rest.map(({ question }, i) => [question, patched[i] ?? null] as const),
  ]);
  return questions.map((question) => answers.get(question) ?? null);
}

const CANCELLED: Answer = { proof: 'no-added-changes', as: null };

type Range = Pick<Case, 'question' | 'mergeBase' | 'hasOneBase' | 'own' | 'since'>;

/** Undefined when the two have no history in common. Pure. */
function rangeOf(question: Question): Range | undefined {
  const { graph, tip, target } = question;
  const bases = listMergeBases(graph, target, tip);
  const [mergeBase] = bases;
  if (mergeBase === undefined) return undefined;
  const ofTip = reach(graph, tip);
  const ofTarget = reach(graph, target);
  const alone = new Set([...ofTarget].filter((commit) => !ofTip.has(commit)));
  const after = bases.map((base) => listDescendants(graph, base, alone));
  const all = [...graph.parents.keys()]; // newest first
  return {
    question,
    mergeBase,
    hasOneBase: bases.length === 1,
    own: all.filter((commit) => ofTip.has(commit) && !ofTarget.has(commit)),
    since: all.filter((commit) => after.every((set) => set.has(commit))).slice(0, HISTORY_LIMIT),
  };
}

/** What the session changes as a whole, and what its commits change on the way there. */
async function nameChanges(
  repo: Repo,
  ranges: readonly Range[],
): Promise<readonly (Range & { readonly paths: readonly string[]; readonly onTheWay: readonly string[] })[]> {
  const singles = ranges.map(({ own }) => (own.length > 1 && own.length <= OWN_LIMIT ? own : []));
  const touched = await listTouchedBetween(repo.git, [
    ...ranges.map(({ mergeBase, question }) => ({ from: mergeBase, to: question.tip })),
    ...ranges.flatMap(({ question }, i) =>
      (singles[i] ?? []).map((to) => ({ to, from: parentOf(question.graph, to) })),
    ),
  ]);
  const each = sliceBy(touched.slice(ranges.length), singles);
  return ranges.map((range, i) => ({
    ...range,
    paths: touched[i]?.paths ?? [],
    onTheWay: (each[i] ?? []).flatMap(({ paths }) => paths),
  }));
}

/**
 * The commits of the target's own line at which the session's content may be there. A path that the session changed is, at
 * such a commit, not what it was at the merge base; so a commit since then has changed it, against one of its parents (all
 * of them are looked at, renames are not followed). With several merge bases nothing of the kind holds, and all are taken. Pure.
 */
function listPoints(
  { question: { graph, target }, since, hasOneBase, paths }: Range & Pick<Case, 'paths'>,
  touched: ReadonlyMap<string, Touched>,
  isFiltered: boolean,
): readonly string[] {
  const within = new Set(since);
  const line = listFirstParents(graph, target, within).toReversed();
  if (!isFiltered || !hasOneBase) return line.slice(-LINE_LIMIT);
  const wanted = new Set(paths);
  const missing = new Set(paths);
  const seen = new Set<string>();
  const points: string[] = [];
  let hasDeleted = false;
  for (const point of line) {
    const names = newcomers(graph, point, within, seen).flatMap((commit) => touched.get(commit) ?? []);
    names.flatMap((one) => one.paths).forEach((path) => missing.delete(path));
    hasDeleted ||= names.some(({ deleted }) => deleted.some((path) => wanted.has(path)));
    // Where none of its paths was touched the answer is the one before; what was deleted may have been renamed.
    const isTouched = hasDeleted || touched.get(point)?.paths.some((path) => wanted.has(path)) === true;
    if (missing.size === 0 && isTouched) points.push(point);
  }
  return points.slice(-LINE_LIMIT);
}

/** What a commit brings along that was not seen before, itself included. */
function newcomers(graph: Graph, from: string, within: ReadonlySet<string>, seen: Set<string>): readonly string[] {
  const found: string[] = [];
  const open = [from];
  for (let commit = open.pop(); commit !== undefined; commit = open.pop()) {
    if (!within.has(commit) || seen.has(commit)) continue;
    seen.add(commit);
    found.push(commit);
    open.push(...(graph.parents.get(commit) ?? []));
  }
  return found;
}

/** The first commit of the target's line into which merging the session adds nothing: its content was there. */
async function findContained(repo: Repo, cases: readonly Case[]): Promise<readonly (string | undefined)[]> {
  const merges = cases.flatMap(({ question, points }) => points.map((point) => [point, question.tip] as const));
  if (merges.length === 0) return cases.map(() => undefined);
  const [trees, results] = await Promise.all([
    treesOf(
      repo.git,
      merges.map(([point]) => point),
    ),
    withScratch(repo, (env) =>
      // A file that follows a renamed folder would be found where the names do not lead.
      mergeTrees(repo.git, merges, { env, config: ['merge.directoryRenames=conflict'] }),
    ),
  ]);
  let next = 0;
  return cases.map(({ points }) => {
    const start = next;
    next += points.length;
    return points.find((point, i) => {
      const result = results[start + i];
      return result?.kind === 'clean' && result.tree === trees.get(point);
    });
  });
}

/** A commit of the target's history with the session's whole change, or one for each of its commits. */
async function findPatches(repo: Repo, cases: readonly Case[], isFiltered: boolean): Promise<readonly Answer[]> {
  const small = cases.filter(({ paths }) => paths.length <= PATH_LIMIT);
  // What a merge changed by hand is in none of the other commits.
  const singles = small.map(({ own, question }) =>
    own.length <= OWN_LIMIT && own.every((commit) => !isMerge(question.graph, commit)) ? own : [],
  );
  const wholes = await readPatches(repo.git, [
    ...small.map(({ question, mergeBase }) => ({ commit: question.tip, against: mergeBase })),
    ...small.flatMap(({ question }, i) => (singles[i] ?? []).map((one) => ownPatch(question.graph, one))),
  ]);
  const each = sliceBy(wholes.slice(small.length), singles);
  const wanted = small.map((one, i) => listLike(one, [wholes[i], ...(each[i] ?? [])], isFiltered));
  const requests = new Map(
    small.flatMap(({ question }, i) => (wanted[i] ?? []).map((one) => [one, ownPatch(question.graph, one)] as const)),
  );
  const patches = await readPatches(repo.git, [...requests.values()]);
  const known = new Map([...requests.keys()].map((commit, i) => [commit, patches[i]]));
  const answers = new Map(
    small.map((one, i) => [one, judgePatches(wholes[i], each[i] ?? [], wanted[i] ?? [], known)] as const),
  );
  return cases.map((one) => answers.get(one) ?? null);
}

/** Commits that change, by name, all that one of the patches does: no other can have it. Pure. */
function listLike(
  { since, touched, question }: Case,
  patches: readonly Patch[],
  isFiltered: boolean,
): readonly string[] {
  const single = since.filter((commit) => !isMerge(question.graph, commit));
  if (!isFiltered) return single;
  const sets = patches.filter((patch) => patch !== undefined && patch.size > 0);
  const like = single.filter((commit) => {
    const names = new Set(touched.get(commit)?.paths ?? []);
    return sets.some((patch) => patch !== undefined && [...patch.keys()].every((path) => names.has(path)));
  });
  return like.slice(0, LIKE_LIMIT);
}

function judgePatches(
  whole: Patch,
  each: readonly Patch[],
  commits: readonly string[],
  known: ReadonlyMap<string, Patch>,
): Answer {
  const find = (patch: Patch): string | undefined =>
    patch === undefined || patch.size === 0
      ? undefined
      : commits.find((commit) => includesPatch(known.get(commit), patch));
  const squashed = find(whole);
  if (squashed !== undefined) return { proof: 'patch-id', as: squashed };
  const own = each.filter((patch) => patch === undefined || patch.size > 0);
  return own.length > 0 && own.every((patch) => find(patch) !== undefined) ? { proof: 'patch-id', as: null } : null;
}

function parentOf({ parents }: Graph, commit: string): string | undefined {
  return parents.get(commit)?.[0];
}

function ownPatch(graph: Graph, commit: string): PatchRequest {
  return { commit, against: parentOf(graph, commit) };
}

function isMerge({ parents }: Graph, commit: string): boolean {
  return (parents.get(commit)?.length ?? 0) > 1;
}

/** The values in as many pieces as there are lists, each as long as its list. Pure. */
function sliceBy<T>(values: readonly T[], lists: readonly (readonly unknown[])[]): readonly (readonly T[])[] {
  let next = 0;
  return lists.map(({ length }) => values.slice(next, (next += length)));
}
