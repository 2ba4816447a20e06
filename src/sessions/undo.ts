import path from 'node:path';
import { WtError } from '../core/errors.ts';
import { msOf } from '../core/time.ts';
import { changedPaths } from '../git/status.ts';
import { abortResolve, requireResolving } from '../landing/resolve/resolve.ts';
import { applyRewind, planRewind } from '../landing/rewind.ts';
import { applyUnsync, planUnsync } from '../landing/sync/unsync.ts';
import { lstatOf } from '../platform/files.ts';
import { idOfEffect, listCalls, type Call, type Effect, type Operation } from '../registry/operations.ts';
import { applyAdopt, applyRelease } from './adopt-steps.ts';
import { readBook, sessionAround, type Book, type Session } from './book.ts';
import { withScratch } from './cache.ts';
import { carryBack, planCarryBack } from './carry-back.ts';
import { hold } from './hold.ts';
import { requireAdmin } from './idle.ts';
import { keepPorts, portChanges, portRange, withPorts, type PortChange } from './ports.ts';
import { findReasons, removeSession, type RemoveFacts } from './remove.ts';
import type { Repo } from './repo.ts';
import { restoreSession } from './restore.ts';
import { requireOwn } from './select.ts';
import { readTrashMeta } from './trash.ts';
import { judgeUncommit, uncommit } from './uncommit.ts';

/** One step that was, or would be, taken back. */
export interface UndoStep {
  readonly effect: Effect;
  /** Where the session went, or came back to. */
  readonly place: string | null;
  /** What had gone from it to make room. */
  readonly thinned: readonly string[];
  /** Ports that somebody else has taken meanwhile. */
  readonly portChanges: readonly PortChange[];
}

export type UndoOutcome =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'planned' | 'undone'; readonly call: Call; readonly steps: readonly UndoStep[] };

type EffectOf<K extends Effect['kind']> = Extract<Effect, { kind: K }>;

/**
 * Takes back the last command, or the one that is named: its steps from the last to the first, each only while nothing has
 * come on top of it. All are judged before the first is done. What it does is itself written down, so it can be undone.
 */
export async function undoLast(
  repo: Repo,
  request: { what: string | undefined; dryRun: boolean },
): Promise<UndoOutcome> {
  // What is just being done ends first: it may be the last command by then.
  if (!request.dryRun) await hold(repo, async () => {});
  const call = await requireCall(repo, request.what);
  if (call === undefined) return { kind: 'nothing' };
  const operations = call.operations.toReversed();
  if (request.dryRun) return { kind: 'planned', call, steps: await judgeAll(repo, operations) };
  // One step that is one operation judges itself under the lock.
  const [only, ...more] = operations;
  const isCarried = only?.effect.kind === 'made' && only.effect.carried !== null;
  if (more.length > 0 || isCarried) await judgeAll(repo, operations);
  const steps: UndoStep[] = [];
  for (const operation of operations) {
    try {
      steps.push(await takeStep(repo, operation, operations, undefined));
    } catch (error) {
      if (steps.length === 0 || !WtError.any(error)) throw error;
      throw new WtError(error.kind, error.details, { cause: error, changed: true });
    }
  }
  return { kind: 'undone', call, steps };
}

async function judgeAll(repo: Repo, operations: readonly Operation[]): Promise<readonly UndoStep[]> {
  const steps: UndoStep[] = [];
  const tips = new Map<string, string>();
  for (const operation of operations) {
    steps.push(await takeStep(repo, operation, operations, tips));
    if (operation.effect.kind === 'moved') tips.set(operation.effect.target, operation.effect.from);
  }
  return steps;
}

/** The call that is meant; undefined when none is named and there is none. */
async function requireCall(repo: Repo, named: string | undefined): Promise<Call | undefined> {
  const isHere = named === undefined || named === '.';
  const what = isHere ? ((await findAround(repo)) ?? named) : named;
  const call = findCall(await listCalls(repo.layout.operations), what);
  if (call !== undefined || named === undefined) return call;
  throw new WtError('usage.invalid', {
    option: '[what]',
    reason: `no command that can be taken back is known by "${named}"`,
    fix: ['wt', 'undo', '--list'],
  });
}

async function findAround(repo: Repo): Promise<string | undefined> {
  return sessionAround(await readBook(repo), repo.top)?.id;
}

/** By the beginning of its name, else the last that touched the session of that id. Pure. */
function findCall(calls: readonly Call[], what: string | undefined): Call | undefined {
  if (what === undefined) return calls.at(-1);
  const touches = ({ operations }: Call): boolean => operations.some(({ effect }) => idOfEffect(effect) === what);
  return calls.findLast(({ call }) => what.length >= 6 && call.startsWith(what)) ?? calls.findLast(touches);
}

/** Judges only while `tips` are given: where targets will be by then, because of steps that are taken back before this one. */
async function takeStep(
  repo: Repo,
  operation: Operation,
  all: readonly Operation[],
  tips: ReadonlyMap<string, string> | undefined,
): Promise<UndoStep> {
  const { effect } = operation;
  const meta = effect.kind === 'trashed' ? await readTrashMeta(repo, effect.trash) : undefined;
  const place = await takeBack(repo, operation, all, tips);
  const isBack = tips === undefined && meta !== undefined && meta.row.ports !== undefined;
  const row = isBack ? (await readBook(repo)).sessions.get(meta.id)?.row : undefined;
  return {
    effect,
    place,
    thinned: meta?.thinned ?? [],
    portChanges: isBack ? portChanges(meta.row.ports, row?.ports) : [],
  };
}

