import type { Settings } from '../config/schema.ts';
import { WtError } from '../core/errors.ts';

export type Limits = Settings['limits'];

/** What a new session is measured against. */
export interface LimitFacts {
  readonly limits: Limits;
  /** Who says each of them. */
  readonly origins: Readonly<Record<keyof Limits, string>>;
  /** Sessions that there are. */
  readonly sessions: number;
  /** Those that are finished and have not landed; looked for only when they are limited. */
  readonly unreviewed: readonly string[];
  /** Room where the session will lie; `freeInodes` is undefined where the file system has no fixed number of them. */
  readonly disk:
    | { readonly path: string; readonly freeBytes: number; readonly freeInodes: number | undefined }
    | undefined;
  /** What it will take, as far as that can be told before. */
  readonly need: { readonly bytes: number; readonly files: number };
}

/** Throws `limit.reached` or `disk.low` when the machine could not bear one more session. Pure. */
export function requireWithinLimits({ limits, origins, sessions, unreviewed, disk, need }: LimitFacts): void {
  if (limits.sessions > 0 && sessions >= limits.sessions)
    throw new WtError('limit.reached', {
      limit: 'limits.sessions',
      allowed: limits.sessions,
      found: sessions,
      origin: origins.sessions,
    });
  if (limits.unreviewed > 0 && unreviewed.length >= limits.unreviewed)
    throw new WtError('limit.reached', {
      limit: 'limits.unreviewed',
      allowed: limits.unreviewed,
      found: unreviewed.length,
      origin: origins.unreviewed,
      ids: unreviewed,
    });
  if (disk === undefined) return;
  const { path, freeBytes, freeInodes } = disk;
  if (limits.minFreeDisk > 0 && freeBytes - need.bytes < limits.minFreeDisk)
    throw new WtError('disk.low', {
      limit: 'limits.minFreeDisk',
      path,
      free: freeBytes,
      needed: need.bytes,
      keep: limits.minFreeDisk,
      origin: origins.minFreeDisk,
    });
  if (limits.minFreeInodes > 0 && freeInodes !== undefined && freeInodes - need.files < limits.minFreeInodes)
    throw new WtError('disk.low', {
      limit: 'limits.minFreeInodes',
      path,
      free: freeInodes,
      needed: need.files,
      keep: limits.minFreeInodes,
      origin: origins.minFreeInodes,
    });
}

/** What of the kernel's limits matters to programs in sessions; undefined where it cannot be read. */
export interface KernelFacts {
  /** inotify(7): folders that one person's programs may watch at once. */
  readonly watches: number | undefined;
  /** Folders with files in one session. */
  readonly folders: number | undefined;
  /** getrlimit(2), RLIMIT_NOFILE: files that one program may have open. */
  readonly openFiles: number | undefined;
  /** proc(5), file-nr: files open on the whole machine, and how many may be. */
  readonly filesOpen: { readonly used: number; readonly max: number } | undefined;
}

/** A limit of the kernel that programs in so many sessions are likely to meet. */
export type Strain =
  | { readonly kind: 'watches'; readonly max: number; readonly needed: number; readonly sessions: number }
  | { readonly kind: 'open-files'; readonly max: number }
  | { readonly kind: 'files-open'; readonly max: number; readonly used: number };

const FEW_FILES = 1024;

/** Worth a warning and no refusal: whether a program watches its folder nobody knows before. Pure. */
export function findStrains(
  { watches, folders, openFiles, filesOpen }: KernelFacts,
  sessions: number,
): readonly Strain[] {
  const needed = (folders ?? 0) * sessions;
  return [
    ...(watches !== undefined && needed > watches
      ? [{ kind: 'watches' as const, max: watches, needed, sessions }]
      : []),
    ...(openFiles !== undefined && openFiles < FEW_FILES ? [{ kind: 'open-files' as const, max: openFiles }] : []),
    ...(filesOpen !== undefined && filesOpen.used > filesOpen.max * 0.9
      ? [{ kind: 'files-open' as const, ...filesOpen }]
      : []),
  ];
}
