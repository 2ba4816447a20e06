import { createHash } from 'node:crypto';
import path from 'node:path';
import type { Wiring } from '../agents/adapter.ts';
import type { HookPlace, HookSupport } from '../agents/hooks/support.ts';
import { wiringOf } from '../agents/hooks/wiring.ts';
import { WtError } from '../core/errors.ts';
import { keepIgnored } from '../git/ignore.ts';
import { listTrackedUnder } from '../git/status.ts';
import { lstatOf, readBytes } from '../platform/files.ts';
import type { Book, Session } from './book.ts';
import { isLineNeeded, readHookRecord, recordFolder, type HookRecord } from './hook-record.ts';
import { gitAtWorktree, type Repo } from './repo.ts';
import { requireSession } from './select.ts';
import { checkTree } from './worktree.ts';

/** An agent as the settings have it. */
export interface HookedAgent {
  readonly name: string;
  /** The known agent whose hooks it speaks, when it is not one itself. */
  readonly like?: string | undefined;
  readonly hooks: HookSupport;
}

/** Where hooks of an agent belong. */
export interface HookTarget extends HookedAgent {
  readonly place: HookPlace;
  /** The session that was named; null for the main worktree alone. */
  readonly session: Session | null;
  readonly worktree: string;
  readonly file: string;
  /** Where wt keeps what was there before. */
  readonly folder: string;
  readonly wiring: Wiring;
}

/** What is there now. */
export interface HookFacts {
  readonly record: HookRecord | undefined;
  readonly bytes: Buffer | undefined;
  readonly text: string | undefined;
  readonly mode: number | undefined;
  /** Folders above the file that are missing, from the top of the worktree. */
  readonly missing: readonly string[];
  readonly isTracked: boolean;
  readonly isIgnored: boolean;
  /** It is so by a line that hooks elsewhere have brought. */
  readonly isLineOwn: boolean;
}

/** The line of `info/exclude` that keeps a file of hooks out of git's sight. */
export function lineOf({ file }: HookSupport): string {
  return `/${file}`;
}

const LIMIT_BYTES = 1024 * 1024;

/** The session that is named or stood in; else the main worktree, when the caller stands there. */
export async function findHookSession(repo: Repo, book: Book, id: string | undefined): Promise<Session | null> {
  const isInMain = id === undefined && !repo.isBare && repo.top === repo.root;
  if (isInMain) return null;
  const session = await requireSession(repo, book, id);
  if ((await checkTree(session)) !== 'ok')
    throw new WtError('path.unsafe', { path: session.path, reason: 'the session has no working folder there' });
  return session;
}

export function hookTarget(repo: Repo, session: Session | null, agent: HookedAgent): HookTarget {
  const { name, like, hooks } = agent;
  const isMain = session === null || hooks.isOnlyInMain;
  if (isMain && repo.isBare)
    throw new WtError('hooks.refused', {
      agent: name,
      path: null,
      reason: 'it reads them in the main worktree only, and a bare repository has none',
    });
  const worktree = isMain ? repo.root : session.path;
  const folder = recordFolder(repo, isMain ? undefined : session.admin?.directory);
  return {
    ...agent,
    place: isMain ? 'main' : 'session',
    session,
    worktree,
    file: path.join(worktree, hooks.file),
    folder,
    wiring: wiringOf(repo.deps.program, like === undefined ? { name } : { name, like }, folder),
  };
}

/** The file as it is. Throws `hooks.refused` for what cannot be read as what it should be, or not without following a link. */
export async function readHookFile(
  target: HookTarget,
): Promise<Pick<HookFacts, 'bytes' | 'text' | 'mode' | 'missing'>> {
  const missing = await listMissing(target);
  const [bytes, stats] = await Promise.all([readOwn(target), lstatOf(target.file)]);
  return {
    bytes,
    text: bytes === undefined ? undefined : decode(target, bytes),
    mode: stats === undefined ? undefined : stats.mode & 0o777,
    missing,
  };
}

/** Reads only. Throws as {@link readHookFile}. */
export async function gatherHookFacts(repo: Repo, target: HookTarget): Promise<HookFacts> {
  const { hooks, worktree, folder } = target;
  const git = gitAtWorktree(repo, worktree);
  const [file, record, tracked, ignored, isLineOwn] = await Promise.all([
    readHookFile(target),
    readHookRecord(folder, hooks.agent),
    listTrackedUnder(git, hooks.file),
    keepIgnored(git, [hooks.file]),
    isLineNeeded(repo, hooks.agent, lineOf(hooks)),
  ]);
  return {
    ...file,
    record,
    isTracked: tracked.length > 0,
    isIgnored: ignored.has(hooks.file),
    isLineOwn,
  };
}

/** Every folder above the file is one, and none is a link that leads elsewhere. */
async function listMissing(target: HookTarget): Promise<readonly string[]> {
  const parts = path.dirname(target.hooks.file).split('/');
  const missing: string[] = [];
  for (const [index] of parts.entries()) {
    const name = parts.slice(0, index + 1).join('/');
    const stats = await lstatOf(path.join(target.worktree, name));
    if (stats === undefined) missing.push(name);
    else if (!stats.isDirectory())
      throw refuse(target, `${name} is ${stats.isSymbolicLink() ? 'a link' : 'no folder'}`);
  }
  return missing;
}

async function readOwn(target: HookTarget): Promise<Buffer | undefined> {
  const stats = await lstatOf(target.file);
  if (stats?.isSymbolicLink() === true) throw refuse(target, 'it is a link, and may lead out of the worktree');
  if (stats !== undefined && (!stats.isFile() || stats.size > LIMIT_BYTES))
    throw refuse(target, stats.isFile() ? 'it is larger than 1 MiB' : 'it is no file');
  return readBytes(target.file, LIMIT_BYTES);
}

function decode(target: HookTarget, bytes: Buffer): string {
  const text = bytes.toString('utf8');
  if (!Buffer.from(text).equals(bytes)) throw refuse(target, 'it is no text in UTF-8');
  const reason = target.hooks.whyUnfit(text);
  if (reason !== undefined) throw refuse(target, reason);
  return text;
}

export function refuse({ name, file, session }: HookTarget, reason: string): WtError {
  const fix = session === null ? undefined : ['wt', 'run', session.id, name];
  return new WtError('hooks.refused', { agent: name, path: file, reason, ...(fix === undefined ? {} : { fix }) });
}

export function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
