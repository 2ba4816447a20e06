import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { WtError } from '../../core/errors.ts';
import { gitHolding } from '../../git/git.ts';
import { excludeOnce } from '../../git/ignore.ts';
import { readStatus } from '../../git/status.ts';
import { checkoutFiles } from '../../git/worktree.ts';
import { lstatOf, makeDirectory, makePrivateDirectory, readText, replaceFile } from '../../platform/files.ts';
import { acquireLock, type Lease } from '../../platform/lock.ts';
import { throwIfInterrupted } from '../../platform/runner.ts';
import { findUnapproved } from '../../setup/consent.ts';
import { loadDefinition, type Definition } from '../../setup/definition.ts';
import { placeFiles } from '../../setup/files/files.ts';
import { requireWithinLimits } from '../../setup/limits.ts';
import { runPhase } from '../../setup/steps.ts';
import { defaultBaseName, requireBase, type BaseFacts } from '../base.ts';
import { readBook } from '../book.ts';
import { gatherCapacity } from '../capacity.ts';
import { EXCLUDE_LINE } from '../layout.ts';
import { hasSetup, howEnded } from '../ready.ts';
import type { Repo } from '../repo.ts';
import { hasOwnVariables, planBake, SESSION_VARIABLE } from './bake.ts';
import { listFinished, markMaking, spareAt, writeRecord, type Spare, type SpareRecord } from './record.ts';
import { reclaimSpares } from './reclaim.ts';
import { findMention, holdsText } from './scan.ts';
import { fileRules, markSources, marksOf, sparePlace, stampOf } from './stamp.ts';
import { gitOfSpare } from './take.ts';
import { noteTrouble, readTrouble } from './trouble.ts';

export interface SparesMade {
  readonly made: number;
  /** Why there are not as many as are wanted. */
  readonly reason: string | undefined;
}

/** git tells contents apart by whole seconds: an index that is written later than that trusts every file of the checkout. */
const SETTLE_MS = 1100;

/**
 * Makes spares until there are as many as the configuration wants; those that nobody can use any more go first. One process at a time
 * does this: another one ends at once.
 */
export async function makeSpares(repo: Repo): Promise<SparesMade> {
  const definition = await loadDefinition(repo.root, repo.deps.env);
  const { size } = definition.settings.pool;
  if (size === 0) return { made: 0, reason: 'pool.size is 0' };
  const reason = await whyNone(repo, definition);
  if (reason !== undefined) return { made: 0, reason };
  const lease = await tryLock(repo);
  if (lease === undefined) return { made: 0, reason: 'another wt makes them' };
  try {
    let made = 0;
    await reclaimSpares(repo, definition, { dryRun: false, isMaker: true });
    while ((await listFinished(repo.layout)).length < size) {
      throwIfInterrupted(repo.deps.signal);
      if (made >= 2 * size) return { made, reason: 'they are taken as fast as they are made' };
      await requireRoom(repo, definition);
      await makeSpare(repo, definition, lease);
      made++;
    }
    return { made, reason: undefined };
  } finally {
    await lease.release();
  }
}

/** What keeps this repository from having spares; undefined when nothing does. */
export async function whyNone(repo: Repo, definition: Definition): Promise<string | undefined> {
  const { commonDir, root, deps } = repo;
  if (repo.isBare) return 'a bare repository has no main worktree to make them from';
  const config = (await readText(path.join(commonDir, 'config'))) ?? '';
  if (/worktreeconfig|sparsecheckout|refstorage/i.test(config))
    return 'its worktrees have settings of their own (sparse checkout, extensions.worktreeConfig)';
  const wanted = { phases: ['setup'], env: definition.settings.setup.envFile !== undefined } as const;
  const unapproved = await findUnapproved({ root, commonDir, env: deps.env }, definition, wanted);
  return unapproved === undefined ? undefined : 'the commands of its set-up are not approved: wt trust';
}

/** Undefined while another process has it. */
async function tryLock({ deps, layout }: Repo): Promise<Lease | undefined> {
  try {
    return await acquireLock(deps, { directory: layout.spareLock, timeoutMs: 0, onWait: () => {} });
  } catch (error) {
    if (WtError.is(error, 'registry.busy')) return undefined;
    throw error;
  }
}

/** Throws `disk.low`. A spare counts as no session. */
async function requireRoom(repo: Repo, definition: Definition): Promise<void> {
  const { limits } = definition.settings;
  const settings = { ...definition.settings, limits: { ...limits, sessions: 0, unreviewed: 0 } };
  const plain = { ...definition, settings, ports: { ...definition.ports, names: [] } };
  const capacity = await gatherCapacity(repo, await readBook(repo), plain, { id: 'spare', hashBytes: 20 });
  requireWithinLimits(capacity.limits);
}

/** One spare, on the base that a session gets by default. What is left of one that could not be finished goes when the next is made. */
async function makeSpare(repo: Repo, definition: Definition, lease: Lease): Promise<void> {
  const base = await requireBase(repo, defaultBaseName(repo, await readBook(repo)));
  const stamp = await stampOf(repo, definition);
  const isPlain = (await readTrouble(repo, stamp)) !== undefined || (await hasModules(repo, definition));
  const trouble = await tryMake(repo, definition, { base, stamp, isPlain, lease });
  if (trouble === undefined) return;
  await noteTrouble(repo, { stamp, reason: trouble, at: repo.deps.clock.now().toISOString() });
  await reclaimSpares(repo, definition, { dryRun: false, isMaker: true });
  await tryMake(repo, definition, { base, stamp, isPlain: true, lease });
}

