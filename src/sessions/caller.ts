import path from 'node:path';
import { realPathOf } from '../platform/files.ts';
import { readAgentStatus } from './agent.ts';
import { sessionAround, type Book, type Session } from './book.ts';
import type { Repo } from './repo.ts';

/**
 * The session a call comes from: from its worktree, also when -C leads out of it, or from a program that was started in one and says
 * so. Undefined: from elsewhere.
 */
export async function findCaller({ deps, top }: Repo, book: Book): Promise<Session | undefined> {
  const { cwd, calledFrom, env } = deps;
  const places = [cwd, ...(calledFrom === undefined ? [] : [calledFrom])].map((place) => path.resolve(place));
  const inside = [top, ...(await Promise.all(places.map(realPathOf)))].map((place) => sessionAround(book, place));
  return inside.find((session) => session !== undefined) ?? book.sessions.get(env['WT_SESSION'] ?? env['WT_ID'] ?? '');
}

/** Who calls: the agent that runs in that session, else the one it was made for, else the session; `user` from elsewhere. */
export async function nameCaller(repo: Repo, book: Book): Promise<string> {
  const caller = await findCaller(repo, book);
  if (caller === undefined) return 'user';
  const agent = await readAgentStatus(repo, caller);
  return agent?.isAlive === true ? agent.agent : (caller.row.agent ?? caller.id);
}
