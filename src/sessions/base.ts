import { WtError } from '../core/errors.ts';
import { nearNames } from '../core/names.ts';
import { fetchRemote, listRemotes } from '../git/fetch.ts';
import { branchOf, listRefs, refOfBranch, resolveCommit, type Ref } from '../git/ref.ts';
import { acquireLock } from '../platform/lock.ts';
import { makePrivateDirectory, readText, replaceFile } from '../platform/files.ts';
import path from 'node:path';
import { readBook, sessionAround, type Book } from './book.ts';
import { gitAtWorktree, type Repo } from './repo.ts';

/** Where a session is cut: the commit, and the branch it will land on. */
export interface BaseFacts {
  /** As it was asked for, for messages. */
  readonly name: string;
  /** Branch to land on; null for a bare commit, a tag or a detached HEAD. */
  readonly branch: string | null;
  readonly commit: string;
  /** Short name of the upstream, and how many commits the base lacks of it. */
  readonly upstream: string | undefined;
  readonly behind: number;
}

/** What a base is called when none is given: inside a session that session's base, else the branch checked out here. */
export function defaultBaseName(repo: Repo, book: Book): string {
  const around = sessionAround(book, repo.top);
  if (around !== undefined) return around.row.base.branch ?? around.row.base.commit;
  if (repo.headRef !== undefined) return branchOf(repo.headRef);
  if (repo.headCommit === undefined) throw new WtError('repo.no-commits', { root: repo.root });
  return repo.headCommit;
}

/**
 * A branch, a remote branch, a tag, a session by its id or any commit; `HEAD` and what is relative to it as seen from where the caller stands.
 * Throws `base.not-found`, `repo.no-commits`, `usage.invalid`.
 */
export async function requireBase(repo: Repo, asked: string, refs?: readonly Ref[]): Promise<BaseFacts> {
  if (asked.startsWith('-'))
    throw new WtError('usage.invalid', { option: '--base <ref>', reason: `"${asked}" looks like a flag` });
  const name = shortName(repo, asked);
  const found = refs ?? (await listRefs(repo.git, basePatterns(repo, asked)));
  const local = found.find((ref) => ref.name === refOfBranch(name));
  const bare = { name, branch: null, upstream: undefined, behind: 0 };
  if (local !== undefined)
    return { name, branch: name, commit: local.commit, upstream: shortRemote(local.upstream), behind: local.behind };
  const remote = found.find((ref) => ref.name === `refs/remotes/${name}`);
  if (remote !== undefined) return { ...bare, branch: await branchOfRemote(repo, name), commit: remote.commit };
  const tag = found.find((ref) => ref.name === `refs/tags/${name}`);
  const session = tag === undefined ? (await readBook(repo)).sessions.get(name) : undefined;
  if (session !== undefined) return requireBase(repo, refOfBranch(session.row.branch));
  const here = repo.top === undefined ? repo.git : gitAtWorktree(repo, repo.top);
  const commit = tag?.commit ?? (await resolveCommit(here, name));
  if (commit !== undefined) return { ...bare, commit };
  if (repo.headCommit === undefined) throw new WtError('repo.no-commits', { root: repo.root });
  const known = await listRefs(repo.git, ['refs/heads/', 'refs/remotes/', 'refs/tags/']);
  const names = known.map((ref) => ref.name.replace(/^refs\/(?:heads|remotes|tags)\//, ''));
  throw new WtError('base.not-found', { base: asked, near: nearNames(asked, names) });
}

/** Where the refs that a base may name are found. */
export function basePatterns(repo: Repo, asked: string): readonly string[] {
  const name = shortName(repo, asked);
  return [refOfBranch(name), `refs/remotes/${name}`, `refs/tags/${name}`];
}

/** Without `refs/heads/` and the like; HEAD is the branch checked out where the caller stands. */
function shortName(repo: Repo, asked: string): string {
  if ((asked === 'HEAD' || asked === '@') && repo.headRef !== undefined) return branchOf(repo.headRef);
  return asked.replace(/^refs\/(?:heads|remotes|tags)\//, '');
}

/** The branch that a remote branch is called locally: without its remote's name, which may have slashes in it. */
async function branchOfRemote(repo: Repo, name: string): Promise<string> {
  const remote = remoteOf(name, await listRemotes(repo.git)) ?? name.slice(0, name.indexOf('/'));
  const branch = name.slice(remote.length + 1);
  if (branch !== 'HEAD') return branch;
  const { stdout } = await repo.git(['symbolic-ref', '--quiet', `refs/remotes/${name}`], { expect: [0, 1] });
  return stdout.trim() === '' ? branch : branchOfRemote(repo, stdout.trim().replace(/^refs\/remotes\//, ''));
}

/** The longest remote name that a remote branch begins with. */
function remoteOf(name: string, remotes: readonly string[]): string | undefined {
  return remotes.filter((one) => name.startsWith(`${one}/`)).toSorted((x, y) => y.length - x.length)[0];
}

function shortRemote(ref: string | undefined): string | undefined {
  return ref?.replace(/^refs\/(?:remotes|heads)\//, '');
}

/**
 * The base as its remote has it. One fetch serves every caller that was waiting for it. The local branch and its checkout
 * stay where they are: the session is cut from the upstream's commit when the local branch is merely behind.
 */
export async function fetchBase(repo: Repo, name: string): Promise<BaseFacts> {
  const before = await requireBase(repo, name);
  const remote = remoteOf(before.upstream ?? before.name, await listRemotes(repo.git));
  if (remote === undefined)
    throw new WtError('usage.invalid', { option: '--fetch', reason: `${name} has no upstream to fetch` });
  await fetchOnce(repo, remote);
  const after = await requireBase(repo, name);
  if (after.upstream === undefined || after.behind === 0) return after;
  const upstream = await requireBase(repo, after.upstream);
  const { exitCode } = await repo.git(['merge-base', '--is-ancestor', after.commit, upstream.commit], {
    expect: [0, 1],
  });
  return exitCode === 0
    ? { ...after, name: after.upstream, commit: upstream.commit, upstream: undefined, behind: 0 }
    : after;
}

async function fetchOnce(repo: Repo, remote: string): Promise<void> {
  const { deps, layout } = repo;
  const askedAt = deps.clock.now().getTime();
  const stamp = path.join(layout.cache, 'fetched.json');
  await makePrivateDirectory(layout.cache);
  await makePrivateDirectory(layout.lock);
  const lease = await acquireLock(deps, {
    directory: layout.fetchLock,
    timeoutMs: 180_000,
    onWait: () => deps.io.err(`wt: waiting for another fetch of ${remote}\n`),
  });
  try {
    if (fetchedAt(await readText(stamp), remote) >= askedAt) return;
    const startedAt = deps.clock.now().getTime();
    await fetchRemote(repo.git, remote);
    await replaceFile(stamp, `${JSON.stringify({ [remote]: startedAt })}\n`);
  } finally {
    await lease.release();
  }
}

function fetchedAt(text: string | undefined, remote: string): number {
  try {
    const at = (JSON.parse(text ?? '') as Record<string, unknown>)[remote];
    return typeof at === 'number' ? at : 0;
  } catch {
    return 0;
  }
}
