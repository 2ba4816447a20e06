import * as z from 'zod';
import type { Definition } from '../setup/definition.ts';
import { describeStep, stepsOf } from '../setup/fill.ts';
import type { Phase } from '../setup/step.ts';
import { wordsOf } from '../setup/step.ts';
import type { ReadyOutcome } from './ready.ts';

/** What was done to make a session ready: in `--json` of `wt create` and `wt setup`. */
export const ReadyData = z.object({
  files: z.object({
    copied: z.number(),
    copiedBytes: z.number(),
    cloned: z.number(),
    /** What was asked for, as paths: a folder with all in it ends in "/". */
    entries: z.array(z.string()),
    linked: z.array(z.string()),
    skipped: z.array(z.object({ path: z.string(), reason: z.string() })),
  }),
  submodules: z.array(z.string()),
  lfs: z.enum(['pulled', 'skipped']).optional(),
  /** Relative to the session. */
  envFile: z.string().optional(),
  /** In the order in which they ran; no exit code: it took too long. */
  steps: z.array(
    z.object({
      phase: z.string(),
      at: z.string(),
      command: z.string(),
      exitCode: z.number().optional(),
      durationMs: z.number(),
    }),
  ),
  /** Commands that had run before, in the spare that the session was, by where they are written. */
  prepared: z.array(z.string()).optional(),
  log: z.string().nullable(),
});
export type ReadyData = z.infer<typeof ReadyData>;

/** Pure. */
export function readyData({ files, sources, envFile, results, prepared, log }: ReadyOutcome): ReadyData {
  const { copied, copiedBytes, cloned, entries, linked, skipped } = files;
  return {
    files: {
      copied,
      copiedBytes,
      cloned,
      entries: [...entries],
      linked: [...linked],
      skipped: skipped.map(({ path, reason }) => ({ path, reason })),
    },
    submodules: [...sources.submodules],
    ...(sources.lfs === undefined ? {} : { lfs: sources.lfs }),
    ...(envFile === undefined ? {} : { envFile }),
    steps: results.map(({ step, exitCode, durationMs }) => ({
      phase: step.phase,
      at: step.at,
      command: wordsOf(step.command),
      ...(exitCode === undefined ? {} : { exitCode }),
      durationMs,
    })),
    ...(prepared.length === 0 ? {} : { prepared: [...prepared] }),
    log: log ?? null,
  };
}

/** What would be done, a line each. Pure. */
export function plannedLines(definition: Definition, phases: readonly Phase[]): readonly string[] {
  const isSetup = phases.includes('setup');
  const { envFile } = definition.settings.setup;
  return [
    ...stepsOf(
      definition,
      phases.filter((phase) => phase.endsWith('.before')),
    ).map(lineOf),
    ...(isSetup ? definition.files.map(({ kind, patterns }) => `would ${kind}: ${patterns.join(', ')}`) : []),
    ...(isSetup && envFile !== undefined ? [`would write: ${envFile}`] : []),
    ...stepsOf(
      definition,
      phases.filter((phase) => !phase.endsWith('.before')),
    ).map(lineOf),
  ];
}

function lineOf(step: Definition['steps'][number]): string {
  return `would run (${step.at}): ${describeStep(step)}`;
}
