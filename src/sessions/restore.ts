import path from 'node:path';
import { fromErrno, WtError } from '../core/errors.ts';
import { nearNames, whyInvalidId, proposeId, type SessionId } from '../core/names.ts';
import { listRefs, refOfBranch } from '../git/ref.ts';
import { listDirectory, lstatOf, readText } from '../platform/files.ts';
import { beginEntry, endJournal, writeJournal, type EntryOf } from '../registry/journal.ts';
import type { SessionRow } from '../registry/session.ts';
import type { PortLease } from '../setup/ports.ts';
import { readBook, type Book } from './book.ts';
import { hold, type Held } from './hold.ts';
import { sessionPath } from './layout.ts';
import { loadNamingOrDefault, nameBranch, nameFolder, type Naming } from './naming.ts';
import { listTrees, type Repo, shielded } from './repo.ts';
import { keepPorts, portRange, withPorts, type PortChange } from './ports.ts';
import { findFlaw, findPlaceFlaw, placeOf } from './restore-checks.ts';
import { finishRestore, undoRestore } from './restore-steps.ts';
import { findSession } from './select.ts';
import { listTrash, trashFolder, type TrashMeta } from './trash.ts';

export interface RestoreRequest {
  /** Id, branch or operation; undefined: the only one there is. */
  readonly what: string | undefined;
  /** Another id to come back under. */
  readonly as: string | undefined;
  readonly dryRun: boolean;
}

