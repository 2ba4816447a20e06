import path from 'node:path';
import * as z from 'zod';
import { findMergeBase, readParents, readSidesOf } from '../git/commit.ts';
import type { Graph } from '../git/graph.ts';
import type { Ref } from '../git/ref.ts';
import { readText } from '../platform/files.ts';
import { loadAnswers, type Answers } from './answers.ts';
import { createMeter, type Ends, type Measured } from './distance.ts';
import type { Repo } from './repo.ts';

/** How commits lie to each other: remembered by their ids, and git is asked of the rest, of all at once. */
export interface Lineage {
  readonly measure: (ends: readonly Ends[]) => Promise<readonly Measured[]>;
  /** How many commits the second has that the first has not; null when it does not come after it. One process for each that is not known. */
  readonly countSince: (from: string, to: string) => Promise<number | null>;
  /** A history that holds all of them, down to what each two have in common. */
  readonly graphOf: (pairs: readonly Pair[]) => Promise<Graph>;
  /** Writes down what was found out. */
  readonly save: () => Promise<void>;
}

type Pair = Pick<Ends, 'tip' | 'base'> & Partial<Pick<Ends, 'cutAt'>>;

/** Goes up when what is remembered comes to mean something else. */
const WORLD = 'lineage 1';
const LIMIT_BYTES = 1024 * 1024;

const MeasuredShape: z.ZodType<Measured> = z.object({
  ahead: z.number(),
  behind: z.number(),
  isContained: z.boolean(),
  mergeBases: z.array(z.string()),
});

/** `replaced`: the refs below refs/replace; with those, grafts and a shallow history a commit's id alone says not what lies below it. */
export async function openLineage(repo: Repo, replaced: readonly Ref[]): Promise<Lineage> {
  const [shallow = '', grafts = ''] = await Promise.all([
    readText(path.join(repo.commonDir, 'shallow')),
    readText(path.join(repo.commonDir, 'info', 'grafts')),
  ]);
  const world = [WORLD, shallow, grafts, ...replaced.map(({ name, commit }) => `${name} ${commit}`)];
  const answers = await loadAnswers(repo, 'lineage', world, LIMIT_BYTES);
  const walker = createWalker(repo);
  return {
    measure: (ends) => measureAll(ends, answers, walker),
    graphOf: walker,
    countSince: (from, to) => countSince(repo, { from, to }, answers),
    save: () => answers.save(),
  };
}

async function measureAll(ends: readonly Ends[], answers: Answers, walker: Walker): Promise<readonly Measured[]> {
  const known = ends.map((one) => levelOf(one) ?? answers.get(keyOf(one), MeasuredShape));
  const missing = ends.filter((_, i) => known[i] === undefined);
  if (missing.length === 0) return known.filter((one) => one !== undefined);
  const meter = createMeter(await walker(missing));
  return ends.map((one, i) => {
    const found = known[i] ?? meter(one);
    if (known[i] === undefined) answers.put(keyOf(one), found);
    return found;
  });
}

function keyOf({ tip, base, cutAt }: Ends): string {
  return `${tip} ${base} ${cutAt}`;
}

/** Two that are one need no history. */
function levelOf({ tip, base }: Ends): Measured | undefined {
  return tip === base ? { ahead: 0, behind: 0, isContained: true, mergeBases: [tip] } : undefined;
}

async function countSince(
  repo: Repo,
  { from, to }: { from: string; to: string },
  answers: Answers,
): Promise<number | null> {
  const key = `since ${from} ${to}`;
  const known = answers.get(key, z.number().nullable());
  if (known !== undefined) return known;
  const args = ['rev-list', '--count', '--left-right', `${from}...${to}`];
  const { exitCode, stdout } = await repo.git(args, { expect: [0, 128] });
  if (exitCode !== 0) return null; // the commit is gone
  const [left, right] = stdout.trim().split('\t').map(Number);
  const found = left === 0 ? (right ?? null) : null;
  answers.put(key, found);
  return found;
}

type Walker = (pairs: readonly Pair[]) => Promise<Graph>;

/** A walk that has all that is asked for serves again. */
function createWalker(repo: Repo): Walker {
  let last: { readonly ends: ReadonlySet<string>; readonly graph: Promise<Graph> } | undefined;
  return (pairs) => {
    const wanted = pairs.flatMap(({ tip, base }) => [tip, base]);
    if (last === undefined || !wanted.every((commit) => last?.ends.has(commit) === true))
      last = { ends: new Set(wanted), graph: walk(repo, pairs) };
    return last.graph;
  };
}

/** One process for one pair, two for any number: what they all have in common, and what lies above it. */
async function walk(repo: Repo, pairs: readonly Pair[]): Promise<Graph> {
  const different = pairs.filter(({ tip, base }) => tip !== base);
  const tips = [...new Set(different.flatMap(({ tip, base }) => [tip, base]))];
  const [one, other] = tips;
  if (one === undefined || other === undefined) return { parents: new Map(), floor: undefined };
  // The commits they were cut at too: they count as nobody's own work, and one may lie aside of all branches by now.
  const cuts = new Set(different.flatMap(({ cutAt }) => cutAt ?? []));
  if (tips.length === 2) {
    const sides = await readSidesOf(repo.git, [one, other], [...cuts]);
    if (sides !== undefined) return sides;
  }
  const floor = await findOctopusBase(repo, tips);
  const parents = await readParents(repo.git, [...new Set([...tips, ...cuts])], floor === undefined ? [] : [floor]);
  return { parents, floor };
}

async function findOctopusBase(repo: Repo, commits: readonly string[]): Promise<string | undefined> {
  const [a, b] = commits;
  if (commits.length === 2 && a !== undefined && b !== undefined) return findMergeBase(repo.git, a, b);
  const { exitCode, stdout } = await repo.git(['merge-base', '--octopus', ...commits], { expect: [0, 1, 128] });
  return exitCode === 0 ? stdout.trim() : undefined;
}
