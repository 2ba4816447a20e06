import { requireInside, type Target } from '../config/change.ts';
import { personalConfigFile } from '../config/load.ts';
import type { Key } from '../config/keys.ts';
import { WtError } from '../core/errors.ts';
import type { Deps, Env } from '../platform/deps.ts';
import { findRepo } from './open.ts';
import type { Repo } from './repo.ts';
import { isInsideSession } from './word.ts';

/** Settings of a person can be read and set anywhere. */
export async function findRepoOrNone(deps: Deps, target: Target | undefined): Promise<Repo | undefined> {
  try {
    return await findRepo(deps);
  } catch (error) {
    const isNeeded = target === 'project' || target === 'here';
    if (WtError.is(error, 'repo.not-found') && error.details.reason === 'outside' && !isNeeded) return undefined;
    throw error;
  }
}

/** Throws `repo.not-found`, `path.unsafe`. */
export async function requireOwnPlace(repo: Repo | undefined, cwd: string): Promise<void> {
  if (repo === undefined) throw new WtError('repo.not-found', { cwd, reason: 'outside' });
  await requireInside(repo.root);
}

const OF_A_PERSON = /^(?:setup|teardown|hooks|env|merge)(?:\.|$)/;

/** What runs, and what must pass, is not for an agent to say, and nothing of the person's own file: not from inside a session. */
export async function requirePerson(env: Env, repo: Repo | undefined, { key }: Key, file: string): Promise<void> {
  if (!OF_A_PERSON.test(key) && file !== personalConfigFile(env)) return;
  if (await isInsideSession(repo, env))
    throw new WtError('config.untrusted', { path: file, commands: [], isInside: true });
}