/** Takes one effect back, or only judges whether that would go. */
async function takeBack(
  repo: Repo,
  { effect, at }: Operation,
  all: readonly Operation[],
  tips: ReadonlyMap<string, string> | undefined,
): Promise<string | null> {
  const dryRun = tips !== undefined;
  switch (effect.kind) {
    case 'made':
      return unmake(repo, effect, { at, dryRun });
    case 'trashed':
      return bringBack(repo, effect, dryRun);
    case 'moved': {
      if (tips !== undefined) await planRewind(repo, effect, tips);
      else await hold(repo, async (held) => applyRewind(held, await planRewind(held.repo, effect)));
      return null;
    }
    case 'committed':
      // Taken back together with the removal that follows it, the session is not there yet.
      if (dryRun && all.some((other) => other.effect.kind === 'trashed')) return null;
      if (dryRun) await judgeUncommit(repo, await readBook(repo), effect);
      else await hold(repo, async (held) => uncommit(held, effect));
      return null;
    case 'synced':
      if (dryRun) await judgeUnsync(repo, effect);
      else await hold(repo, (held) => applyUnsync(held, effect));
      return null;
    case 'resolving':
      await requireResolving(repo, effect);
      if (!dryRun) await abortResolve(repo, effect.id);
      return null;
    case 'adopted':
      return release(repo, effect, dryRun);
    case 'released':
      return adoptAgain(repo, effect, dryRun);
  }
}

async function bringBack(repo: Repo, { id, trash, createdAt }: EffectOf<'trashed'>, dryRun: boolean): Promise<string> {
  if ((await readTrashMeta(repo, trash)) === undefined) {
    const back = (await readBook(repo)).sessions.get(id);
    if (back !== undefined && back.row.createdAt === createdAt) return back.path; // it has been restored already
    throw new WtError('session.not-found', { id, near: [], trash: null, place: 'trash', isGone: true });
  }
  return (await restoreSession(repo, { what: trash, as: undefined, dryRun })).plan.path;
}

/** A session that came to be goes into the trash, unless it has work since; what it was restored with is none. */
async function unmake(
  repo: Repo,
  { id, isRestored, hadBranch, createdAt, head, carried }: EffectOf<'made'>,
  { at, dryRun }: { at: string; dryRun: boolean },
): Promise<string | null> {
  const session = requireSame(requireOwn(await readBook(repo), id), createdAt);
  const back = carried === null ? undefined : await planCarryBack(repo, session, carried);
  if (back !== undefined && !dryRun) await carryBack(repo, back);
  const refuse = async (facts: RemoveFacts): Promise<void> => {
    requireSame(facts.session, createdAt);
    const { soft } = findReasons(facts);
    const isAsRestored = isRestored && facts.head.commit === (head ?? facts.head.commit);
    if (soft.length === 0 || back !== undefined || (isAsRestored && !(await hasNewFiles(facts, at)))) return;
    throw new WtError('session.refused', { id, verb: 'undo', reasons: soft });
  };
  try {
    return (await removeSession(repo, id, { force: true, keepBranch: hadBranch, verb: 'undo', dryRun, refuse })).trash;
  } catch (error) {
    if (back === undefined || dryRun || !WtError.any(error)) throw error;
    throw new WtError(error.kind, error.details, { cause: error, changed: true }); // the work lies in both places
  }
}

async function judgeUnsync(repo: Repo, effect: EffectOf<'synced'>): Promise<void> {
  const book = await readBook(repo);
  await withScratch(repo, (env) => planUnsync(repo, book, effect, env));
}

/** An id may be given again; what was done to one session is not taken back on another. */
function requireSame(session: Session, createdAt: string | undefined): Session {
  if (createdAt === undefined || session.row.createdAt === createdAt) return session;
  throw new WtError('path.unsafe', {
    path: session.path,
    reason: `session ${session.id} is another one by now, made ${session.row.createdAt}`,
  });
}

/** Uncommitted files that were written since. A rename of the folder they lie in leaves their change time as it was. */
async function hasNewFiles({ session, status }: RemoveFacts, since: string): Promise<boolean> {
  const names = status === undefined ? [] : changedPaths(status);
  const times = await Promise.all(names.map((name) => lstatOf(path.join(session.path, name))));
  return times.some((stats) => stats !== undefined && stats.ctimeMs > msOf(since));
}

async function release(repo: Repo, { row }: EffectOf<'adopted'>, dryRun: boolean): Promise<string> {
  const judge = (book: Book): { session: Session; directory: string } => {
    const session = requireSame(requireOwn(book, row.id), row.createdAt);
    return { session, directory: requireAdmin(session).directory };
  };
  if (dryRun) return judge(await readBook(repo)).session.path;
  return hold(repo, async (held) => {
    const { session, directory } = judge(held.book);
    await applyRelease(held, session.row, directory);
    return session.path;
  });
}

async function adoptAgain(repo: Repo, { row }: EffectOf<'released'>, dryRun: boolean): Promise<string> {
  const judge = (book: Book): string => {
    const twin = book.sessions.get(row.id);
    if (twin !== undefined)
      throw new WtError('session.exists', { id: twin.id, path: twin.path, branch: twin.row.branch });
    const admin = book.unmanaged.find((entry) => entry.path === row.path);
    if (admin === undefined) throw new WtError('path.unsafe', { path: row.path, reason: 'it is no worktree any more' });
    return admin.directory;
  };
  if (dryRun) judge(await readBook(repo));
  else
    await hold(repo, async (held) => {
      const directory = judge(held.book);
      const { ports } = await keepPorts(repo, held.book, {
        id: row.id,
        had: row.ports ?? {},
        range: await portRange(repo),
      });
      await applyAdopt(held, withPorts(row, ports), directory);
    });
  return row.path;
}
