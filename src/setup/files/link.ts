import path from 'node:path';
import { keepIgnored } from '../../git/ignore.ts';
import { listTrackedUnder } from '../../git/status.ts';
import { IS_THERE, peekAt, peekLink, placeLink } from '../../platform/copy.ts';
import type { Place } from '../place.ts';
import type { FileRule } from '../step.ts';
import { parentOf, placeFolder, sourceOf, targetOf, type Folders } from './folders.ts';
import type { Skipped } from './match.ts';

export interface LinkReport {
  readonly linked: readonly string[];
  readonly skipped: readonly Skipped[];
  readonly warnings: readonly string[];
}

export const MODULES_WARNING =
  'node_modules is linked to the main worktree: tests here run with the packages of the branch that is checked out there, and an ' +
  'install here (pnpm, npm ci) changes or empties that one. An install of its own is safer; see docs/setup.md';

/**
 * Links paths of the session to those of the main worktree. The links are relative: they hold when the repository is moved or
 * mounted elsewhere, and when the session has been in the trash.
 */
export async function linkPaths(
  place: Place,
  folders: Folders,
  { entries, rules }: { entries: readonly string[]; rules: readonly FileRule[] },
): Promise<LinkReport> {
  const names = entries.map((entry) => entry.replace(/\/$/, ''));
  const patterns = rules.filter(({ kind }) => kind === 'link').flatMap((rule) => rule.patterns);
  // Asked without the "/": a link is no folder to git, and "node_modules/" in .gitignore does not match one.
  const ignored = await keepIgnored(place.git, names);
  const linked: string[] = [];
  const skipped: Skipped[] = [];
  for (const name of names) {
    const reason = refusalOf(folders, name, { patterns, isIgnored: ignored.has(name) }) ?? makeLink(folders, name);
    if (reason === undefined) linked.push(name);
    else skipped.push({ path: name, reason });
  }
  const hasModules = linked.some((name) => path.posix.basename(name) === 'node_modules');
  return {
    linked,
    skipped: [...skipped, ...(await explainOthers(place, folders, patterns))],
    warnings: hasModules ? [MODULES_WARNING] : [],
  };
}

function refusalOf(
  folders: Folders,
  name: string,
  { patterns, isIgnored }: { patterns: readonly string[]; isIgnored: boolean },
): string | undefined {
  const source = peekAt(sourceOf(folders, name));
  if (source === undefined) return 'went before it was linked';
  if (!source.isDirectory() && !source.isFile()) return 'is itself a link, or neither a file nor a folder';
  if (
    path.posix.basename(name) === 'node_modules' &&
    !patterns.some((pattern) => /(?:^|\/)node_modules\/?$/.test(pattern))
  )
    return 'node_modules is linked only when setup.link names it';
  const isHere = peekLink(targetOf(folders, name)) !== undefined;
  if (!isIgnored && !isHere)
    return source.isDirectory()
      ? 'git would not ignore a link of that name: leave out the "/" at the end of its line in .gitignore'
      : 'git does not ignore it on this branch';
  return undefined;
}

function makeLink(folders: Folders, name: string): string | undefined {
  const refused = placeFolder(folders, parentOf(name));
  if (refused !== undefined) return refused;
  const { facts } = folders.place;
  const target = path.relative(path.dirname(path.join(facts.path, name)), path.join(facts.main, name));
  if (peekLink(targetOf(folders, name)) === target) return undefined;
  const result = placeLink(targetOf(folders, name), target);
  return 'skipped' in result ? (result.skipped === IS_THERE ? IS_THERE : result.skipped) : undefined;
}

/** Why patterns that are plain paths name nothing that could be linked. */
async function explainOthers(
  { mainGit }: Place,
  folders: Folders,
  patterns: readonly string[],
): Promise<readonly Skipped[]> {
  const explained: Skipped[] = [];
  for (const pattern of patterns) {
    if (/[*?[\\!#]/.test(pattern)) continue;
    const name = pattern.replace(/^\//, '').replace(/\/$/, '');
    if (name === '') continue;
    const isThere = peekAt(sourceOf(folders, name)) !== undefined;
    if (!isThere && pattern.slice(0, -1).includes('/')) explained.push({ path: name, reason: 'is not there' });
    else if (isThere && (await listTrackedUnder(mainGit, name)).length > 0)
      explained.push({ path: name, reason: 'is tracked by git: every worktree has its own' });
  }
  return explained;
}
