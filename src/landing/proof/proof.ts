import path from 'node:path';
import * as z from 'zod';
import type { Ref } from '../../git/ref.ts';
import { countChanges, hasChanges } from '../../git/status.ts';
import { readText } from '../../platform/files.ts';
import { loadAnswers } from '../../sessions/answers.ts';
import type { Inspection } from '../../sessions/inspect.ts';
import type { Lineage } from '../../sessions/lineage.ts';
import type { Repo } from '../../sessions/repo.ts';
import { searchHistory, type Answer, type Question } from './history.ts';
import type { Preview } from '../radar/preview.ts';

/** Why removing a session loses nothing. `empty` is no landing: the session never had commits of its own. */
export const PROOFS = [
  'same-commit',
  'ancestor',
  'no-added-changes',
  'trees-match',
  'merge-adds-nothing',
  'patch-id',
  'empty',
] as const;
export type Proof = (typeof PROOFS)[number];

/** What shows that a session's work is elsewhere. */
export interface Evidence {
  readonly proof: Proof;
  /** Full name of the branch that has it: the base, or its upstream. */
  readonly on: string | null;
  /** The commit that brought it there, when one did and it is known. */
  readonly as: string | null;
}

/** Git's facts of one session, and what a merge of it into its base gave: that saves looking at more, and is no condition. */
export interface Suspect {
  readonly inspection: Inspection;
  readonly preview: Preview | undefined;
}

/**
 * Why removing each session loses nothing; undefined where nothing shows it. Everything that asks whether a session has landed
 * asks here. Looked for against the base, then against its upstream: what refs and the merge previews tell, then what their
 * history tells, by names first and by contents where the names allow it. What history told is remembered by object ids.
 */
export async function findEvidence(
  repo: Repo,
  suspects: readonly Suspect[],
): Promise<readonly (Evidence | undefined)[]> {
  const worked = await Promise.all(suspects.map(({ inspection }) => hasOwnWork(repo, inspection)));
  const quick = suspects.map((one, i) => quickProof(one, worked[i] ?? true));
  const asked = suspects.map((one, i) => questionsOf(one.inspection, quick[i]));
  const answers = await answerAll(repo, asked.flat());
  return suspects.map((_, i) => {
    const found = (asked[i] ?? []).flatMap(({ question, on }) => {
      const answer = answers.get(keyOf(question)) ?? null;
      return answer === null ? [] : [{ ...answer, on }];
    });
    return found[0] ?? quick[i];
  });
}

/** What refs and a preview tell. Uncommitted work rules every proof out, and so does a worktree that cannot be read. Pure. */
export function quickProof({ inspection, preview }: Suspect, isWorked: boolean): Evidence | undefined {
  const { branch, base, upstream, distance, session } = inspection;
  if (branch === undefined || !isClean(inspection)) return undefined;
  const isInUpstream = inspection.isInUpstream === true;
  const isMoved = distance?.isContained === true || isInUpstream;
  if (branch.commit === session.row.base.commit || (isMoved && !isWorked))
    return { proof: 'empty', on: null, as: null };
  if (base === undefined || distance === undefined) return undefined;
  const found =
    compare(branch, base, distance.isContained) ??
    compare(branch, upstream, isInUpstream) ??
    (preview?.addsNothing === true ? (['merge-adds-nothing', base] as const) : undefined);
  return found === undefined ? undefined : { proof: found[0], on: found[1].name, as: null };
}

function isClean({ status }: Inspection): boolean {
  return status !== undefined && !hasChanges(countChanges(status));
}

function compare(branch: Ref, target: Ref | undefined, isInTarget: boolean): readonly [Proof, Ref] | undefined {
  if (target === undefined) return undefined;
  if (branch.commit === target.commit) return ['same-commit', target];
  if (isInTarget) return ['ancestor', target];
  return branch.tree === target.tree ? ['trees-match', target] : undefined;
}

/** Where history may tell more: a proof, or which commit it was. Uncommitted work needs no looking. Pure. */
function questionsOf(inspection: Inspection, quick: Evidence | undefined): readonly Asked[] {
  const { branch, base, upstream, lineage } = inspection;
  if (branch === undefined || base === undefined || lineage === undefined || !isClean(inspection)) return [];
  if (quick !== undefined && quick.proof !== 'merge-adds-nothing') return [];
  const targets = quick === undefined && upstream !== undefined ? [base, upstream] : [base];
  return targets.map(({ commit, name }) => ({ question: { tip: branch.commit, target: commit }, on: name, lineage }));
}

interface Asked {
  readonly question: Pick<Question, 'tip' | 'target'>;
  /** Full name of the target. */
  readonly on: string;
  readonly lineage: Lineage;
}

const AnswerShape: z.ZodType<Answer> = z
  .object({ proof: z.enum(['no-added-changes', 'merge-adds-nothing', 'patch-id']), as: z.string().nullable() })
  .nullable();

/** Goes up with every change of what is looked for: what an older wt found out is then not believed. */
const WORLD = 'proof 1';

async function answerAll(repo: Repo, asked: readonly Asked[]): Promise<ReadonlyMap<string, Answer>> {
  const [first] = asked;
  if (first === undefined) return new Map();
  const questions = new Map(asked.map(({ question }) => [keyOf(question), question]));
  const store = await loadAnswers(repo, 'proofs', [WORLD]);
  const known = new Map([...questions.keys()].map((key) => [key, store.get(key, AnswerShape)] as const));
  const open = [...questions].filter(([key]) => known.get(key) === undefined);
  if (open.length > 0) {
    const graph = await first.lineage.graphOf(open.map(([, { tip, target }]) => ({ tip, base: target })));
    const fresh = await searchHistory(
      repo,
      open.map(([, { tip, target }]) => ({ tip, target, graph })),
    );
    open.forEach(([key], i) => store.put(key, fresh[i] ?? null));
    open.forEach(([key], i) => known.set(key, fresh[i] ?? null));
    await store.save();
  }
  return new Map([...known].map(([key, answer]) => [key, answer ?? null]));
}

function keyOf({ tip, target }: Pick<Question, 'tip' | 'target'>): string {
  return `${tip} ${target}`;
}

/**
 * Whether commits were ever made on the branch, by its reflog: a branch that was only moved along the base's own history
 * has no work of its own, however far it moved. Without a reflog the answer is yes.
 */
async function hasOwnWork(repo: Repo, { session, branch }: Pick<Inspection, 'session' | 'branch'>): Promise<boolean> {
  if (session.row.landed !== undefined && session.row.landed.tip === branch?.commit) return true;
  const log = await readText(path.join(repo.commonDir, 'logs', 'refs', 'heads', session.row.branch));
  if (log === undefined) return true;
  return log
    .split('\n')
    .some((line) => /\t(?:commit|cherry-pick|revert|am|(?:merge|pull)[^:]*: Merge made)/.test(line));
}
