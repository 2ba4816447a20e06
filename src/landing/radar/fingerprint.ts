import { createHash } from 'node:crypto';
import { readFile, readlink } from 'node:fs/promises';
import path from 'node:path';
import { lstatOf } from '../../platform/files.ts';

const LIMIT_BYTES = 16 * 1024 * 1024;

/**
 * A text that is the same only while the index and the changed files hold the same: bytes, kind and executable bit are read,
 * no time is believed. Undefined when it is not worth it, or cannot be told.
 */
export async function fingerprint(
  worktree: string,
  index: string,
  changed: readonly string[],
): Promise<string | undefined> {
  const hash = createHash('sha256');
  let left = LIMIT_BYTES;
  for (const file of [index, ...changed.map((name) => path.join(worktree, name))]) {
    const stats = await lstatOf(file);
    if (stats !== undefined && !stats.isFile() && !stats.isSymbolicLink()) return undefined;
    left -= stats?.size ?? 0;
    if (left < 0) return undefined;
    const kind = stats === undefined ? 'gone' : stats.isSymbolicLink() ? 'link' : (stats.mode & 0o100) > 0 ? 'x' : 'f';
    const content = stats === undefined ? '' : kind === 'link' ? await readlink(file, 'buffer') : await readFile(file);
    hash.update(`${JSON.stringify(file)} ${kind} ${content.length}\n`).update(content);
  }
  return hash.digest('hex');
}
