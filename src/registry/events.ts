import * as z from 'zod';
import { appendText, readTail, readText } from '../platform/files.ts';

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

/** Appends one event with the next number; the caller holds the lock. A torn last line of a crashed writer is closed first. */
export async function appendEvent(file: string, event: Omit<Event, 'seq'>): Promise<Event> {
  const tail = await readTail(file, 256 * 1024);
  const last = parseEvents(tail).at(-1) ?? (tail === '' ? undefined : (await readEvents(file)).at(-1));
  const numbered = { seq: (last?.seq ?? 0) + 1, ...event } as Event;
  const torn = tail !== '' && !tail.endsWith('\n');
  await appendText(file, `${torn ? '\n' : ''}${JSON.stringify(numbered)}\n`);
  return numbered;
}

export async function readEvents(file: string): Promise<readonly Event[]> {
  return parseEvents((await readText(file)) ?? '');
}

/** Pure: lines that are no events (a torn one, a stranger's) are passed over. */
export function parseEvents(text: string): readonly Event[] {
  return text.split('\n').flatMap((line) => {
    if (line === '') return [];
    try {
      const parsed = Event.safeParse(JSON.parse(line));
      return parsed.success ? [parsed.data] : [];
    } catch {
      return [];
    }
  });
}
