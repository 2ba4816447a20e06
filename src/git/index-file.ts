import { readFile } from 'node:fs/promises';
import { readBytes } from '../platform/files.ts';

/** What the files of a worktree take, as its index has them. */
export interface IndexSize {
  readonly files: number;
  /** In blocks of four kilobytes, as most file systems give them out. */
  readonly bytes: number;
  /** Folders with files in them; undefined when they were not counted. */
  readonly folders: number | undefined;
}

const HEADER = 12;
const SIZE_AT = 36;
const HASH_AT = 40;
const BLOCK = 4096;
const EXTENDED = 0x4000;
const NAME_BITS = 0x0f_ff;

/**
 * Sizes that git has noted in an index (gitformat-index(5), versions 2 to 4), without asking git; undefined when it cannot be read.
 * Folders are counted only where the number of files makes them wanted.
 */
export async function measureIndex(
  file: string,
  hashBytes: number,
  isWanted: (files: number) => boolean = () => true,
): Promise<IndexSize | undefined> {
  const data = await readFile(file).catch(() => undefined);
  return data === undefined ? undefined : parseIndexSize(data, hashBytes, isWanted);
}

function parseIndexSize(data: Buffer, hashBytes: number, isWanted: (files: number) => boolean): IndexSize | undefined {
  const head = parseHead(data);
  if (head === undefined) return undefined;
  const folders = head.version < 4 && isWanted(head.files) ? new Set<string>() : undefined;
  let bytes = 0;
  const end = walkEntries(data, hashBytes, head, (at, nameAt, nameEnd) => {
    bytes += Math.ceil(data.readUInt32BE(at + SIZE_AT) / BLOCK) * BLOCK;
    folders?.add(folderOf(data, nameAt, nameEnd));
  });
  return end === undefined ? undefined : { files: head.files, bytes, folders: folders?.size };
}

interface Head {
  readonly version: number;
  readonly files: number;
}

function parseHead(data: Buffer): Head | undefined {
  if (data.length < HEADER || data.toString('latin1', 0, 4) !== 'DIRC') return undefined;
  const [version, files] = [data.readUInt32BE(4), data.readUInt32BE(8)];
  return version < 2 || version > 4 ? undefined : { version, files };
}

/** Calls with where each entry and its name begin, and where the name ends. Returns where the entries end; undefined: they are cut off. */
function walkEntries(
  data: Buffer,
  hashBytes: number,
  { version, files }: Head,
  visit: (at: number, nameAt: number, nameEnd: number) => void,
): number | undefined {
  let at = HEADER;
  for (let i = 0; i < files; i++) {
    const flagsAt = at + HASH_AT + hashBytes;
    if (flagsAt + 2 > data.length) return undefined;
    const { nameAt, end } = nameIn(data, flagsAt, version);
    if (end < nameAt) return undefined;
    visit(at, nameAt, end);
    at = version === 4 ? end + 1 : at + ((end - at + 8) & ~7);
  }
  return at;
}

/** What tells whether `git status` has to read contents because it cannot trust the times that an index holds. */
export interface Racy {
  /** Entries whose file was written in the second in which the index was, or later, and their bytes. */
  readonly files: number;
  readonly bytes: number;
  /** A copy of it stands for itself: nothing of it lies in another file, no entry is a repository, no extension is unknown. */
  readonly isCopyable: boolean;
}

/** Of an index that was written at that second; undefined when it cannot be read. Pure. */
export function parseRacy(data: Buffer, hashBytes: number, writtenAt: number): Racy | undefined {
  const head = parseHead(data);
  if (head === undefined) return undefined;
  let [files, bytes, hasRepository] = [0, 0, false];
  const end = walkEntries(data, hashBytes, head, (at) => {
    if (data.readUInt32BE(at + MODE_AT) >>> 12 === REPOSITORY) hasRepository = true;
    if (data.readUInt32BE(at + WRITTEN_AT) < writtenAt) return;
    files++;
    bytes += data.readUInt32BE(at + SIZE_AT);
  });
  if (end === undefined) return undefined;
  return { files, bytes, isCopyable: !hasRepository && hasPlainExtensions(data, end, data.length - hashBytes) };
}

const WRITTEN_AT = 8;
const MODE_AT = 24;
const REPOSITORY = 0o16;
// Trees, resolved conflicts, untracked files, and where to find things. Not: a split or sparse index, a file system monitor.
const PLAIN = new Set(['TREE', 'REUC', 'UNTR', 'EOIE', 'IEOT']);

function hasPlainExtensions(data: Buffer, from: number, to: number): boolean {
  let at = from;
  while (at + 8 <= to) {
    if (!PLAIN.has(data.toString('latin1', at, at + 4))) return false;
    at += 8 + data.readUInt32BE(at + 4);
  }
  return at === to;
}

/** An entry's object and path. */
export interface IndexEntry {
  readonly object: string;
  readonly path: string;
}

