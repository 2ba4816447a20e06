import { WtError } from '../core/errors.ts';
import type { Git } from './git.ts';

/** One entry of `git worktree list` (git-worktree(1)). */
export interface Worktree {
  readonly path: string;
  /** Commit at its HEAD; undefined when unborn or unreadable. */
  readonly head: string | undefined;
  /** Full name of the branch checked out there; undefined when detached. */
  readonly ref: string | undefined;
  readonly isBare: boolean;
  /** Reason of the lock, '' when none was given; undefined when not locked. */
  readonly locked: string | undefined;
  readonly prunable: string | undefined;
}

export async function listWorktrees(git: Git): Promise<readonly Worktree[]> {
  const { stdout } = await git(['worktree', 'list', '--porcelain', '-z']);
  return parseWorktreeList(stdout);
}

/** Pure half of {@link listWorktrees}: NUL ends a field, an empty field ends a record. */
export function parseWorktreeList(stdout: string): readonly Worktree[] {
  return stdout
    .split('\0\0')
    .filter((record) => record.startsWith('worktree '))
    .map((record) => {
      const fields = new Map(record.split('\0').map(splitField));
      const head = fields.get('HEAD');
      return {
        path: fields.get('worktree') ?? '',
        head: head === undefined || /^0+$/.test(head) ? undefined : head,
        ref: fields.get('branch'),
        isBare: fields.has('bare'),
        locked: fields.get('locked'),
        prunable: fields.get('prunable'),
      };
    });
}

function splitField(line: string): readonly [string, string] {
  const space = line.indexOf(' ');
  return space < 0 ? [line, ''] : [line.slice(0, space), line.slice(space + 1)];
}

/**
 * Registers a worktree for an existing branch, so that no tracking is set up, or detached at a commit; locked and without files. The caller holds
 * wt's lock, because git's own `worktree add` is not safe beside another one.
 */
export async function addWorktree(
  git: Git,
  spec: { path: string; at: string; isDetached?: boolean; lockReason: string },
): Promise<void> {
  const detach = spec.isDetached === true ? ['--detach'] : [];
  const lock = ['--no-checkout', '--lock', '--reason', spec.lockReason];
  await git(['worktree', 'add', '--quiet', ...detach, ...lock, '--', spec.path, spec.at]);
}

/** Takes git's record of a worktree whose folder is gone away, though it is locked; nothing when there is none (git-worktree(1) remove). */
export async function dropWorktree(git: Git, path: string): Promise<void> {
  await git(['worktree', 'remove', '--force', '--force', '--', path], { expect: [0, 128] });
}

/**
 * Fills a fresh worktree with the files of its HEAD, with parallel workers. Files of Git LFS stay pointers when that is asked
 * for, and when the program for them is configured and missing: git alone would give up.
 */
export async function checkoutFiles(
  git: Git,
  workers: number,
  { lfs = 'pull' }: { readonly lfs?: 'pull' | 'skip' } = {},
): Promise<void> {
  const options = {
    timeoutMs: 600_000,
    // ORIG_HEAD of a worktree that has had no other HEAD need not outlive a power cut.
    config: [`checkout.workers=${workers}`, 'core.fsync=objects'],
    ...(lfs === 'skip' ? { env: { GIT_LFS_SKIP_SMUDGE: '1' } } : {}),
  };
  try {
    await git(['reset', '--quiet', '--hard'], options);
  } catch (error) {
    if (!WtError.is(error, 'git.failed') || !isLfsMissing(error.details.stderr)) throw error;
    await git(['reset', '--quiet', '--hard'], { ...options, config: [...options.config, ...WITHOUT_LFS] });
  }
}

const WITHOUT_LFS = ['filter.lfs.process=', 'filter.lfs.smudge=', 'filter.lfs.required=false'];

/** `git-lfs filter-process: git-lfs: not found`, `git: 'lfs' is not a git command`. */
function isLfsMissing(stderr: string): boolean {
  return /git-lfs: (?:command )?not found|'lfs' is not a git command|cannot run git-lfs/.test(stderr);
}
