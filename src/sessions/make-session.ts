import { rowOfPlan, type CreateRequest, type NewSessionPlan } from './create.ts';
import { createSession, type CreateOptions, type CreateOutcome } from './create-apply.ts';
import { factsOf } from './facts.ts';
import { hasCommands, runBefore, type Commands, type HookPlace } from './hooks.ts';
import { hasSetup, makeReady, type ReadyOutcome } from './ready.ts';
import type { Repo } from './repo.ts';
import { refillSpares } from './spares/refill.ts';
import { openMark } from './setup-state.ts';

/** A session to be made, with what is to be run for it. */
export interface NewSession {
  readonly request: CreateRequest;
  readonly options: Pick<CreateOptions, 'definition' | 'dryRun' | 'fetch' | 'fromChanges'>;
  /** Undefined: none, and no set-up. */
  readonly commands: Commands | undefined;
  /** Shows that something takes its time. */
  readonly busy: <T>(text: string, work: () => Promise<T>) => Promise<T>;
}

export interface NewSessionOutcome {
  readonly outcome: CreateOutcome;
  /** What was done to make it ready; undefined when that was not wanted, or would only be done. */
  readonly ready: ReadyOutcome | undefined;
}

/** Makes the session, then makes it ready; what may refuse runs before. */
export async function makeSession(
  repo: Repo,
  { request, commands, options, busy }: NewSession,
): Promise<NewSessionOutcome> {
  const isWork = commands !== undefined && !options.dryRun && (await hasSetup(repo, commands.definition));
  const mark = isWork ? await openMark(repo) : undefined;
  const hasBefore = hasCommands(commands, 'create.before');
  const before = (plan: NewSessionPlan): Promise<void> => runBefore(repo, commands, 'create', beforeCreate(repo, plan));
  const all = {
    ...options,
    setup: commands === undefined ? 'skip' : mark,
    before: hasBefore ? before : undefined,
  } as const;
  try {
    const work = (): Promise<CreateOutcome> => createSession(repo, request, all);
    const outcome = await (hasBefore ? work() : busy(`creating ${request.id}`, work));
    if (outcome.kind === 'created') await refillSpares(repo, options.definition);
    if (outcome.kind !== 'created' || commands === undefined) return { outcome, ready: undefined };
    const { definition, narrator } = commands;
    const { session, prepared } = outcome;
    const ready = await makeReady(repo, session, definition, { narrator, isFirst: true, mark, prepared });
    return { outcome, ready };
  } finally {
    mark?.end();
  }
}

/** A session that is not there yet, as it is planned. */
function beforeCreate(repo: Repo, plan: NewSessionPlan): HookPlace {
  const session = { id: plan.id, row: rowOfPlan(plan), path: plan.path, admin: undefined };
  return { facts: factsOf(repo, session), cwd: repo.root, without: ['wt', 'create', plan.id, '--no-setup'] };
}
