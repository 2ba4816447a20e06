import type { LockDeps } from '../platform/lock.ts';
import type { AgentFacts } from './facts.ts';
import { recordNews, type AgentPlace } from './record.ts';
import { deriveStatus, lifeOf } from './status.ts';

/**
 * Writes down that an agent's process is gone and nobody has recorded its end: whoever sees it first, and once. A reboot is
 * no death, for what it ended is taken up again. Undefined: there was nothing to write.
 */
export async function recordDeath(
  deps: Omit<LockDeps, 'identity'>,
  place: AgentPlace,
): Promise<{ readonly before: AgentFacts; readonly after: AgentFacts } | undefined> {
  const { before, after } = await recordNews(deps, place, (facts) => {
    const { run } = facts;
    if (run === null || run.goneAt !== undefined || lifeOf(run.owner) !== 'dead') return undefined;
    const now = deps.clock.now();
    if (deriveStatus(facts, run, { life: 'dead', nowMs: now.getTime() }).state !== 'died') return undefined;
    const at = now.toISOString();
    const data = { agent: run.agent, pid: run.owner.pid, source: 'process' };
    return {
      facts: { ...facts, run: { ...run, goneAt: at } },
      events: [{ at, event: 'session.agent.died', by: 'wt', data }],
    };
  });
  return after === before ? undefined : { before, after };
}
