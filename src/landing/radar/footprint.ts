import type { PathChanges } from '../../git/diff.ts';

/** Where a session's own changes lie, as far as it matters to who else could get in its way. */
export interface Footprint {
  /** Every changed path; of a rename the old and the new one. */
  readonly paths: ReadonlySet<string>;
  readonly added: readonly string[];
  readonly deleted: readonly string[];
  /** Every folder above one of them. */
  readonly folders: ReadonlySet<string>;
  /** Folders that lost a file: one of them may have been renamed as a whole. */
  readonly emptied: ReadonlySet<string>;
  /** Folders that got a file: it would have to move along with a renamed one. */
  readonly filled: ReadonlySet<string>;
  /** It added and deleted: a path of it may be a rename of another. */
  readonly mayRename: boolean;
}

/** Pure. */
export function footprintOf(changes: readonly PathChanges[]): Footprint {
  const added = changes.flatMap((one) => one.added);
  const deleted = changes.flatMap((one) => one.deleted);
  const paths = new Set([...added, ...deleted, ...changes.flatMap((one) => one.modified)]);
  return {
    paths,
    added,
    deleted,
    folders: foldersAbove(paths),
    emptied: added.length === 0 ? new Set() : foldersAbove(deleted),
    filled: foldersAbove(added),
    mayRename: added.length > 0 && deleted.length > 0,
  };
}

/**
 * False only when a merge of the two cannot conflict in what they changed: they share no path, none has a file where the
 * other has a folder, and none adds to a folder that the other may have renamed. Pure.
 */
export function mayMeet(a: Footprint, b: Footprint): boolean {
  return (
    shares(a.paths, b.paths) ||
    shares(a.paths, b.folders) ||
    shares(a.folders, b.paths) ||
    shares(a.emptied, b.filled) ||
    shares(a.filled, b.emptied)
  );
}

function shares(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  const [small, large] = a.size < b.size ? [a, b] : [b, a];
  for (const item of small) if (large.has(item)) return true;
  return false;
}

function foldersAbove(paths: Iterable<string>): ReadonlySet<string> {
  const folders = new Set<string>();
  for (const path of paths)
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const folder = path.slice(0, end);
      if (folders.has(folder)) break;
      folders.add(folder);
    }
  return folders;
}
