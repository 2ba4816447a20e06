import { availableParallelism } from 'node:os';
import path from 'node:path';
import { gitHolding } from '../git/git.ts';
import { excludeOnce } from '../git/ignore.ts';
import { changeRefs, findRef, refOfBranch } from '../git/ref.ts';
import { addWorktree, checkoutFiles } from '../git/worktree.ts';
import { WtError } from '../core/errors.ts';
import type { Definition } from '../setup/definition.ts';
import { lstatOf, makePrivateDirectory, removeFile } from '../platform/files.ts';
import { throwIfInterrupted } from '../platform/runner.ts';
import { beginEntry, endJournal, writeJournal, type EntryOf } from '../registry/journal.ts';
import { noteOf, readAdminEntry, writeNote } from '../registry/notes.ts';
import type { SessionRow } from '../registry/session.ts';
import { defaultBaseName, fetchBase, type BaseFacts } from './base.ts';
import { readBook, type Session } from './book.ts';
import { withWayOut } from './capacity.ts';
import { planCreate, rowOfPlan, type CreateRequest, type NewSessionPlan } from './create.ts';
import { gatherChanges, placeChanges, requireChanges, requireUnchanged, type Changes } from './from-changes.ts';
import { lockSession } from './git-lock.ts';
import { whileChoosing } from './ports.ts';
import { hold, type Held } from './hold.ts';
import { EXCLUDE_LINE } from './layout.ts';
import { recordCreate, undoCreate } from './create-recovery.ts';
import { recordFile } from './spares/record.ts';
import { bringTo, findSpare, handOut, type Fitting, type Prepared } from './spares/take.ts';
import { gitAtWorktree, type Repo, shielded } from './repo.ts';
import { markBegun, type SetupMark } from './setup-state.ts';
import { sweepCaller } from './sweep.ts';
import { trashFolder } from './trash.ts';
import { findGitDir } from './worktree.ts';
import { gatherCreateFacts } from './create-facts.ts';

export type CreateOutcome =
  | { readonly kind: 'planned'; readonly plan: NewSessionPlan }
  | { readonly kind: 'reused'; readonly session: Session }
  | {
      readonly kind: 'created';
      readonly session: Session;
      readonly plan: NewSessionPlan;
      readonly moved: number | undefined;
      /** Where the originals of moved changes lie. */
      readonly kept: string;
      /** It was a spare: what of its set-up was done before. */
      readonly prepared: Prepared | undefined;
    };

type CreateEntry = EntryOf<'create'>;
/** A session whose worktree is registered but has no files yet. */
interface Begun {
  readonly plan: NewSessionPlan;
  readonly entry: CreateEntry;
  readonly row: SessionRow;
  readonly adminDirectory: string;
  /** Kept open by the checkout too: while an orphaned one still writes, nobody takes the session back. */
  readonly holdFd: number | undefined;
}

export interface CreateOptions {
  /** As it was read and, where that was needed, approved. */
  readonly definition: Definition;
  readonly dryRun: boolean;
  readonly fetch: boolean;
  /** Move the caller's uncommitted work into the session. */
  readonly fromChanges: boolean;
  /** A mark: the session is ready only once {@link makeReady} has come to its end. */
  readonly setup?: SetupMark | 'skip' | undefined;
  /** Commands that run before anything is made; they may refuse. */
  readonly before?: ((plan: NewSessionPlan) => Promise<void>) | undefined;
}

/**
 * The create transaction: intent, branch and empty worktree under the lock; the files outside it, beside other creates;
 * ready under the lock again. Any failure takes it back to nothing, the branch included.
 */
export async function createSession(
  repo: Repo,
  request: CreateRequest,
  options: CreateOptions,
): Promise<CreateOutcome> {
  try {
    return await create(repo, request, options);
  } catch (error) {
    throw await withWayOut(repo, error);
  }
}

