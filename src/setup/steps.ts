import path from 'node:path';
import { WtError } from '../core/errors.ts';
import { environmentForPrograms } from '../git/git.ts';
import type { Deps, Env } from '../platform/deps.ts';
import type { Log } from '../platform/files.ts';
import { startLog } from '../platform/logs.ts';
import type { Definition } from './definition.ts';
import { needsTrust } from './consent.ts';
import {
  describeStep,
  fillEnv,
  fillStep,
  labelOf,
  requireKnown,
  stepsOf,
  withoutNul,
  type FilledStep,
} from './fill.ts';
import { whyScriptDiffers } from './script.ts';
import { wordsOf, type Phase, type Step } from './step.ts';
import { requireTrust } from './trust.ts';
import { environmentOf, userOf, valuesOf, type SessionFacts } from './values.ts';

/** How a command of the set-up ended. */
export interface StepResult {
  readonly step: Step;
  /** 0 is good; undefined: it took too long and was ended. */
  readonly exitCode: number | undefined;
  readonly durationMs: number;
  /** The last lines it printed. */
  readonly output: readonly string[];
}

export interface StepsOutcome {
  readonly results: readonly StepResult[];
  /** The first that failed; nothing after its stage was started. */
  readonly failed: StepResult | undefined;
  /** What was printed is here; undefined when nothing ran. */
  readonly log: string | undefined;
}

/** Where commands run, and for whom. */
export interface StepPlace {
  readonly deps: Deps;
  /** The main worktree, and git's common directory. */
  readonly main: string;
  readonly commonDir: string;
  readonly cwd: string;
  /** The session; undefined for a command that is about no single one. */
  readonly facts: SessionFacts | undefined;
}

/** Who is told what runs, and what it prints. */
export interface Narrator {
  /** Told before a command starts. */
  readonly onStep: (step: { readonly phase: Phase; readonly words: string }) => void;
  readonly onLine: (line: string) => void;
}

export interface PhaseOptions {
  readonly onStep: Narrator['onStep'];
  readonly onLine: Narrator['onLine'];
  /** Told where all that is printed goes, before anything runs. */
  readonly onLog?: (file: string) => void;
  /** Written to instead of a log of its own. */
  readonly log?: Log & { readonly file: string };
  /** Writes each command down while it runs. */
  readonly record?: (command: string) => { begin: (pid: number) => void; end: () => Promise<void> };
  /** Scripts of the worktree run as they are there: the gate runs what it tests in any case. */
  readonly takesScripts?: boolean;
  /** Further variables, and further facts in the context. */
  readonly env?: Env;
  readonly context?: Readonly<Record<string, unknown>>;
  /** Kept open by what runs. */
  readonly holdFd?: number | undefined;
}

/** As a shell has it for a command that it found and did not run. */
const NOT_RUN = 126;

/** Lines of a failed command that are shown. */
const SHOWN_LINES = 12;

/**
 * Runs the commands of one phase of an approved definition: stage after stage, the commands of a stage side by side; the
 * stage in which one fails is the last. Throws `config.invalid` before anything runs, and `interrupted`.
 */
export async function runPhase(
  place: StepPlace,
  definition: Definition,
  phase: Phase,
  options: PhaseOptions,
): Promise<StepsOutcome> {
  const steps = stepsOf(definition, [phase]);
  if (steps.length === 0) return { results: [], failed: undefined, log: undefined };
  const values = place.facts === undefined ? repositoryValues(place) : valuesOf(place.facts);
  requireKnown(definition, phase, Object.keys(values));
  // The last look: nothing of the repository runs that was not approved, whoever calls.
  if (needsTrust(definition, { phases: [phase] }))
    await requireTrust({ root: place.main, commonDir: place.commonDir, env: place.deps.env }, definition);
  const filled = steps.map((step) => fillStep(step, values));
  const env = environment(place, { ...fillEnv(definition, values), WT_PHASE: phase, ...options.env });
  const context = contextLine(place, phase, options.context);
  const log = options.log ?? (await startPhaseLog(place, phase));
  options.onLog?.(log.file);
  const results: StepResult[] = [];
  try {
    for (const stage of stagesOf(filled)) {
      const run = { place, env, context, log, isAlone: stage.length === 1, options };
      const settled = await Promise.allSettled(stage.map((one) => runStep(one, run)));
      for (const one of settled) {
        if (one.status === 'rejected') throw one.reason;
        results.push(one.value);
      }
      if (settled.some((one) => one.status === 'fulfilled' && one.value.exitCode !== 0)) break;
    }
  } finally {
    if (options.log === undefined) await log.end();
  }
  return { results, failed: results.find(({ exitCode }) => exitCode !== 0), log: log.file };
}

