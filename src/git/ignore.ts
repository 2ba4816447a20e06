import path from 'node:path';
import { makePrivateDirectory, readText, realPathOf, replaceFile } from '../platform/files.ts';
import type { Git } from './git.ts';

/** Adds a line to `info/exclude` once (gitignore(5)); a tracked ignore file is never edited. */
export async function excludeOnce(commonDir: string, line: string): Promise<void> {
  const file = await realPathOf(path.join(commonDir, 'info', 'exclude'));
  const text = (await readText(file)) ?? '';
  if (text.split('\n').includes(line)) return;
  await makePrivateDirectory(path.dirname(file));
  await replaceFile(file, `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${line}\n`, 0o644);
}

/** Takes such a line out again. */
export async function dropExclude(commonDir: string, line: string): Promise<void> {
  const file = await realPathOf(path.join(commonDir, 'info', 'exclude'));
  const text = await readText(file);
  const lines = text?.split('\n') ?? [];
  if (!lines.includes(line)) return;
  await replaceFile(file, lines.filter((one) => one !== line).join('\n'), 0o644);
}

/** What decides which untracked files are meant: git's own ignore rules, a file of gitignore patterns, or patterns by themselves. */
export type IgnoreRules = 'standard' | { readonly file: string } | { readonly patterns: readonly string[] };

/** A walk over a large worktree. */
const WALK_MS = 600_000;

/**
 * Untracked paths that the rules match (git-ls-files(1) --others --ignored). One that ends in "/" is a folder that is matched
 * itself: all in it counts. Of a repository inside the worktree only its folder is named.
 */
export async function listIgnored(git: Git, rules: IgnoreRules): Promise<readonly string[]> {
  const args = ['ls-files', '--others', '--ignored', '--directory', '-z', ...argumentsOf(rules)];
  const { stdout } = await git(args, { timeoutMs: WALK_MS });
  return withoutOutlines(stdout.split('\0').filter(Boolean));
}

/** The same file by file. */
export async function listIgnoredFiles(
  git: Git,
  rules: IgnoreRules,
  pathspecs: readonly string[] = [],
): Promise<readonly string[]> {
  const specs = pathspecs.map((name) => `:(top,literal)${name}`);
  const args = ['ls-files', '--others', '--ignored', '-z', ...argumentsOf(rules), '--', ...specs];
  const { stdout } = await git(args, { timeoutMs: WALK_MS });
  return stdout.split('\0').filter(Boolean);
}

function argumentsOf(rules: IgnoreRules): readonly string[] {
  if (rules === 'standard') return ['--exclude-standard'];
  return 'file' in rules ? [`--exclude-from=${rules.file}`] : rules.patterns.map((one) => `--exclude=${one}`);
}

/** git also names a folder that is not matched when everything in it is, and then all that is in it: the folder's name goes. Pure. */
function withoutOutlines(paths: readonly string[]): readonly string[] {
  const parents = new Set(paths.flatMap((name) => foldersAbove(name)));
  return paths.filter((name) => !parents.has(name));
}

/** Folders that hold a path, each with its "/": `a/b/c` is in `a/` and `a/b/`; so is `a/b/c/`. Pure. */
export function foldersAbove(name: string): readonly string[] {
  const above: string[] = [];
  for (let at = name.indexOf('/'); at >= 0 && at < name.length - 1; at = name.indexOf('/', at + 1))
    above.push(name.slice(0, at + 1));
  return above;
}

/** Those of the paths that git would ignore in this worktree, there or not; a "/" at the end says that it is a folder (git-check-ignore(1)). */
export async function keepIgnored(git: Git, paths: readonly string[]): Promise<ReadonlySet<string>> {
  if (paths.length === 0) return new Set();
  // A name that begins with ":" would be a pathspec with magic.
  const input = paths.map((name) => `./${name}\0`).join('');
  const args = ['check-ignore', '--stdin', '-z'];
  const { exitCode, stdout } = await git(args, { input, expect: [0, 1, 128], timeoutMs: WALK_MS });
  if (exitCode !== 128) return new Set(stdout.split('\0').map((name) => name.replace(/^\.\//, '')));
  // One path below a link or in a submodule makes git give up on all of them: it counts as one that is not ignored.
  if (paths.length === 1) return new Set();
  const middle = Math.floor(paths.length / 2);
  const halves = [paths.slice(0, middle), paths.slice(middle)];
  const [left, right] = await Promise.all(halves.map((half) => keepIgnored(git, half)));
  return new Set([...(left ?? []), ...(right ?? [])]);
}
