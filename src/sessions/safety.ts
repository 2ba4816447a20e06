import type { Reason } from '../core/errors.ts';
import { findOperation } from '../git/repo.ts';
import { listUnsharedModules, type UnsharedModule } from '../git/submodule.ts';
import { changedPaths, findHiddenPaths, listEditedPaths, readStatus, type Status } from '../git/status.ts';
import { lstatOf } from '../platform/files.ts';
import {
  descendants,
  isCaller,
  listMountsInside,
  listProcessesInside,
  type ProcessInside,
} from '../platform/processes.ts';
import path from 'node:path';
import { AMBIGUOUS, REGENERABLE } from '../config/schema.ts';
import type { Session } from './book.ts';
import { isCreatingLock, isOwnLock } from './git-lock.ts';
import { listLive } from './live.ts';
import { gitAtWorktree, indexIn, type Repo } from './repo.ts';
import { checkTree, type TreeState } from './worktree.ts';

/** What was seen of one session before it may be taken away. */
export interface SafetyFacts {
  readonly session: Session;
  /** The main worktree, to go to. */
  readonly root: string;
  readonly tree: TreeState;
  readonly status: Status | undefined;
  /** Tracked files edited behind assume-unchanged or skip-worktree. */
  readonly hidden: readonly string[];
  readonly operation: string | undefined;
  /** A `.lock` of git's in its administrative folder. */
  readonly gitLock: string | undefined;
  /** Submodules of the worktree with commits or stashes that no remote has. */
  readonly modules: readonly UnsharedModule[];
  readonly processes: readonly ProcessInside[];
  readonly mounts: readonly string[];
}

/** The status that decides about a session, with what is ignored. */
export function readWholeStatus(repo: Repo, session: Session): Promise<Status> {
  return readStatus(gitAtWorktree(repo, session.path), { ignored: true });
}

/** Reads only. A folder that is not the session's own is not looked into. `known`: its status, when it is being read already. */
export async function gatherSafetyFacts(
  repo: Repo,
  session: Session,
  known?: (session: Session) => Promise<Status>,
): Promise<SafetyFacts> {
  const tree = await checkTree(session);
  const none = {
    session,
    root: repo.root,
    tree,
    status: undefined,
    hidden: [],
    operation: undefined,
    gitLock: undefined,
    modules: [],
    processes: [],
    mounts: [],
  };
  if (tree !== 'ok' || session.admin === undefined) return none;
  const { directory } = session.admin;
  const git = gitAtWorktree(repo, session.path);
  const [status, hidden, operation, gitLock, modules, processes, mounts] = await Promise.all([
    known?.(session) ?? readWholeStatus(repo, session),
    findHiddenPaths(git, indexIn(directory, session.row.base.commit)).then((paths) => listEditedPaths(git, paths)),
    findOperation(directory),
    findLastingLock(repo, directory),
    listUnsharedModules(repo.git, path.join(directory, 'modules')),
    listProcesses(session, directory),
    listMountsInside(session.path),
  ]);
  return { session, root: repo.root, tree, status, hidden, operation, gitLock, modules, processes, mounts };
}

/** Those that stand in its folder, and those that wt has started there, wherever they stand by now. */
async function listProcesses({ path: worktree }: Session, directory: string): Promise<readonly ProcessInside[]> {
  const [inside, live] = await Promise.all([listProcessesInside(worktree), listLive(directory)]);
  const others = live.filter(({ pid }) => !inside.some((one) => one.pid === pid));
  const trees = live.length === 0 ? [] : await Promise.all(live.map(({ pid }) => descendants(pid)));
  const started = new Set(trees.flat());
  const named = others.map(async ({ pid, command }) => ({
    pid,
    command,
    isCaller: await isCaller(pid),
    isStarted: true,
  }));
  return [...inside.map((one) => ({ ...one, isStarted: started.has(one.pid) })), ...(await Promise.all(named))];
}

const PASSING_MS = 600;

