import type { Env } from '../platform/deps.ts';
import type { DetachRequest } from '../platform/runner.ts';
import { announceChange, type AnnounceDeps } from './notify.ts';
import type { FactsChange } from './receive.ts';

/** Called once by whoever has written down that an agent is at something else now. Loaded only then: a person may have to be told. */
export async function afterChange(
  change: FactsChange,
  { env, program, detach = detachLater(env) }: { env: Env; program: string; detach?: AnnounceDeps['detach'] },
): Promise<void> {
  await announceChange({ env, program, detach }, change.place, change);
}

/** A hook is quick because it loads nothing that starts programs before it needs it. */
function detachLater(env: Env): (request: DetachRequest) => Promise<unknown> {
  return async (request) => (await import('../platform/runner.ts')).createDetach(env)(request);
}
