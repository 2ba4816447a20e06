import { WtError } from '../core/errors.ts';
import { applyRewind, planRewind } from '../landing/rewind.ts';
import { readParents } from '../git/commit.ts';
import { resolveCommit } from '../git/ref.ts';
import { findOperation } from '../git/repo.ts';
import { beginEntry, endJournal, writeJournal, type EntryOf } from '../registry/journal.ts';
import { idOfEffect, listCalls, type Call, type Effect } from '../registry/operations.ts';
import { finishAdopt, finishRelease } from './adopt-steps.ts';
import { readBook, sessionAround, type Book, type Session } from './book.ts';
import { carryBack, planCarryBack } from './carry-back.ts';
import { applyReset } from './commit-steps.ts';
import { hold } from './hold.ts';
import { removeSession } from './remove.ts';
import { gitAtWorktree, shielded, type Repo } from './repo.ts';
import { restoreSession } from './restore.ts';

/** One step that was, or would be, taken back. */
export interface UndoStep {
  readonly effect: Effect;
  /** Where the session went, or came back to. */
  readonly place: string | null;
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
  const call = findCall(await listCalls(repo.layout.operations), request.what ?? (await findAround(repo)));
  if (call === undefined) {
    if (request.what === undefined) return { kind: 'nothing' };
    throw new WtError('usage.invalid', {
      option: '[what]',
      reason: `no command that can be taken back is known by "${request.what}"`,
      fix: ['wt', 'undo', '--list'],
    });
  }
  const effects = call.operations.map(({ effect }) => effect).toReversed();
  const planned: UndoStep[] = [];
  // A later step may stand on an earlier one (a landing below a removal), so only what stands alone is judged first.
  for (const effect of effects) planned.push({ effect, place: await takeBack(repo, effect, effects, true) });
  if (request.dryRun) return { kind: 'planned', call, steps: planned };
  const steps: UndoStep[] = [];
  for (const effect of effects) {
    try {
      steps.push({ effect, place: await takeBack(repo, effect, effects, false) });
    } catch (error) {
      if (steps.length === 0 || !WtError.any(error)) throw error;
      throw new WtError(error.kind, error.details, { cause: error, changed: true });
    }
  }
  return { kind: 'undone', call, steps };
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

/** Takes one effect back, or only judges whether that would go. */
async function takeBack(repo: Repo, effect: Effect, all: readonly Effect[], dryRun: boolean): Promise<string | null> {
  switch (effect.kind) {
    case 'made':
      return unmake(repo, effect, dryRun);
    case 'trashed': {
      const { plan } = await restoreSession(repo, { what: effect.trash, as: undefined, dryRun });
      return plan.path;
    }
    case 'moved': {
      if (dryRun) await planRewind(repo, effect);
      else await hold(repo, async (held) => applyRewind(held, await planRewind(held.repo, effect)));
      return null;
    }
    case 'committed':
      // Taken back together with the removal that follows it, the session is not there yet.
      if (!dryRun || !all.some((other) => other.kind === 'trashed')) await uncommit(repo, effect, dryRun);
      return null;
    case 'adopted':
      return release(repo, effect, dryRun);
    case 'released':
      return adoptAgain(repo, effect, dryRun);
  }
}

/** A session that came to be goes into the trash; one with work of its own since only when it had been restored with it. */
async function unmake(
  repo: Repo,
  { id, isRestored, carried }: EffectOf<'made'>,
  dryRun: boolean,
): Promise<string | null> {
  const back = carried === null ? undefined : await planCarryBack(repo, await requireOwn(repo, id), carried);
  if (back !== undefined && !dryRun) await carryBack(repo, back);
  const force = isRestored || back !== undefined;
  const { trash } = await removeSession(repo, id, { force, keepBranch: false, verb: 'undo', dryRun });
  return trash;
}

async function requireOwn(repo: Repo, id: string, book?: Book): Promise<Session> {
  const session = (book ?? (await readBook(repo))).sessions.get(id);
  if (session === undefined) throw new WtError('session.not-found', { id, near: [], trash: null });
  return session;
}

async function uncommit(repo: Repo, effect: EffectOf<'committed'>, dryRun: boolean): Promise<void> {
  const { id, ref, from, to, indexFrom, indexTo } = effect;
  const judge = async (place: Repo, book: Book): Promise<Session> => {
    const session = await requireOwn(place, id, book);
    const git = gitAtWorktree(place, session.path);
    const branch = ref === 'HEAD' ? 'HEAD' : ref.replace(/^refs\/heads\//, '');
    const operation = session.admin === undefined ? undefined : await findOperation(session.admin.directory);
    if (operation !== undefined)
      throw new WtError('session.refused', { id, verb: 'undo', reasons: [{ code: 'session.operation', operation }] });
    const fix = ['git', '-C', session.path, 'log', '--oneline', '-5'];
    if (from === '' || (await resolveCommit(git, ref)) !== to || (await resolveCommit(git, 'HEAD')) !== to)
      throw new WtError('target.moved', { target: branch, reason: 'since', id, fix });
    const parents = (await readParents(place.git, [to], [from])).get(to) ?? [];
    if (parents.length > 1 && parents[0] === from)
      throw new WtError('usage.invalid', {
        option: 'undo',
        reason: `commit ${to.slice(0, 7)} ended a merge, which cannot be brought back half-way`,
        fix: ['git', '-C', session.path, 'reset', '--keep', from],
      });
    return session;
  };
  if (dryRun) {
    await judge(repo, await readBook(repo));
    return;
  }
  await hold(repo, async (held) => {
    const session = await judge(held.repo, held.book);
    const entry: EntryOf<'reset'> = {
      ...beginEntry(held.lease, repo.deps.clock.now().toISOString()),
      kind: 'reset',
      id: session.id,
      path: session.path,
      adminDirectory: session.admin?.directory ?? '',
      ref,
      from: to,
      to: from,
      indexFrom: indexTo,
      indexTo: indexFrom,
    };
    await writeJournal(repo.layout.journal, entry);
    try {
      await applyReset(shielded(held.repo), entry);
    } catch (error) {
      if (WtError.is(error, 'target.moved')) await endJournal(repo.layout.journal, entry.op);
      throw error;
    }
    await endJournal(repo.layout.journal, entry.op);
  });
}

async function release(repo: Repo, { row }: EffectOf<'adopted'>, dryRun: boolean): Promise<string> {
  if (dryRun) return (await requireOwn(repo, row.id)).path;
  return hold(repo, async (held) => {
    const session = await requireOwn(held.repo, row.id, held.book);
    const entry: EntryOf<'release'> = {
      ...beginEntry(held.lease, repo.deps.clock.now().toISOString()),
      kind: 'release',
      id: row.id,
      adminDirectory: session.admin?.directory ?? '',
      row: session.row,
    };
    await writeJournal(repo.layout.journal, entry);
    await finishRelease(held.repo, held.lease, entry);
    await endJournal(repo.layout.journal, entry.op);
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
      const entry: EntryOf<'adopt'> = {
        ...beginEntry(held.lease, repo.deps.clock.now().toISOString()),
        kind: 'adopt',
        id: row.id,
        adminDirectory: judge(held.book),
        row,
      };
      await writeJournal(repo.layout.journal, entry);
      await finishAdopt(held.repo, held.lease, entry);
      await endJournal(repo.layout.journal, entry.op);
    });
  return row.path;
}
