import * as z from 'zod';
import { readText } from '../platform/files.ts';
import { appendLine, parseLines, readLastLines } from './lines.ts';

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

/** Appends one event with the next number; the caller holds the lock. */
export async function appendEvent(file: string, event: Omit<Event, 'seq'>): Promise<Event> {
  const last = (await readLastLines(file, Event)).at(-1);
  const numbered = { seq: (last?.seq ?? 0) + 1, ...event } as Event;
  await appendLine(file, numbered);
  return numbered;
}

export async function readEvents(file: string): Promise<readonly Event[]> {
  return parseEvents((await readText(file)) ?? '');
}

/** Pure half of {@link readEvents}. */
export function parseEvents(text: string): readonly Event[] {
  return parseLines(Event, text);
}
