import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { WtError } from '../core/errors.ts';
import type { Context } from './define.ts';

const LIMIT_BYTES = 1_000_000;
const TELL_MS = 1000;

/**
 * What an agent is to do: from the flag, a file, or what is piped in. Undefined: nothing was said. Throws `usage.invalid` when two
 * of them say something, or nothing is in it.
 */
export async function readPrompt(
  context: Context,
  { prompt, promptFile }: { prompt: string | undefined; promptFile: string | undefined },
): Promise<string | undefined> {
  const { io } = context.deps;
  if (prompt !== undefined && promptFile !== undefined)
    throw refuse('--prompt-file', 'give either --prompt or --prompt-file');
  if (prompt !== undefined) return checked(prompt, '--prompt');
  if (promptFile !== undefined)
    return checked(
      promptFile === '-' ? await io.readStdin() : await readPromptFile(context, promptFile),
      '--prompt-file',
    );
  if (!io.stdinIsPiped) return undefined;
  const piped = await readPiped(context);
  return piped.trim() === '' ? undefined : checked(piped, 'standard input');
}

/** Whoever forgot that something is piped in is told what is waited for. */
async function readPiped({ deps, tell }: Context): Promise<string> {
  const reading = deps.io.readStdin();
  const note = deps.clock.sleep(TELL_MS).then(() => false as const);
  if ((await Promise.race([reading, note])) === false) tell('wt: reading the prompt from standard input\n');
  return reading;
}

async function readPromptFile({ deps }: Context, name: string): Promise<string> {
  const file = path.resolve(deps.cwd, name);
  try {
    const stats = await stat(file);
    if (stats.isFile() && stats.size > LIMIT_BYTES) return 'x'.repeat(LIMIT_BYTES + 1); // refused by its length
    return await readFile(file, 'utf8');
  } catch (error) {
    throw refuse('--prompt-file', `${file} cannot be read: ${error instanceof Error ? error.message : ''}`);
  }
}

function checked(text: string, option: string): string {
  if (text.trim() === '') throw refuse(option, 'the prompt is empty');
  if (text.includes('\0')) throw refuse(option, 'the prompt has a NUL in it');
  if (Buffer.byteLength(text) > LIMIT_BYTES) throw refuse(option, 'the prompt is longer than 1 MB');
  return text;
}

function refuse(option: string, reason: string): WtError {
  return new WtError('usage.invalid', { option, reason });
}

/** Words before the "--", and those of the agent's own behind it. Pure. */
export function splitWords(words: readonly (string | undefined)[]): {
  readonly own: readonly string[];
  readonly args: readonly string[];
} {
  const given = words.filter((word) => word !== undefined);
  const at = given.indexOf('--');
  return at < 0 ? { own: given, args: [] } : { own: given.slice(0, at), args: given.slice(at + 1) };
}
