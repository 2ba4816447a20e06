import path from 'node:path';
import { WtError, type Reason } from '../core/errors.ts';
import type { Git } from '../git/git.ts';
import { findOperation } from '../git/repo.ts';
import { copyIndex } from '../git/snapshot.ts';
import { refOfBranch, resolveCommit } from '../git/ref.ts';
import { changedPaths, readStatus } from '../git/status.ts';
import { makePrivateDirectory, readText, removeFile } from '../platform/files.ts';
import { beginEntry, endJournal, writeJournal, type EntryOf } from '../registry/journal.ts';
import type { AdminEntry } from '../registry/notes.ts';
import type { BaseChange } from '../registry/session.ts';
import { readBook, type Session } from './book.ts';
import { scratchIndexOf } from './cache.ts';
import { finishCommit, fingerprint, readHeadRef, restoreIndex } from './commit-steps.ts';
import { takeIndex } from './from-changes.ts';
import { hold, type Held } from './hold.ts';
import { gitAtWorktree, shielded, type Repo } from './repo.ts';
import { requireSession } from './select.ts';
import { checkTree } from './worktree.ts';

export interface CommitRequest {
  readonly id: string | undefined;
  readonly message: string | undefined;
  readonly dryRun: boolean;
  /** It ends a merge of the base. */
  readonly resolved?: Resolved;
}

/** Only these paths go in, beside what is staged; the session has this base from then on. */
export interface Resolved {
  readonly paths: readonly string[];
  readonly base: BaseChange;
}

export type CommitOutcome =
  | { readonly kind: 'nothing'; readonly id: string }
  | {
      readonly kind: 'planned' | 'committed';
      readonly id: string;
      readonly commit: string | null;
      readonly message: string;
      readonly paths: readonly string[];
    };

/** Stages everything and commits with the repository's own hooks. A failing hook leaves the index as it was. */
export async function commitSession(repo: Repo, request: CommitRequest): Promise<CommitOutcome> {
  const session = await requireSession(repo, await readBook(repo), request.id);
  const { admin } = session;
  if ((await checkTree(session)) !== 'ok' || admin === undefined)
    throw new WtError('path.unsafe', {
      path: session.path,
      reason: 'the session has no working folder there',
      fix: ['wt', 'doctor', '--fix'],
    });
  const git = gitAtWorktree(repo, session.path);
  const [status, operation] = await Promise.all([readStatus(git), findOperation(admin.directory)]);
  const reasons: Reason[] = [];
  if (operation !== undefined && operation !== 'merge') reasons.push({ code: 'session.operation', operation });
  const open = status.conflicted.filter((name) => request.resolved?.paths.includes(name) !== true);
  if (open.length > 0)
    reasons.push({
      code: 'session.operation',
      operation: `${operation ?? 'merge'} with conflicts in ${open.join(', ')}`,
    });
  if (reasons.length > 0) throw new WtError('session.refused', { id: session.id, verb: 'commit', reasons });
  const paths = changedPaths(status);
  if (paths.length === 0 && operation === undefined) return { kind: 'nothing', id: session.id };
  // git has a message for the end of a merge already.
  const message =
    request.message ?? (operation === 'merge' ? await mergeMessage(session) : defaultMessage(session, paths));
  if (request.dryRun) return { kind: 'planned', id: session.id, commit: null, message, paths };
  const entry = await hold(repo, (held) => beginCommit(held, session, { admin, message, resolved: request.resolved }));
  const commit = await stageAndCommit(repo, session, {
    entry,
    message,
    isMerge: operation === 'merge',
    paths: request.resolved?.paths,
  });
  if (commit === undefined) return { kind: 'nothing', id: session.id };
  await hold(repo, async (held) => {
    await finishCommit(held.repo, held.lease, entry, commit);
    await held.log(`session.${request.resolved === undefined ? 'commit' : 'resolve'}.after`, session.id, {
      commit,
      files: paths.length,
    });
    await endJournal(held.repo.layout.journal, entry.op);
  });
  return { kind: 'committed', id: session.id, commit, message, paths };
}

