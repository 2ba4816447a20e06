import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';
import { lstatOf } from '../platform/files.ts';

/** Where a reader of a log is: how far it has come, and what lay in `<log>.1` at that time. */
export interface LogPlace {
  readonly offset: number;
  readonly older: string;
}

export interface LogPiece {
  readonly bytes: Buffer;
  readonly next: LogPlace;
}

const CHUNK_BYTES = 1_000_000;
export const LOG_START: LogPlace = { offset: 0, older: '' };

/** All that is there of a log, what was moved into `<log>.1` first. */
export async function readWholeLog(file: string): Promise<LogPiece> {
  for (;;) {
    const older = await stampOf(`${file}.1`);
    const [before, bytes] = [await readFrom(`${file}.1`, 0, Infinity), await readFrom(file, 0, Infinity)];
    // Nothing was moved meanwhile, so that nothing comes twice or is missing.
    if ((await stampOf(`${file}.1`)) !== older) continue;
    const isCopied = before.length > 0 && bytes.subarray(0, before.length).equals(before); // and about to be cut
    const all = isCopied ? bytes : Buffer.concat([before, bytes]);
    return { bytes: all, next: { offset: bytes.length, older: isCopied ? '' : older } };
  }
}

/** What has come since. When the log was cut meanwhile the rest of what was moved comes first. */
export async function readOn(file: string, { offset, older }: LogPlace): Promise<LogPiece> {
  const now = await stampOf(`${file}.1`);
  if (now !== older) {
    if (await isUncut(file)) return { bytes: Buffer.alloc(0), next: { offset, older } };
    const rest = await readFrom(`${file}.1`, offset, Infinity);
    return { bytes: rest, next: { offset: 0, older: now } };
  }
  const bytes = await readFrom(file, offset, CHUNK_BYTES);
  const size = (await lstatOf(file))?.size ?? 0;
  return { bytes, next: { offset: size < offset ? 0 : offset + bytes.length, older } };
}

const HEAD_BYTES = 4096;

/** It has been copied into `<log>.1` and is about to be cut. */
async function isUncut(file: string): Promise<boolean> {
  const [log, older] = await Promise.all([lstatOf(file), lstatOf(`${file}.1`)]);
  if (log === undefined || older === undefined || log.size < older.size) return false;
  const [a, b] = [await readFrom(file, 0, HEAD_BYTES), await readFrom(`${file}.1`, 0, HEAD_BYTES)];
  return a.equals(b);
}

async function stampOf(file: string): Promise<string> {
  const stats = await lstatOf(file);
  return stats === undefined ? '' : `${stats.ino} ${stats.mtimeMs} ${stats.size}`;
}

async function readFrom(file: string, offset: number, limit: number): Promise<Buffer> {
  try {
    const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const { size } = await handle.stat();
      const length = Math.max(0, Math.min(size - offset, limit));
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, offset);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
}

/** The end of a text, from the n-th last line on. Pure. */
export function lastLines(text: string, count: number): string {
  if (count === 0) return '';
  const body = text.endsWith('\n') ? text.slice(0, -1) : text;
  let at = body.length;
  for (let n = 0; n < count; n++) {
    at = at <= 0 ? -1 : body.lastIndexOf('\n', at - 1);
    if (at < 0) return text;
  }
  return text.slice(at + 1);
}

/** Bytes as text, a character that is cut in two kept for the next piece. */
export function textReader(): { add: (bytes: Buffer) => string; end: () => string } {
  const decoder = new StringDecoder('utf8');
  return { add: (bytes) => decoder.write(bytes), end: () => decoder.end() };
}
