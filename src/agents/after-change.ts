import type { Env } from '../platform/deps.ts';
import type { DetachRequest } from '../platform/runner.ts';
import { isTraceAsked, startTrace } from '../platform/trace.ts';
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

/** `WT_TRACE` of a hook, for the one process that it may start. A hook does not fail: what cannot be traced is not. */
export async function traceHook(env: Env, err: (text: string) => void): Promise<HookTrace | undefined> {
  const { createDetach, createRunner } = await import('../platform/runner.ts');
  const doors = { run: createRunner(env), detach: createDetach(env) };
  // JSON has no control characters.
  const say = (line: string): void => err(`${JSON.stringify(line).slice(1, -1)}\n`);
  try {
    return isTraceAsked(env) ? startTrace(doors, { env, say, command: 'hook', isVerbose: false }) : undefined;
  } catch {
    return undefined;
  }
}

interface HookTrace {
  readonly detach: AnnounceDeps['detach'];
  end(): void;
}
