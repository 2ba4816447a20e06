import path from 'node:path';
import { WtError } from '../core/errors.ts';
import { nearNames, proposeId, whyInvalidBranch, whyInvalidId, type AgentName, type SessionId } from '../core/names.ts';
import { refOfBranch, type Ref } from '../git/ref.ts';
import { dependenciesOf, findCycles } from '../landing/radar/order.ts';
import type { SessionRow } from '../registry/session.ts';
import type { Strain } from '../setup/limits.ts';
import type { PortLease } from '../setup/ports.ts';
import type { TreeState } from './worktree.ts';
import type { BaseFacts } from './base.ts';
import { requireCapacity, type Capacity } from './capacity.ts';
import { findSession } from './select.ts';
import type { Book, Session } from './book.ts';
import { sessionPath, type Layout } from './layout.ts';

export interface CreateRequest {
  readonly id: SessionId;
  readonly branch: string;
  /** Name of its folder below `.worktrees`; the id's when left out. */
  readonly folder?: string;
  /** The branch was asked for by name, so an existing one is checked out. */
  readonly isBranchNamed: boolean;
  /** Undefined: the default for the place the caller stands in. */
  readonly base: string | undefined;
  readonly agent: AgentName | null;
  readonly task: string | null;
  readonly reuse: boolean;
  /** Paths it may touch, as gitignore patterns. */
  readonly owns?: readonly string[];
  /** Sessions that are to land before it, by id or branch. */
  readonly after?: readonly string[];
}

export interface CreateFacts {
  readonly layout: Layout;
  readonly book: Book;
  readonly base: BaseFacts;
  /** Branches at, below and above the wanted name. */
  readonly branches: readonly Ref[];
  /** Where the wanted branch is checked out, when it is. */
  readonly checkedOutAt: string | undefined;
  /** What lies at the computed path; undefined when it is free. */
  readonly occupant: { readonly what: string; readonly adoptable: boolean } | undefined;
  /** Something below `.worktrees` that git tracks. */
  readonly tracked: string | undefined;
  /** The folder of an existing session of that id. */
  readonly existingTree: TreeState | undefined;
  readonly capacity: Capacity;
  readonly now: Date;
}

export type CreatePlan =
  | { readonly kind: 'reuse'; readonly session: Session }
  | {
      readonly kind: 'create';
      readonly id: SessionId;
      readonly branch: string;
      readonly path: string;
      /** Where it is not the id. */
      readonly folder: string | undefined;
      readonly base: BaseFacts;
      /** Commit the session starts at: the base's, or the tip of an existing branch. */
      readonly start: string;
      readonly createsBranch: boolean;
      readonly agent: AgentName | null;
      readonly task: string | null;
      readonly createdAt: string;
      readonly owns: readonly string[];
      readonly after: readonly SessionId[];
      readonly ports: PortLease;
      /** Limits of the kernel that programs in the sessions are likely to meet. */
      readonly strains: readonly Strain[];
    };
export type NewSessionPlan = Extract<CreatePlan, { kind: 'create' }>;

/**
 * What an argument means: an id; or, with a slash in it, a branch name from which the id is made and said.
 * Throws `id.invalid` with a proposal, `branch.invalid`. Pure.
 */
export function parseTarget(
  argument: string,
  branch: string | undefined,
  nameBranch: (id: string) => string = (id) => `wt/${id}`,
): { id: SessionId; branch: string; isNamedByBranch: boolean } {
  const named =
    branch ??
    (argument.includes('/') && !argument.startsWith('/') && !argument.split('/').includes('..') ? argument : undefined);
  const isNamedByBranch = branch === undefined && named !== undefined;
  const id = isNamedByBranch ? (proposeId(argument) ?? '') : argument;
  const reason = whyInvalidId(id);
  if (reason !== undefined) throw new WtError('id.invalid', { id: argument, reason, proposal: proposeId(argument) });
  const wanted = named ?? nameBranch(id);
  const trouble = whyInvalidBranch(wanted);
  if (trouble !== undefined) throw new WtError('branch.invalid', { branch: wanted, reason: trouble });
  return { id: id as SessionId, branch: wanted, isNamedByBranch };
}

/** Decide. Pure: same facts, same plan; every refusal of create happens here. */
export function planCreate(facts: CreateFacts, request: CreateRequest): CreatePlan {
  const { layout, book, base, now } = facts;
  const twin = findSession(book, request.id);
  if (twin !== undefined && twin.id.toLowerCase() === request.id.toLowerCase())
    return planExisting(twin, facts, request);
  const target = sessionPath(layout, request.id, request.folder);
  requireFreePath(facts, target);
  const existing = requireUsableBranch(facts, request);
  return {
    kind: 'create',
    id: request.id,
    branch: request.branch,
    path: target,
    folder: path.basename(target) === request.id ? undefined : path.basename(target),
    base,
    start: existing?.commit ?? base.commit,
    createsBranch: existing === undefined,
    agent: request.agent,
    task: request.task,
    createdAt: now.toISOString(),
    owns: request.owns ?? [],
    after: requireDependencies(book, request),
    ports: requireCapacity(facts.capacity),
    strains: facts.capacity.strains,
  };
}

