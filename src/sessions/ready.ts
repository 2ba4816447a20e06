import path from 'node:path';
import { WtError } from '../core/errors.ts';
import { fillTemplate } from '../core/template.ts';
import { lstatOf } from '../platform/files.ts';
import { throwIfInterrupted } from '../platform/runner.ts';
import type { Definition } from '../setup/definition.ts';
import { writeEnvFile } from '../setup/env-file.ts';
import { placeFiles, type FilesReport } from '../setup/files/files.ts';
import { fillEnv, labelOf, stepsOf } from '../setup/fill.ts';
import type { Place } from '../setup/place.ts';
import { prepareSources, type SourcesReport } from '../setup/sources/sources.ts';
import { asksDirenv, findHookRules, listWarnings, type Surroundings } from '../setup/sources/surroundings.ts';
import type { Phase } from '../setup/step.ts';
import { runPhase, type Narrator, type StepResult, type StepsOutcome } from '../setup/steps.ts';
import { environmentOf, valuesOf } from '../setup/values.ts';
import { liveRecord } from '../registry/live-record.ts';
import type { Session } from './book.ts';
import { placeOf, writeTaskFile } from './facts.ts';
import { endSetupRecord } from './live.ts';
import { withoutSteps } from './spares/bake.ts';
import type { Prepared } from './spares/take.ts';
import { shielded, type Repo } from './repo.ts';
import { endSetup, type SetupMark } from './setup-state.ts';
import { checkTree } from './worktree.ts';

/** What was done to make a session ready. */
export interface ReadyOutcome {
  readonly files: FilesReport;
  readonly sources: SourcesReport;
  /** Relative to the session. */
  readonly envFile: string | undefined;
  /** Commands of the set-up and, after the first one that came to its end, of `hooks.create.after`. */
  readonly results: readonly StepResult[];
  readonly log: string | undefined;
  /** Commands that had run in the spare that the session was, by where they are written. */
  readonly prepared: readonly string[];
  readonly warnings: readonly string[];
}

/** Commands that a create runs, in this order. */
export const CREATE_PHASES: readonly Phase[] = ['create.before', 'setup', 'create.after'];

/** Whether there is anything to do in a new session; what only git's checkout leaves out is looked for each time. */
export async function hasSetup(repo: Repo, definition: Definition): Promise<boolean> {
  if (stepsOf(definition, ['setup', 'create.after']).length > 0 || definition.files.length > 0) return true;
  if (definition.settings.setup.envFile !== undefined) return true;
  const names = ['.worktreeinclude', ...(definition.settings.setup.submodules ? ['.gitmodules'] : [])];
  const found = await Promise.all(names.map((name) => lstatOf(path.join(repo.root, name))));
  if (found.some((stats) => stats !== undefined)) return true;
  const { root: main, commonDir, git: mainGit, deps } = repo;
  const around = { main, commonDir, mainGit, env: deps.env };
  return (await findHookRules(around)).length > 0 || (await asksDirenv(around));
}

/**
 * Makes a session ready whose set-up has begun: sources, files, variables, commands. Each part may have been done before.
 * No lock is held meanwhile. Throws `setup.failed` with the session left as it is, and `interrupted`.
 */
export async function makeReady(
  repo: Repo,
  session: Session,
  definition: Definition,
  {
    narrator,
    isFirst,
    mark,
    prepared = NOTHING,
  }: { narrator: Narrator; isFirst: boolean; mark: SetupMark | undefined; prepared?: Prepared | undefined },
): Promise<ReadyOutcome> {
  const directory = session.admin?.directory;
  if (directory === undefined) throw new Error(`${session.id} has no administrative folder`);
  const place = placeOf(repo, session, directory);
  const work = new Work(narrator, directory, mark?.fd);
  try {
    const outcome = await prepareAll(place, definition, { session, work, isFirst, prepared });
    // Where there was nothing to do nothing was written down.
    if (session.row.setup?.state === 'running')
      await endSetup(repo, session, { state: 'done', log: outcome.log ?? null });
    return outcome;
  } catch (error) {
    throw await recordFailure(repo, session, { error, work });
  } finally {
    if (mark !== undefined) await endSetupRecord(directory, mark.owner);
  }
}

/** No spare did any of it. */
const NOTHING: Prepared = { files: undefined, ran: [], log: undefined };

/** What it is at, so that a failure can be told. */
class Work {
  /** In words, for the parts that are no command. */
  doing = 'preparing';
  log: string | undefined;
  readonly narrator: Narrator;
  readonly directory: string;
  readonly holdFd: number | undefined;

  constructor(narrator: Narrator, directory: string, holdFd: number | undefined) {
    this.narrator = narrator;
    this.directory = directory;
    this.holdFd = holdFd;
  }

  run(place: Place, definition: Definition, phase: Phase): Promise<StepsOutcome> {
    const record = (command: string): ReturnType<typeof liveRecord> => liveRecord(this.directory, command, 'setup');
    const { facts, deps, commonDir } = place;
    const where = { facts, deps, commonDir, main: facts.main, cwd: facts.path };
    const onLog = (file: string): void => void (this.log ??= file);
    return runPhase(where, definition, phase, { ...this.narrator, record, onLog, holdFd: this.holdFd });
  }
}

