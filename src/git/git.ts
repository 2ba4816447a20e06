import { WtError } from '../core/errors.ts';
import type { Clock } from '../platform/clock.ts';
import type { Env } from '../platform/deps.ts';
import { INTERNAL_MARK } from '../platform/processes.ts';
import type { Runner, RunResult } from '../platform/runner.ts';

export interface GitOptions {
  /** Exit codes that are answers, not failures. Default [0]. */
  readonly expect?: readonly number[];
  readonly input?: string;
  readonly env?: Env;
  readonly timeoutMs?: number;
  /** Runs the repository's own hooks, for a person's commit. Default false. */
  readonly hooks?: boolean;
  /** Further `-c` settings. */
  readonly config?: readonly string[];
  /** Lets git write an index that it only reads otherwise: where `GIT_INDEX_FILE` is a copy of wt's own. Default false. */
  readonly writesIndex?: boolean;
  /** Runs on when the command is interrupted: for undoing. */
  readonly shielded?: boolean;
}

/** What a Git is made over. `gitDir` names a bare repository, which git would otherwise refuse to guess. */
export interface GitPlace {
  readonly run: Runner;
  readonly clock: Clock;
  readonly dir: string;
  readonly gitDir?: string;
  readonly holdFd?: number;
  /** How long any call may take instead of its own limit (`WT_GIT_TIMEOUT`). A person's hooks may take longer. */
  readonly limitMs?: number;
}

/** git bound to one directory. Every function in src/git takes one as its first parameter. */
export type Git = ((args: readonly string[], options?: GitOptions) => Promise<RunResult>) & {
  readonly place: GitPlace;
};

const LOCAL_TIMEOUT_MS = 60_000;

/** The limit that `WT_GIT_TIMEOUT=<seconds>` sets, or undefined. */
export function limitFrom(env: Env): { readonly limitMs?: number } {
  const seconds = Number(env['WT_GIT_TIMEOUT'] ?? Number.NaN);
  return seconds > 0 ? { limitMs: seconds * 1000 } : {};
}

// `git rev-parse --local-env-vars` (git 2.39), and what else would make git answer for another repository or in another tongue.
const SCRUBBED = [
  'GIT_ALTERNATE_OBJECT_DIRECTORIES',
  'GIT_CONFIG',
  'GIT_CONFIG_PARAMETERS',
  'GIT_CONFIG_COUNT',
  'GIT_OBJECT_DIRECTORY',
  'GIT_DIR',
  'GIT_WORK_TREE',
  'GIT_IMPLICIT_WORK_TREE',
  'GIT_GRAFT_FILE',
  'GIT_INDEX_FILE',
  'GIT_NO_REPLACE_OBJECTS',
  'GIT_REPLACE_REF_BASE',
  'GIT_PREFIX',
  'GIT_SHALLOW_FILE',
  'GIT_COMMON_DIR',
  'GIT_NAMESPACE',
  'GIT_LITERAL_PATHSPECS',
  'GIT_GLOB_PATHSPECS',
  'GIT_NOGLOB_PATHSPECS',
  'GIT_ICASE_PATHSPECS',
  'GIT_QUARANTINE_PATH',
  'GIT_EXTERNAL_DIFF',
  'GIT_DIFF_OPTS',
] as const;
const SCRUB: Env = Object.fromEntries(SCRUBBED.map((name) => [name, undefined]));
const GIT_ENV: Env = {
  ...SCRUB,
  LC_ALL: 'C',
  LANGUAGE: 'C',
  GIT_TERMINAL_PROMPT: '0',
  GIT_PAGER: 'cat',
};

const PINNED = [
  'core.fsmonitor=false',
  'gc.auto=0',
  'maintenance.auto=false',
  'core.fsync=objects,reference',
  'core.quotePath=false',
  'color.ui=false',
  'safe.bareRepository=explicit',
  'submodule.recurse=false',
  'protocol.ext.allow=never',
  'log.showSignature=false',
  'advice.detachedHead=false',
  'status.relativePaths=false',
  'diff.noprefix=false',
  'diff.mnemonicPrefix=false',
].flatMap((setting) => ['-c', setting]);

