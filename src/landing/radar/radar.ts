import * as z from 'zod';
import { findConflicts, Verdict, type ConflictFile } from '../../git/conflicts.ts';
import { listPathChanges, PathChanges } from '../../git/diff.ts';
import { changedPaths } from '../../git/status.ts';
import { makePrivateDirectory } from '../../platform/files.ts';
import type { Env } from '../../platform/deps.ts';
import { loadAnswers, type Answers } from '../../sessions/answers.ts';
import { withScratch } from '../../sessions/cache.ts';
import type { Inspection } from '../../sessions/inspect.ts';
import type { Repo } from '../../sessions/repo.ts';
import { footprintOf, mayMeet, type Footprint } from './footprint.ts';
import type { Preview } from './preview.ts';
import { readMergeWorld } from '../merge-world.ts';
import { findEvidence, type Evidence } from '../proof/proof.ts';
import { takeSides, UNSYNCED, type Scratch, type Side } from './sides.ts';

/** Two sessions that conflict, in the order in which they were given. */
export interface PairConflict {
  readonly a: string;
  readonly b: string;
  readonly files: readonly ConflictFile[];
}

/** What the radar tells of one session. */
export interface Reading {
  readonly inspection: Inspection;
  readonly preview: Preview | undefined;
  readonly evidence: Evidence | undefined;
  /** Compared with the others: it has work that has not landed. */
  readonly isLive: boolean;
  /** What it conflicts with its base in; undefined when nothing was merged or git could not tell. */
  readonly base: readonly ConflictFile[] | undefined;
  /** Paths it changed since it left its base. */
  readonly changed: readonly string[];
  /** Why its uncommitted work is not in this. */
  readonly trouble: string | undefined;
}

export interface Scan {
  readonly readings: readonly Reading[];
  readonly pairs: readonly PairConflict[];
  /** Pairs that git could not merge. */
  readonly unknown: readonly (readonly [string, string])[];
}

/** Bump when the meaning of what is remembered changes. */
const FORMAT = 'conflicts 2';

/**
 * Every session against its base, and every pair of those with work that has not landed, uncommitted and untracked files
 * included. Nothing of a session or of the repository's objects is touched. What was merged before is remembered by the
 * commits' ids. `about` names the one session whose pairs are wanted: then only those that may meet it are looked at.
 */
export async function scanConflicts(repo: Repo, inspections: readonly Inspection[], about?: string): Promise<Scan> {
  await makePrivateDirectory(repo.layout.cache);
  const hashBytes = (inspections[0]?.session.row.base.commit ?? '').length / 2;
  const world = await readMergeWorld(repo, hashBytes);
  const answers = await loadAnswers(repo, 'conflicts', world && [FORMAT, ...world]);
  const scan = await withScratch(repo, async (env, folder) => {
    const near = about === undefined ? inspections : await listNear(repo, inspections, { about, answers });
    return scanIn(repo, near, { scratch: { folder, env }, answers, about });
  });
  await answers.save();
  return scan;
}

/** A session, and those whose commits or uncommitted paths may meet its own. */
async function listNear(
  repo: Repo,
  inspections: readonly Inspection[],
  { about, answers }: { about: string; answers: Answers },
): Promise<readonly Inspection[]> {
  const sides = inspections.flatMap((inspection): readonly Side[] =>
    inspection.branch === undefined
      ? []
      : [{ inspection, commit: inspection.branch.commit, isSnapshot: false, trouble: undefined }],
  );
  const committed = await readChanges(repo, sides, { env: {}, answers, materialize: async () => {} });
  const changes = new Map(sides.map((side) => [side, widen(committed.get(side), side.inspection)] as const));
  const own = sides.find(({ inspection }) => inspection.session.id === about);
  return inspections.filter((inspection) => {
    if (inspection.session.id === about) return true;
    const side = sides.find((one) => one.inspection === inspection);
    return own !== undefined && side !== undefined && isWorthMerging(own, side, changes);
  });
}

