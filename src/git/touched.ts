import type { Git } from './git.ts';
import { literalPathspec } from './pathspec.ts';

/** Names that a diff changes; `deleted` are those of them that were taken away. */
export interface Touched {
  readonly paths: readonly string[];
  readonly deleted: readonly string[];
}

const NOTHING: Touched = { paths: [], deleted: [] };
const NAMES = [
  'diff-tree',
  '--stdin',
  '--root',
  '-r',
  '-z',
  '--name-status',
  '--no-renames',
  '--ignore-submodules=none',
];
const PATHSPEC_LIMIT = 500;

/**
 * What lies between two commits, in the order asked, from one process (git-diff-tree(1) --stdin). `from` is undefined only for
 * a commit without a parent: git takes what it is given as the commit's own parent from there on, for all lines to come.
 */
export async function listTouchedBetween(
  git: Git,
  pairs: readonly { readonly from: string | undefined; readonly to: string }[],
): Promise<readonly Touched[]> {
  if (pairs.length === 0) return [];
  const input = pairs.map(({ from, to }) => (from === undefined ? `${to}\n` : `${to} ${from}\n`)).join('');
  // Always: a pair without a difference has a header too, so that the answers come one for each.
  const { stdout } = await git([...NAMES, '--always'], { input });
  const found = parseTouched(stdout);
  return pairs.map((_, i) => found[i]?.touched ?? NOTHING);
}

/** What each commit changes against any of its parents, of the paths asked for, from one process. */
export async function listTouchedBy(
  git: Git,
  commits: readonly string[],
  paths: readonly string[],
): Promise<ReadonlyMap<string, Touched>> {
  if (commits.length === 0) return new Map();
  const pathspecs = paths.length > PATHSPEC_LIMIT ? [] : ['--', ...paths.map(literalPathspec)];
  const { stdout } = await git([...NAMES, '-m', ...pathspecs], { input: commits.map((one) => `${one}\n`).join('') });
  const all = new Map<string, Touched>();
  for (const { commit, touched } of parseTouched(stdout)) {
    const known = all.get(commit) ?? NOTHING;
    all.set(commit, {
      paths: [...known.paths, ...touched.paths],
      deleted: [...known.deleted, ...touched.deleted],
    });
  }
  return all;
}

/** Pure half: a commit's id, then a letter and a path for each change. */
export function parseTouched(stdout: string): readonly { readonly commit: string; readonly touched: Touched }[] {
  const found: { commit: string; touched: { paths: string[]; deleted: string[] } }[] = [];
  const fields = stdout.split('\0');
  for (let i = 0; i + 1 < fields.length; i++) {
    const field = fields[i] ?? '';
    if (field.length >= 40) {
      found.push({ commit: field, touched: { paths: [], deleted: [] } });
      continue;
    }
    const path = fields[++i] ?? '';
    const touched = found.at(-1)?.touched;
    touched?.paths.push(path);
    if (field === 'D') touched?.deleted.push(path);
  }
  return found;
}
