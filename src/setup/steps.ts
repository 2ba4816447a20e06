import type { Definition } from './definition.ts';
import type { Place } from './place.ts';
import type { Phase, Step } from './step.ts';

/** How a command of the set-up ended. */
export interface StepResult {
  readonly step: Step;
  /** 0 is good; undefined: it took too long and was ended. */
  readonly exitCode: number | undefined;
  readonly durationMs: number;
}

export interface StepsOutcome {
  readonly results: readonly StepResult[];
  /** The first that failed; nothing after its stage was started. */
  readonly failed: StepResult | undefined;
  /** What was printed is here; undefined when nothing ran. */
  readonly log: string | undefined;
  /** The last lines of the one that failed. */
  readonly output: readonly string[];
}

/** Runs the commands of one phase of an approved definition. */
export async function runPhase(
  _place: Place,
  _definition: Definition,
  _phase: Phase,
  _onLine: (line: string) => void,
): Promise<StepsOutcome> {
  return Promise.resolve({ results: [], failed: undefined, log: undefined, output: [] });
}
