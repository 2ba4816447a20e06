import type { Stats } from 'node:fs';
import { realpath } from 'node:fs/promises';
import path from 'node:path';
import type { Place } from '../place.ts';
import {
  createCopier,
  IS_THERE,
  LARGE_BYTES,
  peekAt,
  peekInto,
  peekLink,
  placeLink,
  type Copied,
} from '../../platform/copy.ts';
import { throwIfInterrupted } from '../../platform/runner.ts';
import { parentOf, placeFolder, sourceOf, targetOf, type Folders } from './folders.ts';
import { isOutOfBounds, type Skipped } from './match.ts';

export interface CopyReport {
  readonly copied: number;
  readonly copiedBytes: number;
  readonly cloned: number;
  readonly skipped: readonly Skipped[];
}

/** One copying: what is known, and what has been counted so far. Paths are relative to the main worktree and the session. */
interface Work {
  readonly place: Place;
  readonly folders: Folders;
  readonly copier: ReturnType<typeof createCopier>;
  /** Not copied, whatever holds them: what is linked. */
  readonly except: ReadonlySet<string>;
  /** Large files that are under way. */
  readonly underWay: Set<Promise<void>>;
  readonly skipped: Skipped[];
  /** Files of a folder that were there before, by the folder that was asked for. */
  readonly there: Map<string, number>;
  readonly startedAtMs: number;
  readonly count: { copied: number; bytes: number; cloned: number };
  pausedAtMs: number;
}

const AT_ONCE = 4;
/** How long the program may not listen, to a signal for one. */
const SLICE_MS = 10;

/**
 * Copies paths from the main worktree into the session; one that ends in "/" with all that is in it. What is there stays as
 * it is, no link is followed, and what cannot be copied is named. Throws `interrupted`, `io.disk-full`, `io.failed`.
 */
export async function copyPaths(
  place: Place,
  folders: Folders,
  { entries, except }: { entries: readonly string[]; except: ReadonlySet<string> },
): Promise<CopyReport> {
  const { clock } = place.deps;
  const work: Work = {
    place,
    folders,
    copier: createCopier(place.adminDirectory),
    except,
    underWay: new Set(),
    skipped: [],
    there: new Map(),
    startedAtMs: clock.now().getTime(),
    count: { copied: 0, bytes: 0, cloned: 0 },
    pausedAtMs: clock.elapsedMs(),
  };
  try {
    for (const entry of entries) await copyEntry(work, entry);
  } finally {
    await Promise.allSettled(work.underWay);
  }
  await Promise.all(work.underWay); // throws what went wrong there
  for (const [entry, files] of work.there) {
    const reason = entry.endsWith('/') ? `${files} of its files ${files === 1 ? 'is' : 'are'} there already` : IS_THERE;
    work.skipped.push({ path: entry, reason });
  }
  const { copied, bytes, cloned } = work.count;
  return { copied, copiedBytes: bytes, cloned, skipped: work.skipped };
}

async function copyEntry(work: Work, entry: string): Promise<void> {
  if (!entry.endsWith('/')) {
    const parent = parentOf(entry);
    const refused = placeFolder(work.folders, parent);
    if (refused !== undefined) work.skipped.push({ path: entry, reason: refused });
    else await copyOne(work, entry, entry);
    return;
  }
  const open = [entry.slice(0, -1)];
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    const refused = placeFolder(work.folders, folder, true);
    if (refused === undefined) open.push(...(await copyInto(work, folder, entry)));
    else work.skipped.push({ path: `${folder}/`, reason: refused });
  }
}

/** Copies what is in a folder that is in place; returns the folders in it. */
async function copyInto(work: Work, folder: string, entry: string): Promise<readonly string[]> {
  const listed = peekInto(sourceOf(work.folders, folder));
  if ('skipped' in listed) {
    work.skipped.push({ path: `${folder}/`, reason: listed.skipped });
    return [];
  }
  const inside: string[] = [];
  for (const item of listed) {
    const name = `${folder}/${item.name}`;
    if (work.except.has(name)) continue;
    if (item.isDirectory()) inside.push(name);
    else await copyOne(work, name, entry);
  }
  return inside;
}

