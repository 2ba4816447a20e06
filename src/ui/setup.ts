import type { ReadyOutcome } from '../sessions/ready.ts';
import type { Narrator } from '../setup/steps.ts';
import { bytes, few, plural, safe, safeLine } from './text.ts';
import type { Look, Theme } from './theme.ts';

/** Says on stderr what runs, and what it prints. */
export function narratorOf(err: (text: string) => void, theme: Theme, about: string): Narrator {
  return {
    onStep: ({ phase, words }) =>
      err(`${theme.dim(`${phase}${about === '' ? '' : ` for ${about}`}:`)} ${theme.command(safeLine(words))}\n`),
    onLine: (line) => err(`  ${line}\n`),
  };
}

/** What was done to make a session ready, a line each; empty when there was nothing to do. */
export function readyLines({ files, sources, envFile, results }: ReadyOutcome, { theme }: Look): string {
  const { copied, copiedBytes, cloned, entries, linked, skipped } = files;
  const shared = cloned === 0 ? '' : `, ${cloned === copied ? 'all' : cloned} of them sharing their blocks`;
  const run = results.filter(({ step, exitCode }) => step.phase === 'setup' && exitCode === 0);
  const seconds = run.reduce((sum, { durationMs }) => sum + durationMs, 0) / 1000;
  const lines = [
    ...(copied === 0
      ? []
      : [`copied ${safe(few(entries))} (${plural(copied, 'file')}, ${bytes(copiedBytes)}${shared})`]),
    ...(linked.length === 0 ? [] : [`linked ${safe(few(linked))}`]),
    ...(sources.submodules.length === 0 ? [] : [`submodules ${safe(few(sources.submodules))}`]),
    ...(sources.lfs === 'skipped' ? ['files of Git LFS are pointers'] : []),
    ...(envFile === undefined ? [] : [`values in ${safe(envFile)}`]),
    ...(run.length === 0 ? [] : [`set up by ${plural(run.length, 'command')} in ${seconds.toFixed(1)} s`]),
  ];
  const notes = skipped.map(({ path, reason }) => `${theme.warn} ${safe(path)} was left out: ${safe(reason)}`);
  return [...lines.map((line) => theme.dim(line)), ...notes].map((line) => `  ${line}\n`).join('');
}

/** What would be done, a line each. */
export function plannedText(lines: readonly string[]): string {
  return lines.map((line) => `  ${safeLine(line)}\n`).join('');
}