async function create(repo: Repo, request: CreateRequest, options: CreateOptions): Promise<CreateOutcome> {
  const { definition } = options;
  const fetched =
    options.fetch && !options.dryRun
      ? await fetchBase(repo, request.base ?? defaultBaseName(repo, await readBook(repo)))
      : undefined;
  if (options.dryRun) {
    if (options.fromChanges) await requireChanges(repo);
    const plan = planCreate(
      await gatherCreateFacts(repo, await readBook(repo), request, { fetched, definition }),
      request,
    );
    return plan.kind === 'reuse' ? { kind: 'reused', session: plan.session } : { kind: 'planned', plan };
  }
  if (options.before !== undefined) {
    const facts = await gatherCreateFacts(repo, await readBook(repo), request, { fetched, definition });
    const plan = planCreate(facts, request);
    if (plan.kind === 'create') await options.before(plan);
  }
  const taken = options.fromChanges ? await gatherChanges(repo) : undefined;
  const isChoosing = definition.ports.names.length > 0;
  const begun = await hold(repo, (held) =>
    whileChoosing(repo, isChoosing, () => begin(held, request, { fetched, taken, definition, setup: options.setup })),
  );
  if (begun.kind === 'done') return begun.outcome;
  let isReady = false;
  try {
    await checkoutFiles(
      gitHolding(gitAtWorktree(repo, begun.plan.path), begun.holdFd),
      Math.max(4, 2 * availableParallelism()),
      { lfs: definition.settings.setup.lfs },
    );
    if (taken !== undefined)
      await placeChanges(repo, taken, { worktree: begun.plan.path, start: begun.plan.start, id: begun.plan.id });
    const session = await hold(repo, async (held) => {
      if (taken !== undefined) await requireUnchanged(held.repo, taken);
      const done = await finish(held, begun, options.setup);
      isReady = true;
      if (taken !== undefined) await sweep(held, taken, begun);
      return done;
    });
    return {
      kind: 'created',
      session,
      plan: begun.plan,
      moved: taken?.changes.length,
      kept: keptChanges(repo, begun.entry.op),
      prepared: undefined,
    };
  } catch (error) {
    if (isReady) throw error; // the session holds the work; taking it back now could lose some
    await hold(shielded(repo), (held) => takeBack(held, begun.entry, error), { shielded: true });
    throw error;
  }
}

/** Where the caller's files go when `--from-changes` cleans up after them. */
function keptChanges(repo: Repo, op: string): string {
  return path.join(trashFolder(repo, op), 'changes');
}

/** The session has the work by now, so a failure here leaves it twice, not lost. */
async function sweep(held: Held, taken: Changes, { plan: { id, path: target }, entry }: Begun): Promise<void> {
  try {
    await sweepCaller(held, taken, { id, keep: keptChanges(held.repo, entry.op) });
  } catch (error) {
    const message = `the changes are in ${target}, but ${taken.worktree} could not be cleaned of them`;
    if (WtError.is(error, 'git.timeout')) {
      held.repo.deps.io.err(`wt: ${message}\n`);
      throw new WtError('git.timeout', error.details, { cause: error, changed: true });
    }
    const details = { path: taken.worktree, syscall: null, errno: 'EIO', message };
    throw new WtError('io.failed', details, { cause: error, changed: true });
  }
}

async function begin(
  held: Held,
  request: CreateRequest,
  {
    fetched,
    taken,
    definition,
    setup,
  }: {
    fetched: BaseFacts | undefined;
    taken: Changes | undefined;
    definition: Definition;
    setup: CreateOptions['setup'];
  },
): Promise<({ kind: 'begun' } & Begun) | { kind: 'done'; outcome: CreateOutcome }> {
  const { repo, lease, book } = held;
  const plan = planCreate(await gatherCreateFacts(repo, book, request, { fetched, definition }), request);
  if (plan.kind === 'reuse') return { kind: 'done', outcome: { kind: 'reused', session: plan.session } };
  const wanted = { commit: plan.start, isBare: setup === 'skip' };
  const mayBeSpare = taken === undefined && plan.createsBranch;
  const spare = mayBeSpare ? await findSpare(repo, definition, wanted) : undefined;
  const entry: CreateEntry = {
    ...beginEntry(lease, plan.createdAt),
    kind: 'create',
    id: plan.id,
    branch: plan.branch,
    commit: plan.start,
    createsBranch: plan.createsBranch,
    path: plan.path,
    carried: taken === undefined ? null : { worktree: taken.worktree, head: taken.head },
    spare: spare?.name ?? null,
  };
  await excludeOnce(repo.commonDir, EXCLUDE_LINE);
  await makePrivateDirectory(repo.layout.worktrees);
  await writeJournal(repo.layout.journal, entry);
  try {
    await held.log('session.create.before', plan.id, {
      branch: plan.branch,
      base: plan.base.branch,
      commit: plan.start,
    });
    if (spare !== undefined && (await bringTo(repo, spare, plan.start)))
      return { kind: 'done', outcome: await turnInto(held, plan, { entry, spare, setup }) };
    const own = { ...entry, spare: null };
    if (spare !== undefined) await writeJournal(repo.layout.journal, own);
    return { kind: 'begun', ...(await register(held, plan, own)) };
  } catch (error) {
    await takeBack({ ...held, repo: shielded(repo) }, entry, error);
    throw error;
  }
}

