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
  if (data.length < HEADER || data.toString('latin1', 0, 4) !== 'DIRC') return undefined;
  const [version, files] = [data.readUInt32BE(4), data.readUInt32BE(8)];
  if (version < 2 || version > 4) return undefined;
  const folders = version < 4 && isWanted(files) ? new Set<string>() : undefined;
  let bytes = 0;
  let at = HEADER;
  for (let i = 0; i < files; i++) {
    const flagsAt = at + HASH_AT + hashBytes;
    if (flagsAt + 2 > data.length) return undefined;
    bytes += Math.ceil(data.readUInt32BE(at + SIZE_AT) / BLOCK) * BLOCK;
    const { nameAt, end } = nameIn(data, flagsAt, version);
    if (end < nameAt) return undefined;
    folders?.add(folderOf(data, nameAt, end));
    at = version === 4 ? end + 1 : at + ((end - at + 8) & ~7);
  }
  return { files, bytes, folders: folders?.size };
}

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
  const slash = data.lastIndexOf(0x2f, to - 1);
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
  const isLong = data.length >= HEADER + hashBytes && data.toString('latin1', 0, 4) === 'DIRC';
  const [version, files] = isLong ? [data.readUInt32BE(4), data.readUInt32BE(8)] : [0, 0];
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

function isHidden(data: Buffer, flagsAt: number): boolean {
  const flags = data.readUInt16BE(flagsAt);
  return (flags & ASSUMED) !== 0 || ((flags & EXTENDED) !== 0 && (data.readUInt16BE(flagsAt + 2) & SKIPPED) !== 0);
}

function isInside(data: Buffer, folder: Buffer, { nameAt, end }: { nameAt: number; end: number }): boolean {
  const after = nameAt + folder.length;
  if (after > end || data[nameAt] !== folder[0] || data.compare(folder, 0, folder.length, nameAt, after) !== 0)
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
