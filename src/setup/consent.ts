import type { Env } from '../platform/deps.ts';
import type { Definition } from './definition.ts';
import { stepsOf } from './fill.ts';
import type { Phase } from './step.ts';
import { broughtBy, isTrusted, type Brought } from './trust.ts';

/** What of a definition is about to be used. */
export interface Wanted {
  readonly phases: readonly Phase[];
  /** The variables of a session are written down. */
  readonly env?: boolean;
  /** The gate of the configuration. */
  readonly gate?: boolean;
}

/** Whether anything of it comes from the repository and would run, or decide what runs. Pure. */
export function needsTrust(definition: Pick<Definition, 'steps' | 'env' | 'gate'>, wanted: Wanted): boolean {
  const steps = stepsOf(definition, wanted.phases);
  const isVariable = steps.length > 0 || wanted.env === true;
  return (
    steps.some(({ source }) => source.owner === 'repository') ||
    (isVariable && definition.env.some(({ source }) => source.owner === 'repository')) ||
    (wanted.gate === true && definition.gate?.source.owner === 'repository')
  );
}

/** What a person would have to approve first; undefined when nothing is in the way. */
export async function findUnapproved(
  { root, commonDir, env }: { root: string; commonDir: string; env: Env },
  definition: Definition,
  wanted: Wanted,
): Promise<Brought | undefined> {
  if (!needsTrust(definition, wanted)) return undefined;
  const brought = broughtBy(root, definition);
  return (await isTrusted(env, commonDir, brought)) ? undefined : brought;
}