async function hasModules({ root }: Repo, { settings }: Definition): Promise<boolean> {
  return settings.setup.submodules && (await lstatOf(path.join(root, '.gitmodules'))) !== undefined;
}

interface Making {
  readonly base: BaseFacts;
  readonly stamp: string;
  /** git's checkout and nothing more. */
  readonly isPlain: boolean;
  readonly lease: Lease;
}

/** Why it cannot hold more than git's checkout; undefined when it is finished. */
async function tryMake(
  repo: Repo,
  definition: Definition,
  { base, stamp, isPlain, lease }: Making,
): Promise<string | undefined> {
  const { clock } = repo.deps;
  const spare = spareAt(repo.layout, randomBytes(6).toString('hex'));
  await layOut(repo, spare, base.commit);
  const git = gitHolding(gitOfSpare(repo, spare), lease.fd);
  const { lfs } = definition.settings.setup;
  await checkoutFiles(git, Math.max(2, availableParallelism()), { lfs });
  const sinceMs = clock.elapsedMs();
  const done = isPlain ? NOTHING : await makeReady(repo, definition, { spare, base, lease });
  if ('trouble' in done) return done.trouble;
  await clock.sleep(Math.max(0, SETTLE_MS - (clock.elapsedMs() - sinceMs)));
  await git(['read-tree', '-m', base.commit], { timeoutMs: 600_000 });
  const status = await readStatus(git, { ignored: true });
  const [changed] = [...status.staged, ...status.modified, ...status.conflicted];
  if (changed !== undefined) return `a command of the set-up changes ${changed}, which git tracks`;
  const names = [...status.untracked, ...status.ignored];
  if (await holdsText(spare.tree, names, spare.name))
    return 'the set-up writes the path of the folder into what it makes';
  const extra = await marksOf(spare.tree, names);
  const madeAt = clock.now().toISOString();
  await writeRecord(spare, { version: 1, commit: base.commit, stamp, madeAt, extra, ...done });
  return undefined;
}

const NOTHING: Pick<SpareRecord, 'files' | 'ran' | 'sources' | 'log'> = {
  files: null,
  ran: [],
  sources: {},
  log: null,
};

/** What `git worktree add` would write, at a place that git does not look at. */
async function layOut({ layout, commonDir }: Repo, { tree, admin }: Spare, commit: string): Promise<void> {
  await excludeOnce(commonDir, EXCLUDE_LINE);
  await makePrivateDirectory(layout.worktrees);
  await makeDirectory(admin);
  await markMaking({ admin });
  await makeDirectory(tree);
  const write = (file: string, text: string): Promise<void> => replaceFile(file, text, 0o644);
  await write(path.join(admin, 'commondir'), '../..\n');
  await write(path.join(admin, 'gitdir'), `${path.join(tree, '.git')}\n`);
  await write(path.join(admin, 'HEAD'), `${commit}\n`);
  await write(path.join(tree, '.git'), `gitdir: ${admin}\n`);
}

/** Files and the first commands of the set-up, as far as they do not ask whose it is. */
async function makeReady(
  repo: Repo,
  definition: Definition,
  { spare, base, lease }: { spare: Spare; base: BaseFacts; lease: Lease },
): Promise<Pick<SpareRecord, 'files' | 'ran' | 'sources' | 'log'> | { readonly trouble: string }> {
  if (!(await hasSetup(repo, definition))) return { ...NOTHING, files: NO_FILES };
  const { deps, commonDir, root } = repo;
  const place = sparePlace(repo, spare, base.name);
  const rules = await fileRules(place, definition);
  const sources = await markSources(place, rules);
  if (sources === undefined) return { trouble: 'the set-up copies too many files to look for changes in them' };
  const report = await placeFiles(place, rules);
  const files = { ...NO_FILES, ...report, entries: [...report.entries], linked: [...report.linked] };
  const isVaried =
    hasOwnVariables(definition) || (await findMention(gitOfSpare(repo, spare), base.commit, SESSION_VARIABLE));
  const steps = planBake(definition, { isVaried });
  const own = Object.keys(deps.env).filter((name) => SESSION_VARIABLE.test(name));
  const where = { deps, commonDir, main: root, cwd: spare.tree, facts: undefined };
  const { failed, log } = await runPhase(where, { ...definition, steps }, 'setup', {
    onStep: () => {},
    onLine: () => {},
    env: Object.fromEntries(own.map((name) => [name, undefined])),
    holdFd: lease.fd,
  });
  if (failed !== undefined)
    return { trouble: `a command of the set-up failed (${howEnded(failed)}): ${failed.step.at}` };
  const skipped = report.skipped.map((one) => ({ path: one.path, reason: one.reason }));
  return {
    files: { ...files, skipped, warnings: [...report.warnings] },
    ran: steps.map(({ at }) => at),
    sources: { ...sources },
    log: log ?? null,
  };
}

const NO_FILES = { copied: 0, copiedBytes: 0, cloned: 0, entries: [], linked: [], skipped: [], warnings: [] };
