import path from 'node:path';
import type { LaunchFile, StartRequest } from './adapter.ts';

/** Linux takes no argument of 128 KiB or more (execve(2), MAX_ARG_STRLEN). */
const MAX_ARGUMENT_BYTES = 100_000;

/** A prompt as an argument, and the file it lies in when it is too long for one. */
export interface Prompt {
  readonly text: string | undefined;
  readonly files: readonly LaunchFile[];
}

/** The prompt of a request. `withBrief`: the agent has no other way to be told where it is. Pure. */
export function promptOf(
  { prompt, brief }: Pick<StartRequest, 'prompt' | 'brief'>,
  { withBrief = false } = {},
): Prompt {
  if (prompt === undefined) return { text: undefined, files: [] };
  const text = withBrief ? `${prompt}\n\n${brief.text}` : prompt;
  if (Buffer.byteLength(text) < MAX_ARGUMENT_BYTES) return { text, files: [] };
  const file = path.join(path.dirname(brief.file), 'wt-prompt.md');
  return { text: `Your task is in the file ${file}. Read all of it first.`, files: [{ path: file, text }] };
}

/** What an agent is told that works by itself and is taken up again without a word. */
export const GO_ON = 'Go on where you left off.';

/**
 * A prompt as a word of its own, after `--`. A single word could be the name of a subcommand, which commander finds behind `--` as
 * well; with a blank at its end it is none. Pure.
 */
export function asOperand(text: string | undefined): readonly string[] {
  if (text === undefined) return [];
  return ['--', /\s/.test(text) ? text : `${text} `];
}

/** A prompt as the value of a flag, in one word, so that it is never a flag itself. Pure. */
export function asValue(flag: string, text: string | undefined): readonly string[] {
  return text === undefined ? [] : [`${flag}=${text}`];
}

/** A flag with its value, or nothing. Pure. */
export function asFlag(flag: string, value: string | undefined): readonly string[] {
  return value === undefined ? [] : [flag, value];
}