async function register(held: Held, plan: NewSessionPlan, entry: CreateEntry): Promise<Begun> {
  const { repo } = held;
  if (plan.createsBranch) await cutBranch(repo, plan, entry.op);
  throwIfInterrupted(repo.deps.signal);
  await addWorktree(repo.git, { path: plan.path, at: plan.branch, lockReason: `wt:${entry.op}` });
  const adminDirectory = await findGitDir(plan.path);
  if (adminDirectory === undefined)
    throw new WtError('path.unsafe', { path: plan.path, reason: 'it was changed while it was made' });
  const row = rowOfPlan(plan);
  await writeNote(adminDirectory, noteOf(row));
  await held.save(new Map([[row.id, row]]));
  return { plan, entry, row, adminDirectory, holdFd: held.lease.fd };
}

/** Makes a spare the session: the branch, two renames, the row. */
async function turnInto(
  held: Held,
  plan: NewSessionPlan,
  { entry, spare, setup }: { entry: CreateEntry; spare: Fitting; setup: CreateOptions['setup'] },
): Promise<CreateOutcome> {
  const { repo } = held;
  await cutBranch(repo, plan, entry.op);
  throwIfInterrupted(repo.deps.signal);
  const { prepared, isReady } = spare;
  const at = repo.deps.clock.now().toISOString();
  const done = { setup: { state: 'done' as const, at, log: prepared.log ?? null } };
  const state = isReady && setup !== undefined && setup !== 'skip' ? done : await setupOf(repo, spare.admin, setup);
  const row: SessionRow = { ...rowOfPlan(plan), state: 'ready', ...state };
  const adminDirectory = await handOut(repo, spare, { entry, row });
  await lockSession(adminDirectory, row.id);
  const session = await settle(held, { entry, row, adminDirectory });
  return { kind: 'created', session, plan, moved: undefined, kept: keptChanges(repo, entry.op), prepared };
}

async function cutBranch(repo: Repo, { id, branch, start, base }: NewSessionPlan, op: string): Promise<void> {
  const ref = refOfBranch(branch);
  const message = `branch: Created from ${base.name} (wt:${op})`;
  if (await changeRefs(repo.git, [{ kind: 'create', ref, to: start }], { message })) return;
  const now = await findRef(repo.git, ref);
  if (now !== undefined) throw new WtError('branch.exists', { id, branch, holder: null, blocks: null });
  const lock = path.join(repo.commonDir, `${ref}.lock`);
  const isLocked = (await lstatOf(lock)) !== undefined;
  const stderr = isLocked
    ? `${lock} stands in the way: a git command holds the branch, or was killed`
    : `${ref} could not be made`;
  throw new WtError('git.failed', { args: ['git', 'update-ref', ref, start], exitCode: 128, stderr });
}

async function finish(
  held: Held,
  { entry, row, adminDirectory }: Begun,
  setup: CreateOptions['setup'],
): Promise<Session> {
  const ready: SessionRow = { ...row, state: 'ready', ...(await setupOf(held.repo, adminDirectory, setup)) };
  await lockSession(adminDirectory, row.id);
  await writeNote(adminDirectory, noteOf(ready));
  return settle(held, { entry, row: ready, adminDirectory });
}

/** The last part of a create: its note says by now that it is ready. */
async function settle(
  held: Held,
  { entry, row, adminDirectory }: Pick<Begun, 'entry' | 'row' | 'adminDirectory'>,
): Promise<Session> {
  await held.save(new Map([[row.id, row]]));
  await held.log('session.create.after', row.id, {
    branch: row.branch,
    base: row.base.branch,
    commit: row.base.commit,
    agent: row.agent,
  });
  await recordCreate(held.repo, entry);
  if (entry.spare !== null) await removeFile(recordFile(adminDirectory));
  await endJournal(held.repo.layout.journal, entry.op);
  return { id: row.id, row, path: row.path, admin: await readAdminEntry(adminDirectory) };
}

async function setupOf(
  repo: Repo,
  adminDirectory: string,
  setup: CreateOptions['setup'],
): Promise<Pick<SessionRow, 'setup'>> {
  if (setup === undefined) return {};
  if (setup !== 'skip') return { setup: await markBegun(repo, adminDirectory, setup) };
  return { setup: { state: 'skipped', at: repo.deps.clock.now().toISOString(), log: null } };
}

async function takeBack(held: Held, entry: CreateEntry, cause: unknown): Promise<void> {
  await undoCreate(held.repo, held.lease, entry);
  await endJournal(held.repo.layout.journal, entry.op);
  const error = WtError.any(cause) ? cause.code : 'internal';
  await held.log('session.create.failed', entry.id, { error }).catch(() => {});
}
