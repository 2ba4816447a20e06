import * as z from 'zod';
import { defineCommand } from '../cli/define.ts';
import { findNext, type NextOutcome } from '../sessions/next.ts';
import { openRepo } from '../sessions/open.ts';
import { SessionView } from '../sessions/view.ts';
import { whyWords } from '../ui/attention.ts';
import { paintStatus } from '../ui/session.ts';
import { plural, shellLine } from '../ui/text.ts';
import type { Look } from '../ui/theme.ts';

/** Words in the JSON have an age too. */
interface Outcome extends NextOutcome {
  readonly now: Date;
}

export default defineCommand({
  description:
    'Of all sessions the one that asks for a person first, why, and the command to type: who waits for a permission before who waits for something to do, the longest first; then conflicts, failures, and what is to be reviewed, merged or committed. Sessions where an agent works need nobody.',
  args: {},
  options: {},
  examples: ['wt next', 'wt next --json'],
  mutates: false,
  data: z.object({
    /** Null: none needs a person. */
    session: SessionView.nullable(),
    why: z.string().nullable(),
    /** The command to type. */
    next: z.array(z.string()).nullable(),
    /** Sessions that need a person after this one. */
    more: z.number(),
    /** Sessions where an agent works. */
    working: z.number(),
  }),

  async run({ deps, busy }): Promise<Outcome> {
    const repo = await openRepo(deps);
    const outcome = await busy('reading sessions', () => findNext(repo));
    return { ...outcome, now: deps.clock.now() };
  },

  human,
  json: ({ session, next, more, working, now }) => ({
    session: session ?? null,
    why: session === undefined ? null : whyWords(session, now),
    next: next === undefined ? null : [...next],
    more,
    working,
  }),
});

function human({ session, next, more, working }: Outcome, { theme, now }: Look): string {
  const others = working === 0 ? '' : working === 1 ? 'one agent works' : `${working} agents work`;
  if (session === undefined || next === undefined)
    return `Nothing waits for a person.${others === '' ? '' : `  ${theme.dim(others)}`}\n`;
  const rest = [
    ...(more === 0 ? [] : [`${plural(more, 'more', 'more')} after it`]),
    ...(others === '' ? [] : [others]),
  ];
  return [
    `${theme.name(session.id)}  ${paintStatus(session.status, session.status, theme)}  ${theme.dim(rest.join(', '))}`.trimEnd(),
    `  ${whyWords(session, now)}`,
    `  ${theme.dim('next:')} ${theme.command(shellLine(next))}`,
    '',
  ].join('\n');
}
