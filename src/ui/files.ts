import type { FilesReport } from '../setup/files/files.ts';
import type { SourcesReport } from '../setup/sources/sources.ts';
import { bytes, few, plural, safeLine } from './text.ts';

const SHOWN = 5;

/** What a session got from the main worktree, a line for each kind. Pure. */
export function renderFiles({ copied, copiedBytes, cloned, entries, linked }: FilesReport): readonly string[] {
  const size = bytes(copiedBytes) + (cloned > 0 ? ', blocks shared with the originals' : '');
  return [
    ...(copied > 0 ? [`copied ${plural(copied, 'file')} (${size}): ${named(entries)}`] : []),
    ...(linked.length > 0 ? [`linked ${named(linked)} to the main worktree`] : []),
  ];
}

/** What did not come and should be known; what the session has already is as it should be. Pure. */
export function renderLeftOut({ skipped }: Pick<FilesReport, 'skipped'>): readonly string[] {
  const left = skipped.filter(({ reason }) => !/there already/.test(reason));
  return [
    ...left.slice(0, SHOWN).map(({ path, reason }) => `not brought along: ${safeLine(path)}: ${safeLine(reason)}`),
    ...(left.length > SHOWN ? [`and ${left.length - SHOWN} more not brought along`] : []),
  ];
}

/** What else a checkout leaves out. Pure. */
export function renderSources({ submodules, lfs }: SourcesReport): readonly string[] {
  return [
    ...(submodules.length > 0 ? [`${plural(submodules.length, 'submodule')}: ${named(submodules)}`] : []),
    ...(lfs === 'skipped' ? ['files of Git LFS stay pointers'] : []),
  ];
}

function named(paths: readonly string[]): string {
  return few(paths.map((name) => safeLine(name)));
}
