import { WtError } from '../core/errors.ts';
import { applyRewind, planRewind } from '../landing/rewind.ts';
import { idOfEffect, listCalls, type Call, type Effect } from '../registry/operations.ts';
import { applyAdopt, applyRelease } from './adopt-steps.ts';
import { readBook, sessionAround, type Book, type Session } from './book.ts';
import { carryBack, planCarryBack } from './carry-back.ts';
import { hold } from './hold.ts';
import { removeSession } from './remove.ts';
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
  const call = await requireCall(repo, request.what);
  if (call === undefined) return { kind: 'nothing' };
  const effects = call.operations.map(({ effect }) => effect).toReversed();
  if (request.dryRun) return { kind: 'planned', call, steps: await judgeAll(repo, effects) };
  // One step that is one operation judges itself under the lock.
  const [only, ...more] = effects;
  if (more.length > 0 || (only?.kind === 'made' && only.carried !== null)) await judgeAll(repo, effects);
  const steps: UndoStep[] = [];
  for (const effect of effects) {
    try {
      steps.push(await takeStep(repo, effect, effects, false));
    } catch (error) {
      if (steps.length === 0 || !WtError.any(error)) throw error;
      throw new WtError(error.kind, error.details, { cause: error, changed: true });
    }
  }
  return { kind: 'undone', call, steps };
}

async function judgeAll(repo: Repo, effects: readonly Effect[]): Promise<readonly UndoStep[]> {
  const steps: UndoStep[] = [];
  for (const effect of effects) steps.push(await takeStep(repo, effect, effects, true));
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

async function takeStep(repo: Repo, effect: Effect, all: readonly Effect[], dryRun: boolean): Promise<UndoStep> {
  const meta = effect.kind === 'trashed' ? await readTrashMeta(repo, effect.trash) : undefined;
  return { effect, place: await takeBack(repo, effect, all, dryRun), thinned: meta?.thinned ?? [] };
}

/** Takes one effect back, or only judges whether that would go. */
async function takeBack(repo: Repo, effect: Effect, all: readonly Effect[], dryRun: boolean): Promise<string | null> {
  switch (effect.kind) {
    case 'made':
      return unmake(repo, effect, dryRun);
    case 'trashed':
      return bringBack(repo, effect, dryRun);
    case 'moved': {
      if (dryRun) await planRewind(repo, effect);
      else await hold(repo, async (held) => applyRewind(held, await planRewind(held.repo, effect)));
      return null;
    }
    case 'committed':
      // Taken back together with the removal that follows it, the session is not there yet.
      if (dryRun && all.some((other) => other.kind === 'trashed')) return null;
      if (dryRun) await judgeUncommit(repo, await readBook(repo), effect);
      else await hold(repo, async (held) => uncommit(held, effect));
      return null;
    case 'adopted':
      return release(repo, effect, dryRun);
    case 'released':
      return adoptAgain(repo, effect, dryRun);
  }
}

async function bringBack(repo: Repo, { id, trash }: EffectOf<'trashed'>, dryRun: boolean): Promise<string> {
  if ((await readTrashMeta(repo, trash)) === undefined)
    throw new WtError('session.not-found', { id, near: [], trash: null, place: 'trash' });
  return (await restoreSession(repo, { what: trash, as: undefined, dryRun })).plan.path;
}

/** A session that came to be goes into the trash; one with work of its own since only when it had been restored with it. */
async function unmake(
  repo: Repo,
  { id, isRestored, hadBranch, carried }: EffectOf<'made'>,
  dryRun: boolean,
): Promise<string | null> {
  const back = carried === null ? undefined : await planCarryBack(repo, requireOwn(await readBook(repo), id), carried);
  if (back !== undefined && !dryRun) await carryBack(repo, back);
  const force = isRestored || back !== undefined;
  try {
    return (await removeSession(repo, id, { force, keepBranch: hadBranch, verb: 'undo', dryRun })).trash;
  } catch (error) {
    if (back === undefined || dryRun || !WtError.any(error)) throw error;
    throw new WtError(error.kind, error.details, { cause: error, changed: true }); // the work lies in both places
  }
}

async function release(repo: Repo, { row }: EffectOf<'adopted'>, dryRun: boolean): Promise<string> {
  if (dryRun) return requireRecord(requireOwn(await readBook(repo), row.id)).path;
  return hold(repo, async (held) => {
    const session = requireRecord(requireOwn(held.book, row.id));
    await applyRelease(held, session.row, session.admin.directory);
    return session.path;
  });
}

function requireRecord(session: Session): Session & { admin: NonNullable<Session['admin']> } {
  const { admin, path } = session;
  if (admin === undefined)
    throw new WtError('path.unsafe', { path, reason: 'git has lost its record of this worktree' });
  return { ...session, admin };
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
  else await hold(repo, async (held) => applyAdopt(held, row, judge(held.book)));
  return row.path;
}
