import type { Place } from '../place.ts';
import type { FileRule } from '../step.ts';
import { copyPaths } from './copy.ts';
import { finishFolders, openFolders } from './folders.ts';
import { linkPaths } from './link.ts';
import { gatherMatches, type Skipped } from './match.ts';

/** What a session got from the main worktree. */
export interface FilesReport {
  /** Files and links, and their bytes (apparent size). */
  readonly copied: number;
  readonly copiedBytes: number;
  /** Of those, files that share their blocks with the original. */
  readonly cloned: number;
  /** What was asked for, as paths: a folder with all in it ends in "/". */
  readonly entries: readonly string[];
  /** Paths that are links now. */
  readonly linked: readonly string[];
  /** What a rule named and was not taken, with why. */
  readonly skipped: readonly Skipped[];
  /** What a person should know of what was done. */
  readonly warnings: readonly string[];
}

/** Nothing was asked for. */
export const NO_FILES: FilesReport = {
  copied: 0,
  copiedBytes: 0,
  cloned: 0,
  entries: [],
  linked: [],
  skipped: [],
  warnings: [],
};

/**
 * Copies and links what `.worktreeinclude` and these rules name. What is in the session already stays as it is, so a second call
 * does what is left. Throws `config.invalid`, `io.disk-full`, `io.failed`, `interrupted`.
 */
export async function placeFiles(place: Place, rules: readonly FileRule[]): Promise<FilesReport> {
  const matches = await gatherMatches(place, rules);
  const { copies: entries, skipped } = matches;
  if (entries.length + matches.links.length === 0 && !rules.some(({ kind }) => kind === 'link'))
    return { ...NO_FILES, skipped };
  const folders = await openFolders(place);
  const links = await linkPaths(place, folders, { entries: matches.links, rules });
  const except = new Set([...links.linked, ...matches.except]);
  const toCopy = entries.filter((name) => !except.has(name.replace(/\/$/, '')));
  try {
    const { skipped: notCopied, ...copied } = await copyPaths(place, folders, { entries: toCopy, except });
    const { linked, warnings } = links;
    return { ...copied, entries: toCopy, linked, warnings, skipped: [...skipped, ...links.skipped, ...notCopied] };
  } finally {
    finishFolders(folders);
  }
}