/** The environment for a program that is not ours (an agent, a test run): the caller's, without what points git elsewhere. */
export function environmentForPrograms(env: Env): Env {
  return { ...env, ...SCRUB };
}

/** git at a directory: scrubbed environment, pinned settings, no hooks, a time limit. Throws `git.failed`, `git.timeout`, `io.disk-full`. */
export function gitAt(place: GitPlace): Git {
  const call = async (args: readonly string[], options: GitOptions = {}): Promise<RunResult> => {
    const { expect = [0] } = options;
    for (let attempt = 0; ; attempt++) {
      const result = await place.run(requestOf(place, args, options));
      if (expect.includes(result.exitCode)) return result;
      if (attempt >= 5 || !isPassing(result.stderr) || !isRepeatable(args)) throw failureOf(args, result);
      await place.clock.sleep(20 * 2 ** attempt);
    }
  };
  return Object.assign(call, { place });
}

/** The same git at another worktree of the repository. */
export function gitIn(git: Git, dir: string): Git {
  const { gitDir: _, ...place } = git.place;
  return gitAt({ ...place, dir });
}

/** The same git whose children keep a lock's file descriptor open. */
export function gitHolding(git: Git, fd: number | undefined): Git {
  return fd === undefined ? git : gitAt({ ...git.place, holdFd: fd });
}

const WITHOUT_LOCKS = { args: ['--no-optional-locks'], env: { GIT_OPTIONAL_LOCKS: '0' } } as const;
const WITH_LOCKS = { args: [], env: { GIT_OPTIONAL_LOCKS: undefined } } as const;

function requestOf(place: GitPlace, args: readonly string[], options: GitOptions): Parameters<Runner>[0] {
  const { input, env, hooks = false, config = [], shielded = false } = options;
  const locks = options.writesIndex === true ? WITH_LOCKS : WITHOUT_LOCKS;
  return {
    file: 'git',
    args: [
      ...(place.gitDir === undefined ? [] : [`--git-dir=${place.gitDir}`]),
      ...locks.args,
      '--no-pager',
      ...PINNED,
      ...(hooks ? [] : ['-c', 'core.hooksPath=/dev/null']),
      ...config.flatMap((setting) => ['-c', setting]),
      ...args,
    ],
    shownArgs: args,
    cwd: place.dir,
    // A commit's hooks are a person's programs, not ours.
    env: {
      ...GIT_ENV,
      ...locks.env,
      ...(hooks ? {} : { [INTERNAL_MARK]: '1' }),
      ...env,
    },
    timeoutMs: (hooks ? undefined : place.limitMs) ?? options.timeoutMs ?? LOCAL_TIMEOUT_MS,
    shielded,
    ...(hooks ? { ends: 'tree' as const } : {}),
    ...(input === undefined ? {} : { input }),
    ...(place.holdFd === undefined ? {} : { holdFd: place.holdFd }),
  };
}

/**
 * A sibling worktree that somebody else is just making or taking away breaks git's enumeration for a moment, and a gc
 * takes an empty object folder away under a git that is about to write into it.
 */
function isPassing(stderr: string): boolean {
  return /unable to write file .*objects\/.*No such file|failed to read .*commondir|bad object worktrees\/|Invalid path .*worktrees\/|could not open .*worktrees\/.*\/locked/.test(
    stderr,
  );
}

const REPEATABLE = new Set([
  'rev-parse',
  'for-each-ref',
  'rev-list',
  'log',
  'status',
  'diff',
  'diff-tree',
  'merge-tree',
  'merge-base',
  'ls-files',
  'cat-file',
  'fetch',
  'commit-tree',
  'write-tree',
  'mktree',
]);

function isRepeatable(args: readonly string[]): boolean {
  return REPEATABLE.has(args[0] ?? '') || (args[0] === 'worktree' && (args[1] === 'list' || args[1] === 'add'));
}

function failureOf(args: readonly string[], { exitCode, stderr }: RunResult): WtError {
  if (/No space left on device|Disk quota exceeded/.test(stderr)) return new WtError('io.disk-full', { path: null });
  return new WtError('git.failed', { args: ['git', ...args], exitCode, stderr: stderr.trim() });
}
