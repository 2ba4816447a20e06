import { WtError } from '../core/errors.ts';
import type { Hooked } from '../config/commands.ts';
import type { Env } from '../platform/deps.ts';
import { findUnapproved, type Wanted } from '../setup/consent.ts';
import type { Definition } from '../setup/definition.ts';
import { labelOf, stepsOf } from '../setup/fill.ts';
import type { Phase } from '../setup/step.ts';
import { runPhase, type Narrator, type StepsOutcome } from '../setup/steps.ts';
import { approve, findEarlier, type Brought, type Earlier } from '../setup/trust.ts';
import type { SessionFacts } from '../setup/values.ts';
import { liveRecord } from '../registry/live-record.ts';
import { howEnded } from './ready.ts';
import type { Repo } from './repo.ts';
import { isInsideSession } from './word.ts';

/** The commands that the configuration hangs around what wt does; absent where they were not wanted. */
export interface Commands {
  readonly definition: Definition;
  readonly narrator: Narrator;
}

/** For whom and where the commands of a phase run. */
export interface HookPlace {
  readonly facts: SessionFacts | undefined;
  readonly cwd: string;
  /** The session's administrative folder: what runs in the session is written down there. */
  readonly adminDirectory?: string | undefined;
  readonly env?: Env;
  readonly context?: Readonly<Record<string, unknown>>;
  /** The call that does without these commands. */
  readonly without?: readonly string[];
}

export function hasCommands(commands: Commands | undefined, phase: Phase): boolean {
  return commands !== undefined && stepsOf(commands.definition, [phase]).length > 0;
}

/** Runs what may refuse. No lock is held meanwhile: it may call wt itself. Throws `hook.failed`. */
export async function runBefore(
  repo: Repo,
  commands: Commands | undefined,
  verb: Hooked,
  place: HookPlace,
): Promise<void> {
  if (commands === undefined) return;
  const { failed, log } = await run(repo, commands, `${verb}.before`, place);
  if (failed === undefined) return;
  throw new WtError('hook.failed', {
    hook: `${verb}.before`,
    id: place.facts?.id ?? '',
    verb,
    command: `${labelOf(failed.step)} (${howEnded(failed)})`,
    output: failed.output.join('\n'),
    log: log ?? null,
    ...(place.without === undefined ? {} : { fix: place.without }),
  });
}

/** Runs what comes when all is done, or what has to be done before a session goes: a failure is worth a warning, and stops nothing. */
export async function runAfter(
  repo: Repo,
  commands: Commands | undefined,
  phase: Extract<Phase, `${string}.after`> | 'teardown',
  place: HookPlace & { left: string },
): Promise<readonly string[]> {
  if (commands === undefined) return [];
  try {
    const { failed, log } = await run(repo, commands, phase, place);
    const name = phase === 'teardown' ? 'teardown.run' : `hooks.${phase}`;
    if (failed === undefined) return [];
    return [`${name} failed (${howEnded(failed)}): ${labelOf(failed.step)}; log ${log ?? ''}`];
  } catch (error) {
    if (!WtError.is(error, 'interrupted')) throw error;
    throw new WtError('interrupted', { ...error.details, left: place.left }, { cause: error, changed: true });
  }
}

function run(
  { deps, commonDir, root }: Repo,
  { definition, narrator }: Commands,
  phase: Phase,
  { facts, cwd, adminDirectory, env, context }: HookPlace,
): Promise<StepsOutcome> {
  return runPhase({ deps, commonDir, main: root, cwd, facts }, definition, phase, {
    ...narrator,
    ...(env === undefined ? {} : { env }),
    ...(context === undefined ? {} : { context }),
    ...(adminDirectory === undefined
      ? {}
      : { record: (command: string): ReturnType<typeof liveRecord> => liveRecord(adminDirectory, command) }),
  });
}

/** What a person has not approved yet, with all that is needed to ask. */
export interface Unapproved {
  readonly brought: Brought;
  /** What was approved before, when there was anything. */
  readonly earlier: Earlier | undefined;
  /** A call from inside a session approves nothing. */
  readonly isInside: boolean;
  readonly give: () => Promise<void>;
  /** What is thrown when nobody gives it. */
  readonly refusal: WtError;
}

/** What of this very definition would need a person's word first; undefined when it may run as it is. */
export async function findMissingTrust(
  repo: Repo,
  definition: Definition,
  wanted: Wanted & { without?: readonly string[] },
): Promise<Unapproved | undefined> {
  const { root, commonDir, deps } = repo;
  const brought = await findUnapproved({ root, commonDir, env: deps.env }, definition, wanted);
  if (brought === undefined) return undefined;
  const { files, commands } = brought;
  const isInside = await isInsideSession(repo, deps.env);
  return {
    brought,
    earlier: await findEarlier(deps.env, commonDir, brought),
    isInside,
    give: () => approve(deps.env, commonDir, brought, deps.clock.now()),
    refusal: new WtError('config.untrusted', {
      path: files.join(', '),
      commands,
      ...(wanted.without === undefined ? {} : { without: wanted.without }),
    }),
  };
}

/** What runs around a call, and what would have to be approved first; no commands when there is nothing to run. */
export async function gatherCommands(
  repo: Repo,
  definition: Definition,
  { narrator, ...wanted }: Wanted & { narrator: Narrator; without: readonly string[] },
): Promise<{ readonly commands: Commands | undefined; readonly missing: Unapproved | undefined }> {
  const hasAny = stepsOf(definition, wanted.phases).length > 0;
  const missing = await findMissingTrust(repo, definition, wanted);
  return { commands: hasAny ? { definition, narrator } : undefined, missing };
}
