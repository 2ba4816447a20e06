import { isoFromSeconds } from '../core/time.ts';
import type { Git } from './git.ts';

/** A ref with what wt asks of it. `commit` is peeled, so that a tag names its commit. */
export interface Ref {
  readonly name: string;
  readonly commit: string;
  readonly tree: string;
  readonly subject: string;
  /** ISO 8601 UTC; undefined when the ref is no commit. */
  readonly committedAt: string | undefined;
  /** Full name of the upstream; undefined when there is none. */
  readonly upstream: string | undefined;
  /** Commits the upstream has and the ref has not; 0 without an upstream, and where it was not asked for. */
  readonly behind: number;
}

const FIELDS = [
  '%(refname)',
  '%(objectname)',
  '%(*objectname)',
  '%(tree)',
  '%(*tree)',
  '%(contents:subject)',
  '%(committerdate:unix)',
  '%(*committerdate:unix)',
  '%(upstream)',
] as const;
const BEHIND = '%(upstream:track,nobracket)';

/** Refs that match any of the patterns: full names, or prefixes up to a slash (git-for-each-ref(1)). */
export async function listRefs(git: Git, patterns: readonly string[]): Promise<readonly Ref[]> {
  return readRefs(git, patterns, BEHIND);
}

/** The same without `behind`, for which git walks the history of every ref that has an upstream. */
export async function listTips(git: Git, patterns: readonly string[]): Promise<readonly Ref[]> {
  return readRefs(git, patterns, '');
}

async function readRefs(git: Git, patterns: readonly string[], behind: string): Promise<readonly Ref[]> {
  if (patterns.length === 0) return [];
  const { stdout } = await git(['for-each-ref', `--format=${[...FIELDS, behind].join('%00')}%00`, ...patterns]);
  return parseRefs(stdout);
}

/** One ref by its full name; a longer one that begins with it is not meant. */
export async function findRef(git: Git, name: string): Promise<Ref | undefined> {
  return (await listRefs(git, [name])).find((ref) => ref.name === name);
}

const COUNT = FIELDS.length + 1;

/** Pure half of {@link listRefs}. */
export function parseRefs(stdout: string): readonly Ref[] {
  const fields = stdout.split('\0');
  const refs: Ref[] = [];
  for (let i = 0; i + COUNT < fields.length; i += COUNT) {
    const [name, own, peeled, ownTree, peeledTree, subject, ownDate, peeledDate, upstream, track] = fields.slice(
      i,
      i + COUNT,
    );
    const seconds = Number(peeledDate || ownDate || Number.NaN);
    refs.push({
      name: (name ?? '').replace(/^\n/, ''),
      commit: peeled || own || '',
      tree: peeledTree || ownTree || '',
      subject: subject ?? '',
      committedAt: Number.isFinite(seconds) ? isoFromSeconds(seconds) : undefined,
      upstream: upstream || undefined,
      behind: Number(/behind (\d+)/.exec(track ?? '')?.[1] ?? 0),
    });
  }
  return refs;
}

/** Object id of a commit, however it is written, or undefined. The text may come from anybody. */
export async function resolveCommit(git: Git, revision: string): Promise<string | undefined> {
  const { exitCode, stdout } = await git(
    ['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`],
    { expect: [0, 1, 128] },
  );
  return exitCode === 0 ? stdout.trim() : undefined;
}

export type RefChange =
  | { readonly kind: 'create'; readonly ref: string; readonly to: string }
  | { readonly kind: 'update'; readonly ref: string; readonly to: string; readonly from: string }
  | { readonly kind: 'delete'; readonly ref: string; readonly from: string };

/** Moves refs all together, each only from where it was seen (git-update-ref(1) --stdin). False when one had moved. */
export async function changeRefs(
  git: Git,
  changes: readonly RefChange[],
  options: { message?: string; shielded?: boolean } = {},
): Promise<boolean> {
  const input = changes.map(formatChange).join('');
  const args = ['update-ref', ...(options.message === undefined ? [] : ['-m', options.message]), '--stdin', '-z'];
  const { exitCode } = await git(args, { input, expect: [0, 128], shielded: options.shielded ?? false });
  if (exitCode === 0) return true;
  return hasMovedAllTheSame(git, changes, options.shielded ?? false);
}

/** Makes a ref that keeps a commit; one that is there already is left as it is. Throws `git.failed` or `io.disk-full` rather than leave it undone. */
export async function keepCommit(git: Git, { ref, to }: { ref: string; to: string }): Promise<void> {
  if (await changeRefs(git, [{ kind: 'create', ref, to }], { shielded: true })) return;
  if ((await findRef(git, ref)) === undefined) await git(['update-ref', ref, to], { shielded: true });
}

/** git may fail after it has moved a branch, at a reflog or a lock: then the rest of the transaction is still to do. */
async function hasMovedAllTheSame(git: Git, changes: readonly RefChange[], shielded: boolean): Promise<boolean> {
  const updates = changes.filter((change) => change.kind === 'update');
  if (updates.length === 0) return false; // one that somebody else has made looks like ours
  for (const { ref, to } of updates) if ((await resolveCommit(git, ref)) !== to) return false;
  const input = changes.map((change) => (change.kind === 'create' ? formatChange(change) : '')).join('');
  if (input !== '') await git(['update-ref', '--stdin', '-z'], { input, expect: [0, 128], shielded });
  return true;
}

function formatChange(change: RefChange): string {
  switch (change.kind) {
    case 'create':
      return `create ${change.ref}\0${change.to}\0`;
    case 'update':
      return `update ${change.ref}\0${change.to}\0${change.from}\0`;
    case 'delete':
      return `delete ${change.ref}\0${change.from}\0`;
  }
}

/** Short name of a branch's full name. */
export function branchOf(ref: string): string {
  return ref.replace(/^refs\/heads\//, '');
}

export function refOfBranch(branch: string): string {
  return `refs/heads/${branch}`;
}
