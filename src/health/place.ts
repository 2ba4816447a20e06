import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { listDirectory, lstatOf, readSmallFile, readText, realPathOf, replaceFile } from '../platform/files.ts';
import { readAdminEntry, type AdminEntry } from '../registry/notes.ts';
import type { Session } from '../sessions/book.ts';
import { sessionPath } from '../sessions/layout.ts';
import type { Repo } from '../sessions/repo.ts';
import type { Scene } from './scene.ts';

/** What the `.git` of a folder is (gitrepository-layout(5)). */
export type Pointer =
  | { readonly kind: 'none' | 'repository' | 'odd' | 'empty' }
  | { readonly kind: 'names'; readonly gitDir: string; readonly isThere: boolean };

/** Where a session's files are, as far as the disk tells. */
export type Place =
  | { readonly kind: 'ok' | 'missing' }
  /** The session's own folder, but it and git do not name each other (any more). */
  | { readonly kind: 'parted'; readonly path: string }
  /** The session's own folder, whose administrative folder is gone. */
  | { readonly kind: 'unregistered'; readonly name: string }
  /** In use by another git directory, which `isCopied` tells to be the one that the session's record was copied from. */
  | { readonly kind: 'taken'; readonly gitDir: string; readonly isCopied: boolean }
  /** Somebody else's. */
  | { readonly kind: 'foreign'; readonly what: string };

const RESTORING = '.restoring-';

/** A new name, where a session's files are brought back before they move into their place; no id begins with a dot. */
export function newScratchFolder({ layout }: Repo, id: string): string {
  return path.join(layout.worktrees, `${RESTORING}${id}-${randomUUID()}`);
}

/** What a killed attempt to bring a session back may have left; or somebody's own. Pure. */
export function isScratchFolder(folder: string): boolean {
  return path.basename(folder).startsWith(RESTORING);
}

/** A free name beside a file or folder, to move it to. */
export async function findAside(at: string): Promise<string> {
  for (let n = 1; ; n++) {
    const name = `${at}.aside${n === 1 ? '' : `-${n}`}`;
    if ((await lstatOf(name)) === undefined) return name;
  }
}

export async function readPointer(folder: string): Promise<Pointer> {
  const marker = path.join(folder, '.git');
  const stats = await lstatOf(marker);
  if (stats === undefined) return { kind: 'none' };
  if (stats.isDirectory()) return { kind: 'repository' };
  const content = await readSmallFile(marker, 64 * 1024);
  if (content === undefined || 'refused' in content) return { kind: 'odd' };
  if (content.text.trim() === '') return { kind: 'empty' };
  const [, target] = /^gitdir: *(.+?)\s*$/s.exec(content.text) ?? [];
  if (target === undefined) return { kind: 'odd' };
  const gitDir = path.resolve(folder, target);
  const isThere = (await lstatOf(gitDir)) !== undefined;
  return { kind: 'names', gitDir: isThere ? await realPathOf(gitDir) : gitDir, isThere };
}

/** Looks where git says the session is, then where it may have gone to. */
export async function findPlace(scene: Scene, session: Session): Promise<Place> {
  const here = await lookAt(scene, session, session.path);
  if (here.kind === 'ok') return here;
  for (const folder of await otherPlaces(scene, session)) {
    const there = await lookAt(scene, session, folder);
    if (there.kind === 'ok' || there.kind === 'parted') return { kind: 'parted', path: folder };
  }
  return here;
}

/** The computed place, and folders beside it whose `.git` names the session. A disk that is only away is no move. */
async function otherPlaces({ repo }: Scene, { id, path: at, home, admin }: Session): Promise<readonly string[]> {
  if (admin === undefined) return [];
  const { layout } = repo;
  const computed = home ?? sessionPath(layout, id);
  const isAway = (await lstatOf(path.dirname(at))) === undefined;
  const beside: string[] = [];
  if (!isAway)
    for (const entry of await listDirectory(layout.worktrees)) {
      const folder = path.join(layout.worktrees, entry.name);
      if (isScratchFolder(folder)) continue;
      const pointer = entry.isDirectory() ? await readPointer(folder) : undefined;
      if (pointer?.kind === 'names' && pointer.gitDir === admin.directory) beside.push(folder);
    }
  return [...new Set([computed, ...beside])].filter((folder) => folder !== at);
}

async function lookAt(scene: Scene, session: Session, folder: string): Promise<Place> {
  const stats = await lstatOf(folder);
  if (stats === undefined) return { kind: 'missing' };
  if (!stats.isDirectory()) return { kind: 'foreign', what: stats.isSymbolicLink() ? 'a symbolic link' : 'a file' };
  const pointer = await readPointer(folder);
  if (pointer.kind === 'repository') return { kind: 'foreign', what: 'a repository of its own' };
  if (pointer.kind === 'odd') return { kind: 'foreign', what: 'a folder whose .git git cannot read' };
  return session.admin === undefined
    ? lookWithoutRecord(scene, folder, pointer)
    : lookBesideRecord(scene, session.admin, { folder, pointer });
}

