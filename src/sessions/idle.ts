import path from 'node:path';
import { WtError, type Reason } from '../core/errors.ts';
import { readText } from '../platform/files.ts';
import type { AdminEntry } from '../registry/notes.ts';
import type { Session } from './book.ts';
import { whatIsCheckedOut } from './inspect.ts';
import type { Repo } from './repo.ts';
import { findDirt, findObstacles, gatherSafetyFacts } from './safety.ts';

/** Why a session's branch and files must not move now, and its uncommitted work. */
export interface Idleness {
  readonly busy: readonly Reason[];
  readonly dirt: Reason | undefined;
  /** Tracked files edited behind assume-unchanged or skip-worktree. */
  readonly hidden: readonly string[];
}

/** Reads only. The call may come from inside the session: its own agent asks for it. */
export async function findIdleness(repo: Repo, session: Session): Promise<Idleness> {
  const found = await gatherSafetyFacts(repo, session);
  // A terminal left open there is nobody at work: files may change below it.
  const facts = { ...found, processes: found.processes.filter(({ isAtPrompt }) => isAtPrompt !== true) };
  const { status, hidden, tree } = facts;
  const busy = findObstacles(facts).filter(({ code }) => code !== 'session.inside' && code !== 'path.mounted');
  if (tree === 'missing') busy.push({ code: 'path.unsafe', path: session.path, reason: 'its folder is gone' });
  if (session.pending !== undefined || session.row.state === 'creating')
    busy.push({ code: 'session.operation', operation: `wt ${session.pending ?? 'create'}` });
  if (facts.operation === undefined && tree === 'ok') busy.push(...(await findSwitch(session)));
  if (facts.operation === undefined && (status?.conflicted.length ?? 0) > 0)
    busy.push({ code: 'session.operation', operation: `conflict in ${status?.conflicted.join(', ') ?? ''}` });
  return { busy, dirt: findDirt({ status, hidden }), hidden };
}

async function findSwitch({ admin, row }: Session): Promise<readonly Reason[]> {
  const head = admin === undefined ? undefined : await readText(path.join(admin.directory, 'HEAD'));
  const other = whatIsCheckedOut(head, row.branch);
  if (other === undefined) return [];
  const instead = other === null ? 'a detached HEAD' : other.replace(/^refs\/heads\//, '');
  return [{ code: 'session.operation', operation: `checkout of ${instead} instead of ${row.branch}` }];
}

/** git's record of its worktree. Throws `path.unsafe`. */
export function requireAdmin({ admin, path: place }: Session): AdminEntry {
  if (admin !== undefined) return admin;
  throw new WtError('path.unsafe', { path: place, reason: 'git has lost its record of this worktree' });
}