/** Entries of files of that name, in any folder; undefined when they cannot be told without git. Pure. */
export function parseEntriesNamed(data: Buffer, hashBytes: number, name: string): readonly IndexEntry[] | undefined {
  const head = parseHead(data);
  if (head === undefined || head.version === 4) return undefined;
  if (!data.includes(name)) return [];
  const found: IndexEntry[] = [];
  const wanted = Buffer.from(name);
  const end = walkEntries(data, hashBytes, head, (at, nameAt, nameEnd) => {
    const from = nameEnd - wanted.length;
    if (from < nameAt || data.compare(wanted, 0, wanted.length, from, nameEnd) !== 0) return;
    if (from > nameAt && data[from - 1] !== SLASH) return;
    const object = data.toString('hex', at + HASH_AT, at + HASH_AT + hashBytes);
    found.push({ object, path: data.toString('utf8', nameAt, nameEnd) });
  });
  return end === undefined ? undefined : found;
}

const SLASH = 0x2f;

/** Where the name of an entry begins and ends. */
function nameIn(data: Buffer, flagsAt: number, version: number): { nameAt: number; end: number } {
  const flags = data.readUInt16BE(flagsAt);
  const nameAt = flagsAt + ((flags & EXTENDED) === 0 ? 2 : 4);
  const length = flags & NAME_BITS;
  const isCounted = version < 4 && length < NAME_BITS;
  return { nameAt, end: isCounted ? nameAt + length : data.indexOf(0, skipNumber(data, nameAt, version)) };
}

/** Version 4 begins a name with how much of the one before it drops: seven bits a byte, the highest says that more come. */
function skipNumber(data: Buffer, at: number, version: number): number {
  if (version < 4) return at;
  let next = at;
  while (((data[next] ?? 0) & 0x80) !== 0) next++;
  return next + 1;
}

function folderOf(data: Buffer, from: number, to: number): string {
  const slash = data.lastIndexOf(SLASH, to - 1);
  return slash < from ? '' : data.toString('latin1', from, slash);
}

/** An index on disk, and how long its object ids are. */
export interface IndexPlace {
  readonly file: string;
  readonly hashBytes: number;
}

export interface IndexLook {
  /** Some path is assumed unchanged, or left out of the worktree. */
  readonly hasHidden: boolean;
  /** The first path that is the folder asked for, or lies in it. */
  readonly inFolder: string | undefined;
}

const LOOK_LIMIT_BYTES = 256 * 1024 * 1024;
const ASSUMED = 0x80_00;
const SKIPPED = 0x40_00;

/**
 * What git would say of an index, without a process for it; undefined when only git can tell: names that are compressed (version 4), an index in
 * two halves or with whole folders in it (extensions `link` and `sdir`), and what cannot be read. One that is not there is empty.
 */
export async function lookIntoIndex({ file, hashBytes }: IndexPlace, folder?: string): Promise<IndexLook | undefined> {
  try {
    const data = await readBytes(file, LOOK_LIMIT_BYTES);
    return data === undefined ? { hasHidden: false, inFolder: undefined } : parseIndexLook(data, hashBytes, folder);
  } catch {
    return undefined;
  }
}

/** Pure half of {@link lookIntoIndex}. */
export function parseIndexLook(data: Buffer, hashBytes: number, folder?: string): IndexLook | undefined {
  const { version, files } = headerOf(data, hashBytes);
  if (![2, 3, folder === undefined ? 4 : 3].includes(version)) return undefined;
  const wanted = Buffer.from(folder ?? '');
  let hasHidden = false;
  let inFolder: string | undefined;
  let at = HEADER;
  for (let i = 0; i < files; i++) {
    const flagsAt = at + HASH_AT + hashBytes;
    if (flagsAt + 4 > data.length) return undefined;
    hasHidden ||= isHidden(data, flagsAt);
    const { nameAt, end } = nameIn(data, flagsAt, version);
    if (end < nameAt || end >= data.length) return undefined;
    if (wanted !== undefined && isInside(data, wanted, { nameAt, end }))
      inFolder ??= data.toString('utf8', nameAt, end);
    at = version === 4 ? end + 1 : at + ((end - at + 8) & ~7);
  }
  return hasOnlyOptional(data, at, data.length - hashBytes) ? { hasHidden, inFolder } : undefined;
}

function headerOf(data: Buffer, hashBytes: number): { version: number; files: number } {
  const isIndex = data.length >= HEADER + hashBytes && data.toString('latin1', 0, 4) === 'DIRC';
  return isIndex ? { version: data.readUInt32BE(4), files: data.readUInt32BE(8) } : { version: 0, files: 0 };
}

function isHidden(data: Buffer, flagsAt: number): boolean {
  const flags = data.readUInt16BE(flagsAt);
  return (flags & ASSUMED) !== 0 || ((flags & EXTENDED) !== 0 && (data.readUInt16BE(flagsAt + 2) & SKIPPED) !== 0);
}

function isInside(data: Buffer, folder: Buffer, { nameAt, end }: { nameAt: number; end: number }): boolean {
  const after = nameAt + folder.length;
  if (
    folder.length === 0 ||
    after > end ||
    data[nameAt] !== folder[0] ||
    data.compare(folder, 0, folder.length, nameAt, after) !== 0
  )
    return false;
  return after === end || data[after] === 0x2f;
}

/** An extension whose name begins with a small letter changes what the entries mean (gitformat-index(5)). */
function hasOnlyOptional(data: Buffer, from: number, to: number): boolean {
  let at = from;
  while (at + 8 <= to) {
    const first = data[at] ?? 0;
    if (first < 0x41 || first > 0x5a) return false;
    at += 8 + data.readUInt32BE(at + 4);
  }
  return at === to;
}
