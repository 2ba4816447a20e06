import { WtError } from '../core/errors.ts';
import { whyInvalidId, proposeId, type SessionId } from '../core/names.ts';
import { refOfBranch } from '../git/ref.ts';
import type { Book } from './book.ts';
import { findSession } from './select.ts';
import type { TrashMeta } from './trash.ts';

export interface NewName {
  readonly branch: string;
  readonly folder: string | undefined;
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

export interface RestoreFacts {
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
