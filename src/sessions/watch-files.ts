import path from 'node:path';
import { factsFile } from '../agents/record.ts';
import { refOfBranch } from '../git/ref.ts';
import type { Book, Session } from './book.ts';
import type { Repo } from './repo.ts';

/** What changed files say of sessions, by id. `book`: what wt remembers of all; `facts`: their agents; `git`: what git knows of them. */
export interface Touched {
  readonly book: boolean;
  readonly facts: ReadonlySet<string>;
  readonly git: ReadonlySet<string>;
}

type Meaning = { readonly kind: 'book' | 'git of all' } | { readonly kind: 'facts' | 'git'; readonly id: string };

/** Every file that tells of a change of these sessions, with what it tells. None of them is a file of anybody's work. */
export type WatchedFiles = ReadonlyMap<string, readonly Meaning[]>;

/** Pure. */
export function filesToWatch(
  { layout, commonDir }: Pick<Repo, 'layout' | 'commonDir'>,
  { sessions }: Pick<Book, 'sessions'>,
): WatchedFiles {
  const files = new Map<string, Meaning[]>();
  const add = (file: string, meaning: Meaning): void => void files.set(file, [...(files.get(file) ?? []), meaning]);
  add(layout.registry, { kind: 'book' });
  add(layout.events, { kind: 'book' });
  add(layout.verdicts, { kind: 'git of all' });
  for (const name of ['packed-refs', 'HEAD', path.join('reftable', 'tables.list')])
    add(path.join(commonDir, name), { kind: 'git of all' });
  for (const session of sessions.values())
    for (const [file, meaning] of filesOf(commonDir, session)) add(file, meaning);
  return files;
}

/** Those of git's that are written by every command that changes what a status tells. */
const OF_GIT = ['HEAD', 'index', 'MERGE_HEAD', 'CHERRY_PICK_HEAD', 'REVERT_HEAD', 'rebase-merge', 'rebase-apply'];

function filesOf(
  commonDir: string,
  { id, row, admin, path: worktree }: Session,
): readonly (readonly [string, Meaning])[] {
  const git: Meaning = { kind: 'git', id };
  const branches = [row.branch, ...(row.base.branch === null ? [] : [row.base.branch])];
  const refs = branches.map((branch) => [path.join(commonDir, refOfBranch(branch)), git] as const);
  const own = admin === undefined ? [] : OF_GIT.map((name) => [path.join(admin.directory, name), git] as const);
  const facts = admin === undefined ? [] : [[factsFile(admin.directory), { kind: 'facts', id }] as const];
  return [...refs, [path.join(worktree, '.git'), git], ...own, ...facts];
}

/** What changed files say together. Pure. */
export function touchedBy(changed: Iterable<string>, files: WatchedFiles, ids: Iterable<string>): Touched {
  const meanings = [...changed].flatMap((file) => files.get(file) ?? []);
  const idsOf = (kind: 'facts' | 'git'): readonly string[] =>
    meanings.flatMap((meaning) => (meaning.kind === kind ? [meaning.id] : []));
  const isOfAll = meanings.some(({ kind }) => kind === 'git of all');
  return {
    book: meanings.some(({ kind }) => kind === 'book'),
    facts: new Set(idsOf('facts')),
    git: new Set(isOfAll ? ids : idsOf('git')),
  };
}
