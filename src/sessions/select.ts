import path from 'node:path';
import { WtError } from '../core/errors.ts';
import { nearNames } from '../core/names.ts';
import { realPathOf } from '../platform/files.ts';
import { sessionAround, type Book, type Session } from './book.ts';
import type { Repo } from './repo.ts';
import { listTrash, trashFolder } from './trash.ts';

/** An id, a branch, a path, or "." for the session the caller stands in. Throws `session.not-found` with near names. */
export async function requireSession(repo: Repo, book: Book, text: string | undefined): Promise<Session> {
  const around = sessionAround(book, repo.top);
  if (text === undefined || text === '.') {
    if (around !== undefined) return around;
    throw new WtError('usage.invalid', {
      option: '<id>',
      reason: 'not inside a session, so the id must be given',
      fix: ['wt', 'list'],
    });
  }
  const place = await realPathOf(path.resolve(repo.deps.cwd, text));
  const found = findSession(book, text) ?? (text.includes('/') ? sessionAround(book, place) : undefined);
  if (found !== undefined) return found;
  const removed = (await listTrash(repo)).find(({ id }) => id === text);
  const trash = removed === undefined ? null : trashFolder(repo, removed.op);
  throw new WtError('session.not-found', { id: text, near: nearNames(text, [...book.sessions.keys()]), trash });
}

/** The session of exactly that id, as an operation names it. Throws `session.not-found`. */
export function requireOwn(book: Book, id: string): Session {
  const session = book.sessions.get(id);
  if (session === undefined) throw new WtError('session.not-found', { id, near: [], trash: null });
  return session;
}

/** By id (exact, else without regard to case), then by branch. Pure. */
export function findSession(book: Book, text: string): Session | undefined {
  const exact = book.sessions.get(text);
  if (exact !== undefined) return exact;
  const all = [...book.sessions.values()];
  return all.find(({ id }) => id.toLowerCase() === text.toLowerCase()) ?? all.find(({ row }) => row.branch === text);
}

/** Several ids, each session once, in the order given. */
export async function requireSessions(repo: Repo, book: Book, texts: readonly string[]): Promise<readonly Session[]> {
  const found: Session[] = [];
  for (const text of texts.length === 0 ? [undefined] : texts) {
    const session = await requireSession(repo, book, text);
    if (!found.includes(session)) found.push(session);
  }
  return found;
}
