import path from 'node:path';
import * as z from 'zod';
import { makePrivateDirectory, readText, replaceFile } from '../platform/files.ts';
import { parseLines } from './lines.ts';

/** How one call of a person's `notify.command` went. */
const Told = z.object({
  at: z.iso.datetime(),
  session: z.string(),
  command: z.array(z.string()),
  /** Null: it took too long, or could not be started. */
  exitCode: z.number().nullable(),
  output: z.string(),
});
export type Told = z.infer<typeof Told>;

const KEPT = 50;

function fileIn(state: string): string {
  return path.join(state, 'logs', 'notify.jsonl');
}

/** The last calls, oldest first. */
export async function readTold({ state }: { readonly state: string }): Promise<readonly Told[]> {
  return parseLines(Told, (await readText(fileIn(state))) ?? '');
}

/** Writes one down. Two at once may lose one: it is for a person to look at, and no more. */
export async function recordTold({ state }: { readonly state: string }, told: Told): Promise<void> {
  const all = [...(await readTold({ state })), told].slice(-KEPT);
  await makePrivateDirectory(path.dirname(fileIn(state)));
  const text = all.map((one) => `${JSON.stringify(one)}\n`).join('');
  await replaceFile(fileIn(state), text, 0o600, { isDurable: false });
}
