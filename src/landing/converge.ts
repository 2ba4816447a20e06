import { createHash } from 'node:crypto';
import { readFile, readlink } from 'node:fs/promises';
import path from 'node:path';
import type { Env } from '../platform/deps.ts';
import { lstatOf, removeFile } from '../platform/files.ts';
import { gitAtWorktree, type Repo } from '../sessions/repo.ts';
import { changedPaths, readStatus } from '../git/status.ts';
import type { Git } from '../git/git.ts';

const NONE = /^0+$/;

interface PathChange {
  readonly path: string;
  readonly from: string;
  readonly to: string;
}

/**
 * A landing stopped while git brought a checkout along: the ref still names `from`, files may already be those of `to`.
 * Every such file that is still one of ours goes back to `from`. A file that somebody has edited since stops it: its
 * names come back and nothing is touched. `env` may name another index than the checkout's own.
 */
export async function restoreCheckout(
  repo: Repo,
  worktree: string,
  move: { from: string; to: string },
  env: Env = {},
): Promise<readonly string[]> {
  const git = gitAtWorktree(repo, worktree);
  const { stdout } = await git(['diff-tree', '-r', '-z', '--raw', '--no-abbrev', '--no-renames', move.from, move.to]);
  const changes = parsePathChanges(stdout);
  const strangers: string[] = [];
  for (const change of changes) if (!(await isOurs(git, worktree, change))) strangers.push(change.path);
  if (strangers.length > 0) return strangers;
  const added = changes.filter(({ from }) => NONE.test(from)).map(({ path: name }) => name);
  const others = changes.filter(({ from }) => !NONE.test(from)).map(({ path: name }) => name);
  for (const name of added) if (await hasPlainParents(worktree, name)) await removeFile(path.join(worktree, name));
  const nul = (names: readonly string[]): string => names.map((name) => `${name}\0`).join('');
  if (added.length > 0) await git(['update-index', '--force-remove', '-z', '--stdin'], { env, input: nul(added) });
  const literal = { env: { ...env, GIT_LITERAL_PATHSPECS: '1' }, input: nul(others) };
  const pathspecs = ['--pathspec-from-file=-', '--pathspec-file-nul'];
  if (others.length > 0) await git(['checkout', '--quiet', ...pathspecs, move.from, '--'], literal);
  return [];
}

/** Whether the files and the index of a checkout are still those of `from`, which nobody had changed there. Writes nothing. */
export async function isUntouched(
  repo: Repo,
  worktree: string,
  { from, to }: { from: string; to: string },
): Promise<boolean> {
  const git = gitAtWorktree(repo, worktree);
  const { stdout } = await git(['diff-tree', '-r', '-z', '--raw', '--no-abbrev', '--no-renames', from, to]);
  const changed = new Set(parsePathChanges(stdout).map(({ path: name }) => name));
  return changedPaths(await readStatus(git)).every((name) => !changed.has(name));
}

/** The same, and then forward: the landing that was decided is carried out. */
export async function convergeCheckout(
  repo: Repo,
  worktree: string,
  move: { from: string; to: string },
): Promise<readonly string[]> {
  const strangers = await restoreCheckout(repo, worktree, move);
  if (strangers.length > 0) return strangers;
  await gitAtWorktree(repo, worktree)(['merge', '--quiet', '--ff-only', '--no-autostash', move.to], {
    timeoutMs: 600_000,
  });
  return [];
}

function parsePathChanges(stdout: string): readonly PathChange[] {
  const fields = stdout.split('\0');
  const changes: PathChange[] = [];
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const [, , from = '', to = ''] = (fields[i] ?? '').slice(1).split(' ');
    changes.push({ path: fields[i + 1] ?? '', from, to });
  }
  return changes;
}

/** Missing, as before, as after, or the beginning of what it was to become. */
export async function isOurs(git: Git, worktree: string, { path: name, from, to }: PathChange): Promise<boolean> {
  const file = path.join(worktree, name);
  const stats = await lstatOf(file);
  if (stats === undefined || !(await hasPlainParents(worktree, name))) return true;
  if (stats.isDirectory()) return false;
  const raw = stats.isSymbolicLink() ? Buffer.from(await readlink(file)) : await readFile(file);
  const blob = blobId(raw, from.length);
  if (blob === from || blob === to) return true;
  const { exitCode, stdout } = await git(['hash-object', '--', name], { expect: [0, 128] });
  if (exitCode === 0 && (stdout.trim() === from || stdout.trim() === to)) return true;
  if (NONE.test(to)) return false;
  const wanted = Buffer.from((await git(['cat-file', 'blob', to])).stdout);
  return raw.length <= wanted.length && wanted.subarray(0, raw.length).equals(raw);
}

/** No folder above it is a link: what lies behind one is somebody else's. */
export async function hasPlainParents(worktree: string, name: string): Promise<boolean> {
  const parts = name.split('/').slice(0, -1);
  for (let depth = 1; depth <= parts.length; depth++) {
    const stats = await lstatOf(path.join(worktree, ...parts.slice(0, depth)));
    if (stats !== undefined && !stats.isDirectory()) return false;
  }
  return true;
}

/** Object id of a blob with these bytes (gitformat-pack: "blob <size>\0<bytes>"). */
function blobId(bytes: Buffer, hexLength: number): string {
  return createHash(hexLength === 64 ? 'sha256' : 'sha1')
    .update(`blob ${bytes.length}\0`)
    .update(bytes)
    .digest('hex');
}
