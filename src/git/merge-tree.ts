import { WtError } from '../core/errors.ts';
import type { Git, GitOptions } from './git.ts';

/** A merge built in the object store; nothing checked out is touched (git-merge-tree(1) --write-tree). */
export type MergeResult =
  | { readonly kind: 'clean'; readonly tree: string }
  | { readonly kind: 'conflict'; readonly tree: string; readonly paths: readonly string[] };

export async function mergeTree(
  git: Git,
  ours: string,
  theirs: string,
  options: GitOptions = {},
): Promise<MergeResult> {
  const args = [
    'merge-tree',
    '--write-tree',
    '-z',
    '--name-only',
    '--no-messages',
    '--allow-unrelated-histories',
    ours,
    theirs,
  ];
  const { exitCode, stdout, stderr } = await git(args, { ...options, expect: [0, 1] });
  const [tree, ...paths] = stdout.split('\0').filter(Boolean);
  // Exit 1 means a conflict, but git 2.39 also says it of what is no commit.
  if (tree === undefined) throw new WtError('git.failed', { args: ['git', ...args], exitCode, stderr: stderr.trim() });
  return exitCode === 0 ? { kind: 'clean', tree } : { kind: 'conflict', tree, paths: [...new Set(paths)] };
}

/**
 * Many merges in one process, in the order asked. Undefined for all when this git has no `--stdin` (before 2.39).
 * Give `options.env` a throw-away object directory: every merge writes objects.
 */
export async function mergeTrees(
  git: Git,
  pairs: readonly (readonly [string, string])[],
  options: GitOptions = {},
): Promise<readonly (MergeResult | undefined)[]> {
  if (pairs.length === 0) return [];
  const input = pairs.map(([ours, theirs]) => `${ours} ${theirs}\n`).join('');
  const { exitCode, stdout } = await git(
    ['merge-tree', '--write-tree', '-z', '--name-only', '--no-messages', '--allow-unrelated-histories', '--stdin'],
    {
      ...options,
      input,
      expect: [0, 1, 128, 129],
    },
  );
  return exitCode === 0 ? parseMergeTrees(stdout) : pairs.map(() => undefined);
}

/** Pure half of {@link mergeTrees}: per merge a status (1 clean, 0 conflict), the tree, the paths, an empty field. */
export function parseMergeTrees(stdout: string): readonly MergeResult[] {
  const results: MergeResult[] = [];
  const fields = stdout.split('\0');
  for (let i = 0; i + 1 < fields.length;) {
    const status = (fields[i++] ?? '').trim();
    const tree = fields[i++] ?? '';
    const paths: string[] = [];
    while (i < fields.length && fields[i] !== '') paths.push(fields[i++] ?? '');
    i++;
    results.push(status === '1' ? { kind: 'clean', tree } : { kind: 'conflict', tree, paths: [...new Set(paths)] });
  }
  return results;
}

/** A side of a path in conflict, as an index holds it (git-ls-files(1) --stage). */
export interface Stage {
  readonly mode: string;
  readonly object: string;
  readonly stage: string;
  readonly path: string;
}

/** The merge as git would lay it out in a worktree: files with conflict markers, and the stages of the paths in conflict. */
export async function layOutMerge(
  git: Git,
  ours: string,
  theirs: string,
  options: GitOptions = {},
): Promise<{ tree: string; stages: readonly Stage[] }> {
  const args = ['merge-tree', '--write-tree', '-z', '--no-messages', '--allow-unrelated-histories', ours, theirs];
  const { exitCode, stdout, stderr } = await git(args, { ...options, expect: [0, 1] });
  const [tree, ...lines] = stdout.split('\0').filter(Boolean);
  if (tree === undefined) throw new WtError('git.failed', { args: ['git', ...args], exitCode, stderr: stderr.trim() });
  return { tree, stages: lines.map(parseStage) };
}

function parseStage(line: string): Stage {
  const tab = line.indexOf('\t');
  const [mode = '', object = '', stage = ''] = line.slice(0, tab).split(' ');
  return { mode, object, stage, path: line.slice(tab + 1) };
}