/** What is remembered of a session that is about to be made. Pure. */
export function rowOfPlan(plan: NewSessionPlan): SessionRow {
  const { id, branch, folder, agent, task, createdAt, createsBranch, owns, after, ports } = plan;
  return {
    id,
    branch,
    base: { branch: plan.base.branch, commit: plan.base.commit },
    path: plan.path,
    agent,
    task,
    createdAt,
    state: 'creating',
    ownsBranch: createsBranch,
    ...(folder === undefined ? {} : { folder }),
    ...(owns.length === 0 ? {} : { owns: [...owns] }),
    ...(after.length === 0 ? {} : { after: [...after] }),
    ...(Object.keys(ports).length === 0 ? {} : { ports: { ...ports } }),
  };
}

/** The sessions it comes after. One of them may itself wait for a session of this id that is gone. */
function requireDependencies(book: Book, { id, after = [] }: CreateRequest): readonly SessionId[] {
  const sessions = [...book.sessions.values()];
  const refuse = (reason: string): never => {
    throw new WtError('usage.invalid', { option: '--after', reason });
  };
  const found = after.map((text) => {
    if (text.toLowerCase() === id.toLowerCase()) return refuse(`${id} cannot land after itself`);
    const session = findSession(book, text);
    if (session !== undefined) return session.id;
    throw new WtError('session.not-found', { id: text, near: nearNames(text, [...book.sessions.keys()]), trash: null });
  });
  const known = sessions.map((session) => ({ id: session.id, after: dependenciesOf(session, sessions) }));
  const cycle = findCycles([...known, { id, after: found }]).find((one) => one.includes(id));
  if (cycle !== undefined) refuse(`these would wait for each other: ${cycle.join(', ')}`);
  return [...new Set(found)];
}

function planExisting(twin: Session, { existingTree }: CreateFacts, { id, reuse }: CreateRequest): CreatePlan {
  const isWhole = twin.id === id && twin.row.state === 'ready' && existingTree === 'ok';
  if (reuse && isWhole) return { kind: 'reuse', session: twin };
  throw new WtError('session.exists', { id: twin.id, path: twin.path, branch: twin.row.branch });
}

function requireFreePath({ layout, book, occupant, tracked }: CreateFacts, target: string): void {
  if (tracked !== undefined)
    throw new WtError('path.unsafe', { path: layout.worktrees, reason: `git tracks ${tracked}` });
  if (path.dirname(target) !== layout.worktrees)
    throw new WtError('path.unsafe', { path: target, reason: 'it is not below .worktrees' });
  if (occupant !== undefined) throw new WtError('path.exists', { path: target, ...occupant });
  const isTargets = (place: string | undefined): boolean => place?.toLowerCase() === target.toLowerCase();
  const holder = [...book.sessions.values()].find(({ path: at, home }) => isTargets(at) || isTargets(home));
  if (holder !== undefined)
    throw new WtError('path.exists', {
      path: target,
      what: `session ${holder.id}`,
      adoptable: false,
      fix: ['wt', 'show', holder.id],
    });
}

/** The branch when it is there already and was asked for by name. */
function requireUsableBranch(
  { branches, book, checkedOutAt }: CreateFacts,
  { id, branch, isBranchNamed }: CreateRequest,
): Ref | undefined {
  const wanted = refOfBranch(branch);
  const blocker = branches.find(
    ({ name }) => name !== wanted && (name.startsWith(`${wanted}/`) || wanted.startsWith(`${name}/`)),
  );
  const holder = [...book.sessions.values()].find(({ row }) => row.branch === branch)?.id ?? null;
  if (checkedOutAt !== undefined) throw new WtError('branch.checked-out', { branch, path: checkedOutAt, holder });
  if (blocker !== undefined)
    throw new WtError('branch.exists', { id, branch, holder, blocks: blocker.name.replace(/^refs\/heads\//, '') });
  const existing = branches.find(({ name }) => name === wanted);
  if (existing !== undefined && (!isBranchNamed || holder !== null))
    throw new WtError('branch.exists', { id, branch, holder, blocks: null });
  return existing;
}

/** Patterns that find the wanted branch, everything below it, and whatever stands where one of its folders must be. */
export function branchPatterns(branch: string): readonly string[] {
  const parts = branch.split('/');
  return parts.map((part, i) => {
    const ref = refOfBranch(parts.slice(0, i + 1).join('/'));
    return i + 1 < parts.length ? onlyItself(ref, part) : ref;
  });
}

/** A name also means all below it, here the branches of all sessions; a pattern means no more than what it matches (git-for-each-ref(1)). */
function onlyItself(ref: string, part: string): string {
  const at = part.search(/[a-z0-9]/i);
  if (at < 0) return ref;
  const from = ref.length - part.length + at;
  return `${ref.slice(0, from)}[${ref.charAt(from)}]${ref.slice(from + 1)}`;
}
