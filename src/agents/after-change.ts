import type { Env } from '../platform/deps.ts';
import type { DetachRequest } from '../platform/runner.ts';
import { announceChange } from './notify.ts';
import type { FactsChange } from './receive.ts';

/** Called once by whoever has written down that an agent is at something else now. Loaded only then: a person may have to be told. */
export async function afterChange(change: FactsChange, { env, program }: { env: Env; program: string }): Promise<void> {
  // A hook is quick because it loads nothing that starts programs before it needs it.
  const detach = async (request: DetachRequest): Promise<unknown> =>
    (await import('../platform/runner.ts')).createDetach(env)(request);
  await announceChange({ env, program, detach }, change.place, change);
}