/** A lock of git's that stays: one of a gc that expires reflogs is gone in a moment, and no reason to refuse. */
async function findLastingLock({ deps: { clock } }: Repo, directory: string): Promise<string | undefined> {
  const startMs = clock.elapsedMs();
  for (;;) {
    const lock = await findGitLock(directory);
    if (lock === undefined || clock.elapsedMs() - startMs > PASSING_MS) return lock;
    await clock.sleep(30);
  }
}

/** A `.lock` of git's that holds a worktree's index or HEAD. */
export async function findGitLock(directory: string): Promise<string | undefined> {
  for (const name of ['index.lock', 'HEAD.lock'])
    if ((await lstatOf(path.join(directory, name))) !== undefined) return path.join(directory, name);
  return undefined;
}

/** Why the session must not move now, whatever is forced: not its own folder, locked, busy, occupied, mounted. Pure. */
export function findObstacles({
  session,
  root,
  tree,
  operation,
  gitLock,
  processes,
  mounts,
}: SafetyFacts): readonly Reason[] {
  const reasons: Reason[] = [];
  if (tree === 'foreign')
    reasons.push({
      code: 'path.unsafe',
      path: session.path,
      reason: 'what lies there is not this session: it and git do not name each other',
    });
  if (tree === 'unregistered')
    reasons.push({
      code: 'path.unsafe',
      path: session.path,
      reason: 'git has lost its record of this worktree, so its state cannot be judged',
    });
  const lock = session.admin?.locked;
  if (lock !== undefined && isCreatingLock(lock)) reasons.push({ code: 'session.operation', operation: 'wt create' });
  else if (lock !== undefined && !isOwnLock(lock, session.id)) reasons.push({ code: 'session.locked', reason: lock });
  if (operation !== undefined) reasons.push({ code: 'session.operation', operation });
  if (gitLock !== undefined) reasons.push({ code: 'session.operation', operation: `git command (${gitLock})` });
  const [mount] = mounts;
  if (mount !== undefined) reasons.push({ code: 'path.mounted', path: session.path, mount });
  const others = processes.filter((one) => !one.isCaller);
  if (others.length > 0)
    reasons.push({
      code: 'session.live',
      processes: others.map(({ pid, command }) => `${command} (${pid})`),
      ...(others.every(({ isStarted }) => isStarted === true) ? { isStarted: true } : {}),
    });
  if (processes.some((one) => one.isCaller)) reasons.push({ code: 'session.inside', path: session.path, root });
  return reasons;
}

/** Work in submodules that exists nowhere else, as a reason. Pure. */
export function findModuleWork({ modules }: Pick<SafetyFacts, 'modules'>): Reason | undefined {
  if (modules.length === 0) return undefined;
  const commits = modules.reduce((sum, { commits: count }) => sum + count, 0);
  return { code: 'session.unmerged', commits, base: null, subjects: modules.map(({ name }) => `submodule ${name}`) };
}

/** Uncommitted work, as a reason; undefined when there is none. Pure. */
export function findDirt({ status, hidden }: Pick<SafetyFacts, 'status' | 'hidden'>): Reason | undefined {
  if (status === undefined) return undefined;
  const paths = [...changedPaths(status), ...hidden];
  if (paths.length === 0) return undefined;
  const modified = status.modified.length + status.conflicted.length;
  return {
    code: 'session.dirty',
    staged: status.staged.length,
    modified,
    untracked: status.untracked.length,
    hidden: hidden.length,
    paths,
  };
}

const KNOWN: ReadonlySet<string> = new Set([...REGENERABLE, ...AMBIGUOUS]);
const DROSS: ReadonlySet<string> = new Set([...KNOWN, '.DS_Store', 'Thumbs.db']);

/** Ignored files that nothing makes again: a `.env`, a database, notes. Pure. */
export function preciousPaths(ignored: readonly string[]): readonly string[] {
  return ignored.filter(
    (name) => !name.split('/').some((part) => DROSS.has(part)) && !/\.(?:pyc|o|class|tsbuildinfo|log)$/.test(name),
  );
}

/** Ignored folders that a build makes again, by their own name. Pure. */
export function regenerableFolders(ignored: readonly string[], names: ReadonlySet<string> = KNOWN): readonly string[] {
  return ignored.filter((name) => name.endsWith('/') && names.has(name.split('/').at(-2) ?? ''));
}
