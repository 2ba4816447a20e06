import { WtError } from '../core/errors.ts';
import type { Deps } from '../platform/deps.ts';
import { throwIfInterrupted } from '../platform/runner.ts';
import { hold, type Held } from '../sessions/hold.ts';
import { findRepo } from '../sessions/open.ts';
import { shielded, type Repo } from '../sessions/repo.ts';
import { checkAdminFolders } from './admin-folders.ts';
import { checkBranches } from './branches.ts';
import { checkLfs, checkSubmodules } from './contents.ts';
import { checkCrawlers } from './crawlers.ts';
import { FAILED, keyOf, SEVERITIES, type Finding } from './finding.ts';
import { checkFolders } from './folders.ts';
import { checkOrphanBranches, checkTrash } from './kept.ts';
import { checkLanded } from './landed.ts';
import { checkLocks, checkOwnLock } from './locks.ts';
import { checkNotify } from './notify.ts';
import { checkOperations } from './operations.ts';
import { checkRegistry, checkRows, checkTracked } from './registry.ts';
import { readScene, type Check, type Scene } from './scene.ts';
import { checkSessionLocks } from './session-locks.ts';
import { checkConfiguration, checkHooks, checkRemotes } from './settings.ts';
import { checkDisk, checkExclude, checkPermissions, checkProgram } from './surroundings.ts';
import { checkSpares } from './spares.ts';
import { checkWorktreesFolder } from './worktrees-folder.ts';

/** Every check, in the order in which what they find is mended: first what keeps git itself from working. */
const CHECKS: Readonly<Record<string, Check>> = {
  'records of worktrees': checkAdminFolders,
  registry: checkRegistry,
  'open operations': checkOperations,
  branches: checkBranches,
  'session folders': checkFolders,
  'entries of the registry': checkRows,
  'locks on sessions': checkSessionLocks,
  'the folder .worktrees': checkWorktreesFolder,
  spares: checkSpares,
  'tracked files': checkTracked,
  'info/exclude': checkExclude,
  permissions: checkPermissions,
  'the lock of wt': checkOwnLock,
  'lock files': checkLocks,
  submodules: checkSubmodules,
  'Git LFS': checkLfs,
  configuration: checkConfiguration,
  notifications: checkNotify,
  hooks: checkHooks,
  remotes: checkRemotes,
  tools: checkCrawlers,
  'landed sessions': checkLanded,
  'branches without a session': checkOrphanBranches,
  trash: checkTrash,
  disk: checkDisk,
  PATH: checkProgram,
};

export interface DoctorRequest {
  readonly fix: boolean;
  readonly dryRun: boolean;
}

export interface DoctorOutcome {
  readonly kind: 'looked' | 'planned' | 'mended';
  /** What is wrong, worst first; after mending what is left of it. */
  readonly findings: readonly Finding[];
  /** What was found and is gone after mending. */
  readonly fixed: readonly Finding[];
  readonly checked: { readonly checks: number; readonly sessions: number };
}

interface Examined {
  readonly findings: readonly Finding[];
  readonly sessions: number;
}

/** Looks at everything and changes nothing; with `fix` mends what can be mended without a person, under the lock. */
export async function examine(deps: Deps, request: DoctorRequest): Promise<DoctorOutcome> {
  const repo = await findOrDescribe(deps);
  const checks = Object.keys(CHECKS).length;
  if (!('git' in repo)) return { kind: 'looked', findings: [repo], fixed: [], checked: { checks: 1, sessions: 0 } };
  const before = await look(repo);
  const checked = { checks, sessions: before.sessions };
  if (!request.fix) return { kind: 'looked', findings: before.findings, fixed: [], checked };
  if (request.dryRun) return { kind: 'planned', findings: before.findings, fixed: [], checked };
  const mended = before.findings.some(isTried) ? await mend(repo, before.findings) : NOTHING_DONE;
  const after = mended.seen.size === 0 ? before : await look(repo);
  const left = new Set(after.findings.map(keyOf));
  return {
    kind: 'mended',
    findings: after.findings.map((finding) => {
      const trouble = mended.failed.get(keyOf(finding));
      return trouble === undefined ? finding : { ...finding, trouble };
    }),
    fixed: [...mended.seen].filter(([key]) => !left.has(key)).map(([, finding]) => finding),
    checked,
  };
}

