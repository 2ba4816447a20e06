import path from 'node:path';
import { findMergeBase } from '../git/commit.ts';
import { listRefs, refOfBranch } from '../git/ref.ts';
import { findOperationBranch } from '../git/repo.ts';
import { findTrackedUnder } from '../git/status.ts';
import type { Definition } from '../setup/definition.ts';
import { listDirectory, lstatOf } from '../platform/files.ts';
import { requirePlainFolder } from '../registry/store.ts';
import { basePatterns, defaultBaseName, requireBase, type BaseFacts } from './base.ts';
import type { Book } from './book.ts';
import { gatherCapacity } from './capacity.ts';
import { branchPatterns, type CreateFacts, type CreateRequest } from './create.ts';
import { sessionPath } from './layout.ts';
import { listCheckouts, mainIndexOf, type Repo } from './repo.ts';
import { checkTree, findGitDir } from './worktree.ts';
import { findSession } from './select.ts';

/** Everything that decides about a create; reads only. */
export async function gatherCreateFacts(
  repo: Repo,
  book: Book,
  request: CreateRequest,
  { fetched, definition }: { fetched: BaseFacts | undefined; definition: Definition },
): Promise<CreateFacts> {
  const { layout, root, git } = repo;
  await requirePlainFolder(layout.worktrees);
  const target = sessionPath(layout, request.id, request.folder);
  const name = request.base ?? defaultBaseName(repo, book);
  const twin = findSession(book, request.id);
  const [refs, occupant, tracked, existingTree] = await Promise.all([
    listRefs(git, [...new Set([...basePatterns(repo, name), ...branchPatterns(request.branch)])]),
    describeOccupant(target, book),
    repo.isBare ? undefined : findTrackedUnder(git, mainIndexOf(repo), path.relative(root, layout.worktrees)),
    twin === undefined ? undefined : checkTree(twin),
  ]);
  const base = fetched ?? (await requireBase(repo, name, refs));
  const existing = refs.find((ref) => ref.name === refOfBranch(request.branch));
  const checkedOutAt = existing === undefined ? undefined : await findHolder(repo, existing.name);
  const cutAt = existing === undefined ? undefined : await findMergeBase(git, existing.commit, base.commit);
  const capacity = await gatherCapacity(repo, book, definition, { id: request.id, hashBytes: base.commit.length / 2 });
  return {
    layout,
    book,
    capacity,
    base: cutAt === undefined ? base : { ...base, commit: cutAt },
    branches: refs.filter((ref) => ref.name.startsWith('refs/heads/')),
    checkedOutAt,
    occupant,
    tracked,
    existingTree,
    now: repo.deps.clock.now(),
  };
}

/** Path of the worktree that has a branch, also while a rebase or bisect there only hides it. */
async function findHolder(repo: Repo, ref: string): Promise<string | undefined> {
  for (const tree of await listCheckouts(repo)) {
    if (tree.ref === ref) return tree.path;
    const gitDir = tree.isBare || tree.ref !== undefined ? undefined : await findGitDir(tree.path);
    if (gitDir !== undefined && (await findOperationBranch(gitDir)) === ref) return tree.path;
  }
  return undefined;
}

async function describeOccupant(target: string, book: Book): Promise<CreateFacts['occupant']> {
  const stats = await lstatOf(target);
  if (stats === undefined) return undefined;
  if (!stats.isDirectory()) return { what: stats.isSymbolicLink() ? 'a symbolic link' : 'a file', adoptable: false };
  if (book.unmanaged.some((entry) => entry.path === target))
    return { what: 'a worktree that is no session yet', adoptable: true };
  return {
    what:
      (await listDirectory(target)).length === 0
        ? 'an empty folder'
        : 'a folder that is no worktree of this repository',
    adoptable: false,
  };
}
