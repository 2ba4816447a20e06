import path from 'node:path';
import { lstatOf, readSmallFile, realPathOf } from '../platform/files.ts';
import type { Session } from './book.ts';

/** How a session's folder stands to git: `ok`, or what is wrong with it. */
export type TreeState = 'ok' | 'missing' | 'foreign' | 'unregistered';

/** The git directory a worktree's `.git` names, or undefined when it names none. */
export async function findGitDir(worktree: string): Promise<string | undefined> {
  const marker = path.join(worktree, '.git');
  const stats = await lstatOf(marker);
  if (stats?.isDirectory()) return marker;
  const content = stats?.isFile() ? await readSmallFile(marker, 64 * 1024) : undefined;
  if (content === undefined || 'refused' in content || !content.text.startsWith('gitdir:')) return undefined;
  return realPathOf(path.resolve(worktree, content.text.slice('gitdir:'.length).trim()));
}

/**
 * Rule of identity: the folder is a real directory, its `.git` names the administrative folder, and that folder's `gitdir`
 * names the `.git`. Anything else at the path belongs to somebody else.
 */
export async function checkTree(session: Session): Promise<TreeState> {
  const stats = await lstatOf(session.path);
  // The repository was moved: its folder is there, only git's record names the old place.
  const { home = session.path } = session;
  const isMoved = home !== session.path && (await lstatOf(home))?.isDirectory() === true;
  if (stats === undefined) return isMoved ? 'unregistered' : 'missing';
  if (!stats.isDirectory()) return 'foreign';
  if (session.admin === undefined) return 'unregistered';
  const [named, directory] = await Promise.all([findGitDir(session.path), realPathOf(session.admin.directory)]);
  return named === directory && session.admin.path === session.path ? 'ok' : 'foreign';
}
