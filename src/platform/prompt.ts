import type { Readable, Writable } from 'node:stream';

/** Asks yes or no on a terminal, on stderr; no is the default. Undefined when the person pressed Ctrl-C. */
export async function askPerson(question: string, input: Readable, output: Writable): Promise<boolean | undefined> {
  const { confirm, isCancel } = await import('@clack/prompts');
  const answer = await confirm({ message: question, initialValue: false, input, output });
  return isCancel(answer) ? undefined : answer;
}
