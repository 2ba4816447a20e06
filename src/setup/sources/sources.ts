import type { Settings } from '../../config/schema.ts';
import type { Place } from '../place.ts';

/** What git's checkout alone leaves out. */
export interface SourcesReport {
  /** Submodules that were initialised. */
  readonly submodules: readonly string[];
  /** Files of Git LFS: fetched, left as pointers, or undefined when there are none. */
  readonly lfs: 'pulled' | 'skipped' | undefined;
  readonly warnings: readonly string[];
}

/** Submodules, LFS, hooks that would not run, and tools that have to be told to trust the folder. */
export async function prepareSources(_place: Place, _setup: Settings['setup']): Promise<SourcesReport> {
  return Promise.resolve({ submodules: [], lfs: undefined, warnings: [] });
}
