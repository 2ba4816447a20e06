import * as z from 'zod';
import { readLinesFrom, readText } from '../platform/files.ts';
import { parseLines } from './lines.ts';

/** One line of `events.jsonl`. */
export const Event = z.looseObject({
  seq: z.number().int().positive(),
  at: z.iso.datetime(),
  /** `session.<verb>.<before|after|failed>`. */
  event: z.string(),
  session: z.string().nullable(),
  /** Who did it: the agent of the session the command was called from, or `user`. */
  by: z.string(),
  data: z.record(z.string(), z.unknown()),
});
export type Event = z.infer<typeof Event>;

export async function readEvents(file: string): Promise<readonly Event[]> {
  return parseEvents((await readText(file)) ?? '');
}

/** Reads a stream piece by piece: with every call the events that were written since the one before. */
export function createEventReader(file: string): () => Promise<readonly Event[]> {
  let from = 0;
  return async () => {
    const { text, end } = await readLinesFrom(file, from);
    from = end;
    return parseEvents(text);
  };
}

/** Pure half of {@link readEvents}. */
export function parseEvents(text: string): readonly Event[] {
  return parseLines(Event, text);
}
