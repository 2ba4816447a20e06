import { WtError } from '../core/errors.ts';
import { readParents } from '../git/commit.ts';
import { resolveCommit } from '../git/ref.ts';
import { findOperation } from '../git/repo.ts';
import { beginEntry, endJournal, writeJournal, type EntryOf } from '../registry/journal.ts';
import type { Effect } from '../registry/operations.ts';
import type { Book, Session } from './book.ts';
import { applyReset, readHeadRef } from './commit-steps.ts';
import type { Held } from './hold.ts';
import { gitAtWorktree, shielded, type Repo } from './repo.ts';
import { findGitLock } from './safety.ts';
import { requireOwn } from './select.ts';

type Committed = Extract<Effect, { kind: 'committed' }>;

/** Reads only. Throws why the commit cannot be taken back, with the way by hand. */
export async function judgeUncommit(repo: Repo, book: Book, { id, ref, from, to }: Committed): Promise<Session> {
  const session = requireOwn(book, id);
  const { admin, path } = session;
  const git = gitAtWorktree(repo, path);
  const lock = admin === undefined ? undefined : await findGitLock(admin.directory);
  const busy = admin === undefined ? undefined : await findOperation(admin.directory);
  const operation = busy ?? (lock === undefined ? undefined : `git command (${lock})`);
  if (operation !== undefined)
    throw new WtError('session.refused', { id, verb: 'undo', reasons: [{ code: 'session.operation', operation }] });
  const isOn = admin !== undefined && (await readHeadRef(admin.directory)) === ref;
  if (!isOn || (await resolveCommit(git, ref)) !== to) {
    const fix = ['git', '-C', path, 'log', '--oneline', '-5'];
    throw new WtError('target.moved', { target: ref.replace(/^refs\/heads\//, ''), reason: 'since', id, fix });
  }
  if (from === '')
    throw new WtError('usage.invalid', {
      option: 'undo',
      reason: `commit ${to.slice(0, 7)} is the first of its branch, and a branch without commits has nothing to go back to`,
      fix: ['git', '-C', path, 'update-ref', '-d', 'HEAD', to],
    });
  const parents = (await readParents(repo.git, [to], [from])).get(to) ?? [];
  if (parents.length > 1 && parents[0] === from)
    throw new WtError('usage.invalid', {
      option: 'undo',
      reason: `commit ${to.slice(0, 7)} ended a merge, which cannot be brought back half-way`,
      fix: ['git', '-C', path, 'reset', '--keep', from],
    });
  return session;
}

/** The branch steps back and the index with it; the files stay. */
export async function uncommit({ repo, lease, book }: Held, effect: Committed): Promise<void> {
  const session = await judgeUncommit(repo, book, effect);
  const entry: EntryOf<'reset'> = {
    ...beginEntry(lease, repo.deps.clock.now().toISOString()),
    kind: 'reset',
    id: session.id,
    path: session.path,
    adminDirectory: session.admin?.directory ?? '',
    ref: effect.ref,
    from: effect.to,
    to: effect.from,
    indexFrom: effect.indexTo,
    // An index that has been collected since cannot come back; then it stays as it is.
    indexTo: await findTree(repo, effect.indexFrom),
  };
  await writeJournal(repo.layout.journal, entry);
  try {
    await applyReset(shielded(repo), entry); // an interrupt waits for the end
  } catch (error) {
    if (WtError.is(error, 'target.moved')) await endJournal(repo.layout.journal, entry.op);
    throw error;
  }
  await endJournal(repo.layout.journal, entry.op);
}

/** The tree, if the store still has it. */
export async function findTree(repo: Repo, tree: string | null): Promise<string | null> {
  if (tree === null) return null;
  const args = ['cat-file', '-e', `${tree}^{tree}`];
  const { exitCode, stderr } = await repo.git(args, { expect: [0, 1, 128] });
  if (exitCode === 0) return tree;
  if (exitCode === 128 && !stderr.includes('Not a valid object name'))
    throw new WtError('git.failed', { args: ['git', ...args], exitCode, stderr: stderr.trim() });
  return null;
}
