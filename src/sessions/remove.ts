import path from 'node:path';
import { readFacts } from '../agents/record.ts';
import { lifeOf } from '../agents/status.ts';
import { WtError, type Reason } from '../core/errors.ts';
import { listCommits } from '../git/commit.ts';
import { findTrackedUnder } from '../git/status.ts';
import { isCaller, type ProcessInside } from '../platform/processes.ts';
import { beginEntry, endJournal, writeJournal, type EntryOf } from '../registry/journal.ts';
import { requirePlainFolder } from '../registry/store.ts';
import { readBook, type Book, type Session } from './book.ts';
import { vouchFor, type AnyEvidence, type MergedRequest } from './forge-proof.ts';
import { isCheckedOutElsewhere, readHead, type Head } from './head.ts';
import { hold, type Held } from './hold.ts';
import type { Commands } from './hooks.ts';
import { planLeave } from './leave.ts';
import { examineSession } from './list.ts';
import { endLive } from './live.ts';
import { closeAgentPane } from './run-tmux.ts';
import { AGENT_GRACE_MS, endRun } from './stop.ts';
import { keepBranchLog, pinSession } from './pins.ts';
import { finishRemove, putBack } from './remove-steps.ts';
import { mainIndexOf, type Repo, shielded } from './repo.ts';
import { requireOwn } from './select.ts';
import {
  findDirt,
  findModuleWork,
  findObstacles,
  gatherSafetyFacts,
  preciousPaths,
  readWholeStatus,
  regenerableFolders,
  type SafetyFacts,
} from './safety.ts';
import { trashFolder, writeTrashMeta, type TrashMeta } from './trash.ts';
import { checkTree, type TreeState } from './worktree.ts';

export interface RemoveRequest {
  readonly force: boolean;
  readonly keepBranch: boolean;
  /** First ends what wt has started in the session, when nothing else stands in the way. */
  readonly kill?: boolean;
  /** Commands around it, and the teardown; absent: none. */
  readonly commands?: Commands | undefined;
}

export interface RemoveFacts extends SafetyFacts {
  readonly evidence: AnyEvidence | undefined;
  /** Commits that only this session has, newest first; at most ten of them. */
  readonly unlanded: { readonly count: number; readonly subjects: readonly string[] };
  readonly head: Head;
  readonly tip: string | undefined;
  /** Another worktree has the session's branch checked out. */
  readonly isBranchElsewhere: boolean;
}

export interface RemovePlan {
  readonly session: Session;
  readonly tree: TreeState;
  readonly evidence: AnyEvidence | null;
  readonly head: Head;
  readonly tip: string | null;
  readonly deletesBranch: boolean;
  readonly precious: readonly string[];
  /** Ignored folders that a build makes again. */
  readonly regenerable: readonly string[];
  /** What a force passed over. */
  readonly forced: readonly Reason[];
}

export interface RemoveOutcome {
  readonly kind: 'planned' | 'removed';
  readonly plan: RemovePlan;
  readonly op: string | null;
  readonly trash: string | null;
  /** What its commands had to say; it went all the same. */
  readonly warnings: readonly string[];
}

/** Reads only. */
export async function gatherRemoveFacts(repo: Repo, book: Book, session: Session): Promise<RemoveFacts> {
  const known = onlyOnce(() => readWholeStatus(repo, session));
  const [safety, { evidence, inspection }, isBranchElsewhere] = await Promise.all([
    gatherSafetyFacts(repo, session, known),
    examineSession(repo, book, session, { conflicts: false, known }),
    isCheckedOutElsewhere(repo, book, session),
  ]);
  const { branch } = inspection;
  const head = await readHead(repo, session, branch);
  const tips = [...new Set([head.commit, branch?.commit].filter((commit) => commit != null))];
  const isSafe = evidence !== undefined && (head.commit === null || head.commit === branch?.commit);
  const unlanded = isSafe ? { count: 0, subjects: [] } : await listUnlanded(repo, session, tips);
  return { ...safety, evidence, unlanded, head, tip: branch?.commit, isBranchElsewhere };
}

function onlyOnce<T>(read: () => Promise<T>): () => Promise<T> {
  let reading: Promise<T> | undefined;
  return () => (reading ??= read());
}