/** Copies a file or a link whose folder is in place. */
async function copyOne(work: Work, name: string, entry: string): Promise<void> {
  await pause(work);
  if (work.except.has(name)) return;
  const from = sourceOf(work.folders, name);
  const to = targetOf(work.folders, name);
  const stats = peekAt(from);
  if (stats === undefined) {
    const reason = name.includes('\uFFFD') ? 'its name is no UTF-8' : 'went before it was copied';
    work.skipped.push({ path: name, reason });
  } else if (stats.isSymbolicLink()) count(work, { name, entry, stats }, await copyLink(work, name, stats));
  else if (!stats.isFile()) work.skipped.push({ path: name, reason: 'is neither a file, a folder nor a link' });
  else if (stats.size < LARGE_BYTES) count(work, { name, entry, stats }, work.copier.copySmall(from, to, stats));
  else if (peekAt(to) !== undefined) count(work, { name, entry, stats }, { skipped: IS_THERE });
  else await copyBeside(work, { name, entry, stats });
}

interface Item {
  readonly name: string;
  readonly entry: string;
  readonly stats: Stats;
}

async function copyBeside(work: Work, item: Item): Promise<void> {
  while (work.underWay.size >= AT_ONCE) await Promise.race(work.underWay);
  const { name, stats } = item;
  const copy = async (): Promise<void> => {
    count(work, item, await work.copier.copyLarge(sourceOf(work.folders, name), targetOf(work.folders, name), stats));
    work.underWay.delete(copying);
  };
  const copying = copy();
  copying.catch(() => {}); // it stays in the set, where its failure is met
  work.underWay.add(copying);
}

function count(work: Work, { name, entry, stats }: Item, result: Copied): void {
  if ('skipped' in result) {
    if (result.skipped === IS_THERE) work.there.set(entry, (work.there.get(entry) ?? 0) + 1);
    else work.skipped.push({ path: name, reason: result.skipped });
    return;
  }
  work.count.copied++;
  if (stats.isFile()) work.count.bytes += stats.size;
  if (result.isCloned) work.count.cloned++;
  // Only what is large or was written a moment ago can have changed under the copy.
  if (stats.size < LARGE_BYTES && stats.mtimeMs < work.startedAtMs - 2000) return;
  const after = peekAt(sourceOf(work.folders, name));
  if (after !== undefined && (after.mtimeMs !== stats.mtimeMs || after.size !== stats.size))
    work.skipped.push({ path: name, reason: 'changed while it was copied: the copy may be half old and half new' });
}

/** A link is copied when it stays inside; one that names the main worktree by its whole path names the session instead. */
async function copyLink(work: Work, name: string, stats: Stats): Promise<Copied> {
  const { place, folders } = work;
  const text = peekLink(sourceOf(folders, name)) ?? '';
  const leadsTo = await resolveLink(folders, name, text);
  if (leadsTo === undefined) return { skipped: 'is a link that leads out of the repository' };
  if (leadsTo.some((one) => isOutOfBounds(place, one))) return { skipped: "is a link into what is git's or wt's" };
  const target = path.isAbsolute(text) ? path.join(place.facts.path, leadsTo[0]) : text;
  return placeLink(targetOf(folders, name), target, stats);
}

/** Where a link leads by its words and in truth, relative to the main worktree; undefined when one of them is outside. */
async function resolveLink(
  folders: Folders,
  name: string,
  text: string,
): Promise<readonly [string, string] | undefined> {
  const source = sourceOf(folders, name);
  // Not joined: that would drop "x/..", which leads elsewhere when x is a link.
  const written = path.isAbsolute(text) ? text : `${path.dirname(source)}/${text}`;
  const words = folders.inMain(path.resolve(written));
  const real = await realpath(written).catch(() => undefined);
  // What is not there cannot be asked: it leads where its words say as long as they never turn back.
  const truth =
    real === undefined ? (/[^./][^/]*\/(?:.*\/)?\.\.(?:\/|$)/.test(text) ? undefined : words) : folders.inMain(real);
  return words === undefined || truth === undefined ? undefined : [words, truth];
}

async function pause(work: Work): Promise<void> {
  const { clock, signal } = work.place.deps;
  if (clock.elapsedMs() - work.pausedAtMs < SLICE_MS) return;
  await new Promise((resolve) => setImmediate(resolve));
  throwIfInterrupted(signal);
  work.pausedAtMs = clock.elapsedMs();
}
