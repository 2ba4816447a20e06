import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import type { Script } from 'node:vm';
import type { Env } from './deps.ts';

/**
 * What V8 has compiled for one verb, kept from one run to the next: https://nodejs.org/api/vm.html#scriptcreatecacheddata.
 * V8 itself does not look whether the bytes are whole (it crashes over broken ones), so that is looked at here.
 */
export interface CodeCache {
  /** The compiled code of a chunk. */
  find(chunk: string): Buffer | undefined;
  /** A chunk that was loaded: kept when the program ends well, and there was nothing kept for this verb yet. */
  note(chunk: string, script: Script): void;
}

const MAGIC = 0x7774_6363;
const LIMIT_BYTES = 16 * 1024 * 1024;
/** Of each this many 32-bit words one counts in the sum: every block of a disk has some of them. */
const STRIDE = 64;
const OLD_MS = 30 * 24 * 3600 * 1000;

/** Beside the program, else among the person's caches. A build that is worked on keeps to what it has made itself. */
export function listCacheFolders(dist: string, env: Env): readonly string[] {
  const said = env['XDG_CACHE_HOME'] ?? '';
  const home = env['HOME'] ?? '';
  const own = isAbsolute(said) ? said : isAbsolute(home) ? join(home, '.cache') : undefined;
  return [join(dist, 'cache'), ...(own === undefined ? [] : [join(own, 'wt', 'code')])];
}

/** The cache of a verb; `key` names the build, the Node.js and the machine. Undefined where nobody can own a file. */
export function openCodeCache(folders: readonly string[], key: string, verb: string): CodeCache | undefined {
  const user = process.getuid?.();
  if (user === undefined) return undefined;
  for (const folder of folders) {
    const bytes = readOwn(join(folder, key, verb), user, dirname(folder));
    const parts = bytes === undefined ? undefined : parseCache(bytes);
    if (parts !== undefined) return { find: (chunk) => parts.get(chunk), note: () => {} };
  }
  const scripts: (readonly [string, Script])[] = [];
  process.on('exit', (code) => {
    if (code === 0) keep(scripts, folders, key, verb);
  });
  return { find: () => undefined, note: (chunk, script) => void scripts.push([chunk, script]) };
}

/** A file of this user's, or of whoever owns the program, that nobody else can write. */
function readOwn(file: string, user: number, dist: string): Buffer | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const { uid, mode, size } = fstatSync(fd);
    const isTrusted = (mode & constants.S_IFMT) === constants.S_IFREG && (mode & 0o022) === 0 && size <= LIMIT_BYTES;
    if (!isTrusted || (uid !== user && uid !== statSync(dist).uid)) return undefined;
    const bytes = Buffer.allocUnsafeSlow(size);
    return readSync(fd, bytes, 0, size, 0) === size ? bytes : undefined;
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** Chunks by name, or undefined for bytes that are not whole. Pure. */
export function parseCache(bytes: Buffer): ReadonlyMap<string, Buffer> | undefined {
  if (bytes.length < 16 || bytes.length % 8 !== 0) return undefined;
  if (bytes.readInt32LE(0) !== MAGIC || bytes.readInt32LE(4) !== bytes.length) return undefined;
  if (bytes.readInt32LE(8) !== sumOf(bytes)) return undefined;
  const parts = new Map<string, Buffer>();
  const headLength = bytes.readInt32LE(12);
  let at = 16 + padded(headLength);
  for (const line of bytes.toString('latin1', 16, 16 + headLength).split('\n')) {
    const [name = '', length = ''] = line.split(' ');
    parts.set(name, bytes.subarray(at, at + Number(length)));
    at += padded(Number(length));
  }
  return at === bytes.length ? parts : undefined;
}

/** The other way round. Pure. */
export function formatCache(parts: readonly (readonly [string, Buffer])[]): Buffer {
  const head = parts.map(([name, { length }]) => `${name} ${length}`).join('\n');
  const bytes = Buffer.alloc(16 + padded(head.length) + parts.reduce((sum, [, part]) => sum + padded(part.length), 0));
  bytes.writeInt32LE(MAGIC, 0);
  bytes.writeInt32LE(bytes.length, 4);
  bytes.writeInt32LE(head.length, 12);
  bytes.write(head, 16, 'latin1');
  let at = 16 + padded(head.length);
  for (const [, part] of parts) {
    part.copy(bytes, at);
    at += padded(part.length);
  }
  bytes.writeInt32LE(sumOf(bytes), 8);
  return bytes;
}

const padded = (length: number): number => Math.ceil(length / 8) * 8;

/** Tells bytes that a crash has left half-written: their length is right, and blocks of them are empty. */
function sumOf(bytes: Buffer): number {
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  let sum = 17;
  for (let i = 3; i < words.length; i += STRIDE) sum = (Math.imul(sum, 31) + (words[i] ?? 0)) | 0;
  return sum;
}

/** Whatever is in the way of it: then nothing is kept. */
function keep(
  scripts: readonly (readonly [string, Script])[],
  folders: readonly string[],
  key: string,
  verb: string,
): void {
  const [beside = ''] = folders;
  if (existsSync(join(dirname(beside), '.build.json'))) return;
  const bytes = formatCache(scripts.map(([chunk, script]) => [chunk, script.createCachedData()]));
  for (const folder of folders) {
    try {
      writeWhole(join(folder, key), verb, bytes, folder === beside ? 0o755 : 0o700);
      return;
    } catch {
      // read only, full, or somebody else's: the next one
    }
  }
}

function writeWhole(folder: string, name: string, bytes: Buffer, mode: number): void {
  if (mkdirSync(folder, { recursive: true, mode }) !== undefined) dropOld(dirname(folder));
  const { uid } = lstatSync(folder);
  if (uid !== process.getuid?.()) throw new Error('somebody else owns it');
  const temporary = join(folder, `${name}.${process.pid}.tmp`);
  const fd = openSync(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o644);
  try {
    writeSync(fd, bytes);
    fsyncSync(fd);
    renameSync(temporary, join(folder, name));
  } catch (error) {
    unlinkSync(temporary);
    throw error;
  } finally {
    closeSync(fd);
  }
}

/** What builds that nobody runs any more have left. */
function dropOld(folder: string): void {
  for (const name of readdirSync(folder)) {
    const old = join(folder, name);
    if (performance.timeOrigin - statSync(old).mtimeMs > OLD_MS) rmSync(old, { recursive: true, force: true });
  }
}
