import path from 'node:path';
import { findMergeBase } from '../git/commit.ts';
import { formatDiff, listFileChanges, type DiffFormat, type FileChange } from '../git/diff.ts';
import { listRefs, refOfBranch } from '../git/ref.ts';
import { snapshotFiles } from '../git/snapshot.ts';
import { WtError } from '../core/errors.ts';
import { readBook, type Session } from './book.ts';
import { withScratch } from './cache.ts';
import { gitAtWorktree, type Repo } from './repo.ts';
import { requireSession } from './select.ts';
import { checkTree } from './worktree.ts';

export interface DiffRequest {
  readonly id: string | undefined;
  readonly format: DiffFormat;
  /** Only what is committed. */
  readonly committed: boolean;
  readonly color: boolean;
  readonly width: number;
}

export interface DiffOutcome {
  readonly id: string;
  readonly from: string;
  /** Commit or, with uncommitted work in it, tree. */
  readonly to: string;
  readonly files: readonly FileChange[];
  readonly text: string;
}

/** From where the session left its base to its files as they are now, untracked ones too; the session's index is not touched. */
export async function diffSession(repo: Repo, request: DiffRequest): Promise<DiffOutcome> {
  const session = await requireSession(repo, await readBook(repo), request.id);
  const { tip, from } = await findRange(repo, session);
  if (request.committed) return describe(repo, session, { from, to: tip }, request, {});
  if ((await checkTree(session)) !== 'ok' || session.admin === undefined)
    throw new WtError('path.unsafe', {
      path: session.path,
      reason: 'the session has no working folder there; --committed shows its commits',
    });
  const gitDir = session.admin.directory;
  return withScratch(repo, async (env, folder) => {
    const to = await snapshotFiles(gitAtWorktree(repo, session.path), {
      gitDir,
      index: path.join(folder, 'index'),
      env,
    });
    return describe(repo, session, { from, to }, request, env);
  });
}

async function describe(
  repo: Repo,
  session: Session,
  { from, to }: { from: string; to: string },
  { format, color, width }: DiffRequest,
  env: Record<string, string | undefined>,
): Promise<DiffOutcome> {
  const [files, text] = await Promise.all([
    listFileChanges(repo.git, from, to, { env }),
    formatDiff(repo.git, from, to, { format, color, width }, { env }),
  ]);
  return { id: session.id, from, to, files, text };
}

async function findRange(repo: Repo, { row }: Session): Promise<{ tip: string; from: string }> {
  const refs = await listRefs(repo.git, [
    refOfBranch(row.branch),
    ...(row.base.branch === null ? [] : [refOfBranch(row.base.branch)]),
  ]);
  const tip = refs.find((ref) => ref.name === refOfBranch(row.branch))?.commit;
  if (tip === undefined) throw new WtError('base.not-found', { base: row.branch, near: [] });
  const base = refs.find((ref) => ref.name !== refOfBranch(row.branch))?.commit;
  const mergeBase = base === undefined ? undefined : await findMergeBase(repo.git, base, tip);
  // Once landed, the merge base is the tip itself: then the session is what it did since it was cut.
  return { tip, from: mergeBase === undefined || mergeBase === tip ? row.base.commit : mergeBase };
}
