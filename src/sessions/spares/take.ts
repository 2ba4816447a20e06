import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { WtError } from '../../core/errors.ts';
import { gitAt, type Git } from '../../git/git.ts';
import { refOfBranch } from '../../git/ref.ts';
import { readStatus } from '../../git/status.ts';
import { lstatOf, moveDurably, readTail, removeFile, replaceFile } from '../../platform/files.ts';
import type { RunResult } from '../../platform/runner.ts';
import type { EntryOf } from '../../registry/journal.ts';
import { noteOf, writeNote } from '../../registry/notes.ts';
import type { SessionRow } from '../../registry/session.ts';
import type { Definition } from '../../setup/definition.ts';
import type { FilesReport } from '../../setup/files/files.ts';
import { stepsOf } from '../../setup/fill.ts';
import type { Repo } from '../repo.ts';
import { stillDone, MANIFESTS } from './bake.ts';
import { isWhole, listFinished, recordFile, spareAt, writeRecord, type Spare, type SpareRecord } from './record.ts';
import { areSame, fileRules, markSources, marksOf, sparePlace, stampOf } from './stamp.ts';

/** What of making a session ready was done in a spare, before there was the session. */
export interface Prepared {
  /** Undefined: files were not looked at yet. */
  readonly files: FilesReport | undefined;
  /** Commands of the set-up that have run, by where they are written. */
  readonly ran: readonly string[];
  readonly log: string | undefined;
}

/** A spare that fits a session which is about to be made. */
export interface Fitting extends Spare {
  readonly prepared: Prepared;
  /** Nothing of the set-up is left to do. */
  readonly isReady: boolean;
  readonly record: SpareRecord;
}

export interface Wanted {
  /** Where the session starts. */
  readonly commit: string;
  /** Nothing but git's checkout is wanted. */
  readonly isBare: boolean;
}

/** git in a spare. It names the administrative folder, so that nothing that became of the tree makes git find another repository. */
export function gitOfSpare({ git }: Pick<Repo, 'git'>, { tree, admin }: Spare): Git {
  return gitAt({ ...git.place, dir: tree, gitDir: admin });
}

/**
 * A spare that is what this session would be made as, once it is brought to the commit that it starts at; undefined when there is none,
 * and then the session is made as usual. Changes nothing. The caller holds the lock of the repository.
 */
export async function findSpare(repo: Repo, definition: Definition, wanted: Wanted): Promise<Fitting | undefined> {
  if (definition.settings.pool.size === 0 || repo.isBare) return undefined;
  const spares = await listFinished(repo.layout);
  if (spares.length === 0) return undefined;
  const stamp = await stampOf(repo, definition);
  for (const spare of spares) {
    if (spare.record.stamp !== stamp || (wanted.isBare && hasMore(spare.record))) continue;
    const fitting = await fit(repo, definition, spare, wanted).catch((error: unknown) => {
      if (WtError.is(error, 'interrupted')) throw error;
      return undefined; // whatever is the matter with it, the session does not need it
    });
    if (fitting !== undefined) return fitting;
  }
  return undefined;
}

function hasMore({ files, ran }: SpareRecord): boolean {
  return ran.length > 0 || (files !== null && files.copied + files.linked.length > 0);
}

async function fit(
  repo: Repo,
  definition: Definition,
  spare: Spare & { readonly record: SpareRecord },
  { commit }: Wanted,
): Promise<Fitting | undefined> {
  const { record } = spare;
  if (!(await isWhole(spare, record))) return undefined;
  const isSameCommit = record.commit === commit;
  const [isSound, areFresh, isOld] = await Promise.all([
    isUntouched(repo, spare, record),
    areSourcesFresh(repo, definition, spare),
    !isSameCommit && record.ran.length > 0 ? haveManifestsChanged(repo, record.commit, commit) : false,
  ]);
  if (!isSound || !areFresh || isOld) return undefined;
  const ran = stillDone(definition, record.ran, { isSameCommit });
  const prepared = { files: record.files ?? undefined, ran, log: record.log ?? undefined };
  return { ...spare, prepared, isReady: isAllDone(definition, prepared) };
}

/** Whether a session that gets this needs nothing more than its name. Pure. */
function isAllDone(definition: Definition, { files, ran }: Prepared): boolean {
  const { envFile } = definition.settings.setup;
  const left = stepsOf(definition, ['setup', 'create.after']).filter(
    ({ phase, at }) => phase !== 'setup' || !ran.includes(at),
  );
  return files !== undefined && envFile === undefined && left.length === 0;
}