/** Writes down what the branch and the index are before anything is staged. */
async function beginCommit(
  { repo, lease, book }: Held,
  { id, path: worktree }: Session,
  { admin, message, resolved }: { admin: AdminEntry; message: string; resolved: Resolved | undefined },
): Promise<EntryOf<'commit'>> {
  const now = book.sessions.get(id);
  if (now?.path !== worktree || (await checkTree(now)) !== 'ok')
    throw new WtError('session.not-found', { id, near: [], trash: null }); // taken away while this waited
  const git = gitAtWorktree(repo, worktree);
  const [ref, from] = [await readHeadRef(admin.directory), (await resolveCommit(git, 'HEAD')) ?? ''];
  if (from === '' && ref === refOfBranch(now.row.branch))
    throw new WtError('path.unsafe', {
      path: worktree,
      reason: `its branch ${now.row.branch} is gone, and a commit now would stand alone`,
      fix: ['wt', 'doctor', '--fix'],
    });
  const index = await takeIndex(repo, git, admin.directory);
  if (index === undefined && resolved === undefined)
    // Nothing there is in conflict: without it, what is staged could not be kept.
    throw new WtError('git.failed', { args: ['git', 'write-tree'], exitCode: 128, stderr: 'the index cannot be read' });
  const entry: EntryOf<'commit'> = {
    ...beginEntry(lease, repo.deps.clock.now().toISOString()),
    kind: 'commit',
    id,
    path: worktree,
    adminDirectory: admin.directory,
    ref,
    from,
    message: fingerprint(message),
    index: index ?? null,
    resolved: resolved?.base ?? null,
  };
  await makePrivateDirectory(repo.layout.cache);
  await copyIndex(path.join(admin.directory, 'index'), scratchIndexOf(repo, entry.op));
  await writeJournal(repo.layout.journal, entry);
  return entry;
}

async function mergeMessage({ id, row, admin }: Session): Promise<string> {
  const text = admin === undefined ? undefined : await readText(path.join(admin.directory, 'MERGE_MSG'));
  const lines = (text ?? '').split('\n').filter((line) => !line.startsWith('#'));
  return lines.join('\n').trim() || `Merge ${row.base.branch ?? row.base.commit} into ${id}`;
}

/** The task's first line, else what changed. Pure. */
export function defaultMessage({ id, row }: Pick<Session, 'id' | 'row'>, paths: readonly string[]): string {
  const [first = '', ...rest] = (row.task ?? '').trim().split('\n');
  if (first !== '') return [first, ...(rest.length === 0 ? [] : ['', ...rest])].join('\n');
  const [only] = paths;
  return paths.length === 1 && only !== undefined ? `${id}: change ${only}` : `${id}: change ${paths.length} files`;
}

/** The new commit; undefined when there is nothing that git could commit (edits inside a submodule, say). Otherwise the intent is ended here. */
async function stageAndCommit(
  repo: Repo,
  session: Session,
  spec: { entry: EntryOf<'commit'>; message: string; isMerge: boolean; paths: readonly string[] | undefined },
): Promise<string | undefined> {
  const { entry, message, isMerge, paths } = spec;
  const git = gitAtWorktree(repo, session.path);
  let isDone = false;
  try {
    await stage(git, paths);
    const { exitCode } = await git(['diff-index', '--cached', '--quiet', 'HEAD', '--'], { expect: [0, 1, 128] });
    if (exitCode === 0 && !isMerge) return undefined;
    await git(['commit', '--quiet', '--file=-', '--cleanup=whitespace'], {
      hooks: true,
      input: message,
      timeoutMs: 3_600_000,
    });
    isDone = true;
    return (await git(['rev-parse', '--verify', 'HEAD'], { shielded: true })).stdout.trim();
  } catch (error) {
    if (WtError.any(error) && (await hasMoved(shielded(repo), entry)))
      throw new WtError(error.kind, error.details, { cause: error, changed: true }); // the next command finishes
    if (!isHookFailure(error)) throw error;
    const details = { hook: 'pre-commit or commit-msg', output: error.details.stderr, id: session.id };
    throw new WtError('hook.failed', details, { cause: error });
  } finally {
    if (!isDone) await giveUp(shielded(repo), entry);
    await removeFile(scratchIndexOf(repo, entry.op));
  }
}

/** Everything, or exactly these paths. */
async function stage(git: Git, paths: readonly string[] | undefined): Promise<void> {
  if (paths === undefined) await git(['add', '--all', '--', ':/'], { timeoutMs: 600_000 });
  if (paths === undefined || paths.length === 0) return;
  await git(['add', '--pathspec-from-file=-', '--pathspec-file-nul'], {
    input: paths.map((name) => `${name}\0`).join(''),
    env: { GIT_LITERAL_PATHSPECS: '1' },
  });
}

/** git may say that it failed when the commit is there: its answer was lost, or it was ended after its last step. */
async function hasMoved(repo: Repo, { path: worktree, from }: EntryOf<'commit'>): Promise<boolean> {
  return ((await resolveCommit(gitAtWorktree(repo, worktree), 'HEAD')) ?? '') !== from;
}

/** Back to what was staged before, unless somebody has staged more meanwhile. A commit that is there is for the next command to finish. */
async function giveUp(repo: Repo, entry: EntryOf<'commit'>): Promise<void> {
  if (await hasMoved(repo, entry)) return;
  await restoreIndex(repo, entry);
  await endJournal(repo.layout.journal, entry.op);
}

/** git-commit(1) exits 1 for a hook that said no; its own refusals begin with "fatal:", "error:" or ask who one is. */
function isHookFailure(error: unknown): error is WtError<'git.failed'> {
  return (
    WtError.is(error, 'git.failed') &&
    error.details.exitCode === 1 &&
    !/^(?:fatal|error):|tell me who you are/m.test(error.details.stderr)
  );
}
