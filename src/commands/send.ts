import * as z from 'zod';
import { defineCommand } from '../cli/define.ts';
import { duration } from '../cli/params.ts';
import { openRepo } from '../sessions/open.ts';
import { sendText, type SendOutcome } from '../sessions/send.ts';

const SEEN = ['left', 'changed', 'unchanged', 'typed'] as const;

export default defineCommand({
  description:
    'Types a text for the agent of a session, and Enter, when it waits for one: never into a question or a dialogue, never while it works. In tmux its screen is looked at before; in the background a line goes to an agent that reads lines. A text that begins with "-" comes after "--".',
  args: {
    id: { flags: '<id>', help: 'Session id, branch or path; "." for this one', schema: z.string().min(1) },
    text: {
      flags: '[text...]',
      help: 'The text; several words are joined by blanks, "-" reads it from standard input',
      schema: z.array(z.string()).default([]),
    },
  },
  options: {
    enter: { flags: '--no-enter', help: 'Leave it in the prompt, unsent', schema: z.boolean().default(true) },
    wait: {
      flags: '--wait <duration>',
      help: 'Wait that long until the agent is ready: 30s, 10m',
      schema: duration.optional(),
    },
  },
  examples: [
    'wt send fix-login "Run the tests as well"',
    'wt send fix-login --wait 10m - < next-step.md',
    'wt send fix-login --no-enter -- "-x is a flag of it"',
  ],
  mutates: true,
  data: z.object({
    id: z.string(),
    agent: z.string(),
    way: z.enum(['tmux', 'lines']),
    characters: z.number(),
    /** What could be seen of it; absent in a pipe, and in a dry run. */
    seen: z.enum(SEEN).optional(),
  }),

  async run({ deps, globals }, { id, text, enter, wait }) {
    const words = text.length === 1 && text[0] === '-' ? await deps.io.readStdin() : text.join(' ');
    return sendText(await openRepo(deps), { id, text: words, enter, waitMs: wait ?? 0, dryRun: globals.dryRun });
  },

  human({ kind, id, agent, characters, seen }, { theme }) {
    const what = `${characters} ${characters === 1 ? 'character' : 'characters'} to ${agent} in ${theme.name(id)}`;
    if (kind === 'planned') return `Would send ${what}\n`;
    const sign = seen === 'unchanged' ? theme.warn : theme.ok;
    return `${sign} ${seen === 'typed' ? 'typed' : 'sent'} ${what}${theme.dim(SAYS[seen ?? 'none'])}\n`;
  },
  warnings: ({ id, seen }) =>
    seen === 'unchanged' ? [`nothing on its screen has changed since Enter: wt attach ${id}`] : [],
  json: ({ id, agent, way, characters, seen }) => ({
    id,
    agent,
    way,
    characters,
    ...(seen === undefined ? {} : { seen }),
  }),
});

const SAYS: Readonly<Record<NonNullable<SendOutcome['seen']> | 'none', string>> = {
  left: '  it has left the prompt',
  changed: '  its screen has changed',
  unchanged: '',
  typed: '  Enter was not pressed',
  none: '  a line on its standard input',
};
