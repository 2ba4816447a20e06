import type { ReadyOutcome } from '../sessions/ready.ts';
import type { Narrator } from '../setup/steps.ts';
import { renderFiles, renderLeftOut, renderSources } from './files.ts';
import { foreignLine, plural, safe, safeLine } from './text.ts';
import type { Look, Theme } from './theme.ts';

/** Says on stderr what runs, and what it prints. */
export function narratorOf(err: (text: string) => void, theme: Theme, about: string): Narrator {
  return {
    onStep: ({ phase, words }) =>
      err(`${theme.dim(`${phase}${about === '' ? '' : ` for ${about}`}:`)} ${theme.command(safeLine(words))}\n`),
    onLine: (line) => err(`  ${foreignLine(line)}\n`),
  };
}

/** What was done to make a session ready, a line each; empty when there was nothing to do. */
export function readyLines({ files, sources, envFile, results, prepared }: ReadyOutcome, { theme }: Look): string {
  const run = results.filter(({ step, exitCode }) => step.phase === 'setup' && exitCode === 0);
  const seconds = run.reduce((sum, { durationMs }) => sum + durationMs, 0) / 1000;
  const lines = [
    ...renderFiles(files),
    ...renderSources(sources),
    ...(envFile === undefined ? [] : [`values in ${safe(envFile)}`]),
    ...(prepared.length === 0 ? [] : [`${plural(prepared.length, 'command')} had run before, in a spare`]),
    ...(run.length === 0 ? [] : [`set up by ${plural(run.length, 'command')} in ${seconds.toFixed(1)} s`]),
  ];
  const notes = renderLeftOut(files).map((line) => `${theme.warn} ${line}`);
  return [...lines.map((line) => theme.dim(line)), ...notes].map((line) => `  ${line}\n`).join('');
}

/** What would be done, a line each. */
export function plannedText(lines: readonly string[]): string {
  return lines.map((line) => `  ${safeLine(line)}\n`).join('');
}
