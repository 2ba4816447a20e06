import { lstat, open, rename, utimes } from 'node:fs/promises';
import path from 'node:path';
import { parseRacy } from '../git/index-file.ts';
import { readStatus, type Status } from '../git/status.ts';
import { listDirectory, lstatOf, makePrivateDirectory, readBytes, removeFile } from '../platform/files.ts';
import { throwIfInterrupted } from '../platform/runner.ts';
import type { Session } from './book.ts';
import { gitAtWorktree, type Repo } from './repo.ts';

/**
 * Copies of indexes that git may write, so that `git status` reads no contents twice. After a checkout every file is as young as
 * the index, git cannot trust its times (racy-git in its technical documentation), and reads them all again each time until
 * somebody writes the index. A session's own index is not wt's to write, nor its lock to take.
 *
 * A copy keeps the time of its original; git compares that with the files' times. It is used only while the original is the very
 * file it was made of, by inode, size and nanoseconds; what git says is thrown away when that changed meanwhile.
 */
export interface Shadows {
  /** What `git status` says of a session's worktree. */
  readonly read: (session: Session) => Promise<Status>;
}

/** Fewer young files than this are read again faster than they are avoided. */
const RACY_FILES = 32;
const RACY_BYTES = 256 * 1024;
const INDEX_BYTES = 16 * 1024 * 1024;
/** An index that was written a moment ago may be written again within the same tick of the file system's clock. */
const SETTLED_MS = 50;

type Kind = 'calm' | 'racy';

interface Known {
  readonly mark: string;
  readonly kind: Kind;
}

export async function openShadows(repo: Repo): Promise<Shadows> {
  const folder = shadowsFolder(repo);
  const known = new Map<string, Known[]>();
  for (const { name } of await listDirectory(folder).catch(() => [])) {
    const one = parseName(name);
    if (one !== undefined) known.set(one.admin, [...(known.get(one.admin) ?? []), one]);
  }
  return { read: (session) => readThrough(repo, folder, session, known) };
}

export function shadowsFolder({ layout }: Pick<Repo, 'layout'>): string {
  return path.join(layout.cache, 'indexes');
}

/** Deletes copies for worktrees that are not there any more, and what killed processes left half-written an hour ago. */
export async function sweepShadows(repo: Pick<Repo, 'layout' | 'commonDir' | 'deps'>, staleMs: number): Promise<void> {
  const folder = shadowsFolder(repo);
  const files = await listDirectory(folder);
  if (files.length === 0) return;
  const admins = new Set((await listDirectory(path.join(repo.commonDir, 'worktrees'))).map(({ name }) => name));
  const now = repo.deps.clock.now().getTime();
  for (const { name } of files) {
    const file = path.join(folder, name);
    const isHalf = /\.(?:lock|tmp)$/.test(name);
    const stats = isHalf ? await lstatOf(file) : undefined;
    const isStale = stats !== undefined && now - stats.mtimeMs > staleMs;
    if (isHalf ? isStale : !admins.has(parseName(name)?.admin ?? '')) await removeFile(file);
  }
}

/** Takes the copies for one worktree away. */
export async function dropShadows(repo: Pick<Repo, 'layout'>, admin: string): Promise<void> {
  const folder = shadowsFolder(repo);
  for (const { name } of await listDirectory(folder).catch(() => []))
    if (parseName(name)?.admin === admin) await removeFile(path.join(folder, name)).catch(() => {});
}

function nameOf(mark: string, kind: Kind, admin: string): string {
  return `${mark}.${kind}.${admin}`;
}

function parseName(name: string): (Known & { readonly admin: string }) | undefined {
  const [, mark, kind, admin] = /^(\d+-\d+-\d+)\.(calm|racy)\.(.+)$/.exec(name) ?? [];
  if (mark === undefined || kind === undefined || admin === undefined) return undefined;
  return { mark, kind: kind as Kind, admin };
}

async function readThrough(
  repo: Repo,
  folder: string,
  session: Session,
  known: ReadonlyMap<string, readonly Known[]>,
): Promise<Status> {
  const { admin } = session;
  const git = gitAtWorktree(repo, session.path);
  if (admin === undefined) return readStatus(git);
  const index = path.join(admin.directory, 'index');
  const mark = await markOf(index);
  if (mark === undefined) return readStatus(git);
  const others = known.get(admin.admin) ?? [];
  const kind = others.find((one) => one.mark === mark)?.kind ?? (await judge(repo, { folder, session, index, mark }));
  if (others.some((one) => one.mark !== mark)) await dropOthers(folder, admin.admin, others, mark);
  if (kind !== 'racy') return readStatus(git);
  const shadow = path.join(folder, nameOf(mark, kind, admin.admin));
  const status = await readShadow(repo, session, shadow);
  // There is another index by now: what git saw may be neither of the two.
  return status !== undefined && (await markOf(index)) === mark ? status : readStatus(git);
}

