import {
  chmodSync,
  constants,
  copyFileSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  utimesSync,
  type Dirent,
  type Stats,
} from 'node:fs';
import { copyFile, open, unlink } from 'node:fs/promises';
import path from 'node:path';
import { fromErrno } from '../core/errors.ts';

// Many small files: a call that waits for nothing costs a third of one that goes through the thread pool (bench/copy.mjs), so these
// functions block, for less than a millisecond each; who calls them lets others in between. Large files are copied beside.

/** From here on a file is copied beside others, and appears whole or not at all. */
export const LARGE_BYTES = 1024 * 1024;

/** How one path came over: with its bytes; or why it did not. */
export type Copied = { readonly isCloned: boolean } | { readonly skipped: string };

export const IS_THERE = 'is there already';
const WENT = 'went while it was copied';

/** Copies regular files that must not be there yet, with mode and times. Throws `io.disk-full` and `io.failed` when the target takes nothing. */
export interface Copier {
  copySmall(from: string, to: string, stats: Stats): Copied;
  /** Made elsewhere and put in its place, so that an interrupted copy leaves no half a file there. */
  copyLarge(from: string, to: string, stats: Stats): Promise<Copied>;
}

/** A copier with a folder on the target's file system for what is under way. It learns which file systems can share blocks. */
export function createCopier(folder: string): Copier {
  const clones = new Map<number, boolean>();
  let count = 0;
  const clone = (from: string, to: string, device: number): boolean => {
    if (clones.get(device) === false) return false;
    try {
      copyFileSync(from, to, EXCLUSIVE | constants.COPYFILE_FICLONE_FORCE);
      clones.set(device, true);
      return true;
    } catch (error) {
      if (!CANNOT_CLONE.has(codeOf(error))) throw error;
      if (!clones.has(device)) clones.set(device, false);
      return false;
    }
  };
  const copySmall = (from: string, to: string, stats: Stats): Copied =>
    attempt(() => {
      const isCloned = clone(from, to, stats.dev);
      if (!isCloned) copyFileSync(from, to, EXCLUSIVE);
      keepTimes(to, stats);
      return { isCloned };
    });
  return {
    copySmall,
    async copyLarge(from, to, stats) {
      const partial = path.join(folder, `${PARTIAL}${count++}`);
      await unlink(partial).catch(() => {});
      try {
        const isCloned = clone(from, partial, stats.dev);
        if (!isCloned) await (isSparse(stats) ? copySparse(from, partial, stats) : copyFile(from, partial, EXCLUSIVE));
        keepTimes(partial, stats);
        // A link is refused when somebody else has made the file meanwhile; a rename would replace it.
        linkSync(partial, to);
        return { isCloned };
      } catch (error) {
        if (CANNOT_LINK.has(codeOf(error))) return copySmall(from, to, stats);
        return { skipped: reasonOf(error) };
      } finally {
        await unlink(partial).catch(() => {});
      }
    },
  };
}

/** Begins the name of a file that is under way. */
const PARTIAL = 'wt-copy-';
const EXCLUSIVE = constants.COPYFILE_EXCL;
const CANNOT_CLONE = new Set(['ENOTSUP', 'EOPNOTSUPP', 'EINVAL', 'EXDEV', 'ENOSYS', 'ENOTTY', 'EPERM']);
const CANNOT_LINK = new Set(['EXDEV', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

function isSparse(stats: Stats): boolean {
  return stats.blocks * 512 < stats.size;
}

/** Leaves out what holds nothing but zeros. */
async function copySparse(from: string, to: string, stats: Stats): Promise<void> {
  const source = await open(from, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const target = await open(to, 'wx', stats.mode);
    try {
      const buffer = Buffer.alloc(64 * 1024);
      const zeros = Buffer.alloc(buffer.length);
      let size = 0;
      for (;;) {
        const { bytesRead } = await source.read(buffer, 0, buffer.length, size);
        if (bytesRead === 0) break;
        const isHole = buffer.compare(zeros, 0, bytesRead, 0, bytesRead) === 0;
        if (!isHole) await target.write(buffer, 0, bytesRead, size);
        size += bytesRead;
      }
      await target.truncate(size);
      await target.chmod(stats.mode);
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

/** Makes a symbolic link that must not be there yet, with the times of another one. */
export function placeLink(to: string, target: string, times?: Stats): Copied {
  return attempt(() => {
    symlinkSync(target, to);
    if (times !== undefined) lutimesSync(to, times.atimeMs / 1000, times.mtimeMs / 1000);
    return { isCloned: false };
  });
}

/** What lies at the path itself, or undefined when that cannot be said. */
export function peekAt(target: string): Stats | undefined {
  try {
    return lstatSync(target, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** The text of a link, or undefined when there is none. */
export function peekLink(target: string): string | undefined {
  try {
    return readlinkSync(target);
  } catch {
    return undefined;
  }
}

/** Entries of a folder, or why they cannot be listed. */
export function peekInto(folder: string): readonly Dirent[] | { readonly skipped: string } {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    return { skipped: reasonOf(error) };
  }
}

/** Makes a folder that can be written into for now; see {@link finishFolder}. */
export function beginFolder(folder: string, { mode }: Stats): Copied {
  return attempt(() => {
    mkdirSync(folder, { mode: mode | 0o700 });
    return { isCloned: false };
  });
}

/** Gives a folder its mode and times once all is in it. */
export function finishFolder(folder: string, stats: Stats): void {
  attempt(() => {
    chmodSync(folder, stats.mode);
    keepTimes(folder, stats);
    return { isCloned: false };
  });
}

function keepTimes(target: string, { atimeMs, mtimeMs }: Stats): void {
  utimesSync(target, atimeMs / 1000, mtimeMs / 1000);
}

function attempt(copy: () => Copied): Copied {
  try {
    return copy();
  } catch (error) {
    return { skipped: reasonOf(error) };
  }
}

const FATAL = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EMFILE', 'ENFILE']);

/** Why one path could not be copied; throws when no other could be either. */
function reasonOf(error: unknown): string {
  const code = codeOf(error);
  if (code === '' || FATAL.has(code)) throw fromErrno(error) ?? error;
  if (code === 'EEXIST') return IS_THERE;
  return code === 'ENOENT' || code === 'ENOTDIR' ? WENT : `could not be copied (${code})`;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
