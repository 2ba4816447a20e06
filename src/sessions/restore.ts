import path from 'node:path';
import { fromErrno, WtError } from '../core/errors.ts';
import { nearNames } from '../core/names.ts';
import { listRefs, refOfBranch } from '../git/ref.ts';
import { listDirectory, lstatOf, readText } from '../platform/files.ts';
import { beginEntry, endJournal, writeJournal, type EntryOf } from '../registry/journal.ts';
import type { SessionRow } from '../registry/session.ts';
import type { PortLease } from '../setup/ports.ts';
import { readBook, type Book } from './book.ts';
import { hold, type Held } from './hold.ts';
import { sessionPath } from './layout.ts';
import { loadNamingOrDefault, nameBranch, nameFolder, type Naming } from './naming.ts';
import { listCheckouts, type Repo, shielded } from './repo.ts';
import { keepPorts, portRange, withPorts, type PortChange } from './ports.ts';
import { findFlaw, findPlaceFlaw, placeOf } from './restore-checks.ts';
import { finishRestore, undoRestore } from './restore-steps.ts';
import { listTrash, trashFolder, type TrashMeta } from './trash.ts';
import { type NewName, type RestorePlan, type RestoreFacts, planRestore } from './restore-plan.ts';

export interface RestoreRequest {
  /** Id, branch or operation; undefined: the only one there is. */
  readonly what: string | undefined;
  /** Another id to come back under. */
  readonly as: string | undefined;
  readonly dryRun: boolean;
}

export interface RestoreOutcome {
  readonly kind: 'planned' | 'restored';
  readonly plan: RestorePlan;
  /** Its ports, and those that somebody else has taken meanwhile. */
  readonly ports: PortLease;
  readonly portChanges: readonly PortChange[];
  /** Others of that id that still lie in the trash. */
  readonly others: readonly string[];
}

/** Brings a session back as it was, under the lock. Throws `session.not-found`, `session.exists`, `path.exists`, `branch.exists`. */
export async function restoreSession(repo: Repo, request: RestoreRequest): Promise<RestoreOutcome> {
  const decide = async (place: Repo, book: Book): Promise<Omit<RestoreOutcome, 'kind'>> => {
    const trash = await listTrash(place);
    const meta = requireEntry(trash, request.what);
    const plan = planRestore(await gatherRestoreFacts(place, book, meta, request.as));
    const { ports, changes } = await returnPorts(place, book, plan);
    return {
      plan,
      ports,
      portChanges: changes,
      others: trash.filter(({ id, op }) => id === meta.id && op !== meta.op).map(({ op }) => op),
    };
  };
  if (request.dryRun) return { kind: 'planned', ...(await decide(repo, await readBook(repo))) };
  return hold(repo, async (held) => {
    const outcome = await decide(held.repo, held.book);
    await applyRestore({ ...held, repo: shielded(held.repo) }, outcome.plan, outcome.ports);
    return { kind: 'restored', ...outcome };
  });
}

/** By operation (a beginning of six characters will do), else the newest of that id, else of that branch. Pure. */
export function requireEntry(trash: readonly TrashMeta[], what: string | undefined): TrashMeta {
  const [only, ...more] = trash;
  if (what === undefined) {
    if (only !== undefined && more.length === 0) return only;
    const reason =
      only === undefined ? 'there is nothing in the trash' : `there are ${trash.length} in the trash; name one`;
    throw new WtError('usage.invalid', { option: '<id>', reason, fix: ['wt', 'restore', '--list'] });
  }
  const found =
    trash.find(({ op }) => op === what || (what.length >= 6 && op.startsWith(what))) ??
    trash.find(({ id }) => id === what) ??
    trash.find(({ id }) => id.toLowerCase() === what.toLowerCase()) ??
    trash.find(({ branch }) => branch.name === what);
  if (found !== undefined) return found;
  const near = nearNames(
    what,
    trash.map(({ id }) => id),
  );
  throw new WtError('session.not-found', { id: what, near, trash: null, place: 'trash' });
}

