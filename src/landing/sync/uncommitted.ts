import { WtError, type RefusedVerb } from '../../core/errors.ts';
import { KEEPER, writeCommit, writeStandIn } from '../../git/commit.ts';
import { listFileChanges } from '../../git/diff.ts';
import type { Git } from '../../git/git.ts';
import { mergeTree } from '../../git/merge-tree.ts';
import { keepCommit } from '../../git/ref.ts';
import { treeOf } from '../../git/tree.ts';
import type { Env } from '../../platform/deps.ts';
import type { EntryOf } from '../../registry/journal.ts';
import type { Carried } from '../../registry/session.ts';
import type { Session } from '../../sessions/book.ts';
import { takeFiles, takeIndex } from '../../sessions/from-changes.ts';
import { requireAdmin } from '../../sessions/idle.ts';
import { findInTheWay } from '../../sessions/in-the-way.ts';
import { rewoundRef } from '../../sessions/pins.ts';
import { gitAtWorktree, type Repo } from '../../sessions/repo.ts';

interface Ends {
  readonly from: string;
  readonly to: string;
}

/** A session's uncommitted work, as trees of its index and of all its files. */
export interface Work {
  readonly index: string;
  readonly files: string;
}

/** Takes a picture of it; `env` may name a throw-away object directory. Throws `session.refused` while its index holds conflicts. */
export async function takeWork(repo: Repo, session: Session, verb: RefusedVerb, env: Env): Promise<Work> {
  const { directory } = requireAdmin(session);
  const git = gitAtWorktree(repo, session.path);
  const index = await takeIndex(repo, git, directory, env);
  if (index !== undefined) return { index, files: await takeFiles(repo, git, directory, env) };
  const reasons = [{ code: 'session.operation' as const, operation: 'conflict' }];
  throw new WtError('session.refused', { id: session.id, verb, reasons });
}

/**
 * What the work becomes when its branch moves by two commits: paths that both change are merged, in the object store.
 * Throws `merge.conflict`.
 */
export async function mergeWork(
  { git }: Repo,
  id: string,
  work: Work,
  { into, ...ends }: Ends & { into: string; env: Env },
): Promise<Carried> {
  const [indexTo, filesTo] = [await mergeOnto(git, work.index, ends), await mergeOnto(git, work.files, ends)];
  if (typeof indexTo === 'string' && typeof filesTo === 'string')
    return { indexFrom: work.index, indexTo, filesFrom: work.files, filesTo };
  const paths = [...new Set([filesTo, indexTo].flatMap((end) => (typeof end === 'string' ? [] : end)))];
  throw new WtError('merge.conflict', {
    id,
    into,
    verb: 'sync',
    files: paths.map((name) => ({ path: name, target: null, session: 'uncommitted changes' })),
    tasks: [],
    isUncommitted: true,
  });
}

/** The tree, or the paths in conflict. Stand-in commits give both sides the branch's old tip as their base. */
async function mergeOnto(
  git: Git,
  tree: string,
  { from, to, env }: Ends & { env: Env },
): Promise<string | readonly string[]> {
  const [before, after] = await Promise.all([treeOf(git, from, env), treeOf(git, to, env)]);
  if (tree === before) return after;
  const standIn = (of: string): Promise<string> => writeStandIn(git, { tree: of, parents: [from] }, { env });
  const merged = await mergeTree(git, await standIn(after), await standIn(tree), { env });
  return merged.kind === 'clean' ? merged.tree : merged.paths;
}

/** Ignored and hidden files that lie where the move writes: git would write over them without a word. */
export async function findWrittenOver(
  repo: Repo,
  session: Session,
  move: Ends & { hidden: readonly string[]; env: Env },
): Promise<readonly string[]> {
  const files = await listFileChanges(repo.git, move.from, move.to, { env: move.env });
  const touched = new Set(files.map((file) => file.path));
  const leaving = new Set(files.filter(({ status }) => status === 'deleted').map((file) => file.path));
  const found = new Set(move.hidden.filter((name) => touched.has(name)));
  for (const { path: name, status } of files)
    if (status === 'added') for (const one of await findInTheWay(session.path, name, leaving)) found.add(one);
  return [...found].toSorted();
}

type Place = Pick<EntryOf<'sync'>, 'id' | 'op' | 'path'>;

/** Pins what a session is before it moves: its tip, its index and its files. A second time for the same operation is nothing. */
export async function pinWork(repo: Repo, place: Place, from: string, work: Carried): Promise<void> {
  const keep = (tree: string, what: string, ...parents: string[]): Promise<string> =>
    writeCommit(repo.git, {
      tree,
      parents: [from, ...parents],
      message: `wt: ${what} of ${place.id} before ${place.op}`,
      env: KEEPER,
    });
  const index = await keep(work.indexFrom, 'index');
  const files = await keep(work.filesFrom, 'files', index);
  await keepCommit(repo.git, { ref: rewoundRef(place.id, place.op), to: files });
}