/** Why the session may not be taken away: obstacles that nothing lifts, then work that `--force` lifts. Pure. */
export function findReasons(facts: RemoveFacts): {
  readonly firm: readonly Reason[];
  readonly soft: readonly Reason[];
} {
  const dirt = findDirt(facts);
  const { count, subjects } = facts.unlanded;
  const unmerged: Reason[] =
    count === 0 ? [] : [{ code: 'session.unmerged', commits: count, base: facts.session.row.base.branch, subjects }];
  const inside = findModuleWork(facts);
  const soft = [...(dirt === undefined ? [] : [dirt]), ...unmerged, ...(inside === undefined ? [] : [inside])];
  return { firm: findObstacles(facts), soft };
}

/** Decide. Pure; throws `session.refused` with every reason. */
export function planRemove(facts: RemoveFacts, { force, keepBranch }: RemoveRequest): RemovePlan {
  const { firm, soft } = findReasons(facts);
  const reasons = [...firm, ...(force ? [] : soft)];
  if (reasons.length > 0) throw new WtError('session.refused', { id: facts.session.id, verb: 'remove', reasons });
  return {
    session: facts.session,
    tree: facts.tree,
    evidence: facts.evidence ?? null,
    head: facts.head,
    tip: facts.tip ?? null,
    deletesBranch:
      !keepBranch &&
      facts.session.admin?.note !== undefined &&
      facts.session.row.ownsBranch &&
      facts.tip !== undefined &&
      !facts.isBranchElsewhere,
    precious: preciousPaths(facts.status?.ignored ?? []),
    regenerable: regenerableFolders(facts.status?.ignored ?? []),
    forced: soft,
  };
}

type Removal = RemoveRequest & {
  readonly verb: string;
  readonly dryRun: boolean;
  readonly refuse?: (facts: RemoveFacts) => void | Promise<void>;
  /** What the forge has said of it. */
  readonly merged?: MergedRequest | undefined;
};

/**
 * Takes one session away: backups, two renames, branch, row. `refuse` may stop it on the facts as they are under the lock. The pane
 * of its agent, which has ended, goes last.
 */
export async function removeSession(repo: Repo, id: string, request: Removal): Promise<RemoveOutcome> {
  const outcome = await takeAway(repo, id, request);
  const admin = outcome.plan.session.admin?.directory;
  if (outcome.op === null || admin === undefined) return outcome;
  const { run } = await readFacts(path.join(trashFolder(repo, outcome.op), 'admin'));
  await closeAgentPane(repo, run, admin);
  return outcome;
}

async function takeAway(repo: Repo, id: string, request: Removal): Promise<RemoveOutcome> {
  const decide = async (place: Repo, book: Book): Promise<RemovePlan> => {
    const session = requireOwn(book, id);
    await refuseTracked(place);
    const found = vouchFor(await gatherRemoveFacts(place, book, session), request.merged);
    const isGoing = request.dryRun && request.kill === true; // what would have been ended by then
    const stays = (one: ProcessInside): boolean => one.isCaller || one.isStarted !== true;
    const facts = isGoing ? { ...found, processes: found.processes.filter(stays) } : found;
    await request.refuse?.(facts);
    return planRemove(facts, request);
  };
  if (request.dryRun)
    return { kind: 'planned', plan: await decide(repo, await readBook(repo)), op: null, trash: null, warnings: [] };
  if (request.kill === true) await endSession(repo, id, request);
  const leave = planLeave(repo, request.commands, request.verb);
  if (leave === undefined)
    return hold(repo, async (held) => applyRemove(held, await decide(held.repo, held.book), request.verb));
  // A removal that would be refused tears nothing down; what has changed meanwhile is seen under the lock.
  const { session, tree } = await decide(repo, await readBook(repo));
  const before = await leave.before(session, tree);
  const outcome = await hold(repo, async (held) =>
    applyRemove(held, await decide(held.repo, held.book), request.verb),
  ).catch((error: unknown) => {
    throw before.hasRun && WtError.any(error)
      ? new WtError(error.kind, error.details, { cause: error, changed: true })
      : error;
  });
  return { ...outcome, warnings: [...before.warnings, ...(await leave.after(session))] };
}

/** Nothing is ended for a removal that would be refused all the same. */
async function endSession(repo: Repo, id: string, request: RemoveRequest): Promise<void> {
  const book = await readBook(repo);
  const session = book.sessions.get(id);
  if (session?.admin === undefined) return;
  const { firm, soft } = findReasons(await gatherRemoveFacts(repo, book, session));
  const others = [...firm, ...(request.force ? [] : soft)].filter(
    (reason) => reason.code !== 'session.live' || reason.isStarted !== true,
  );
  if (others.length > 0) throw new WtError('session.refused', { id, verb: 'remove', reasons: [...firm, ...soft] });
  const { directory } = session.admin;
  const { run } = await readFacts(directory);
  if (run !== null && run.end === null && lifeOf(run.owner) === 'alive' && !(await isCaller(run.owner.pid)))
    await endRun(repo, { id, adminDirectory: directory, log: repo.layout }, run, {
      graceMs: AGENT_GRACE_MS,
      folder: session.path,
    });
  await endLive(directory);
}

