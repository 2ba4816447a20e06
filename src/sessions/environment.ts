import { loadConfig } from '../config/load.ts';
import { WtError } from '../core/errors.ts';
import { environmentForPrograms } from '../git/git.ts';
import type { Env } from '../platform/deps.ts';
import { findUnapproved } from '../setup/consent.ts';
import { completeDefinition, type Definition } from '../setup/definition.ts';
import { fillEnv } from '../setup/fill.ts';
import { environmentOf, valuesOf } from '../setup/values.ts';
import type { Session } from './book.ts';
import { factsOf } from './facts.ts';
import type { Repo } from './repo.ts';

/** Variables of the configuration that every session gets, as templates. */
export type Variables = Pick<Definition, 'env'>;

/**
 * Those that may be given: of what the repository brings along nothing before a person has approved it. What keeps them away
 * is told and keeps nobody from working.
 */
export async function loadVariables(repo: Repo): Promise<Variables> {
  const { root, commonDir, deps } = repo;
  try {
    const config = await loadConfig(root, deps.env);
    if (Object.keys(config.settings.env).length === 0) return { env: [] };
    const definition = await completeDefinition(root, config);
    const place = { root, commonDir, env: deps.env };
    if ((await findUnapproved(place, definition, { phases: [], env: true })) === undefined) return definition;
    deps.io.err('wt: the variables of the repository’s configuration are left away until it is approved: wt trust\n');
    return { env: definition.env.filter(({ source }) => source.owner === 'person') };
  } catch (error) {
    if (!WtError.is(error, 'config.invalid')) throw error;
    const { path: file, reason } = error.details;
    deps.io.err(`wt: the variables of the configuration are left away: ${file}: ${reason}\n`);
    return { env: [] };
  }
}

/** What a program started in a session finds in its environment: who it is, what was configured, and nothing that points git elsewhere. */
export function sessionEnvironment(repo: Repo, session: Session, variables: Variables): Env {
  const facts = factsOf(repo, session);
  return {
    ...environmentForPrograms({}),
    ...environmentOf(facts),
    ...fillEnv(variables, valuesOf(facts)),
    PWD: session.path,
  };
}
