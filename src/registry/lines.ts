import type * as z from 'zod';
import { parseJson } from '../core/json.ts';
import { appendText, readTail, readText } from '../platform/files.ts';

const TAIL_BYTES = 256 * 1024;

/** One JSON value a line → values. Lines that are none (a torn one, a stranger's) are passed over. Pure. */
export function parseLines<T>(schema: z.ZodType<T>, text: string): readonly T[] {
  return text.split('\n').flatMap((line) => {
    if (line === '') return [];
    const parsed = schema.safeParse(parseJson(line));
    return parsed.success ? [parsed.data] : [];
  });
}

/** The last values of a file; all of them when its end holds none. */
export async function readLastLines<T>(file: string, schema: z.ZodType<T>): Promise<readonly T[]> {
  const tail = await readTail(file, TAIL_BYTES);
  const last = parseLines(schema, tail);
  return last.length > 0 || tail === '' ? last : parseLines(schema, (await readText(file)) ?? '');
}

/** Appends one value; the caller holds the lock. A torn last line of a crashed writer is closed first. */
export async function appendLine(file: string, value: unknown): Promise<void> {
  const tail = await readTail(file, 1);
  await appendText(file, `${tail === '' || tail === '\n' ? '' : '\n'}${JSON.stringify(value)}\n`);
}
