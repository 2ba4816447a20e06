import path from 'node:path';
import { WtError } from '../core/errors.ts';
import { parseJson } from '../core/json.ts';
import { lstatOf, readText, realPathOf } from '../platform/files.ts';
import { gitAt, type Git, type GitPlace } from './git.ts';

/** Where a directory lies in its repository. All paths absolute, links resolved. */
export interface RepoLocation {
  /** The main worktree; for a bare repository the folder its worktrees lie in. */
  readonly root: string;
  readonly commonDir: string;
  readonly isBare: boolean;
  /** Top of the worktree the caller stands in; undefined inside a bare repository or in `.git`. */
  readonly top: string | undefined;
  readonly gitDir: string;
  /** Full name of the branch checked out at the caller's worktree; undefined when detached. */
  readonly headRef: string | undefined;
  /** Commit at the caller's HEAD; undefined while there is none. */
  readonly headCommit: string | undefined;
  /** git's version, and its settings that a merge depends on. Absent: git did not tell. */
  readonly mergeSettings?: readonly string[];
}

export const OLDEST_GIT = '2.38.0';

/**
 * Finds the repository from anywhere inside it with one git process (git-rev-parse(1)); git's own version comes along in
 * its trace (api-trace2, events "version" and "def_param"), and so do settings, so that asking for them costs nothing.
 * Throws `repo.not-found`, `git.too-old`, `git.failed`.
 */
export async function locateRepo(place: Omit<GitPlace, 'gitDir'>): Promise<RepoLocation> {
  const args = [
    'rev-parse',
    '--path-format=absolute',
    '--git-common-dir',
    '--git-dir',
    '--is-bare-repository',
    '--show-cdup',
    'HEAD',
    '--symbolic-full-name',
    'HEAD',
  ];
  // The one call that must also see a bare repository in the current directory; it reads no configuration that runs programs.
  const env = { GIT_TRACE2_EVENT: '2', GIT_TRACE2_CONFIG_PARAMS: MERGE_SETTINGS };
  const options = { expect: [0, 127, 128], env, config: ['safe.bareRepository=all'] };
  const { exitCode, stdout, stderr } = await gitAt(place)(args, options);
  if (exitCode === 127)
    throw new WtError('git.failed', { args: ['git'], exitCode: 127, stderr: 'git is not installed, or not on PATH' });
  const version = /"event":"version".*?"exe":"([^"]+)"/.exec(stderr)?.[1];
  requireVersion(version);
  const lines = stdout.split('\n');
  const [commonDir, gitDir, bare] = lines;
  if (commonDir === undefined || gitDir === undefined || bare === undefined) throw notFound(place.dir, stderr);
  const isBareHere = bare === 'true';
  const isInWorktree = !isBareHere && (await hasWorktreeHere(place.dir, gitDir));
  const cdup = isInWorktree ? (lines[3] ?? '') : undefined;
  const rest = lines.slice(isInWorktree ? 4 : 3);
  const headCommit = rest.find((line) => /^[0-9a-f]{40,64}$/.test(line));
  const headRef = rest.find((line) => line.startsWith('refs/heads/'));
  const top = cdup === undefined ? undefined : path.resolve(await realPathOf(place.dir), cdup);
  const common = await realPathOf(commonDir);
  const { root, isBare } = await findRoot(place, { common, gitDir: await realPathOf(gitDir), isBareHere, top });
  const mergeSettings = version === undefined ? {} : { mergeSettings: [version, ...parseSettings(stderr)] };
  const ends = { gitDir: await realPathOf(gitDir), headRef, headCommit };
  return { root, commonDir: common, isBare, top, ...ends, ...mergeSettings };
}

/** What git-merge-tree(1) reads of the configuration. */
const MERGE_SETTINGS =
  'merge.*,diff.renames,diff.renamelimit,core.attributesfile,core.autocrlf,core.eol,core.ignorecase,filter.*';

function parseSettings(trace: string): readonly string[] {
  return trace.split('\n').flatMap((line) => {
    if (!line.includes('"event":"def_param"')) return [];
    const event = parseJson(line) as { readonly param?: unknown; readonly value?: unknown } | undefined;
    return [`${String(event?.param)}=${String(event?.value)}`];
  });
}

async function hasWorktreeHere(dir: string, gitDir: string): Promise<boolean> {
  const [here, admin] = await Promise.all([realPathOf(dir), realPathOf(gitDir)]);
  return here !== admin && !here.startsWith(`${admin}${path.sep}`);
}

interface Found {
  readonly common: string;
  readonly gitDir: string;
  readonly isBareHere: boolean;
  readonly top: string | undefined;
}

