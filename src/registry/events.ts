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

/** The whole stream; of one session only the lines that name it are looked into. */
export async function readEvents(file: string, session?: string): Promise<readonly Event[]> {
  const text = (await readText(file)) ?? '';
  if (session === undefined) return parseEvents(text);
  const name = JSON.stringify(session);
  const lines = text.split('\n').filter((line) => line.includes(name));
  return parseEvents(lines.join('\n')).filter((event) => event.session === session);
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
