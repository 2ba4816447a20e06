import { WtError } from '../core/errors.ts';
import { findMergeBase, listCommits, type Commit } from '../git/commit.ts';
import { listFileChanges, type FileChange } from '../git/diff.ts';
import { findRef, listRefs, refOfBranch, type Ref } from '../git/ref.ts';
import type { Session } from './book.ts';
import type { Repo } from './repo.ts';

/** A session's tip, and what is its own below it. */
export interface OwnWork {
  readonly branch: Ref;
  /** Commits that neither the base nor the commit it was cut at has, newest first. */
  readonly commits: readonly Commit[];
  /** What they change. */
  readonly files: readonly FileChange[];
}

/** Reads only. Throws `base.not-found` when the session's branch is gone. */
export async function readOwnWork(repo: Repo, { row }: Session): Promise<OwnWork> {
  const names = [row.branch, ...(row.base.branch === null ? [] : [row.base.branch])].map(refOfBranch);
  const refs = await listRefs(repo.git, names);
  const branch = refs.find(({ name }) => name === refOfBranch(row.branch));
  if (branch === undefined) throw new WtError('base.not-found', { base: row.branch, near: [] });
  const base = refs.find((ref) => ref !== branch && names.includes(ref.name))?.commit ?? row.base.commit;
  const [commits, mergeBase] = await Promise.all([
    listCommits(repo.git, [branch.commit, '--not', base, row.base.commit]),
    findMergeBase(repo.git, base, branch.commit),
  ]);
  return { branch, commits, files: await listFileChanges(repo.git, mergeBase ?? row.base.commit, branch.commit) };
}

/** The session's branch. Throws `base.not-found` when it is gone. */
export async function requireBranch(repo: Repo, { row }: Pick<Session, 'row'>): Promise<Ref> {
  const branch = await findRef(repo.git, refOfBranch(row.branch));
  if (branch === undefined) throw new WtError('base.not-found', { base: row.branch, near: [] });
  return branch;
}
