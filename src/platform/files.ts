import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  constants,
  createWriteStream,
  fstatSync,
  fsync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  realpathSync,
  renameSync,
  unlinkSync,
  writeFileSync,
  writeSync,
  type Dirent,
  type Stats,
} from 'node:fs';
import { chmod, copyFile, mkdir, rename, rm, rmdir, unlink } from 'node:fs/promises';
import path from 'node:path';

// Small files are read and written by the calls that wait: through the thread pool each costs ten times its processor time.

/** For reading what may be a pipe that somebody has put there: it counts as empty, and nobody is waited for. */
const READ = constants.O_RDONLY | constants.O_NONBLOCK;

/** The file's text, or undefined when there is none. */
export async function readText(file: string): Promise<string | undefined> {
  return readTextNow(file);
}

/** The same without giving way, and without the cost of an error where there is none: for the few short files of many folders. */
export function readTextNow(file: string): string | undefined {
  try {
    return lstatSync(file, { throwIfNoEntry: false }) && readUtf8(file, READ);
  } catch (error) {
    return undefinedIfMissing(error);
  }
}

function readUtf8(file: string, flags: number): string {
  const fd = openSync(file, flags);
  try {
    return readFileSync(fd, 'utf8');
  } finally {
    closeSync(fd);
  }
}

/** What lies at the path itself, links not followed, or undefined. */
export async function lstatOf(target: string): Promise<Stats | undefined> {
  return orUndefined(() => lstatSync(target, { throwIfNoEntry: false }));
}

/** What tells whether a file was written since; undefined when there is none. */
export async function fileMark(file: string): Promise<string | undefined> {
  const stats = await lstatOf(file);
  return stats === undefined ? undefined : `${stats.ino} ${stats.size} ${stats.mtimeMs}`;
}

export async function listDirectory(directory: string): Promise<readonly Dirent[]> {
  return (await orUndefined(() => readdirSync(directory, { withFileTypes: true }))) ?? [];
}

/** The path with every link resolved, or the path as it was when it is missing. */
export async function realPathOf(target: string): Promise<string> {
  return (await orUndefined(() => realpathSync.native(target))) ?? path.resolve(target);
}

export async function makePrivateDirectory(directory: string): Promise<void> {
  const made = mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (made !== undefined) chmodSync(directory, 0o700);
}

/** A folder with the permissions the person's umask gives, and its parents. */
export async function makeDirectory(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
}

/** Takes every permission of group and others away; a link is left alone. */
export async function makePrivate(target: string): Promise<void> {
  const stats = await lstatOf(target);
  if (stats !== undefined && !stats.isSymbolicLink()) await chmod(target, stats.mode & 0o700);
}

/**
 * Reads a small file that somebody else may have put there: never through a link, never a device or FIFO.
 * Returns undefined when there is none, or the reason why it is not read.
 */
export async function readSmallFile(
  file: string,
  limitBytes: number,
): Promise<{ text: string } | { refused: string } | undefined> {
  const stats = await lstatOf(file);
  if (stats === undefined) return undefined;
  if (!stats.isFile())
    return { refused: stats.isSymbolicLink() ? 'it is a symbolic link' : 'it is not a regular file' };
  if (stats.size > limitBytes) return { refused: `it is larger than ${limitBytes} bytes` };
  const text = await orUndefined(() => readUtf8(file, READ | constants.O_NOFOLLOW));
  return text === undefined ? undefined : { text }; // else it went this very moment
}

/** The bytes of a regular file, never through a link; undefined when there is none. Throws EFBIG for one that is too large. */
export async function readBytes(file: string, limitBytes: number): Promise<Buffer | undefined> {
  const fd = await orUndefined(() => openSync(file, READ | constants.O_NOFOLLOW));
  if (fd === undefined) return undefined;
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile() || stats.size > limitBytes) throw tooLarge(file);
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}

function tooLarge(file: string): NodeJS.ErrnoException {
  const message = `EFBIG: not a regular file of a usual size, open '${file}'`;
  return Object.assign(new Error(message), { code: 'EFBIG', syscall: 'open', path: file });
}

/**
 * Replaces a file at once: readers see the old or the new text, also after a crash (temp file, fsync, rename, fsync). Without
 * `isNamed` it is whole on the disk, and its name comes there with the next file that is replaced in the same folder.
 */