/** With what is uncommitted, of which is only known where it lies: each path may have been added or taken away. */
function widen(known: Footprint | undefined, { status }: Inspection): Footprint | undefined {
  const paths = status === undefined ? [] : changedPaths(status);
  if (known === undefined || paths.length === 0) return known;
  const [added, deleted] = [
    [...paths, ...known.added],
    [...paths, ...known.deleted],
  ];
  return footprintOf([{ added, deleted, modified: [...known.paths] }]);
}

async function scanIn(
  repo: Repo,
  inspections: readonly Inspection[],
  { scratch, answers, about }: { scratch: Scratch; answers: Answers; about: string | undefined },
): Promise<Scan> {
  const { sides, materialize } = await takeSides(repo, inspections, scratch, answers);
  const place: Place = { env: scratch.env, answers, materialize };
  const working = sides.filter(hasWork);
  const based = working.filter(({ inspection }) => inspection.base !== undefined);
  const merge = (pairs: readonly CommitPair[]): Promise<Verdicts> => mergeAll(repo, pairs, place);
  const [bases, changes] = await Promise.all([
    merge(based.map(({ inspection, commit }) => [inspection.base?.commit ?? '', commit])),
    readChanges(repo, working, place),
  ]);
  const suspects = inspections.map((inspection) => {
    const side = sides.find((one) => one.inspection === inspection);
    const verdict = side === undefined ? undefined : bases[based.indexOf(side)];
    const preview = side === undefined || !based.includes(side) ? undefined : previewOf(side, verdict);
    return { inspection, preview, side, verdict };
  });
  const found = await findEvidence(repo, suspects);
  const readings = suspects.map(({ inspection, preview, side, verdict }, i): Reading => {
    const evidence = found[i];
    return {
      inspection,
      preview,
      evidence,
      isLive: side !== undefined && working.includes(side) && evidence === undefined,
      base: verdict?.files,
      changed: [...(side === undefined ? [] : (changes.get(side)?.paths ?? []))].toSorted(),
      trouble: side?.trouble ?? inspection.trouble,
    };
  });
  const live = working.filter(({ inspection }) => readings.some((one) => one.isLive && one.inspection === inspection));
  const idOf = ({ inspection }: Side): string => inspection.session.id;
  const isAsked = (one: Side): boolean => about === undefined || idOf(one) === about;
  const pairs = pairsOf(live).filter(([a, b]) => (isAsked(a) || isAsked(b)) && isWorthMerging(a, b, changes));
  const verdicts = await merge(pairs.map(([a, b]) => [a.commit, b.commit]));
  const isOld = isOfBase(readings, changes);
  return {
    readings,
    pairs: pairs.flatMap(([a, b], i) => {
      const files = (verdicts[i]?.files ?? []).filter(({ path: name }) => !isOld(a, b, name) && !isOld(b, a, name));
      return files.length === 0 ? [] : [{ a: idOf(a), b: idOf(b), files }];
    }),
    unknown: pairs.flatMap(([a, b], i) => (verdicts[i] === undefined ? [[idOf(a), idOf(b)] as const] : [])),
  };
}

function hasWork({ inspection, isSnapshot }: Side): boolean {
  return inspection.session.row.state === 'ready' && (isSnapshot || (inspection.distance?.ahead ?? 0) > 0);
}

function previewOf({ inspection, isSnapshot }: Side, verdict: Verdict | undefined): Preview {
  const addsNothing = !isSnapshot && verdict?.files.length === 0 && verdict.tree === inspection.base?.tree;
  const tree = isSnapshot || verdict?.files.length !== 0 ? {} : { tree: verdict.tree };
  return { conflicts: verdict?.files.map((file) => file.path), addsNothing, ...tree };
}

function pairsOf(sides: readonly Side[]): readonly (readonly [Side, Side])[] {
  return sides.flatMap((a, i) => sides.slice(i + 1).map((b) => [a, b] as const));
}