async function prepareAll(
  place: Place,
  definition: Definition,
  { session, work, isFirst, prepared }: { session: Session; work: Work; isFirst: boolean; prepared: Prepared },
): Promise<ReadyOutcome> {
  const { settings } = definition;
  const { signal } = place.deps;
  await writeTaskFile(session);
  work.doing = 'submodules and large files';
  const sources = await prepareSources(place, settings.setup);
  throwIfInterrupted(signal);
  work.doing = 'copying files';
  const around = surroundingsOf(place);
  const files = prepared.files ?? (await placeAll(place, definition, around));
  throwIfInterrupted(signal);
  work.doing = `writing ${settings.setup.envFile ?? ''}`;
  const env = await writeVariables(place, definition);
  work.doing = 'commands';
  const setup = await work.run(place, withoutSteps(definition, prepared.ran), 'setup');
  if (setup.failed !== undefined) throw new StepFailure(setup.failed);
  work.doing = 'the folder of the session';
  if ((await checkTree(session)) !== 'ok') throw new Error('a command of the set-up has taken it away');
  const after = isFirst ? await work.run(place, definition, 'create.after') : undefined;
  return {
    sources,
    files,
    envFile: env?.file,
    results: [...setup.results, ...(after?.results ?? [])],
    log: setup.log ?? after?.log ?? prepared.log,
    prepared: prepared.ran,
    warnings: [
      ...sources.warnings,
      ...files.warnings,
      ...(await listWarnings(around)),
      ...(env?.warnings ?? []),
      ...troubleOf(after),
    ],
  };
}

/** Why what runs after a create did not do its work; the session is ready all the same. */
function troubleOf(after: StepsOutcome | undefined): readonly string[] {
  if (after?.failed === undefined) return [];
  const { failed, log = '' } = after;
  return [`hooks.create.after failed (${howEnded(failed)}): ${labelOf(failed.step)}; log ${log}`];
}

async function placeAll(place: Place, { files }: Definition, around: Surroundings): Promise<FilesReport> {
  return placeFiles(place, [...files, ...(await findHookRules(around))]);
}

function surroundingsOf({ facts, deps, commonDir, mainGit }: Place): Surroundings {
  return { main: facts.main, session: facts.path, commonDir, mainGit, env: deps.env };
}

async function writeVariables(
  place: Place,
  definition: Definition,
): Promise<Awaited<ReturnType<typeof writeEnvFile>> | undefined> {
  const { envFile } = definition.settings.setup;
  if (envFile === undefined) return undefined;
  const all = { ...environmentOf(place.facts), ...fillEnv(definition, valuesOf(place.facts)) };
  const known = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
  const file = fillTemplate(envFile, valuesOf(place.facts), (value) => value.replaceAll(/[^\p{L}\p{N}._-]+/gu, '-'));
  return writeEnvFile(place, file, Object.fromEntries(known));
}

/** A command of the set-up that did not end well. */
class StepFailure extends Error {
  readonly result: StepResult;
  constructor(result: StepResult) {
    super('a command of the set-up failed');
    this.result = result;
  }
}

/** How a command ended, in words. Pure. */
export function howEnded({ exitCode, step }: Pick<StepResult, 'exitCode' | 'step'>): string {
  return exitCode === undefined ? `took longer than ${Math.round(step.timeoutMs / 1000)} s` : `exit ${exitCode}`;
}

/** Writes the failure down and returns what is to be thrown. */
async function recordFailure(
  repo: Repo,
  session: Session,
  { error, work }: { error: unknown; work: Work },
): Promise<unknown> {
  const { id, path: worktree } = session;
  const isBegun = session.row.setup?.state === 'running';
  if (WtError.is(error, 'interrupted') && !isBegun) {
    const left = `Session ${id} is there, and there was nothing to set up.`;
    return new WtError('interrupted', { ...error.details, left }, { cause: error, changed: true });
  }
  if (WtError.is(error, 'interrupted')) {
    await endSetup(shielded(repo), session, { state: 'failed', log: work.log ?? null, reason: 'interrupted' });
    const left = `Session ${id} is there; its set-up was ended.`;
    return new WtError(
      'interrupted',
      { ...error.details, left, fix: ['wt', 'setup', id] },
      { cause: error, changed: true },
    );
  }
  const result = error instanceof StepFailure ? error.result : undefined;
  const reason = result === undefined ? reasonOf(error) : howEnded(result);
  const step = result === undefined ? work.doing : labelOf(result.step);
  const log = work.log ?? null;
  await endSetup(repo, session, { state: 'failed', log, step, reason });
  const details = {
    id,
    path: worktree,
    step,
    exitCode: result?.exitCode ?? null,
    timedOut: result !== undefined && result.exitCode === undefined,
    reason,
    log,
    output: result?.output ?? [],
  };
  return new WtError('setup.failed', details, { cause: error, changed: true });
}

/** What went wrong, in a line. Pure. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (!WtError.any(error)) return error.message;
  const { reason, message, stderr } = error.details as { reason?: string; message?: string; stderr?: string };
  return reason ?? message ?? stderr ?? error.code;
}