/** git sees no change in it, and what is there beside git's files is as it was left. */
export async function isUntouched(repo: Repo, spare: Spare, { extra }: Pick<SpareRecord, 'extra'>): Promise<boolean> {
  const status = await readStatus(gitOfSpare(repo, spare), { ignored: true });
  if (status.staged.length + status.modified.length + status.conflicted.length > 0) return false;
  return areSame(await marksOf(spare.tree, [...status.untracked, ...status.ignored]), extra);
}

async function areSourcesFresh(
  repo: Repo,
  definition: Definition,
  spare: Spare & { readonly record: SpareRecord },
): Promise<boolean> {
  const { files, sources } = spare.record;
  if (files === null) return true;
  const place = sparePlace(repo, spare, spare.record.commit);
  const marks = await markSources(place, await fileRules(place, definition));
  return marks !== undefined && areSame(marks, sources);
}

async function haveManifestsChanged({ git }: Repo, from: string, to: string): Promise<boolean> {
  const globs = MANIFESTS.map((name) => `:(glob)**/${name}`);
  const { stdout } = await git(['diff-tree', '-r', '--no-renames', '--name-only', '-z', from, to, '--', ...globs]);
  return stdout !== '';
}

/**
 * Two trees, one checkout: files that are the same stay as they are. Until it is through the spare is no whole one. False when it does
 * not work out: then no session gets it.
 */
export async function bringTo(repo: Repo, spare: Fitting, commit: string): Promise<boolean> {
  if (spare.record.commit === commit) return true;
  try {
    await moveTo(repo, spare, commit);
    return true;
  } catch (error) {
    if (!WtError.is(error, 'git.failed')) throw error;
    return false;
  }
}

async function moveTo(repo: Repo, { record, ...spare }: Fitting, commit: string): Promise<void> {
  const { admin } = spare;
  await writeRecord(spare, { ...record, commit });
  const git = gitOfSpare(repo, spare);
  const move = (expect: readonly number[]): Promise<RunResult> =>
    git(['read-tree', '-m', '-u', record.commit, commit], { timeoutMs: 600_000, expect });
  if ((await move([0, 128])).exitCode !== 0) {
    // The index is out of date, as after the repository was copied: git changes nothing then.
    await git(['update-index', '-q', '--refresh']);
    await move([0]);
  }
  await replaceFile(path.join(admin, 'HEAD'), `${commit}\n`, 0o644);
}

/**
 * Makes a spare the worktree of a session, whose branch is there already: names, then the administrative folder and the tree by a rename
 * each. From the first rename on git knows it.
 */
export async function handOut(
  repo: Repo,
  spare: Spare,
  { entry, row }: { entry: EntryOf<'create'>; row: SessionRow },
): Promise<string> {
  const { admin, tree } = spare;
  const parent = path.join(repo.commonDir, 'worktrees');
  const target = await freeAdmin(parent, entry.path, spare.name);
  const write = (name: string, text: string): Promise<void> => replaceFile(path.join(admin, name), text, 0o644);
  await write('locked', `wt:${entry.op}`);
  await write('gitdir', `${path.join(entry.path, '.git')}\n`);
  await write('HEAD', `ref: ${refOfBranch(row.branch)}\n`);
  const log = await readTail(path.join(repo.commonDir, 'logs', refOfBranch(row.branch)), 64 * 1024);
  await mkdir(path.join(admin, 'logs'), { recursive: true });
  await (log === '' ? removeFile(path.join(admin, 'logs', 'HEAD')) : write('logs/HEAD', log));
  await writeNote(admin, noteOf(row));
  await replaceFile(path.join(tree, '.git'), `gitdir: ${target}\n`, 0o644);
  await mkdir(parent, { recursive: true });
  await moveDurably(admin, target);
  await moveDurably(tree, entry.path);
  return target;
}

/** A name for git's own folder, as git itself would choose it. */
async function freeAdmin(parent: string, place: string, name: string): Promise<string> {
  const base = path.basename(place);
  const plain = /^[A-Za-z0-9][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*$/.test(base) && !base.endsWith('.lock') ? base : name;
  for (let n = 0; ; n++) {
    const target = path.join(parent, n === 0 ? plain : `${plain}${n}`);
    if ((await lstatOf(target)) === undefined) return target;
  }
}

/** A create that was killed between the two renames: the second one. The first may have been done, and both. */
export async function completeHandOut(
  { layout }: Repo,
  { spare, path: place }: EntryOf<'create'>,
  adminDirectory: string,
): Promise<void> {
  if (spare === null) return;
  const { tree } = spareAt(layout, spare);
  if ((await lstatOf(place)) === undefined && (await lstatOf(tree)) !== undefined) await moveDurably(tree, place);
  await removeFile(recordFile(adminDirectory));
}