export async function replaceFile(
  file: string,
  text: string | Uint8Array,
  mode = 0o600,
  options: { readonly isDurable?: boolean; readonly isNamed?: boolean } = {},
): Promise<void> {
  const { isDurable = true } = options;
  const { isNamed = isDurable } = options;
  const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`;
  const fd = openSync(temporary, 'wx', mode);
  try {
    writeFileSync(fd, text);
    if (isDurable) await syncToDisk(fd);
    renameSync(temporary, file);
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw error;
  } finally {
    closeSync(fd);
  }
  if (isNamed) await syncDirectory(path.dirname(file));
}

/**
 * The same for a file in a folder of somebody else's: what is half-written lies in `folder`, wt's own, unless that is on another
 * file system. One writer at a time.
 */
export async function replaceFileFrom(folder: string, file: string, bytes: Uint8Array, mode: number): Promise<void> {
  const temporary = path.join(folder, `${path.basename(file)}.new`);
  await replaceFile(temporary, bytes, mode);
  try {
    await rename(temporary, file);
  } catch (error) {
    await unlink(temporary).catch(() => {});
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    await replaceFile(file, bytes, mode);
  }
  await syncDirectory(path.dirname(file));
}

/** Takes away what {@link replaceFile} of a process that was killed has left beside a file. */
export async function dropHalfWritten(file: string): Promise<void> {
  const [folder, base] = [path.dirname(file), path.basename(file)];
  for (const { name } of await listDirectory(folder))
    if (name.startsWith(`${base}.`) && /^\.[0-9a-f]{12}\.tmp$/.test(name.slice(base.length)))
      await removeFile(path.join(folder, name));
}

/** Appends with one write to a file opened with O_APPEND; on the disk when it returns, unless that is not waited for. */
export async function appendText(file: string, text: string, { isDurable = true } = {}): Promise<void> {
  const fd = openSync(
    file,
    constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    0o600,
  );
  try {
    writeSync(fd, text);
    if (isDurable) await syncToDisk(fd);
  } finally {
    closeSync(fd);
  }
}

/** The last bytes of a file as text; '' when there is none. */
export async function readTail(file: string, bytes: number): Promise<string> {
  const fd = await orUndefined(() => openSync(file, READ));
  if (fd === undefined) return '';
  try {
    const { size } = fstatSync(fd);
    const length = Math.min(size, bytes);
    const buffer = Buffer.allocUnsafe(length);
    return buffer.toString('utf8', 0, readSync(fd, buffer, 0, length, size - length));
  } finally {
    closeSync(fd);
  }
}

/** The whole lines of a file from a byte on, and where they end; nothing when there are none. */
export async function readLinesFrom(file: string, from: number): Promise<{ text: string; end: number }> {
  const fd = await orUndefined(() => openSync(file, READ));
  if (fd === undefined) return { text: '', end: 0 };
  try {
    const { size } = fstatSync(fd);
    const start = size < from ? 0 : from; // another file has taken its place
    const length = size - start;
    const buffer = Buffer.allocUnsafe(length);
    const bytesRead = readSync(fd, buffer, 0, length, start);
    const whole = buffer.subarray(0, bytesRead).lastIndexOf(0x0a) + 1;
    return { text: buffer.toString('utf8', 0, whole), end: start + whole };
  } finally {
    closeSync(fd);
  }
}

/** Renames on one file system and makes it durable. No fallback: what cannot be renamed stays where it is. */
export async function moveDurably(from: string, to: string): Promise<void> {
  await rename(from, to);
  await syncDirectory(path.dirname(to));
  await syncDirectory(path.dirname(from));
}

/** Copies a file beside itself, under a free name; nothing is ever written over. Returns the copy's path. */
export async function keepAside(file: string): Promise<string> {
  for (let n = 1; ; n++) {
    const copy = `${file}.aside${n === 1 ? '' : `-${n}`}`;
    try {
      await copyFile(file, copy, constants.COPYFILE_EXCL);
      return copy;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

/** Unlinks one file of wt's own; a missing one is fine. */
export async function removeFile(file: string): Promise<void> {
  await orUndefined(() => unlinkSync(file));
}

/** Removes a folder when nothing is in it. */
export async function removeEmptyDirectory(directory: string): Promise<void> {
  await rmdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (!['ENOENT', 'ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(error.code ?? '')) throw error;
  });
}

/** Deletes a tree that wt itself has just made and nobody has been told of. Never anything else. */
export async function discardOwnTree(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true, maxRetries: 3 });
}

async function syncDirectory(directory: string): Promise<void> {
  const fd = openSync(directory, 'r');
  try {
    await syncToDisk(fd);
  } finally {
    closeSync(fd);
  }
}

/** The one call that may take long. */
function syncToDisk(fd: number): Promise<void> {
  return new Promise((resolve, reject) => fsync(fd, (error) => (error === null ? resolve() : reject(error))));
}

async function orUndefined<T>(read: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    return undefinedIfMissing(error);
  }
}

function undefinedIfMissing(error: unknown): undefined {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
}

/** A file that grows line by line while something runs; made anew, for its owner only. */
export interface Log {
  write(text: string): void;
  end(): Promise<void>;
}

export async function openLog(file: string): Promise<Log> {
  await makePrivateDirectory(path.dirname(file));
  const stream = createWriteStream(file, { flags: 'wx', mode: 0o600 });
  let trouble: Error | undefined;
  stream.on('error', (error) => (trouble ??= error));
  return {
    write: (text) => void stream.write(text),
    async end() {
      await new Promise<void>((resolve) => stream.end(() => resolve()));
      if (trouble !== undefined) throw trouble;
    },
  };
}
