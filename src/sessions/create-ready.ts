import { createSession, type CreateOptions, type CreateOutcome } from './create-apply.ts';
import { rowOfPlan, type CreateRequest, type NewSessionPlan } from './create.ts';
import { factsOf } from './facts.ts';
import { hasCommands, runBefore, type Commands, type HookPlace } from './hooks.ts';
import { hasSetup, makeReady, type ReadyOutcome } from './ready.ts';
import type { Repo } from './repo.ts';
import { openMark } from './setup-state.ts';

export interface CreatedReady {
  readonly outcome: CreateOutcome;
  /** What was done to make it ready; undefined when that was not wanted, or would only be done. */
  readonly ready: ReadyOutcome | undefined;
}

/** Makes the session, then makes it ready; what may refuse runs before. */
export async function createReady(
  repo: Repo,
  spec: {
    request: CreateRequest;
    options: Pick<CreateOptions, 'definition' | 'dryRun' | 'fetch' | 'fromChanges'>;
    /** What makes it ready; undefined: only its files are checked out. */
    commands: Commands | undefined;
    /** Shows that it takes its time. */
    busy: <T>(text: string, work: () => Promise<T>) => Promise<T>;
  },
): Promise<CreatedReady> {
  const { request, commands, options } = spec;
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
    const outcome = await (hasBefore ? work() : spec.busy(`creating ${request.id}`, work));
    if (outcome.kind !== 'created' || commands === undefined) return { outcome, ready: undefined };
    const { definition, narrator } = commands;
    return { outcome, ready: await makeReady(repo, outcome.session, definition, { narrator, isFirst: true, mark }) };
  } finally {
    mark?.end();
  }
}

/** A session that is not there yet, as it is planned. */
function beforeCreate(repo: Repo, plan: NewSessionPlan): HookPlace {
  const session = { id: plan.id, row: rowOfPlan(plan), path: plan.path, admin: undefined };
  return { facts: factsOf(repo, session), cwd: repo.root, without: ['wt', 'create', plan.id, '--no-setup'] };
}
