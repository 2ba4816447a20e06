import path from 'node:path';
import { originOf, type Config } from '../config/load.ts';
import { variableFor } from '../config/variables.ts';
import { WtError } from '../core/errors.ts';
import { measureIndex } from '../git/index-file.ts';
import { spaceAt, treeSize, type Space } from '../platform/disk.ts';
import type { Env } from '../platform/deps.ts';
import { lstatOf } from '../platform/files.ts';
import { readFilesOpen, readOpenFileLimit, readWatchLimit } from '../platform/kernel.ts';
import type { Definition } from '../setup/definition.ts';
import {
  findStrains,
  requireWithinLimits,
  type KernelFacts,
  type LimitFacts,
  type Limits,
  type Strain,
} from '../setup/limits.ts';
import { requirePorts, type PortLease, type PortPlan } from '../setup/ports.ts';
import type { Book } from './book.ts';
import { findPorts } from './ports.ts';
import type { Repo } from './repo.ts';

/** What decides whether the machine bears one more session, and which ports it gets. */
export interface Capacity {
  readonly limits: LimitFacts;
  readonly strains: readonly Strain[];
  readonly ports: PortPlan;
  readonly wanted: Definition['ports'];
}

/** Who says how much is too much, in words, by limit. Pure. */
function originsOf(config: Config, env: Env): Readonly<Record<keyof Limits, string>> {
  const keys = Object.keys(config.settings.limits) as (keyof Limits)[];
  const origins = Object.fromEntries(keys.map((key) => [key, originText(config, `limits.${key}`, env)]));
  return origins as Record<keyof Limits, string>;
}

function originText(config: Config, key: string, env: Env): string {
  const { name, file } = originOf(config, key);
  return name === 'environment' ? (variableFor(key, env) ?? name) : (file ?? 'the default');
}

/** Reads only, and starts no git process unless unreviewed sessions are limited and may be too many. */
export async function gatherCapacity(
  repo: Repo,
  book: Book,
  definition: Definition,
  { id, hashBytes }: { id: string; hashBytes: number },
): Promise<Capacity> {
  const { limits } = definition.settings;
  const origins = originsOf(definition.config, repo.deps.env);
  const watches = await readWatchLimit();
  const sessions = book.sessions.size + 1;
  // There are no more folders than files.
  const areNear = (files: number): boolean => watches !== undefined && files * sessions > watches;
  const index = await measureIndex(path.join(repo.commonDir, 'index'), hashBytes, areNear);
  const [space, copied, unreviewed, ports, strains] = await Promise.all([
    spaceAt(repo.root),
    measureCopies(repo.root, definition.files),
    limits.unreviewed === 0 ? [] : listUnreviewed(repo, book, limits.unreviewed),
    findPorts(repo, book, { id, wanted: definition.ports }),
    gatherStrains({ watches, folders: index?.folders }, sessions),
  ]);
  const need = {
    bytes: (index?.bytes ?? 0) + (space?.sharesBlocks === true ? 0 : copied.bytes),
    files: (index?.files ?? 0) + copied.files,
  };
  return {
    limits: { limits, origins, sessions: book.sessions.size, unreviewed, disk: diskOf(repo.root, space), need },
    strains,
    ports,
    wanted: definition.ports,
  };
}

function diskOf(root: string, space: Space | undefined): LimitFacts['disk'] {
  return space === undefined ? undefined : { path: root, freeBytes: space.freeBytes, freeInodes: space.freeInodes };
}

/** The ports of a new session. Throws `limit.reached`, `disk.low`. Pure. */
export function requireCapacity({ limits, ports, wanted }: Capacity): PortLease {
  requireWithinLimits(limits);
  return requirePorts(ports, wanted);
}

/** What `setup.copy` names outright; what its wildcards find is not known before. */
async function measureCopies(root: string, files: Definition['files']): Promise<{ bytes: number; files: number }> {
  const names = files
    .filter(({ kind }) => kind === 'copy')
    .flatMap(({ patterns }) => patterns.map((pattern) => pattern.replace(/^\/|\/$/g, '')))
    .filter((name) => !/[*?[\]!\\]/.test(name) && !name.split('/').includes('..'));
  const places = [...new Set(names)].map((name) => path.join(root, name));
  const sizes = await Promise.all(places.map(async (place) => ((await lstatOf(place)) ? treeSize(place) : undefined)));
  return sizes.reduce<{ bytes: number; files: number }>(
    (sum, one) => ({ bytes: sum.bytes + (one?.bytes ?? 0), files: sum.files + (one?.files ?? 0) }),
    { bytes: 0, files: 0 },
  );
}

/** Done or approved as they are now, and not landed. git is asked only when the words alone would be too many. */
async function listUnreviewed(repo: Repo, book: Book, limit: number): Promise<readonly string[]> {
  const spoken = [...book.sessions.values()].filter(
    ({ row }) => row.approved !== undefined || (row.done !== undefined && !row.done.failed),
  );
  if (spoken.length < limit) return [];
  const { examineSessions } = await import('./list.ts');
  const views = (await examineSessions(repo, spoken, { conflicts: false })).map(({ view }) => view);
  return views
    .filter(({ status, approved, done }) => status !== 'landed' && (approved ?? done)?.isStale === false)
    .map(({ id }) => id);
}

async function gatherStrains(
  facts: Pick<KernelFacts, 'watches' | 'folders'>,
  sessions: number,
): Promise<readonly Strain[]> {
  const [openFiles, filesOpen] = await Promise.all([readOpenFileLimit(), readFilesOpen()]);
  return findStrains({ ...facts, openFiles, filesOpen }, sessions);
}

/** A refusal for want of room, with what `wt clean` would do about it; everything else as it is. */
export async function withWayOut(repo: Repo, error: unknown): Promise<unknown> {
  if (WtError.is(error, 'disk.low') || (WtError.is(error, 'limit.reached') && error.details.limit !== 'ports')) {
    const { findCleanable } = await import('./cleanable.ts');
    const cleanable = await findCleanable(repo).catch(() => undefined);
    if (cleanable === undefined) return error;
    return WtError.is(error, 'disk.low')
      ? new WtError('disk.low', { ...error.details, cleanable }, { cause: error })
      : new WtError('limit.reached', { ...error.details, cleanable }, { cause: error });
  }
  return error;
}
