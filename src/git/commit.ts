import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { isoFromSeconds } from '../core/time.ts';
import type { Env } from '../platform/deps.ts';
import type { Git, GitOptions } from './git.ts';
import type { Graph } from './graph.ts';

export interface Commit {
  readonly commit: string;
  readonly parents: readonly string[];
  readonly tree: string;
  readonly subject: string;
  readonly author: string;
  /** ISO 8601 UTC. */
  readonly committedAt: string;
}

const FIELDS = '%H%x00%P%x00%T%x00%s%x00%an%x00%ct%x00';

/** Commits that the arguments select, newest first (git-log(1)); `--reverse` and the like may be among them. */
export async function listCommits(git: Git, args: readonly string[]): Promise<readonly Commit[]> {
  const { stdout } = await git(['log', `--format=${FIELDS}`, '--no-show-signature', ...args]);
  return parseCommits(stdout);
}

/** Pure half of {@link listCommits}. */
export function parseCommits(stdout: string): readonly Commit[] {
  const fields = stdout.split('\0');
  const commits: Commit[] = [];
  for (let i = 0; i + 6 < fields.length; i += 6) {
    const [commit = '', parents = '', tree = '', subject = '', author = '', seconds = ''] = fields.slice(i, i + 6);
    commits.push({
      commit: commit.replace(/^\n/, ''),
      parents: parents.split(' ').filter(Boolean),
      tree,
      subject,
      author,
      committedAt: isoFromSeconds(Number(seconds)),
    });
  }
  return commits;
}

/** A commit object in the store; no ref moves (git-commit-tree(1)). Identity and date from git's configuration unless given. */
export async function writeCommit(
  git: Git,
  spec: { tree: string; parents: readonly string[]; message: string; env?: Env; isSigned?: boolean },
): Promise<string> {
  const args = [
    'commit-tree',
    ...(spec.isSigned === true ? ['-S'] : []),
    spec.tree,
    ...spec.parents.flatMap((parent) => ['-p', parent]),
    '-F',
    '-',
  ];
  const { stdout } = await git(args, {
    input: spec.message.endsWith('\n') ? spec.message : `${spec.message}\n`,
    env: spec.env ?? {},
  });
  return stdout.trim();
}

/** Of each commit in a range its author, "Name <address>", and the co-authors that its message names. */
export async function listAuthorship(
  git: Git,
  range: readonly string[],
): Promise<readonly { author: string; coAuthors: readonly string[] }[]> {
  const { stdout } = await git([
    'log',
    '-z',
    '--format=%an <%ae>%x01%(trailers:key=Co-authored-by,valueonly,separator=%x01)',
    ...range,
  ]);
  return stdout
    .split('\0')
    .filter(Boolean)
    .map((record) => {
      const [author = '', ...coAuthors] = record.split('\u0001').map((field) => field.trim());
      return { author, coAuthors: coAuthors.filter(Boolean) };
    });
}

/** Who wt is when a commit only keeps something reachable: needs no identity of the user's. */
export const KEEPER: Env = {
  GIT_AUTHOR_NAME: 'wt',
  GIT_AUTHOR_EMAIL: 'wt@localhost',
  GIT_COMMITTER_NAME: 'wt',
  GIT_COMMITTER_EMAIL: 'wt@localhost',
};

/** A commit that only stands for a tree, to merge with: the same tree and parents always give the same id. */
export interface StandIn {
  readonly tree: string;
  readonly parents: readonly string[];
}

// Of the year 2100: git seeks a merge base among the newest commits first, and for an old one it would read all of history.
const NOBODY = `${KEEPER['GIT_AUTHOR_NAME']} <${KEEPER['GIT_AUTHOR_EMAIL']}> 4102444800 +0000`;

function textOf({ tree, parents }: StandIn): string {
  const lines = [`tree ${tree}`, ...parents.map((parent) => `parent ${parent}`), `author ${NOBODY}`];
  return `${[...lines, `committer ${NOBODY}`, '', 'wt: stand-in'].join('\n')}\n`;
}

/** Writes one; `options.env` may name a throw-away object directory. */
export async function writeStandIn(git: Git, standIn: StandIn, options: GitOptions = {}): Promise<string> {
  const args = ['hash-object', '-t', 'commit', '-w', '--stdin'];
  return (await git(args, { ...options, input: textOf(standIn) })).stdout.trim();
}

/** Several in one process. `folder` takes their text. */
export async function writeStandIns(
  git: Git,
  commits: readonly StandIn[],
  folder: string,
  options: GitOptions = {},
): Promise<readonly string[]> {
  if (commits.length === 0) return [];
  const files = commits.map((_, i) => path.join(folder, `stand-in-${i}`));
  for (const [i, standIn] of commits.entries()) await writeFile(files[i] ?? '', textOf(standIn));
  const args = ['hash-object', '-t', 'commit', '-w', '--no-filters', '--stdin-paths'];
  const { stdout } = await git(args, {
    ...options,
    input: `${files.map((file) => JSON.stringify(file)).join('\n')}\n`,
  });
  return stdout.trim().split('\n');
}

/** Whether the person wants commits signed (git-config(1) commit.gpgSign); commit-tree does not ask itself. */
export async function wantsSignature(git: Git): Promise<boolean> {
  const { stdout } = await git(['config', '--type=bool', '--get', 'commit.gpgSign'], { expect: [0, 1] });
  return stdout.trim() === 'true';
}

/** The commit graph between tips and the commits below all of them: one walk for any number of ahead/behind pairs. */
export async function readParents(
  git: Git,
  tips: readonly string[],
  floor: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const input = [...tips, ...floor.map((commit) => `^${commit}`)].join('\n');
  const { stdout } = await git(['rev-list', '--ignore-missing', '--parents', '--stdin'], { input: `${input}\n` });
  return new Map(stdout.split('\n').filter(Boolean).map(parseParents));
}

/**
 * What lies above the best common ancestor of two commits, and that ancestor, from one process (git-rev-list(1) --boundary). `also`
 * are followed too, one that is missing is passed over. Undefined when there may be several such ancestors.
 */
export async function readSidesOf(
  git: Git,
  [one, other]: readonly [string, string],
  also: readonly string[],
): Promise<Graph | undefined> {
  const args = ['rev-list', '--ignore-missing', '--parents', '--boundary', '--stdin'];
  const { stdout } = await git(args, { input: [`${one}...${other}`, ...also, ''].join('\n') });
  const lines = stdout.split('\n').filter(Boolean);
  const [floor, ...more] = lines.filter((line) => line.startsWith('-')).map((line) => parseParents(line.slice(1))[0]);
  if (more.length > 0) return undefined;
  return { parents: new Map(lines.filter((line) => !line.startsWith('-')).map(parseParents)), floor };
}

function parseParents(line: string): readonly [string, readonly string[]] {
  const [commit = '', ...parents] = line.split(' ');
  return [commit, parents];
}

/** The best common ancestor, or undefined when the histories have none. */
export async function findMergeBase(git: Git, a: string, b: string): Promise<string | undefined> {
  const { exitCode, stdout } = await git(['merge-base', a, b], { expect: [0, 1] });
  return exitCode === 0 ? stdout.trim() : undefined;
}

/** Whether the first commit is reachable from the second. */
export async function isAncestor(git: Git, ancestor: string, of: string): Promise<boolean> {
  return (await git(['merge-base', '--is-ancestor', ancestor, of], { expect: [0, 1] })).exitCode === 0;
}
