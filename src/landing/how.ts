import type { Strategy } from '../config/schema.ts';
import { WtError } from '../core/errors.ts';
import type { Repo } from '../sessions/repo.ts';
import type { Definition } from '../setup/definition.ts';
import { requireTrust } from '../setup/trust.ts';
import type { MergeRequest } from './plan.ts';

/** What the flags of a call say; absent: as the settings say. */
export interface HowAsked {
  readonly into: string | undefined;
  readonly strategy: Strategy | undefined;
  readonly message: string | undefined;
  /** False: none. */
  readonly gate: string | false | undefined;
  readonly keepGoing: boolean;
}

/** What all landings of a call share. */
export interface How {
  readonly request: Omit<MergeRequest, 'id'>;
  readonly gate: string | undefined;
  readonly retries: number;
  readonly keepGoing: boolean;
  readonly gateTimeoutMs: number;
}

/** Flags above the settings. Throws `config.untrusted` for a gate that the repository brings along and nobody has approved. */
export async function decideHow(repo: Repo, definition: Definition, asked: HowAsked): Promise<How> {
  const { env } = repo.deps;
  const settings = definition.settings.merge;
  const strategy = asked.strategy ?? settings.strategy;
  if (strategy === 'ff' && asked.message !== undefined)
    throw new WtError('usage.invalid', { option: '--message', reason: 'a fast-forward makes no commit' });
  if (asked.gate === undefined && definition.gate?.source.owner === 'repository')
    await requireTrust({ root: repo.root, commonDir: repo.commonDir, env }, definition);
  const gate = asked.gate === false ? undefined : (asked.gate ?? settings.gate);
  const { requireApproval, message: template, retries, gateTimeout: gateTimeoutMs } = settings;
  const request = { into: asked.into, strategy, message: asked.message, template, requireApproval };
  return { request, gate, retries, keepGoing: asked.keepGoing, gateTimeoutMs };
}
