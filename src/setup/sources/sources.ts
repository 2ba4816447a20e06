import path from 'node:path';
import type { Settings } from '../../config/schema.ts';
import { hasLfs, isLfsPointer, listLfsFiles } from '../../git/lfs.ts';
import { lstatOf, readSmallFile } from '../../platform/files.ts';
import type { Place } from '../place.ts';
import { placeSubmodules } from './submodules.ts';

/** What git's checkout alone leaves out. */
export interface SourcesReport {
  /** Submodules that were initialised. */
  readonly submodules: readonly string[];
  /** Files of Git LFS: fetched, left as pointers, or undefined when there are none. */
  readonly lfs: 'pulled' | 'skipped' | undefined;
  readonly warnings: readonly string[];
}

/**
 * Submodules that the main worktree has, and what there is to say of Git LFS. What fails is a warning with the command that does it;
 * a second call does what is left. Throws `interrupted` and `io.disk-full`.
 */
export async function prepareSources(
  place: Place,
  setup: Pick<Settings['setup'], 'submodules' | 'lfs'>,
): Promise<SourcesReport> {
  const modules = setup.submodules ? await placeSubmodules(place) : { made: [], warnings: [] };
  const lfs = await inspectLfs(place, setup.lfs);
  return { submodules: modules.made, lfs: lfs.state, warnings: [...modules.warnings, ...lfs.warnings] };
}

/** How many files are looked at to tell contents from pointers. */
const LOOKED_AT = 50;

async function inspectLfs(
  { git, facts, commonDir }: Place,
  wanted: Settings['setup']['lfs'],
): Promise<{ readonly state: SourcesReport['lfs']; readonly warnings: readonly string[] }> {
  const files = (await mayUseLfs(facts.path, commonDir)) ? await listLfsFiles(git) : [];
  if (files.length === 0) return { state: undefined, warnings: [] };
  if (wanted === 'skip') return { state: 'skipped', warnings: [] };
  const looked = await Promise.all(files.slice(0, LOOKED_AT).map((name) => isLfsPointer(path.join(facts.path, name))));
  if (!looked.includes(true)) return { state: 'pulled', warnings: [] };
  const what = `${files.length === 1 ? 'a file' : `${files.length} files`} of Git LFS`;
  const warning = (await hasLfs(git))
    ? `${what} stayed pointers: run "git lfs install" once, then "wt exec ${facts.id} -- git lfs pull"`
    : `${what} stayed pointers, because git-lfs is not installed: install it (https://git-lfs.com), then run "wt exec ${facts.id} -- git lfs pull"`;
  return { state: 'skipped', warnings: [warning] };
}

/** Cheap: most repositories know nothing of it, and git would look at every file. */
async function mayUseLfs(root: string, commonDir: string): Promise<boolean> {
  if ((await lstatOf(path.join(commonDir, 'lfs'))) !== undefined) return true;
  const places = [path.join(root, '.gitattributes'), path.join(commonDir, 'info', 'attributes')];
  const texts = await Promise.all(places.map((file) => readSmallFile(file, ATTRIBUTES_LIMIT_BYTES)));
  return texts.some((one) => one !== undefined && 'text' in one && one.text.includes('filter=lfs'));
}

const ATTRIBUTES_LIMIT_BYTES = 1024 * 1024;
