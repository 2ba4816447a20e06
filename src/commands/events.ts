import * as z from 'zod';
import { defineCommand } from '../cli/define.ts';
import { flag } from '../cli/params.ts';
import { followFiles } from '../platform/watch.ts';
import { createEventReader, Event, readEvents } from '../registry/events.ts';
import { openRepo } from '../sessions/open.ts';
import { eventLine } from '../ui/event.ts';
import { safeJson } from '../ui/text.ts';

/** How often the stream is read although nothing told of a change: a file system may not. */
const LONGEST_MS = 10_000;

export default defineCommand({
  description:
    'The append-only record of what happened to sessions. With --follow it goes on until interrupted; with --json --follow each event is one JSON line.',
  args: {},
  options: {
    follow: flag('--follow', 'Go on with new events until interrupted'),
    since: {
      flags: '--since <seq>',
      help: 'Only events after that number',
      schema: z.coerce.number('a number').int().min(0, 'a number').default(0),
    },
    session: { flags: '--session <id>', help: 'Only events of that session', schema: z.string().min(1).optional() },
  },
  examples: ['wt events', 'wt events --since 40 --json', 'wt events --follow --session fix-login'],
  mutates: false,
  data: z.object({ events: z.array(Event) }),

  async run(context, { follow, since, session }): Promise<readonly Event[] | undefined> {
    const { deps, globals, look, emit } = context;
    const { layout } = await openRepo(deps);
    const isWanted = (event: Event): boolean => session === undefined || event.session === session;
    if (!follow) return (await readEvents(layout.events, session)).filter((event) => event.seq > since);
    const read = createEventReader(layout.events);
    const signal = AbortSignal.any([deps.signal, ...(deps.io.readerGone === undefined ? [] : [deps.io.readerGone])]);
    const files = followFiles([layout.events], signal);
    let last = since;
    while (!signal.aborted) {
      for (const event of await read()) {
        if (event.seq <= last) continue;
        last = event.seq;
        if (isWanted(event)) emit(globals.json ? `${safeJson(event)}\n` : eventLine(event, look));
      }
      await files.next(LONGEST_MS);
    }
    files.close();
    return undefined;
  },

  human: (events, look) => (events ?? []).map((event) => eventLine(event, look)).join(''),
  json: (events) => (events === undefined ? undefined : { events: [...events] }),
});