async function readShadow(repo: Repo, session: Session, shadow: string): Promise<Status | undefined> {
  const startedMs = repo.deps.clock.now().getTime();
  const before = await markOf(shadow);
  if (before === undefined) return undefined;
  const env = { GIT_INDEX_FILE: shadow };
  try {
    const status = await readStatus(gitAtWorktree(repo, session.path), {
      env,
      writesIndex: true,
      config: SHADOWED,
    });
    const after = await markOf(shadow);
    if (after === undefined) return undefined; // taken away: git may not have found it
    if (after !== before) await keepOld(shadow, startedMs);
    return status;
  } catch {
    throwIfInterrupted(repo.deps.signal);
    await removeFile(shadow).catch(() => {}); // it may be what git cannot read
    return undefined;
  }
}

/** git adds nothing to the copy, and puts nothing of it elsewhere; were it gone, an index that git did not find is not written. */
const SHADOWED = ['core.splitIndex=false', 'core.untrackedCache=keep'] as const;

/**
 * git has written the copy anew. What was edited between its look at a file and that moment may be as old as the file was, by
 * whole seconds: a copy that is as old as the look makes git read such files again.
 */
async function keepOld(shadow: string, startedMs: number): Promise<void> {
  const { mtimeMs } = await lstat(shadow);
  if (Math.floor(mtimeMs / 1000) > Math.floor(startedMs / 1000))
    await utimes(shadow, startedMs / 1000, startedMs / 1000);
}

interface Original {
  readonly folder: string;
  readonly session: Session;
  readonly index: string;
  readonly mark: string;
}

/** Looks at an index once, and writes down what it is like; what is to be copied is copied. Undefined: it is read as it is. */
async function judge(repo: Repo, { folder, session, index, mark }: Original): Promise<Kind | undefined> {
  const { admin, row } = session;
  if (admin === undefined) return undefined;
  try {
    const { mtimeMs } = await lstat(index);
    const age = repo.deps.clock.now().getTime() - mtimeMs;
    if (age < SETTLED_MS) return undefined;
    const data = await readBytes(index, INDEX_BYTES);
    const racy = data && parseRacy(data, row.base.commit.length / 2, Math.floor(mtimeMs / 1000));
    const isRacy = racy?.isCopyable === true && (racy.files >= RACY_FILES || racy.bytes >= RACY_BYTES);
    const kind: Kind = isRacy ? 'racy' : 'calm';
    await makePrivateDirectory(folder);
    const file = path.join(folder, nameOf(mark, kind, admin.admin));
    const temporary = path.join(folder, `${Math.floor(repo.deps.random() * 1e15).toString(36)}.tmp`);
    try {
      await writeCopy(temporary, kind === 'racy' ? data : undefined, mtimeMs);
      if ((await markOf(index)) !== mark) return undefined;
      await rename(temporary, file);
    } finally {
      await removeFile(temporary);
    }
    return kind;
  } catch {
    return undefined; // a full disk, a folder that cannot be written, an index that is too large
  }
}

/** With the time of the original, in whole milliseconds: one that looks older is only trusted less. */
async function writeCopy(file: string, data: Buffer | undefined, mtimeMs: number): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    if (data !== undefined) await handle.writeFile(data);
    const seconds = Math.floor(mtimeMs) / 1000;
    await handle.utimes(seconds, seconds);
  } finally {
    await handle.close();
  }
}

/** Those of an index that is no more. */
async function dropOthers(folder: string, admin: string, others: readonly Known[], mark: string): Promise<void> {
  for (const one of others)
    if (one.mark !== mark) await removeFile(path.join(folder, nameOf(one.mark, one.kind, admin))).catch(() => {});
}

/** Tells one state of a file from any other; undefined when it is no file. */
async function markOf(file: string): Promise<string | undefined> {
  const stats = await lstat(file, { bigint: true }).catch(() => undefined);
  return stats?.isFile() === true ? `${stats.ino}-${stats.mtimeNs}-${stats.size}` : undefined;
}
