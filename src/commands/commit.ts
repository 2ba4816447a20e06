import * as z from 'zod';
import { defineCommand } from '../cli/define.ts';
import { messageOption, sessionArg } from '../cli/params.ts';
import { commitSession } from '../sessions/commit.ts';
import { openRepo } from '../sessions/open.ts';
import { plural, safe } from '../ui/text.ts';

export default defineCommand({
  description:
    'Stages everything in the session and commits it with the hooks of the repository. The message defaults to the task. A hook that refuses leaves the index as it was.',
  args: { id: sessionArg },
  options: { message: messageOption },
  examples: ['wt commit fix-login', 'wt commit fix-login -m "Redirect to the page that was asked for"'],
  mutates: true,
  data: z.object({
    id: z.string(),
    commit: z.string().nullable(),
    message: z.string().nullable(),
    paths: z.array(z.string()),
  }),

  async run({ deps, globals, busy }, { id, message }) {
    const repo = await openRepo(deps);
    return busy('committing', () => commitSession(repo, { id, message, dryRun: globals.dryRun }));
  },

  human(outcome, { theme }) {
    if (outcome.kind === 'nothing') return `Nothing to commit in ${theme.name(outcome.id)}.\n`;
    const [subject = ''] = outcome.message.split('\n');
    const what = `${plural(outcome.paths.length, 'file')}  ${theme.dim(safe(subject))}`;
    return outcome.kind === 'planned'
      ? `Would commit ${what} in ${theme.name(outcome.id)}\n`
      : `${theme.ok} Committed ${theme.attention(outcome.commit?.slice(0, 7) ?? '')} in ${theme.name(outcome.id)}: ${what}\n`;
  },
  json: (outcome) =>
    outcome.kind === 'nothing'
      ? { id: outcome.id, commit: null, message: null, paths: [] }
      : { id: outcome.id, commit: outcome.commit, message: outcome.message, paths: [...outcome.paths] },
});
