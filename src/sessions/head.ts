import path from 'node:path';
import { refOfBranch, resolveCommit, type Ref } from '../git/ref.ts';
import { lstatOf, readText } from '../platform/files.ts';
import type { Book, Session } from './book.ts';
import { listCheckouts, type Repo } from './repo.ts';

/** HEAD of a worktree. */
export interface Head {
  readonly ref: string | null;
  readonly commit: string | null;
  /** The branch it names has no commit; `commit` is where HEAD was before. */
  readonly isUnborn?: boolean;
}

/** What HEAD of the session's worktree is, from its administrative folder: it may be detached, on another branch, or gone. */
export async function readHead(repo: Repo, session: Session, branch: Ref | undefined): Promise<Head> {
  if (session.admin === undefined) return { ref: null, commit: null };
  const text = (await readText(path.join(session.admin.directory, 'HEAD')))?.trim() ?? '';
  const ref = /^ref: (.+)$/.exec(text)?.[1] ?? null;
  const commit = ref !== null && ref === branch?.name ? branch.commit : await resolveCommit(repo.git, ref ?? text);
  if (commit !== undefined || ref === null) return { ref, commit: commit ?? null };
  return { ref, commit: (await lastOfReflog(repo, session.admin.directory)) ?? null, isUnborn: true };
}

/** Whether another worktree has the session's branch checked out, by the HEAD of each; git is asked where a HEAD does not tell. */
export async function isCheckedOutElsewhere(repo: Repo, book: Book, session: Session): Promise<boolean> {
  const ref = refOfBranch(session.row.branch);
  const managed = [...book.sessions.values()].flatMap(({ admin }) => (admin === undefined ? [] : [admin]));
  const others = [...managed, ...book.unmanaged].filter((one) => one.path !== undefined && one.path !== session.path);
  const folders = [...(repo.isBare ? [] : [repo.commonDir]), ...others.map(({ directory }) => directory)];
  const heads = await Promise.all(folders.map((folder) => readHeadRef(path.join(folder, 'HEAD'))));
  if (!heads.includes(undefined)) return heads.includes(ref);
  return (await listCheckouts(repo)).some((tree) => tree.ref === ref && tree.path !== session.path);
}

/** Full name of the branch, null for a detached HEAD; undefined where the file alone does not tell (reftable, a link, none). */
async function readHeadRef(file: string): Promise<string | null | undefined> {
  const isPlain = (await lstatOf(file))?.isFile() === true;
  const text = isPlain ? ((await readText(file)) ?? '').trim() : '';
  const ref = /^ref: (.+)$/.exec(text)?.[1];
  if (ref !== undefined) return ref.endsWith('/.invalid') ? undefined : ref;
  return /^[0-9a-f]{40,64}$/.test(text) ? null : undefined;
}

/** Where HEAD was last, when its branch has been deleted under it: those commits hang on the worktree's own reflog alone. */
async function lastOfReflog(repo: Repo, directory: string): Promise<string | undefined> {
  const last = (await readText(path.join(directory, 'logs', 'HEAD')))?.trimEnd().split('\n').at(-1)?.split(' ')[1];
  return last === undefined || /^0+$/.test(last) ? undefined : resolveCommit(repo.git, last);
}
