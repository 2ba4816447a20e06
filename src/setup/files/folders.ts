import type { Stats } from 'node:fs';
import path from 'node:path';
import { beginFolder, finishFolder, peekAt } from '../../platform/copy.ts';
import { findPathIn } from '../../platform/dirs.ts';
import { realPathOf } from '../../platform/files.ts';
import type { Place } from '../place.ts';
import { isOutOfBounds } from './match.ts';

/** The folders of one set-up, by their paths relative to the main worktree and to the session. */
export interface Folders {
  readonly place: Place;
  /** The main worktree, with links resolved. */
  readonly main: string;
  /** A whole path as one relative to the main worktree; undefined when it is outside. Pure. */
  readonly inMain: (whole: string) => string | undefined;
  /** Those that are in place in the session: undefined, or why nothing goes into one. */
  readonly known: Map<string, string | undefined>;
  readonly made: { readonly folder: string; readonly stats: Stats }[];
}

export async function openFolders(place: Place): Promise<Folders> {
  const main = await realPathOf(place.facts.main);
  const inMain = (whole: string): string | undefined => findPathIn(main, whole) ?? findPathIn(place.facts.main, whole);
  return { place, main, inMain, known: new Map(), made: [] };
}

/** Gives folders that were made the mode and times of their originals, once all is in them. */
export function finishFolders({ made }: Folders): void {
  for (const { folder, stats } of made.toReversed()) finishFolder(folder, stats);
}

/**
 * Makes a folder of the main worktree, and those above it, in the session. Returns why it cannot be: a link in its place, in
 * either of them.
 */
export function placeFolder(folders: Folders, folder: string, isWhole = false): string | undefined {
  if (folder === '') return undefined;
  if (folders.known.has(folder)) return folders.known.get(folder);
  const refused = placeFolder(folders, parentOf(folder)) ?? makeFolder(folders, folder, isWhole);
  folders.known.set(folder, refused);
  return refused;
}

function makeFolder(folders: Folders, folder: string, isWhole: boolean): string | undefined {
  if (isOutOfBounds(folders.place, folder)) return 'belongs to git or to wt';
  const from = sourceOf(folders, folder);
  const to = targetOf(folders, folder);
  const source = peekAt(from);
  if (source === undefined) return 'went before it was copied';
  if (!source.isDirectory()) return 'is below a link';
  if (isWhole && peekAt(path.join(from, '.git')) !== undefined) return 'is a git repository of its own';
  const target = peekAt(to);
  if (target !== undefined)
    return target.isDirectory() ? undefined : `would go through ${folder}, which is no folder in the session`;
  const begun = beginFolder(to, source);
  if ('skipped' in begun) return begun.skipped;
  folders.made.push({ folder: to, stats: source });
  return undefined;
}

export function parentOf(name: string): string {
  const at = name.lastIndexOf('/');
  return at < 0 ? '' : name.slice(0, at);
}

export function sourceOf({ main }: Folders, name: string): string {
  return `${main}/${name}`;
}

export function targetOf({ place }: Folders, name: string): string {
  return `${place.facts.path}/${name}`;
}