/** A log of its own for a phase: `<common>/wt/logs/setup/<time>-<id>-<phase>.log`. */
function startPhaseLog({ deps, commonDir, facts }: StepPlace, phase: Phase): Promise<Log & { readonly file: string }> {
  const at = deps.clock.now().toISOString();
  const name = [...(facts === undefined ? [] : [facts.id]), phase].join('-');
  return startLog(path.join(commonDir, 'wt', 'logs', 'setup'), { at, name });
}

/** What a command that is about no single session may name. */
function repositoryValues({ main, deps }: StepPlace): Readonly<Record<string, string>> {
  return {
    repo: path.basename(main),
    main,
    user: userOf(deps.env),
    date: deps.clock.now().toISOString().slice(0, 10),
  };
}

function environment({ facts, main, cwd }: StepPlace, own: Env): Env {
  const session = facts === undefined ? { WT_MAIN: main } : environmentOf(facts);
  const all = { ...environmentForPrograms({}), ...session, ...own, PWD: cwd };
  return Object.fromEntries(
    Object.entries(all).map(([name, value]) => [name, value === undefined ? undefined : withoutNul(value)]),
  );
}

/** All that is known, as one line of JSON. */
function contextLine({ facts, main }: StepPlace, phase: Phase, more: PhaseOptions['context'] = {}): string {
  const { id, branch, base, task, createdAt, ports, taskFile } = facts ?? {};
  const session = { id, branch, base, task, path: facts?.path, createdAt, taskFile };
  return `${JSON.stringify({
    schema: 1,
    phase,
    repository: main,
    ...(facts === undefined ? {} : { session, ports }),
    ...more,
  })}\n`;
}

/** Neighbours of one stage, in the order they are written. A stage of another file is another one. */
function stagesOf(steps: readonly FilledStep[]): readonly (readonly FilledStep[])[] {
  const stages: FilledStep[][] = [];
  for (const one of steps) {
    const last = stages.at(-1);
    const before = last?.[0]?.step;
    const isSame = before?.stage === one.step.stage && before.source.file === one.step.source.file;
    if (last !== undefined && isSame) last.push(one);
    else stages.push([one]);
  }
  return stages;
}

interface Run {
  readonly place: StepPlace;
  readonly env: Env;
  readonly context: string;
  readonly log: Log;
  /** Nothing runs beside it, so that its lines need no name. */
  readonly isAlone: boolean;
  readonly options: PhaseOptions;
}

async function runStep(one: FilledStep, { place, env, context, log, isAlone, options }: Run): Promise<StepResult> {
  const { step } = one;
  const prefix = isAlone ? '' : `${labelOf(step)}: `;
  const output: string[] = [];
  const take = (line: string): void => {
    log.write(`${prefix}${line}\n`);
    output.push(line);
    if (output.length > SHOWN_LINES) output.shift();
    options.onLine(`${prefix}${line}`);
  };
  const record = options.record?.(labelOf(step));
  log.write(`$ ${wordsOf(step.command)}\n`);
  options.onStep({ phase: step.phase, words: describeStep(step) });
  const startMs = place.deps.clock.elapsedMs();
  const differs = options.takesScripts === true ? undefined : await whyScriptDiffers(step, place.cwd);
  if (differs !== undefined) {
    take(`not run: ${differs}`);
    return { step, exitCode: NOT_RUN, durationMs: 0, output };
  }
  try {
    const { exitCode, stderr } = await place.deps.run({
      file: one.file,
      args: one.args,
      cwd: place.cwd,
      env: { ...env, ...one.env, PWD: place.cwd },
      input: context,
      timeoutMs: step.timeoutMs,
      ends: 'group',
      stdio: { onLine: take },
      ...(record === undefined ? {} : { onStart: record.begin }),
      ...(options.holdFd === undefined ? {} : { holdFd: options.holdFd }),
    });
    for (const line of stderr.split('\n').filter((text) => text !== '')) take(line); // why it could not be started
    if (exitCode !== 0) log.write(`${prefix}exit ${exitCode}\n`);
    return { step, exitCode, durationMs: Math.round(place.deps.clock.elapsedMs() - startMs), output };
  } catch (error) {
    if (!WtError.is(error, 'git.timeout')) throw error;
    take(`ended: it took longer than ${error.details.seconds} s`);
    return {
      step,
      exitCode: undefined,
      durationMs: Math.round(place.deps.clock.elapsedMs() - startMs),
      output,
    };
  } finally {
    await record?.end();
  }
}
