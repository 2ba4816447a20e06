import { WtError } from '../../core/errors.ts';
import { branchOf, findRef } from '../../git/ref.ts';
import type { Env } from '../../platform/deps.ts';
import type { Effect } from '../../registry/operations.ts';
import type { Carried } from '../../registry/session.ts';
import type { Book, Session } from '../../sessions/book.ts';
import type { Held } from '../../sessions/hold.ts';
import { findIdleness } from '../../sessions/idle.ts';
import type { Repo } from '../../sessions/repo.ts';
import { requireOwn } from '../../sessions/select.ts';
import { findTree } from '../../sessions/uncommit.ts';
import { refuseHidden } from './sync-plan.ts';
import { applySync, type SyncMove } from './sync-steps.ts';
import { findWrittenOver, mergeWork, takeWork } from './uncommitted.ts';

type Synced = Extract<Effect, { kind: 'synced' }>;

/**
 * Reads only, but for objects. Undefined when a mere change of base has been overtaken: then there is nothing to take back.
 * Throws `target.moved` when the session has gone on, `session.refused`, `merge.conflict` for uncommitted work in the way.
 */
export async function planUnsync(
  repo: Repo,
  book: Book,
  { id, ref, from, to, base, work }: Synced,
  env: Env = {},
): Promise<SyncMove | undefined> {
  const known = book.sessions.get(id);
  const isSameBase = known?.row.base.branch === base.after.branch && known.row.base.commit === base.after.commit;
  if (from === to && !isSameBase) return undefined;
  const session = requireOwn(book, id);
  const back = { before: session.row.base, after: { ...session.row.base, ...base.before } };
  const now = (await findRef(repo.git, ref))?.commit;
  if (from === to) return now === undefined ? undefined : { session, ref, from: now, to: now, base: back, work: null };
  if (now !== to) {
    const fix = ['git', '-C', session.path, 'log', '--oneline', '-5'];
    throw new WtError('target.moved', { target: branchOf(ref), reason: 'since', id, fix });
  }
  const idle = await findIdleness(repo, session);
  if (idle.busy.length > 0) throw new WtError('session.refused', { id, verb: 'undo', reasons: idle.busy });
  const ends = { from: to, to: from };
  const carried =
    idle.dirt === undefined ? null : await carryBack(repo, { session, ends, into: branchOf(ref), work, env });
  const moves = carried === null ? ends : { from: carried.filesFrom, to: carried.filesTo };
  const hidden = await findWrittenOver(repo, session, { ...moves, hidden: idle.hidden, env });
  if (hidden.length > 0) throw refuseHidden(id, hidden, 'undo');
  return { session, ref, ...ends, base: back, work: carried };
}

/** Work that is as it was left goes back to what it was; what has changed since is merged. */
async function carryBack(
  repo: Repo,
  spec: {
    session: Session;
    ends: { from: string; to: string };
    into: string;
    work: Carried | null;
    env: Env;
  },
): Promise<Carried> {
  const { session, ends, into, work, env } = spec;
  const taken = await takeWork(repo, session, 'undo', env);
  const isAsLeft = work !== null && taken.index === work.indexTo && taken.files === work.filesTo;
  const [index, files] = isAsLeft
    ? [await findTree(repo, work.indexFrom), await findTree(repo, work.filesFrom)]
    : [null, null];
  if (index !== null && files !== null)
    return { indexFrom: taken.index, indexTo: index, filesFrom: taken.files, filesTo: files };
  return mergeWork(repo, session.id, taken, { ...ends, into, env });
}

export async function applyUnsync(held: Held, effect: Synced): Promise<void> {
  const move = await planUnsync(held.repo, held.book, effect);
  if (move !== undefined) await applySync(held, move, `wt undo ${effect.id}`);
}
