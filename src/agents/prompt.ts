import type { StartRequest } from './adapter.ts';

/** The prompt of a request. `withBrief`: the agent has no other way to be told where it is. Pure. */
export function promptOf(
  { prompt, brief }: Pick<StartRequest, 'prompt' | 'brief'>,
  { withBrief = false } = {},
): string | undefined {
  return prompt === undefined || !withBrief ? prompt : `${prompt}\n\n${brief.text}`;
}

/** What an agent is told that works by itself and is taken up again without a word. */
const GO_ON = 'Go on where you left off.';

/** A request to take up again: one that works by itself has to be told something. Pure. */
export function asResumed(request: StartRequest): StartRequest {
  return { ...request, prompt: request.prompt ?? (request.isHeadless ? GO_ON : undefined) };
}

/**
 * A prompt as a word of its own, after `--`. A single word could be the name of a subcommand, which commander finds behind `--` as
 * well; with a blank at its end it is none. Pure.
 */
export function asOperand(text: string | undefined): readonly string[] {
  if (text === undefined) return [];
  return ['--', /\s/.test(text) ? text : `${text} `];
}

/** A prompt as a word of a program that nothing is known of: with a blank before it, it is no flag. Pure. */
export function asWord(text: string): string {
  return text.startsWith('-') ? ` ${text}` : text;
}

/** A prompt as the value of a flag, in one word, so that it is never a flag itself. Pure. */
export function asValue(flag: string, text: string | undefined): readonly string[] {
  return text === undefined ? [] : [`${flag}=${text}`];
}

/** A flag with its value, or nothing. Pure. */
export function asFlag(flag: string, value: string | undefined): readonly string[] {
  return value === undefined ? [] : [flag, value];
}
