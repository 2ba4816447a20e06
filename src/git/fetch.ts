import type { Git } from './git.ts';

/** Brings one remote's branches up to date (git-fetch(1)); writes no FETCH_HEAD and no tags of its own choosing. */
export async function fetchRemote(git: Git, remote: string): Promise<void> {
  await git(['fetch', '--quiet', '--no-write-fetch-head', '--no-recurse-submodules', '--', remote], {
    timeoutMs: 120_000,
  });
}

export async function listRemotes(git: Git): Promise<readonly string[]> {
  const { stdout } = await git(['remote']);
  return stdout.split('\n').filter(Boolean);
}
