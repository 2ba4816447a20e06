import path from 'node:path';
import { WtError } from '../core/errors.ts';
import { lstatOf, makePrivateDirectory, moveDurably, readSmallFile, replaceFile } from '../platform/files.ts';
import type { Lease } from '../platform/lock.ts';
import { EMPTY, formatRegistry, parseRegistry, VERSION, type RegistryFile } from './file.ts';

const LIMIT_BYTES = 4 * 1024 * 1024;

/** What was found where the registry should be. */
export interface RegistryRead {
  readonly file: RegistryFile;
  readonly state: 'ok' | 'missing' | 'damaged';
  /** Why it is damaged. */
  readonly reason?: string;
}

/** Reads the registry. Damage is an answer (the caller rebuilds); throws `registry.too-new`, and `path.unsafe` for a planted file. */
export async function readRegistry(file: string): Promise<RegistryRead> {
  await requirePlainFolder(path.dirname(file));
  const content = await readSmallFile(file, LIMIT_BYTES);
  if (content === undefined) return { file: EMPTY, state: 'missing' };
  if ('refused' in content) throw new WtError('registry.damaged', { path: file, reason: content.refused });
  const parsed = parseRegistry(content.text);
  if (parsed.kind === 'too-new')
    throw new WtError('registry.too-new', { path: file, found: parsed.found, known: VERSION });
  return parsed.kind === 'ok'
    ? { file: parsed.file, state: 'ok' }
    : { file: parsed.file, state: 'damaged', reason: parsed.reason };
}

/**
 * The number to write under. A file may be ahead of a lock folder that was deleted and made anew: who is still the last
 * holder may write, and keeps the higher number.
 */
export async function fencingNumber(
  lease: Pick<Lease, 'generation' | 'isCurrent'>,
  before: RegistryFile,
): Promise<number> {
  return before.generation > lease.generation && (await lease.isCurrent()) ? before.generation : lease.generation;
}

/** Writes under the lock whose fencing number is given; refuses when a later holder has already written. */
export async function writeRegistry(
  file: string,
  before: RegistryFile,
  sessions: RegistryFile['sessions'],
  generation: number,
): Promise<RegistryFile> {
  if (before.generation > generation) throw new WtError('registry.busy', { holder: 'a later wt command', waitedMs: 0 });
  const next: RegistryFile = { ...before, sessions, revision: before.revision + 1, generation };
  await makePrivateDirectory(path.dirname(file));
  await replaceFile(file, formatRegistry(next));
  return next;
}

/** Moves a damaged registry aside and says where it went. */
export async function setAside(file: string, now: Date): Promise<string> {
  const aside = `${file}.corrupt-${now.toISOString().replaceAll(/[:.]/g, '-')}`;
  await moveDurably(file, aside);
  return aside;
}

/** `.worktrees` must be a real directory: one that a clone brought along as a link would lead out of the repository. */
export async function requirePlainFolder(folder: string): Promise<void> {
  const stats = await lstatOf(folder);
  if (stats === undefined || stats.isDirectory()) return;
  throw new WtError('path.unsafe', {
    path: folder,
    reason: stats.isSymbolicLink() ? 'it is a symbolic link' : 'it is not a directory',
  });
}