async function findOrDescribe(deps: Deps): Promise<Repo | Finding> {
  try {
    return await findRepo(deps);
  } catch (error) {
    if (!WtError.is(error, 'git.too-old')) throw error;
    const { found, needed } = error.details;
    return {
      check: 'git.too-old',
      severity: 'error',
      session: null,
      message: `git ${found} is too old: wt needs git ${needed} or newer`,
      why: 'wt builds a merge in the object store before anything moves, which older versions cannot. Nothing else was looked at.',
      fix: { kind: 'by-hand', does: 'install a newer git; "git --version" says which one your PATH finds' },
    };
  }
}

/** One broken check does not spoil the others. */
async function look(repo: Repo): Promise<Examined> {
  const scene = await readScene(repo);
  const found: Finding[] = [];
  for (const [name, check] of Object.entries(CHECKS)) found.push(...(await tryCheck(scene, name, check)));
  return {
    findings: found.toSorted((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity)),
    sessions: scene.book.sessions.size,
  };
}

async function tryCheck(scene: Scene, name: string, check: Check): Promise<readonly Finding[]> {
  try {
    return await check(scene);
  } catch (error) {
    throwIfInterrupted(scene.repo.deps.signal);
    return [
      {
        check: 'check.failed',
        severity: 'warning',
        session: null,
        message: `${name} could not be looked at: ${reasonOf(error)}`,
        why: 'What is wrong there, if anything, is not in this list.',
        fix: {
          kind: 'command',
          argv: ['wt', 'doctor', '--verbose'],
          does: 'shows which git command failed; mend the other findings first',
        },
      },
    ];
  }
}

function reasonOf(error: unknown): string {
  if (WtError.is(error, 'git.failed'))
    return error.details.stderr.split('\n')[0] || `git ended with ${error.details.exitCode}`;
  return error instanceof Error ? error.message : String(error);
}

interface Mended {
  /** Every finding that something was done about, by its key. */
  readonly seen: ReadonlyMap<string, Finding>;
  readonly failed: ReadonlyMap<string, string>;
}

const NOTHING_DONE: Mended = { seen: new Map(), failed: new Map() };
const PASSES = 4;

/** Looks again under the lock and mends, until nothing new turns up: one thing put right may uncover another. */
async function mend(repo: Repo, before: readonly Finding[]): Promise<Mended> {
  const seen = new Map(before.filter(isTried).map((finding) => [keyOf(finding), finding]));
  const failed = new Map<string, string>();
  try {
    await hold(repo, async (outer) => {
      // Each is a few quick steps: an interrupt waits for their end.
      const held: Held = { ...outer, repo: shielded(outer.repo) };
      const tried = new Set<string>();
      for (let pass = 0; pass < PASSES; pass++) {
        const { findings } = await look(outer.repo);
        const next = findings.filter((finding) => isTried(finding) && !tried.has(keyOf(finding)));
        if (next.length === 0) return;
        for (const finding of next) {
          throwIfInterrupted(repo.deps.signal);
          const key = keyOf(finding);
          tried.add(key);
          seen.set(key, finding);
          const reason = await apply(held, finding);
          if (reason !== undefined) failed.set(key, reason);
        }
      }
    });
  } catch (error) {
    // What stands in the way of the lock is among the findings.
    if (!isRefusal(error)) throw error;
    for (const key of seen.keys()) failed.set(key, 'the registry must be put right first');
  }
  return { seen, failed };
}

async function apply(held: Held, finding: Finding): Promise<string | undefined> {
  const { fix, check, session, message } = finding;
  const act = fix.kind === 'automatic' ? fix.apply : finding.again;
  try {
    await act?.(held);
    await held.log('session.doctor.after', session, { check });
    return undefined;
  } catch (error) {
    throwIfInterrupted(held.repo.deps.signal);
    const reason = reasonOf(error);
    await held.log(FAILED, session, { check, message, reason });
    return reason;
  }
}

function isTried({ fix, again }: Finding): boolean {
  return fix.kind === 'automatic' || again !== undefined;
}

function isRefusal(error: unknown): boolean {
  return (
    WtError.is(error, 'registry.too-new') || WtError.is(error, 'registry.damaged') || WtError.is(error, 'path.unsafe')
  );
}
