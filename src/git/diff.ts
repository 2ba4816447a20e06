import * as z from 'zod';
import type { Git, GitOptions } from './git.ts';

/** One changed file with its line counts; null for binary content. */
export const FileChange = z.object({
  path: z.string(),
  status: z.enum(['added', 'modified', 'deleted', 'type-changed']),
  added: z.number().nullable(),
  deleted: z.number().nullable(),
});
export type FileChange = Readonly<z.infer<typeof FileChange>>;

const PLAIN = ['--no-ext-diff', '--no-textconv', '--no-renames', '--ignore-submodules=none'];

/** Files that differ between two trees or commits, in path order (git-diff-tree(1)). */
export async function listFileChanges(
  git: Git,
  from: string,
  to: string,
  options: GitOptions = {},
): Promise<readonly FileChange[]> {
  const { stdout } = await git(['diff-tree', '-r', '-z', '--raw', '--numstat', ...PLAIN, from, to], options);
  return parseFileChanges(stdout);
}

/** Pure half of {@link listFileChanges}: raw records (":mode mode oid oid S", path), then numstat records ("a\td\tpath"). */
export function parseFileChanges(stdout: string): readonly FileChange[] {
  const status = new Map<string, FileChange['status']>();
  const changes: FileChange[] = [];
  const fields = stdout.split('\0');
  for (let i = 0; i < fields.length; i++) {
    const field = fields[i] ?? '';
    if (field.startsWith(':')) {
      status.set(fields[++i] ?? '', STATUS[field.at(-1) ?? 'M'] ?? 'modified');
      continue;
    }
    const [, added, deleted, path] = /^(-|\d+)\t(-|\d+)\t(.*)$/s.exec(field) ?? [];
    if (path === undefined) continue;
    changes.push({ path, status: status.get(path) ?? 'modified', added: lines(added), deleted: lines(deleted) });
  }
  return changes;
}

const STATUS: Readonly<Record<string, FileChange['status']>> = {
  A: 'added',
  D: 'deleted',
  M: 'modified',
  T: 'type-changed',
};

function lines(text: string | undefined): number | null {
  return text === undefined || text === '-' ? null : Number(text);
}

/** Paths by what became of them between two commits; a rename is a deletion and an addition. */
export const PathChanges = z.object({
  added: z.array(z.string()),
  modified: z.array(z.string()),
  deleted: z.array(z.string()),
});
export type PathChanges = Readonly<z.infer<typeof PathChanges>>;

/** Paths that differ in each pair of commits, in one process (git-diff-tree(1) --stdin). Undefined for all when git could not tell. */
export async function listPathChanges(
  git: Git,
  ranges: readonly (readonly [from: string, to: string])[],
  options: GitOptions = {},
): Promise<readonly (PathChanges | undefined)[]> {
  if (ranges.length === 0) return [];
  const input = ranges.map(([from, to]) => `${to} ${from}\n`).join('');
  const args = ['diff-tree', '--stdin', '--always', '-r', '-z', '--name-status', ...PLAIN];
  const { exitCode, stdout } = await git(args, { timeoutMs: 600_000, ...options, input, expect: [0, 128] });
  const changes = exitCode === 0 ? parsePathChanges(stdout) : [];
  return changes.length === ranges.length ? changes : ranges.map(() => undefined);
}

/** Pure half of {@link listPathChanges}: the commit, then a status and a path for each change. */
export function parsePathChanges(stdout: string): readonly PathChanges[] {
  const all: { added: string[]; modified: string[]; deleted: string[] }[] = [];
  const fields = stdout.split('\0');
  for (let i = 0; i + 1 < fields.length; i++) {
    const field = fields[i] ?? '';
    if (field.length > 1) {
      all.push({ added: [], modified: [], deleted: [] });
      continue;
    }
    const last = all.at(-1);
    const list = field === 'A' ? last?.added : field === 'D' ? last?.deleted : last?.modified;
    list?.push(fields[++i] ?? '');
  }
  return all;
}

export type DiffFormat = 'patch' | 'stat' | 'name-only';

/** The text a person reads. `width` bounds the stat; colour is git's own. */
export async function formatDiff(
  git: Git,
  from: string,
  to: string,
  look: { format: DiffFormat; color: boolean; width: number },
  options: GitOptions = {},
): Promise<string> {
  const format = { patch: ['--patch'], stat: [`--stat=${look.width}`], 'name-only': ['--name-only'] }[look.format];
  const { stdout } = await git(
    [
      'diff',
      ...format,
      `--color=${look.color ? 'always' : 'never'}`,
      '--no-ext-diff',
      '--no-textconv',
      '--find-renames',
      from,
      to,
    ],
    options,
  );
  return stdout;
}