/** What bringing back one entry means. */
export interface RestorePlan {
  readonly meta: TrashMeta;
  readonly id: SessionId;
  readonly path: string;
  /** Name of its folder below `.worktrees`, where that is recorded. */
  readonly folder: string | undefined;
  /** Name of the administrative folder; null when the session had none. */
  readonly admin: string | null;
  /** Text of its HEAD file. */
  readonly head: string;
  readonly branch: string;
  readonly createBranchAt: string | null;
  /** HEAD was on this other branch, which has moved or is taken: it is detached at the same commit instead. */
  readonly detachedFrom: string | null;
  /** What was gone already when it was removed. */
  readonly lacks: readonly ('folder' | 'branch')[];
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

interface RestoreFacts {
  readonly meta: TrashMeta;
  readonly as: string | undefined;
  /** What a session of an id would be called now. */
  readonly fresh: (id: string) => NewName;
  readonly hasTree: boolean;
  readonly book: Book;
  /** Where each branch that matters is, and where it is checked out. */
  readonly branches: ReadonlyMap<string, { readonly commit: string; readonly checkedOutAt: string | undefined }>;
  /** What lies at the place it goes to. */
  readonly occupied: boolean;
  readonly path: string;
  readonly folder: string | undefined;
  /** Text of the HEAD file in the trash; '' when there is none. */
  readonly head: string;
  readonly adminNames: ReadonlySet<string>;
  readonly hasModules: boolean;
  /** Names in the folder of sessions. */
  readonly folderNames: ReadonlySet<string>;
  /** Why the entry must not be followed, or not to the place it names. */
  readonly flaw: string | undefined;
  readonly placeFlaw: string | undefined;
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
    listTrees(repo),
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

interface NewName {
  readonly branch: string;
  readonly folder: string | undefined;
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

/** Decide. Pure; every refusal of restore happens here. */
export function planRestore(facts: RestoreFacts): RestorePlan {
  const { meta, as, path: target, adminNames } = facts;
  const id = as ?? meta.id;
  const reason = whyInvalidId(id);
  const name = meta.op.slice(0, 8);
  if (reason !== undefined) {
    const proposal = proposeId(id);
    const again = ['wt', 'restore', name, '--as', proposal ?? meta.id];
    throw new WtError('id.invalid', { id, reason, proposal, fix: again });
  }
  const fix = ['wt', 'restore', name, '--as', freeId(facts)];
  requireFree(facts, id, fix);
  const admin = meta.admin === null ? null : freeName(meta.admin, adminNames);
  if (facts.hasModules && ((as !== undefined && as !== meta.id) || admin !== meta.admin))
    throw new WtError('path.unsafe', {
      path: target,
      reason: `${meta.id} has submodules, which fit only where they were: free its id and ${meta.path} first`,
    });
  const branch = planBranch(facts, fix);
  const head = planHead(facts, branch.name);
  const isBranchless = branch.createAt === null && !facts.branches.has(branch.name);
  return {
    meta,
    id: id as SessionId,
    path: target,
    folder: facts.folder,
    admin,
    ...head,
    branch: branch.name,
    createBranchAt: branch.createAt,
    lacks: [...(facts.hasTree ? [] : ['folder' as const]), ...(isBranchless ? ['branch' as const] : [])],
  };
}

/** Nothing is followed that leads astray, and nothing is written over. */
function requireFree(facts: RestoreFacts, id: string, fix: readonly string[]): void {
  const { meta, book, occupied, path: target } = facts;
  const name = meta.op.slice(0, 8);
  if (facts.flaw !== undefined) throw new WtError('path.unsafe', { path: `trash entry ${name}`, reason: facts.flaw });
  if (facts.placeFlaw !== undefined) throw new WtError('path.unsafe', { path: target, reason: facts.placeFlaw, fix });
  const twin = findSession(book, id);
  if (twin !== undefined && twin.id.toLowerCase() === id.toLowerCase())
    throw new WtError('session.exists', { id: twin.id, path: twin.path, branch: twin.row.branch, fix });
  if (occupied)
    throw new WtError('path.exists', { path: target, what: 'something else by now', adoptable: false, fix });
}

/** The branch it had when that is free or still there unmoved; with --as a fresh one when it is not. */
function planBranch(
  { meta, as, branches, fresh }: RestoreFacts,
  fix: readonly string[],
): { name: string; createAt: string | null } {
  const { name, commit } = meta.branch;
  const isRenamed = as !== undefined && as !== meta.id;
  const own = isRenamed && name === fresh(meta.id).branch ? fresh(as).branch : name;
  const isFree = (wanted: string): boolean => !branches.has(wanted) && !isBlocked(wanted, branches);
  const there = branches.get(name);
  const isUnmoved = there !== undefined && there.commit === commit && there.checkedOutAt === undefined;
  if (own === name && isUnmoved) return { name, createAt: null };
  const wanted = (isRenamed ? [own, fresh(as).branch] : [own]).find(isFree);
  if (wanted !== undefined) return { name: wanted, createAt: commit };
  const holder = branches.get(own)?.checkedOutAt;
  if (holder !== undefined) throw new WtError('branch.checked-out', { branch: own, path: holder, holder: null, fix });
  throw new WtError('branch.exists', { id: as ?? meta.id, branch: own, holder: null, blocks: null, fix });
}

/** git keeps one branch as a folder of the other: `a` and `a/b` cannot both be. */
function isBlocked(wanted: string, branches: RestoreFacts['branches']): boolean {
  return [...branches.keys()].some((name) => name.startsWith(`${wanted}/`) || wanted.startsWith(`${name}/`));
}

/** Byte for byte what it was, but for the name of its branch, and for another branch that no longer fits. */
function planHead({ meta, head, branches }: RestoreFacts, branch: string): Pick<RestorePlan, 'head' | 'detachedFrom'> {
  const ref = /^ref: refs\/heads\/(.+)$/m.exec(head)?.[1];
  // A reftable repository keeps no answer there.
  if (ref === undefined || ref === '.invalid' || meta.head.commit === null) return { head, detachedFrom: null };
  if (ref === meta.branch.name) return { head: `ref: ${refOfBranch(branch)}\n`, detachedFrom: null };
  const there = branches.get(ref);
  if (there === undefined && meta.head.isUnborn === true) return { head, detachedFrom: null };
  if (there?.commit === meta.head.commit && there.checkedOutAt === undefined) return { head, detachedFrom: null };
  return { head: `${meta.head.commit}\n`, detachedFrom: ref };
}

/** An id whose folder and branch are free too. */
function freeId({ meta, book, branches, folderNames, fresh }: RestoreFacts): string {
  const lower = (names: Iterable<string>): ReadonlySet<string> => new Set([...names].map((name) => name.toLowerCase()));
  const [ids, folders, refs] = [lower(book.sessions.keys()), lower(folderNames), lower(branches.keys())];
  const isTaken = (id: string): boolean => {
    const { branch, folder = id } = fresh(id);
    return ids.has(id) || folders.has(folder.toLowerCase()) || refs.has(branch.toLowerCase());
  };
  for (let n = 2; ; n++) {
    const name = `${meta.id.slice(0, 44)}-${n}`;
    if (!isTaken(name.toLowerCase()) && findSession(book, name) === undefined) return name;
  }
}

function freeName(name: string, taken: ReadonlySet<string>): string {
  for (let n = 0; ; n++) {
    const candidate = n === 0 ? name : `${name}${n}`;
    if (!taken.has(candidate)) return candidate;
  }
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
