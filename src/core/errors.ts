/** One reason why a session may not be taken away or landed, with its facts. The code names the error it would raise. */
export type Reason =
  | {
      readonly code: 'session.dirty';
      readonly staged: number;
      readonly modified: number;
      readonly untracked: number;
      readonly hidden: number;
      readonly paths: readonly string[];
    }
  | {
      readonly code: 'session.unmerged';
      readonly commits: number;
      readonly base: string | null;
      readonly subjects: readonly string[];
    }
  /** `isStarted`: wt has started all of them, so `--kill` would end them. */
  | { readonly code: 'session.live'; readonly processes: readonly string[]; readonly isStarted?: boolean }
  | { readonly code: 'session.locked'; readonly reason: string }
  | { readonly code: 'session.operation'; readonly operation: string }
  /** No commits of its own that the base has not. */
  | { readonly code: 'session.empty'; readonly base: string | null }
  | { readonly code: 'session.inside'; readonly path: string; readonly root: string }
  | { readonly code: 'path.unsafe'; readonly path: string; readonly reason: string }
  | { readonly code: 'path.mounted'; readonly path: string; readonly mount: string };
export type ReasonCode = Reason['code'];

/** A path both sides changed, with the last commit of each side that touched it. */
export interface ConflictPath {
  readonly path: string;
  readonly target: string | null;
  readonly session: string | null;
}

/** Sessions that `wt clean` would move into the trash, and what they take on disk. */
export interface Cleanable {
  readonly ids: readonly string[];
  readonly bytes: number;
}

/** Who has a named lock, or waits for it. */
export interface LockUser {
  readonly pid: number;
  readonly host: string;
  readonly command: string;
  readonly session: string | null;
  /** ISO 8601 UTC. */
  readonly since: string;
}

/** What may be refused for a session's state. */
export type RefusedVerb = 'remove' | 'merge' | 'commit' | 'undo' | 'sync' | 'push' | 'approve' | 'pr' | 'setup' | 'run';

