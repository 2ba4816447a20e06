import path from 'node:path';
import { findMergeBase } from '../git/commit.ts';
import { listFileChanges } from '../git/diff.ts';
import type { Git } from '../git/git.ts';
import { mergeTrees } from '../git/merge-tree.ts';
import { hasSamePatches } from '../git/patch-id.ts';
import { listRefs, type Ref } from '../git/ref.ts';
import { withScratchObjects } from '../git/snapshot.ts';
import { readText } from '../platform/files.ts';
import { hasChanges, countChanges } from '../git/status.ts';
import type { Inspection } from '../sessions/inspect.ts';
import { scratchPath } from '../sessions/cache.ts';
import type { Repo } from '../sessions/repo.ts';
import type { Preview } from './preview.ts';

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

/** The proofs that the list's own facts give. Uncommitted work rules every proof out. Pure. */
export function quickProof(
  { branch, base, distance, session, status }: Inspection,
  preview: Preview | undefined,
  isWorked: boolean,
): Proof | undefined {
  if (branch === undefined || status === undefined || hasChanges(countChanges(status))) return undefined;
  if (branch.commit === session.row.base.commit || (distance?.isContained === true && !isWorked)) return 'empty';
  if (base === undefined || distance === undefined) return undefined;
  if (branch.commit === base.commit) return 'same-commit';
  if (distance.isContained) return 'ancestor';
  if (branch.tree === base.tree) return 'trees-match';
  return preview?.addsNothing ? 'merge-adds-nothing' : undefined;
}

/**
 * Whether commits were ever made on the branch, by its reflog: a branch that was only moved along the base's own history
 * has no work of its own, however far it moved. Without a reflog the answer is yes.
 */
export async function hasOwnWork(
  repo: Repo,
  { session, branch }: Pick<Inspection, 'session' | 'branch'>,
): Promise<boolean> {
  if (session.row.landed !== undefined && session.row.landed.tip === branch?.commit) return true;
  const log = await readText(path.join(repo.commonDir, 'logs', 'refs', 'heads', session.row.branch));
  if (log === undefined) return true;
  return log
    .split('\n')
    .some((line) => /\t(?:commit|cherry-pick|revert|am|(?:merge|pull)[^:]*: Merge made)/.test(line));
}

const HISTORY_LIMIT = 300;

/**
 * Every proof, against the base and against the base's upstream: squashed, rebased or picked commits are found as well,
 * also after the base has changed the same lines again. Undefined when nothing proves it.
 */
export async function findProof(
  repo: Repo,
  inspection: Inspection,
  quick: Proof | undefined,
): Promise<Proof | undefined> {
  const { branch, base, status } = inspection;
  if (
    quick !== undefined ||
    branch === undefined ||
    base === undefined ||
    status === undefined ||
    hasChanges(countChanges(status))
  )
    return quick;
  const upstream = base.upstream === undefined ? [] : await listRefs(repo.git, [base.upstream]);
  for (const target of [base, ...upstream]) {
    const proof = await proveAgainst(repo, branch, target, target !== base);
    if (proof !== undefined) return proof;
  }
  return undefined;
}

async function proveAgainst(repo: Repo, branch: Ref, target: Ref, isUpstream: boolean): Promise<Proof | undefined> {
  const { git } = repo;
  if (branch.tree === target.tree) return 'trees-match';
  const mergeBase = await findMergeBase(git, target.commit, branch.commit);
  if (mergeBase === undefined) return undefined;
  if (mergeBase === branch.commit) return isUpstream ? 'ancestor' : undefined;
  const changes = await listFileChanges(git, mergeBase, branch.commit);
  if (changes.length === 0) return 'no-added-changes';
  const paths = changes.map((change) => change.path);
  if (await isContainedOnTheWay(repo, branch, { target, mergeBase, paths })) return 'merge-adds-nothing';
  return (await hasSamePatches(git, { mergeBase, tip: branch.commit, target: target.commit, paths }))
    ? 'patch-id'
    : undefined;
}

/** At some commit of the target's own line, merging the session would have added nothing: its content was there. */
async function isContainedOnTheWay(
  repo: Repo,
  branch: Ref,
  range: { target: Ref; mergeBase: string; paths: readonly string[] },
): Promise<boolean> {
  const commits = await listLine(repo.git, range);
  const candidates = [{ commit: range.target.commit, tree: range.target.tree }, ...commits];
  const results = await withScratchObjects(repo.commonDir, scratchPath(repo, 'objects'), (env) =>
    mergeTrees(
      repo.git,
      candidates.map(({ commit }) => [commit, branch.commit] as const),
      { env },
    ),
  );
  return results.some((result, i) => result?.kind === 'clean' && result.tree === candidates[i]?.tree);
}

async function listLine(
  git: Git,
  { target, mergeBase, paths }: { target: Ref; mergeBase: string; paths: readonly string[] },
): Promise<readonly { commit: string; tree: string }[]> {
  const pathspecs = paths.slice(0, 500).map((name) => `:(top,literal)${name}`);
  const { stdout } = await git([
    'log',
    '--first-parent',
    `--max-count=${HISTORY_LIMIT}`,
    '--format=%H %T',
    `${mergeBase}..${target.commit}`,
    '--',
    ...pathspecs,
  ]);
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => ({ commit: line.split(' ')[0] ?? '', tree: line.split(' ')[1] ?? '' }));
}
