import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  createWriteStream,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  type Dirent,
  type Stats,
} from 'node:fs';
import { access, chmod, copyFile, mkdir, open, rename, rm, rmdir, unlink } from 'node:fs/promises';
import path from 'node:path';

/** For reading what may be a pipe that somebody has put there: it counts as empty, and nobody is waited for. */
const READ = constants.O_RDONLY | constants.O_NONBLOCK;

// A small look is answered at once: handing it to another thread and back costs ten times what the kernel takes for it.

/** The file's text, or undefined when there is none. */
export async function readText(file: string): Promise<string | undefined> {
  return atOnce(() => readOpened(openSync(file, READ)));
}

/** What lies at the path itself, links not followed, or undefined. */
export async function lstatOf(target: string): Promise<Stats | undefined> {
  return atOnce(() => lstatSync(target, { throwIfNoEntry: false }));
}

/** What tells whether a file was written since; undefined when there is none. */
export async function fileMark(file: string): Promise<string | undefined> {
  const stats = await lstatOf(file);
  return stats === undefined ? undefined : `${stats.ino} ${stats.size} ${stats.mtimeMs}`;
}

export async function listDirectory(directory: string): Promise<readonly Dirent[]> {
  return atOnce(() => readdirSync(directory, { withFileTypes: true })) ?? [];
}

/** The path with every link resolved, or the path as it was when it is missing. */
export async function realPathOf(target: string): Promise<string> {
  return atOnce(() => realpathSync.native(target)) ?? path.resolve(target);
}

export async function makePrivateDirectory(directory: string): Promise<void> {
  const made = await mkdir(directory, { recursive: true, mode: 0o700 });
  if (made !== undefined) await chmod(directory, 0o700);
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
  const text = atOnce(() => readOpened(openSync(file, READ | constants.O_NOFOLLOW)));
  return text === undefined ? undefined : { text }; // undefined: it went this very moment
}

/** The bytes of a regular file, never through a link; undefined when there is none. Throws EFBIG for one that is too large. */
export async function readBytes(file: string, limitBytes: number): Promise<Buffer | undefined> {
  const handle = await orUndefined(open(file, READ | constants.O_NOFOLLOW));
  if (handle === undefined) return undefined;
  try {
    const stats = await handle.stat();
    if (!stats.isFile() || stats.size > limitBytes) throw tooLarge(file);
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

function tooLarge(file: string): NodeJS.ErrnoException {
  const message = `EFBIG: not a regular file of a usual size, open '${file}'`;
  return Object.assign(new Error(message), { code: 'EFBIG', syscall: 'open', path: file });
}

/** Replaces a file at once: readers see the old or the new text, also after a crash (temp file, fsync, rename, fsync). */
export async function replaceFile(
  file: string,
  text: string | Uint8Array,
  mode = 0o600,
  { isDurable = true } = {},
): Promise<void> {
  const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`;
  const handle = await open(temporary, 'wx', mode);
  try {
    await handle.writeFile(text);
    if (isDurable) await handle.sync();
    await rename(temporary, file);
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw error;
  } finally {
    await handle.close();
  }
  if (isDurable) await syncDirectory(path.dirname(file));
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
  const handle = await open(
    file,
    constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    0o600,
  );
  try {
    await handle.write(text);
    if (isDurable) await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The last bytes of a file as text; '' when there is none. */
export async function readTail(file: string, bytes: number): Promise<string> {
  const handle = await orUndefined(open(file, READ));
  if (handle === undefined) return '';
  try {
    const { size } = await handle.stat();
    const length = Math.min(size, bytes);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** The whole lines of a file from a byte on, and where they end; nothing when there are none. */
export async function readLinesFrom(file: string, from: number): Promise<{ text: string; end: number }> {
  const handle = await orUndefined(open(file, READ));
  if (handle === undefined) return { text: '', end: 0 };
  try {
    const { size } = await handle.stat();
    const start = size < from ? 0 : from; // another file has taken its place
    const length = size - start;
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, start);
    const whole = buffer.subarray(0, bytesRead).lastIndexOf(0x0a) + 1;
    return { text: buffer.toString('utf8', 0, whole), end: start + whole };
  } finally {
    await handle.close();
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
  await orUndefined(unlink(file));
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
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function orUndefined<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    return undefinedFor(error);
  }
}

function readOpened(fd: number): string {
  try {
    return readFileSync(fd, 'utf8');
  } finally {
    closeSync(fd);
  }
}

function atOnce<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    return undefinedFor(error);
  }
}

function undefinedFor(error: unknown): undefined {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
  throw error;
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

/** Whether this user may run a file as a program. */
export async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** The first program of that name on PATH that may be executed. */
export async function findProgram(
  env: Readonly<Record<string, string | undefined>>,
  name: string,
): Promise<string | undefined> {
  for (const folder of (env['PATH'] ?? '').split(path.delimiter)) {
    const file = path.join(folder, name);
    if (!path.isAbsolute(folder) || (await lstatOf(await realPathOf(file)))?.isFile() !== true) continue;
    const mayRun = access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (await mayRun) return file;
  }
  return undefined;
}
