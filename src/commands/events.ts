import * as z from 'zod';
import { defineCommand, type Context } from '../cli/define.ts';
import { flag } from '../cli/params.ts';
import { Event, readEvents } from '../registry/events.ts';
import { openRepo } from '../sessions/open.ts';
import { safe, safeJson, safeLine } from '../ui/text.ts';
import type { Theme } from '../ui/theme.ts';

const POLL_MS = 250;

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
    const { deps } = context;
    const { layout } = await openRepo(deps);
    const wanted = async (after: number): Promise<readonly Event[]> =>
      (await readEvents(layout.events)).filter(
        (event) => event.seq > after && (session === undefined || event.session === session),
      );
    if (!follow) return wanted(since);
    let last = since;
    while (!deps.signal.aborted) {
      for (const event of await wanted(last)) {
        context.emit(context.globals.json ? `${safeJson(event)}\n` : line(event, context.look.theme));
        last = event.seq;
      }
      await pause(context);
    }
    return undefined;
  },

  human: (events, { theme }) => (events ?? []).map((event) => line(event, theme)).join(''),
  json: (events) => (events === undefined ? undefined : { events: [...events] }),
});

async function pause({ deps }: Context): Promise<void> {
  await Promise.race([
    deps.clock.sleep(POLL_MS),
    new Promise((resolve) => deps.signal.addEventListener('abort', resolve, { once: true })),
  ]);
}

function line({ seq, at, event, session, by, data }: Event, theme: Theme): string {
  const details = Object.entries(data).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return `${String(seq).padStart(4)}  ${theme.dim(at)}  ${safe(event)}  ${theme.name(session ?? '-')}  ${theme.dim(`by ${by}`)}  ${safeLine(details.join(' '))}\n`;
}