async function lookBesideRecord(
  scene: Scene,
  admin: AdminEntry,
  { folder, pointer }: { folder: string; pointer: Pointer },
): Promise<Place> {
  const own: Place = { kind: 'parted', path: folder };
  if (pointer.kind === 'names' && pointer.gitDir === (await realPathOf(admin.directory)))
    return admin.path === folder ? { kind: 'ok' } : own;
  if (pointer.kind === 'names' && pointer.isThere)
    return (await isCopiedAlong(scene, admin, { folder, gitDir: pointer.gitDir }))
      ? own
      : ofOther(folder, pointer.gitDir, admin);
  if (pointer.kind === 'names' && path.basename(pointer.gitDir) === admin.admin) return own;
  if (pointer.kind === 'none' && (await listDirectory(folder)).length === 0) return { kind: 'missing' };
  return (await holdsFilesOf(scene, admin, folder)) ? own : { kind: 'foreign', what: 'a folder with other files' };
}

/** Only what once was a worktree of this repository: its `.git` names an administrative folder that is gone. */
async function lookWithoutRecord({ repo }: Scene, folder: string, pointer: Pointer): Promise<Place> {
  if (pointer.kind !== 'names') {
    const isEmpty = pointer.kind === 'none' && (await listDirectory(folder)).length === 0;
    return isEmpty ? { kind: 'missing' } : { kind: 'foreign', what: 'a folder that is no worktree' };
  }
  if (pointer.isThere) return ofOther(folder, pointer.gitDir, undefined);
  const parent = path.dirname(pointer.gitDir);
  const isOurs =
    parent === path.join(repo.commonDir, 'worktrees') ||
    (path.basename(parent) === 'worktrees' && (await lstatOf(path.dirname(parent))) === undefined);
  return isOurs
    ? { kind: 'unregistered', name: path.basename(pointer.gitDir) }
    : { kind: 'foreign', what: `a folder that belonged to ${pointer.gitDir}` };
}

/** In use, unless that git directory names another folder: then it is a copy of that one. */
async function ofOther(folder: string, gitDir: string, admin: AdminEntry | undefined): Promise<Place> {
  const { path: named, admin: name, note } = await readAdminEntry(gitDir);
  if (named !== undefined && (await realPathOf(named)) !== (await realPathOf(folder)))
    return { kind: 'foreign', what: `a folder that belongs to ${gitDir}` };
  const isCopied =
    admin?.admin === name &&
    admin.path === folder &&
    admin.note?.id === note?.id &&
    admin.note?.createdAt === note?.createdAt;
  return { kind: 'taken', gitDir, isCopied };
}

/** The whole repository was copied: the copy's folder still names the original's record, which names the original's folder. */
async function isCopiedAlong(
  { repo }: Scene,
  admin: AdminEntry,
  { folder, gitDir }: { folder: string; gitDir: string },
): Promise<boolean> {
  const isInside = folder.startsWith(`${repo.root}${path.sep}`);
  const isOther = path.dirname(gitDir) !== path.join(repo.commonDir, 'worktrees');
  if (!isInside || !isOther || path.basename(gitDir) !== admin.admin) return false;
  const named = (await readText(path.join(gitDir, 'gitdir')))?.trim();
  return named !== undefined && path.resolve(gitDir, named) !== path.join(folder, '.git');
}

const SAMPLE = 200;

/** At least half of what the session's index lists is there. */
async function holdsFilesOf({ repo }: Scene, admin: AdminEntry, folder: string): Promise<boolean> {
  const env = { GIT_INDEX_FILE: path.join(admin.directory, 'index') };
  if ((await lstatOf(env.GIT_INDEX_FILE)) === undefined) return false;
  const { exitCode, stdout } = await repo.git(['ls-files', '-z'], { env, expect: [0, 128] });
  const names = exitCode === 0 ? stdout.split('\0').filter(Boolean).slice(0, SAMPLE) : [];
  const found = await Promise.all(names.map((name) => lstatOf(path.join(folder, name))));
  const there = found.filter((stats) => stats !== undefined).length;
  return there > 0 && there * 2 >= names.length;
}

/**
 * Makes the folder and the record name each other. `git worktree repair <path>` would do that too, but it also writes
 * a `.git` into every other worktree whose own it cannot read, whoever's folder lies there.
 */
export async function joinPlace(admin: AdminEntry, folder: string): Promise<void> {
  const marker = path.join(folder, '.git');
  const back = path.join(admin.directory, 'gitdir');
  const [oldMarker = '', oldBack = ''] = await Promise.all([marker, back].map(readText));
  const isRelative = (text: string): boolean =>
    text.trim() !== '' && !path.isAbsolute(text.replace('gitdir:', '').trim());
  const there = isRelative(oldMarker) ? path.relative(folder, admin.directory) : admin.directory;
  const here = isRelative(oldBack) ? path.relative(admin.directory, marker) : marker;
  await replaceFile(marker, `gitdir: ${there}\n`, 0o644);
  await replaceFile(back, `${here}\n`, 0o644);
}
