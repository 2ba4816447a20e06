import { WtError } from '../core/errors.ts';
import { nearNames } from '../core/names.ts';
import { fetchRemote, listRemotes } from '../git/fetch.ts';
import { branchOf, listRefs, refOfBranch, resolveCommit, type Ref } from '../git/ref.ts';
import { acquireLock } from '../platform/lock.ts';
import { makePrivateDirectory, readText, replaceFile } from '../platform/files.ts';
import path from 'node:path';
import { sessionAround, type Book } from './book.ts';
import type { Repo } from './repo.ts';

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

/** A branch, a remote branch, a tag or any commit. Throws `base.not-found`, `repo.no-commits`, `usage.invalid`. */
export async function requireBase(repo: Repo, name: string, refs?: readonly Ref[]): Promise<BaseFacts> {
  if (name.startsWith('-'))
    throw new WtError('usage.invalid', { option: '--base <ref>', reason: `"${name}" looks like a flag` });
  const found = refs ?? (await listRefs(repo.git, basePatterns(name)));
  const local = found.find((ref) => ref.name === refOfBranch(name));
  if (local !== undefined)
    return { name, branch: name, commit: local.commit, upstream: shortRemote(local.upstream), behind: local.behind };
  const remote = found.find((ref) => ref.name === `refs/remotes/${name}`);
  if (remote !== undefined)
    return { name, branch: name.slice(name.indexOf('/') + 1), commit: remote.commit, upstream: undefined, behind: 0 };
  const tag = found.find((ref) => ref.name === `refs/tags/${name}`);
  const commit = tag?.commit ?? (await resolveCommit(repo.git, name));
  if (commit !== undefined) return { name, branch: null, commit, upstream: undefined, behind: 0 };
  if (repo.headCommit === undefined) throw new WtError('repo.no-commits', { root: repo.root });
  const known = await listRefs(repo.git, ['refs/heads/', 'refs/remotes/', 'refs/tags/']);
  throw new WtError('base.not-found', {
    base: name,
    near: nearNames(
      name,
      known.map((ref) => ref.name.replace(/^refs\/(?:heads|remotes|tags)\//, '')),
    ),
  });
}

export function basePatterns(name: string): readonly string[] {
  return [refOfBranch(name), `refs/remotes/${name}`, `refs/tags/${name}`];
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
  const remotes = await listRemotes(repo.git);
  const full = before.upstream ?? name;
  const remote = remotes.filter((one) => full.startsWith(`${one}/`)).toSorted((a, b) => b.length - a.length)[0];
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
