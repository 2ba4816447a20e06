import { limitFrom } from '../git/git.ts';
import { gitAtRoot, locateRepo } from '../git/repo.ts';
import type { Deps } from '../platform/deps.ts';
import { layoutOf } from './layout.ts';
import type { Repo } from './repo.ts';
import { settle } from './settle.ts';

/** Finds the repository and changes nothing, not even what is plainly half-done. Throws as {@link locateRepo} does. */
export async function findRepo(deps: Deps): Promise<Repo> {
  const place = { run: deps.run, clock: deps.clock, ...limitFrom(deps.env) };
  const location = await locateRepo({ ...place, dir: deps.cwd });
  return {
    ...location,
    deps,
    git: gitAtRoot(place, location),
    layout: layoutOf(location.root, location.commonDir),
  };
}

/** The same, and first finishes what a dead wt process left half-done. */
export async function openRepo(deps: Deps): Promise<Repo> {
  const repo = await findRepo(deps);
  await settle(repo);
  return repo;
}