/** Those on top of each other always; others when what they changed overlaps, or is not known. */
function isWorthMerging(a: Side, b: Side, changes: ReadonlyMap<Side, Footprint | undefined>): boolean {
  const [rowA, rowB] = [a.inspection.session.row, b.inspection.session.row];
  if (rowA.branch === rowB.base.branch || rowB.branch === rowA.base.branch) return true;
  const [one, other] = [changes.get(a), changes.get(b)];
  return one === undefined || other === undefined || mayMeet(one, other);
}

/**
 * Whether a file of a pair is only the first one's conflict with the base, which the other has a later state of: it has not
 * touched the file itself. Told there already; between the two there is nothing to settle.
 */
function isOfBase(
  readings: readonly Reading[],
  changes: ReadonlyMap<Side, Footprint | undefined>,
): (one: Side, other: Side, name: string) => boolean {
  return (one, other, name) => {
    const [own, others] = [changes.get(one), changes.get(other)];
    if (own === undefined || others === undefined || own.mayRename || others.mayRename) return false;
    if (one.inspection.session.row.base.branch !== other.inspection.session.row.base.branch) return false;
    const base = readings.find(({ inspection }) => inspection === one.inspection)?.base ?? [];
    return own.paths.has(name) && !others.paths.has(name) && base.some((file) => file.path === name);
  };
}

/** Where merges happen, and what is known of them. */
interface Place {
  readonly env: Env;
  readonly answers: Answers;
  readonly materialize: () => Promise<void>;
}

type CommitPair = readonly [string, string];
type Verdicts = readonly (Verdict | undefined)[];

/** Merges what is not remembered. Which of the two is ours makes no difference to what they conflict in. */
async function mergeAll(repo: Repo, pairs: readonly CommitPair[], place: Place): Promise<Verdicts> {
  return remember(
    place,
    Verdict,
    pairs.map((pair) => ({ key: `merge ${pair.toSorted().join(' ')}`, question: pair })),
    (missing) => findConflicts(repo.git, missing, { env: place.env, config: UNSYNCED }),
  );
}

/** What each side changed since it left its base; undefined where git could not tell. */
async function readChanges(
  repo: Repo,
  sides: readonly Side[],
  place: Place,
): Promise<ReadonlyMap<Side, Footprint | undefined>> {
  const ranges = sides.flatMap((side) => {
    const { mergeBases, session } = side.inspection;
    const from = mergeBases === undefined || mergeBases.length === 0 ? [session.row.base.commit] : mergeBases;
    return from.map((commit) => ({ side, range: [commit, side.commit] as const }));
  });
  const changes = await remember(
    place,
    PathChanges,
    ranges.map(({ range }) => ({ key: `changes ${range.join(' ')}`, question: range })),
    (missing) => listPathChanges(repo.git, missing, { env: place.env }),
  );
  return new Map(
    sides.map((side) => {
      const own = changes.filter((_, i) => ranges[i]?.side === side);
      const known = own.filter((one) => one !== undefined);
      return [side, known.length === own.length ? footprintOf(known) : undefined];
    }),
  );
}

async function remember<Q, A>(
  { answers, materialize }: Place,
  shape: z.ZodType<A>,
  questions: readonly { key: string; question: Q }[],
  ask: (missing: readonly Q[]) => Promise<readonly (A | undefined)[]>,
): Promise<readonly (A | undefined)[]> {
  const known = questions.map(({ key }) => answers.get(key, shape));
  const missing = questions.filter((_, i) => known[i] === undefined);
  if (missing.length === 0) return known;
  await materialize();
  const found = await ask(missing.map(({ question }) => question));
  for (const [i, { key }] of missing.entries()) if (found[i] !== undefined) answers.put(key, found[i]);
  let next = 0;
  return known.map((one) => one ?? found[next++]);
}