async function findRoot(
  place: GitPlace,
  { common, gitDir, isBareHere, top }: Found,
): Promise<{ root: string; isBare: boolean }> {
  const parent = path.dirname(common);
  if (gitDir === common && !isBareHere && top !== undefined) return { root: top, isBare: false };
  if (path.basename(common) === '.git') return { root: parent, isBare: isBareHere || (await isBareAt(place, common)) };
  if (isBareHere || (await isBareAt(place, common))) {
    await refuseEmbedded(place.dir, parent, common);
    const isBeside =
      path.basename(common) === '.bare' || (await readText(path.join(parent, '.git')))?.startsWith('gitdir:') === true;
    return { root: isBeside ? parent : common, isBare: true };
  }
  // A submodule or a separate git directory: only its core.worktree, seen from inside it, tells where the main worktree is.
  const { exitCode, stdout } = await gitAt({ ...place, dir: common, gitDir: common })(['config', 'core.worktree'], {
    expect: [0, 1],
  });
  if (exitCode !== 0) throw new WtError('repo.not-found', { cwd: place.dir, reason: 'no-main', detail: common });
  return { root: await realPathOf(path.resolve(common, stdout.trimEnd())), isBare: false };
}

async function isBareAt(place: GitPlace, common: string): Promise<boolean> {
  const { stdout } = await gitAt({ ...place, dir: common, gitDir: common })(['config', '--type=bool', 'core.bare'], {
    expect: [0, 1],
  });
  return stdout.trim() === 'true';
}

/** A bare repository that lies inside another one's files may have come with a clone: not a place to work in. */
async function refuseEmbedded(cwd: string, parent: string, common: string): Promise<void> {
  for (let folder = parent; ; folder = path.dirname(folder)) {
    const marker = path.join(folder, '.git');
    if (marker !== common && (await lstatOf(marker)) !== undefined) {
      const pointer = await readText(marker).catch(() => undefined);
      const target = pointer?.startsWith('gitdir:') ? path.resolve(folder, pointer.slice(7).trim()) : undefined;
      if (target === undefined || (await realPathOf(target)) !== common)
        throw new WtError('repo.not-found', { cwd, reason: 'embedded', detail: common });
    }
    if (folder === path.dirname(folder)) return;
  }
}

function notFound(cwd: string, stderr: string): WtError {
  const text = stderr
    .split('\n')
    .filter((line) => !line.startsWith('{'))
    .join('\n')
    .trim();
  if (text.includes('dubious ownership'))
    return new WtError('repo.not-found', { cwd, reason: 'ownership', detail: text });
  if (/not a git repository|invalid gitfile|must be run in a work tree/.test(text) || text === '')
    return new WtError('repo.not-found', { cwd, reason: 'outside' });
  return new WtError('git.failed', { args: ['git', 'rev-parse'], exitCode: 128, stderr: text });
}

function requireVersion(version: string | undefined): void {
  if (version !== undefined && !isAtLeast(version, OLDEST_GIT))
    throw new WtError('git.too-old', { found: version, needed: OLDEST_GIT });
}

/** Compares dotted versions by their numbers. Pure. */
export function isAtLeast(version: string, oldest: string): boolean {
  const numbers = (text: string): number[] =>
    text
      .split('.')
      .slice(0, 3)
      .map((part) => Number.parseInt(part, 10) || 0);
  const [have, need] = [numbers(version), numbers(oldest)];
  for (let i = 0; i < 3; i++) if ((have[i] ?? 0) !== (need[i] ?? 0)) return (have[i] ?? 0) > (need[i] ?? 0);
  return true;
}

/** The operation a worktree is in the middle of, seen in its own git directory; undefined when there is none. */
export async function findOperation(gitDir: string): Promise<string | undefined> {
  const marks = [
    ['rebase-merge', 'rebase'],
    ['rebase-apply', 'rebase'],
    ['MERGE_HEAD', 'merge'],
    ['CHERRY_PICK_HEAD', 'cherry-pick'],
    ['REVERT_HEAD', 'revert'],
    ['BISECT_LOG', 'bisect'],
    ['sequencer', 'cherry-pick'],
  ] as const;
  for (const [file, operation] of marks) if ((await lstatOf(path.join(gitDir, file))) !== undefined) return operation;
  return undefined;
}

/** Full name of the branch that a rebase or bisect in that git directory will come back to. */
export async function findOperationBranch(gitDir: string): Promise<string | undefined> {
  for (const file of ['rebase-merge/head-name', 'rebase-apply/head-name', 'BISECT_START']) {
    const text = (await readText(path.join(gitDir, file)))?.trim();
    if (text !== undefined) return file === 'BISECT_START' ? `refs/heads/${text}` : text;
  }
  return undefined;
}

/** A git that also works in a bare repository's root. */
export function gitAtRoot(place: Omit<GitPlace, 'dir' | 'gitDir'>, { root, commonDir, isBare }: RepoLocation): Git {
  return gitAt({ ...place, dir: root, ...(isBare ? { gitDir: commonDir } : {}) });
}
