import * as z from 'zod';
import { defineCommand } from '../cli/define.ts';
import { agentOption, baseOption, taskOption } from '../cli/params.ts';
import { adoptWorktree } from '../sessions/adopt.ts';
import { openRepo } from '../sessions/open.ts';
import { cardOf, SessionCard } from '../sessions/view.ts';
import { safe } from '../ui/text.ts';

export default defineCommand({
  description:
    'Makes a worktree that git knows a session where it stands; nothing is moved. Its branch stays when the session goes.',
  args: {
    path: {
      flags: '<path>',
      help: 'Folder of a linked worktree of this repository',
      schema: z.string().min(1, 'must not be empty'),
    },
  },
  options: {
    as: {
      flags: '--as <id>',
      help: 'Id of the session (default: made from its branch)',
      schema: z.string().optional(),
    },
    base: baseOption,
    agent: agentOption,
    task: taskOption,
  },
  examples: ['wt adopt ../app-hotfix', 'wt adopt ../app-hotfix --as hotfix --base main'],
  mutates: true,
  data: z.object({
    adopted: z.boolean(),
    session: SessionCard,
  }),

  async run({ deps, globals }, { path, as, base, agent, task }) {
    const repo = await openRepo(deps);
    return adoptWorktree(repo, {
      path,
      id: as,
      base,
      agent: agent ?? null,
      task: task ?? null,
      dryRun: globals.dryRun,
    });
  },

  human({ kind, session }, { theme }) {
    const { id, row, path } = session;
    const head = {
      planned: `Would adopt ${theme.name(id)}`,
      adopted: `${theme.ok} Adopted ${theme.name(id)}`,
      known: `${theme.name(id)} is a session already`,
    }[kind];
    return `${head}  ${safe(`branch ${row.branch}, base ${row.base.branch ?? row.base.commit.slice(0, 7)}`)}\n  ${theme.path(path)}\n`;
  },
  json: ({ kind, session }) => ({ adopted: kind === 'adopted', session: cardOf(session) }),
});
