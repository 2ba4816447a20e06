import * as z from 'zod';
import { defineCommand } from '../cli/define.ts';
import { flag, sessionArg } from '../cli/params.ts';
import { declareDone } from '../sessions/done.ts';
import { openRepo } from '../sessions/open.ts';

export default defineCommand({
  description:
    'The word of who works in the session, about the commit that is there now: it shows in the list until the next commit. Said again, it replaces the one before. It approves nothing.',
  args: { id: sessionArg },
  options: {
    summary: {
      flags: '--summary <text>',
      help: 'What was done, or why it failed',
      schema: z.string().trim().min(1, 'must not be empty').max(65_536, 'at most 64 kB').optional(),
    },
    fail: flag('--fail', 'The task has failed'),
  },
  examples: [
    'wt done fix-login',
    'wt done fix-login --summary "Redirects, with tests"',
    'wt done fix-login --fail --summary "The API is gone"',
  ],
  mutates: true,
  data: z.object({
    id: z.string(),
    done: z.object({
      commit: z.string(),
      at: z.iso.datetime(),
      by: z.string(),
      summary: z.string().nullable(),
      failed: z.boolean(),
    }),
    uncommitted: z.boolean(),
  }),

  async run({ deps, globals }, input) {
    return declareDone(await openRepo(deps), { ...input, dryRun: globals.dryRun });
  },

  human({ kind, session, done }, { theme }) {
    const [verb, sign] = done.failed ? ['failed', theme.warn] : ['done', theme.ok];
    const what = `${theme.name(session.id)} ${verb} at ${theme.attention(done.commit.slice(0, 7))}`;
    const next = done.failed ? `wt diff ${session.id}` : `wt approve ${session.id}`;
    return kind === 'planned'
      ? `Would call ${what}\n`
      : `${sign} ${what}  ${theme.dim('a person looks at it next:')} ${theme.command(next)}\n`;
  },
  json: ({ session, done, changes }) => ({
    id: session.id,
    done: { commit: done.commit, at: done.at, by: done.by, summary: done.summary, failed: done.failed },
    uncommitted: changes !== null,
  }),
  warnings: ({ session, done, changes, isAside, isEmpty }) => [
    ...(changes === null ? [] : [`uncommitted work is not part of it: wt commit ${session.id}, then wt done again`]),
    ...(isAside
      ? [`${done.commit.slice(0, 7)} is not the tip of ${session.row.branch}, so the word is stale at once`]
      : []),
    ...(isEmpty && !done.failed ? ['the session has no commit of its own'] : []),
  ],
});