/** Every failure wt can report, with the facts it carries. One row is one stable code. */
export interface ErrorCatalog {
  'usage.invalid': { option: string; reason: string; fix?: readonly string[] };
  'id.invalid': { id: string; reason: string; proposal: string | null; fix?: readonly string[] };
  'repo.not-found': { cwd: string; reason: 'outside' | 'gone' | 'ownership' | 'no-main' | 'embedded'; detail?: string };
  'repo.no-commits': { root: string };
  'git.too-old': { found: string; needed: string };
  'git.failed': { args: readonly string[]; exitCode: number | null; stderr: string };
  'git.timeout': { args: readonly string[]; seconds: number };
  'session.not-found': { id: string; near: readonly string[]; trash: string | null; place?: 'trash'; isGone?: boolean };
  'session.exists': { id: string; path: string; branch: string; fix?: readonly string[] };
  'branch.exists': {
    id: string;
    branch: string;
    holder: string | null;
    blocks: string | null;
    fix?: readonly string[];
  };
  'branch.checked-out': { branch: string; path: string; holder: string | null; fix?: readonly string[] };
  'branch.invalid': { branch: string; reason: string };
  'path.exists': { path: string; what: string; adoptable: boolean; fix?: readonly string[] };
  'base.not-found': { base: string; near: readonly string[] };
  'session.refused': { id: string; verb: RefusedVerb; reasons: readonly Reason[] };
  'merge.conflict': {
    id: string;
    into: string;
    files: readonly ConflictPath[];
    tasks: readonly string[];
    verb: 'merge' | 'create' | 'sync';
    /** It is the session's uncommitted work that conflicts. */
    isUncommitted?: boolean;
    /** Conflicts that are left in a merge that is being resolved: those of the session's own files. */
    isLeft?: boolean;
    /** The target is not the session's base. */
    isElsewhere?: boolean;
  };
  'target.dirty': { target: string; path: string; paths: readonly string[]; operation: string | null };
  'target.moved': {
    target: string;
    /** `remote`: the remote branch has commits that a push would drop. */
    reason: 'raced' | 'not-fast-forward' | 'since' | 'pushed' | 'remote';
    id: string;
    /** What would be lost, as "abc1234 subject". */
    commits?: readonly string[];
    /** What to run in a worktree of its own, when `fix` only makes one. */
    byHand?: readonly string[];
    fix?: readonly string[];
  };
  /** `missing`: never approved. `stale`: `commit` came since. `inside`: called from a session, whose agent cannot approve itself. */
  'approval.required': { id: string; reason: 'missing' | 'stale' | 'inside'; commit: string };
  'gate.failed': {
    id: string;
    into: string;
    command: string;
    exitCode: number;
    tree: string;
    log: string;
    output: readonly string[];
    /** It is the set-up of the gate worktree that failed. */
    isSetup?: boolean;
    timedOut?: boolean;
  };
  /** A git hook of the repository; with `verb` a command that the configuration hangs before what wt does. */
  'hook.failed': {
    hook: string;
    output: string;
    id: string;
    verb?: 'create' | 'merge' | 'remove' | 'clean';
    /** The command and how it ended, and where all it printed is. */
    command?: string;
    log?: string | null;
    fix?: readonly string[];
  };
  /** The session is there; what makes it ready did not come to its end. */
  'setup.failed': {
    id: string;
    path: string;
    /** The command as it is written, or what wt itself was doing. */
    step: string;
    exitCode: number | null;
    timedOut: boolean;
    reason: string;
    log: string | null;
    output: readonly string[];
  };
  'io.failed': { path: string | null; syscall: string | null; errno: string; message: string };
  'io.disk-full': { path: string | null };
  'path.unsafe': { path: string; reason: string; fix?: readonly string[] };
  'confirm.required': { question: string; argv: readonly string[] };
  /** Commands that a repository brings along and nobody has approved. */
  'config.untrusted': {
    path: string;
    commands: readonly string[];
    isInside?: boolean;
    /** The call that does without them. */
    without?: readonly string[];
  };
  'config.invalid': { path: string; line: number | null; column: number | null; reason: string };
  'registry.damaged': { path: string; reason: string };
  'registry.busy': { holder: string; waitedMs: number };
  'registry.too-new': { path: string; found: number; known: number };
  /** More of something than the configuration allows, or than its range holds. */
  'limit.reached': {
    /** Key of the setting. */
    limit: 'limits.sessions' | 'limits.unreviewed' | 'ports';
    allowed: number;
    found: number;
    /** Who says so: a file, a variable, or the default. */
    origin: string;
    ids?: readonly string[];
    cleanable?: Cleanable;
  };
  /** Too little would be left on the disk. */
  'disk.low': {
    limit: 'limits.minFreeDisk' | 'limits.minFreeInodes';
    path: string;
    free: number;
    /** What the new session takes, as far as it can be told before. */
    needed: number;
    keep: number;
    origin: string;
    cleanable?: Cleanable;
  };
  /** A named lock that others have. */
  'lock.busy': {
    name: string;
    max: number;
    holders: readonly LockUser[];
    waiting: number;
    waitedMs: number;
  };
  /** A lock that the caller itself runs under. */
  'lock.held': { name: string };
  /** One live agent in a session. */
  'agent.running': { id: string; agent: string; pid: number; since: string; how: string };
  /** It was started, and ended at once. */
  'agent.failed': {
    id: string;
    agent: string;
    exitCode: number | null;
    signal: string | null;
    log: string | null;
    output: readonly string[];
    fix?: readonly string[];
  };
  /** It runs where this machine cannot see it: in another container, or on another host. */
  'agent.elsewhere': { id: string; agent: string; pid: number; host: string };
  'agent.not-running': {
    id: string;
    agent: string | null;
    verb: 'stop' | 'send' | 'attach' | 'logs';
    /** Why there is nothing of what was asked for, when it is not that no agent was started. */
    reason?: string;
    fix?: readonly string[];
  };
  /** Nothing may be typed into it now. `isTyped`: the text is in its prompt already, and Enter was not pressed. */
  'agent.not-ready': {
    id: string;
    agent: string;
    state: string;
    reason: string | null;
    source: string;
    isTyped?: boolean;
  };
  'agent.unknown': { agent: string | null; known: readonly string[]; near: readonly string[]; fix?: readonly string[] };
  /** Nothing of its that could be taken up again, or it runs already. */
  'agent.not-resumable': { id: string; agent: string | null; reason: string; fix?: readonly string[] };
  /** What was waited for did not come. `isOver`: it cannot come any more. */
  'wait.failed': {
    ids: readonly string[];
    wanted: readonly string[];
    waitedMs: number;
    isOver: boolean;
    states: readonly string[];
  };
  /** A program that is not on PATH. */
  'program.missing': { program: string; why: string; fix?: readonly string[] };
  /** Settings of an agent that wt does not write into. */
  'hooks.refused': { agent: string; path: string | null; reason: string; fix?: readonly string[] };
  /** `left`: what was done by then and stays, in words. */
  interrupted: { signal: string; left?: string; fix?: readonly string[] };
  internal: { message: string };
}
export type CatalogCode = keyof ErrorCatalog;
/** What scripts see: `session.refused` is reported under the code of its first reason. */
export type ErrorCode = Exclude<CatalogCode, 'session.refused'> | ReasonCode;

export interface WtErrorOptions extends ErrorOptions {
  /** True when something had already changed before the failure. Default false. */
  readonly changed?: boolean;
}

/** A failure that wt foresees. Anything else that is thrown is a bug or an errno. */
export class WtError<C extends CatalogCode = CatalogCode> extends Error {
  override readonly name = 'WtError';
  readonly kind: C;
  readonly details: ErrorCatalog[C];
  readonly changed: boolean;

  constructor(kind: C, details: ErrorCatalog[C], options: WtErrorOptions = {}) {
    super(`${kind} ${JSON.stringify(details).slice(0, 500)}`, options);
    this.kind = kind;
    this.details = details;
    this.changed = options.changed ?? false;
  }

  /** The stable code of the contract. */
  get code(): ErrorCode {
    if (this.kind !== 'session.refused') return this.kind as Exclude<C, 'session.refused'>;
    return (this.details as ErrorCatalog['session.refused']).reasons[0]?.code ?? 'session.dirty';
  }

  static any(this: void, error: unknown): error is WtError {
    return error instanceof WtError;
  }

  /** Narrowing test: `if (WtError.is(error, 'session.exists')) error.details.path`. */
  static is<K extends CatalogCode>(this: void, error: unknown, kind: K): error is WtError<K> {
    return error instanceof WtError && (error as WtError).kind === kind;
  }
}

/** An errno of the operating system (ENOSPC, EACCES, EROFS …) as a failure of the catalogue; anything else undefined. */
export function fromErrno(error: unknown): WtError | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return undefined;
  const { code, syscall, path } = error as NodeJS.ErrnoException;
  if (typeof code !== 'string') return undefined;
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new WtError('io.disk-full', { path: path ?? null }, { cause: error });
  return new WtError(
    'io.failed',
    { path: path ?? null, syscall: syscall ?? null, errno: code, message: error.message },
    { cause: error },
  );
}