async function refuseTracked(repo: Repo): Promise<void> {
  if (repo.isBare) return;
  const folder = path.relative(repo.root, repo.layout.worktrees);
  const tracked = await findTrackedUnder(repo.git, mainIndexOf(repo), folder);
  if (tracked !== undefined)
    throw new WtError('path.unsafe', { path: repo.layout.worktrees, reason: `git tracks ${tracked}` });
}

async function applyRemove(held: Held, plan: RemovePlan, verb: string): Promise<RemoveOutcome> {
  const { lease } = held;
  const { session } = plan;
  const repo = shielded(held.repo); // a handful of quick steps: an interrupt waits for their end
  const at = repo.deps.clock.now().toISOString();
  const entry: EntryOf<'remove'> = {
    ...beginEntry(lease, at),
    kind: 'remove',
    id: session.id,
    phase: 'intent',
    createdAt: session.row.createdAt,
    path: session.path,
    adminDirectory: session.admin?.directory ?? null,
    branch: session.row.branch,
    deleteBranchAt: plan.deletesBranch ? plan.tip : null,
  };
  const { op } = entry;
  await writeJournal(repo.layout.journal, entry);
  const why = { proof: plan.evidence?.proof ?? null, forced: plan.forced.map(({ code }) => code) };
  await held.log(`session.${verb}.before`, session.id, why, { isDurable: false });
  try {
    await pinSession(repo, op, {
      id: session.id,
      gitDir: session.admin?.directory ?? null,
      branch: session.row.branch,
      head: plan.head.commit,
      tip: plan.tip,
      known: [session.row.base.commit],
    });
    await writeTrashMeta(repo, metaOf(plan, { op, verb, at }));
    if (plan.deletesBranch) await keepBranchLog(repo, op, session.row.branch);
    await requireStillThere(repo, plan);
    await writeJournal(repo.layout.journal, { ...entry, phase: 'commit' });
    await finishRemove(repo, lease, entry);
  } catch (error) {
    // Should even this fail, the next command finds an intent and puts it back.
    await writeJournal(repo.layout.journal, entry)
      .then(() => putBack(repo, entry))
      .then(() => held.save(new Map([[session.id, session.row]])))
      .then(() => endJournal(repo.layout.journal, op))
      .catch(() => {});
    const reason = { error: WtError.any(error) ? error.code : 'io.failed' };
    await held.log(`session.${verb}.failed`, session.id, reason).catch(() => {});
    throw error;
  }
  await held.log(`session.${verb}.after`, session.id, { trash: op, branchDeleted: plan.deletesBranch });
  await endJournal(repo.layout.journal, op);
  return { kind: 'removed', plan, op, trash: trashFolder(repo, op), warnings: [] };
}

/** Somebody may have put something else at its place since it was judged. */
async function requireStillThere(repo: Repo, { session, tree }: RemovePlan): Promise<void> {
  await requirePlainFolder(repo.layout.worktrees);
  if ((await checkTree(session)) !== tree)
    throw new WtError('path.unsafe', { path: session.path, reason: 'what lies there has changed just now' });
}

function metaOf(plan: RemovePlan, { op, verb, at }: { op: string; verb: string; at: string }): TrashMeta {
  const { session, head, evidence, precious, deletesBranch, tip } = plan;
  return {
    version: 1,
    op,
    id: session.id,
    verb,
    at,
    row: session.row,
    path: session.path,
    admin: session.admin?.admin ?? null,
    head,
    branch: { name: session.row.branch, commit: tip, deleted: deletesBranch },
    proof: evidence?.proof ?? null,
    precious: [...precious],
    regenerable: [...plan.regenerable],
  };
}

/** Commits reachable from the session's tips but from no other branch, remote branch or tag. */
async function listUnlanded(repo: Repo, session: Session, tips: readonly string[]): Promise<RemoveFacts['unlanded']> {
  if (tips.length === 0) return { count: 0, subjects: [] };
  const others = ['--not', `--exclude=${session.row.branch}`, '--branches', '--remotes', '--tags'];
  const commits = await listCommits(repo.git, [...tips, ...others]);
  return {
    count: commits.length,
    subjects: commits.slice(0, 10).map(({ commit, subject }) => `${commit.slice(0, 7)} ${subject}`),
  };
}
