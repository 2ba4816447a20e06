import { WtError } from '../../core/errors.ts';
import { readBook, type Session } from '../../sessions/book.ts';
import { fetchBase } from '../../sessions/base.ts';
import { withScratch } from '../../sessions/cache.ts';
import { hold, type Held } from '../../sessions/hold.ts';
import type { Repo } from '../../sessions/repo.ts';
import { requireOwn, requireSessions } from '../../sessions/select.ts';
import { prepareSync, requireSyncBase, type SyncOptions, type SyncPlan, type SyncPrepared } from './sync-plan.ts';
import { applySync } from './sync-steps.ts';

export interface SyncRequest extends Omit<SyncOptions, 'isNamed' | 'env'> {
  /** None and not `all`: the session the caller stands in. */
  readonly ids: readonly string[];
  readonly all: boolean;
  readonly fetch: boolean;
  readonly dryRun: boolean;
}

export type SyncResult =
  | { readonly kind: 'synced'; readonly plan: SyncPlan }
  | Extract<SyncPrepared, { kind: 'current' | 'landed' }>
  | { readonly kind: 'skipped'; readonly session: Session; readonly error: WtError };

/**
 * Brings sessions on their bases, one after the other, a session after the one it is cut from. Of several, those that
 * cannot be are left as they were, and told; a single one throws.
 */
export async function syncSessions(repo: Repo, request: SyncRequest): Promise<readonly SyncResult[]> {
  const book = await readBook(repo);
  const named = request.all ? [...book.sessions.values()] : await requireSessions(repo, book, request.ids);
  const isSingle = !request.all && named.length === 1;
  const results: SyncResult[] = [];
  for (const session of inStackOrder(named)) {
    try {
      results.push(await syncSession(repo, session, request));
    } catch (error) {
      if (isSingle || !WtError.any(error) || error.changed || error.kind === 'interrupted') throw error;
      results.push({ kind: 'skipped', session, error });
    }
  }
  return results;
}

async function syncSession(repo: Repo, { id }: Session, request: SyncRequest): Promise<SyncResult> {
  const options = { ...request, isNamed: !request.all };
  if (request.dryRun) {
    const session = requireOwn(await readBook(repo), id);
    const target = await requireSyncBase(repo, session);
    const prepared = await withScratch(repo, (env) => prepareSync(repo, session, target, { ...options, env }));
    return prepared.kind === 'ready' ? { kind: 'synced', plan: prepared.plan } : prepared;
  }
  const fetched = request.fetch ? await fetchSyncBase(repo, requireOwn(await readBook(repo), id)) : undefined;
  return hold(repo, async (held) => {
    const session = requireOwn(held.book, id);
    const target = fetched ?? (await requireSyncBase(held.repo, session));
    const prepared = await prepareSync(held.repo, session, target, options);
    if (prepared.kind !== 'ready') return prepared;
    await landSync(held, prepared.plan);
    return { kind: 'synced', plan: prepared.plan };
  });
}

/** The base as its remote has it, where the local one is merely behind. */
async function fetchSyncBase(repo: Repo, session: Session): Promise<{ branch: string; commit: string }> {
  const { branch, ref } = await requireSyncBase(repo, session);
  const { commit } = await fetchBase(repo, ref.replace(/^refs\/(?:heads|remotes)\//, ''));
  return { branch, commit };
}

/** Moves it, and writes that into the stream. */
export async function landSync(held: Held, plan: SyncPlan): Promise<void> {
  const { session, from, to, base, strategy } = plan;
  const data = { from, to, base: base.after, strategy };
  await held.log('session.sync.before', session.id, data);
  try {
    await applySync(held, plan, `wt sync ${session.id}`);
  } catch (error) {
    const reason = { error: WtError.any(error) ? error.code : 'internal' };
    await held.log('session.sync.failed', session.id, reason).catch(() => {});
    throw error;
  }
  await held.log('session.sync.after', session.id, data);
}

/** A session that is cut from another one's branch comes after it. Pure. */
export function inStackOrder(sessions: readonly Session[]): readonly Session[] {
  const byBranch = new Map(sessions.map((session) => [session.row.branch, session]));
  const ordered = new Set<Session>();
  const place = (session: Session, above: ReadonlySet<Session>): void => {
    const { branch } = session.row.base;
    const lower = branch === null ? undefined : byBranch.get(branch);
    if (lower !== undefined && !above.has(lower)) place(lower, new Set([...above, session]));
    ordered.add(session);
  };
  for (const session of sessions) place(session, new Set());
  return [...ordered];
}