async function gatherRestoreFacts(
  repo: Repo,
  book: Book,
  meta: TrashMeta,
  as: string | undefined,
): Promise<RestoreFacts> {
  const folder = trashFolder(repo, meta.op);
  const own = placeOf(repo.layout, meta);
  const naming = await loadNamingOrDefault(repo);
  const fresh = (id: string): NewName => nameAgain(repo, naming, { meta, id });
  const isRenamed = as !== undefined && as !== meta.id;
  const named = isRenamed ? fresh(as) : { folder: meta.row.folder };
  const computed = sessionPath(repo.layout, as ?? meta.id, named.folder);
  const target = isRenamed ? computed : own;
  const [flaw, placeFlaw] = await Promise.all([
    findFlaw(repo, meta),
    target === computed ? undefined : findPlaceFlaw(repo, meta),
  ]);
  const isFollowed = flaw === undefined && placeFlaw === undefined;
  const [refs, trees, head, occupant, admins, modules, folders, tree] = await Promise.all([
    isFollowed ? listRefs(repo.git, refsToLookAt(meta, fresh(as ?? meta.id).branch)) : [],
    listCheckouts(repo),
    readText(path.join(folder, 'admin', 'HEAD')),
    isFollowed ? lstatOf(target) : undefined,
    listDirectory(path.join(repo.commonDir, 'worktrees')),
    lstatOf(path.join(folder, 'admin', 'modules')),
    listDirectory(repo.layout.worktrees),
    lstatOf(path.join(folder, 'tree')),
  ]);
  const branches = new Map(
    refs.map(({ name, commit }) => [
      name.slice('refs/heads/'.length),
      { commit, checkedOutAt: trees.find(({ ref }) => ref === name)?.path },
    ]),
  );
  return {
    meta,
    as,
    fresh,
    hasTree: tree !== undefined,
    book,
    branches,
    occupied: occupant !== undefined,
    path: target,
    folder: named.folder,
    head: head ?? '',
    adminNames: new Set(admins.map(({ name }) => name)),
    hasModules: modules !== undefined,
    folderNames: new Set(folders.map(({ name }) => name)),
    flaw,
    placeFlaw,
  };
}

/** What the templates make of another id for what was removed. Pure. */
function nameAgain(repo: Repo, naming: Naming, { meta, id }: { meta: TrashMeta; id: string }): NewName {
  const { base, task, createdAt } = meta.row;
  const facts = { id, base: base.branch ?? base.commit, task, createdAt };
  const branch = nameBranch(repo, naming, facts);
  const folder = nameFolder(repo, naming, { ...facts, branch });
  return { branch, folder: folder === id ? undefined : folder };
}

/** The branches it may come back on with those that would stand in their way, the one HEAD was on, and all of sessions. */
function refsToLookAt(meta: TrashMeta, branch: string): readonly string[] {
  const head = meta.head.ref;
  const names = [meta.branch.name, branch].map(refOfBranch);
  const parents = names.flatMap((name) => {
    const parts = name.split('/');
    return parts.map((_, i) => parts.slice(0, i).join('/')).filter((parent) => /^refs\/heads\/./.test(parent));
  });
  const siblings = names
    .map((name) => name.slice(0, name.lastIndexOf('/') + 1))
    .filter((name) => name !== 'refs/heads/');
  return [...new Set([...names, ...parents, ...siblings, ...(head?.startsWith('refs/heads/') ? [head] : [])])];
}

/** The ports it had, as far as they are free. */
async function returnPorts(repo: Repo, book: Book, { id, meta }: RestorePlan): ReturnType<typeof keepPorts> {
  const had = meta.row.ports ?? {};
  if (Object.keys(had).length === 0) return { ports: had, changes: [] };
  const range = await portRange(repo);
  return keepPorts(repo, book, { id, had, range });
}

async function applyRestore(held: Held, plan: RestorePlan, ports: PortLease): Promise<void> {
  const { repo, lease } = held;
  const { meta, id, branch, admin } = plan;
  const { folder: _, ...rest } = meta.row;
  const folder = plan.folder === undefined ? {} : { folder: plan.folder };
  const row: SessionRow = withPorts({ ...rest, id, branch, path: plan.path, state: 'ready', ...folder }, ports);
  const entry: EntryOf<'restore'> = {
    ...beginEntry(lease, repo.deps.clock.now().toISOString()),
    kind: 'restore',
    id,
    trash: meta.op,
    removedId: meta.id,
    path: plan.path,
    adminDirectory: admin === null ? null : path.join(repo.commonDir, 'worktrees', admin),
    commit: meta.head.commit,
    head: plan.head,
    branch,
    createBranchAt: plan.createBranchAt,
    row,
  };
  await writeJournal(repo.layout.journal, entry);
  await held.log('session.restore.before', id, { trash: meta.op });
  try {
    await finishRestore(repo, lease, entry);
  } catch (error) {
    // What had moved stays for the next command to finish; with nothing moved there is nothing to finish.
    const isUndone = await undoRestore(repo, entry).catch(() => false);
    if (isUndone) await endJournal(repo.layout.journal, entry.op);
    const reason = { error: WtError.any(error) ? error.code : 'io.failed' };
    await held.log('session.restore.failed', id, reason).catch(() => {});
    const failure = WtError.any(error) ? error : fromErrno(error);
    if (isUndone || failure === undefined) throw error;
    throw new WtError(failure.kind, failure.details, { cause: error, changed: true });
  }
  await held.log('session.restore.after', id, { trash: meta.op, branch });
  await endJournal(repo.layout.journal, entry.op);
}
