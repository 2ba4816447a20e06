import * as z from 'zod';
import { defineCommand } from '../cli/define.ts';
import { flag, remoteOption, sessionArg } from '../cli/params.ts';
import { openRepo } from '../sessions/open.ts';
import { openRequest, planRequest, type PrOutcome } from '../sessions/pr.ts';
import { safe } from '../ui/text.ts';
import type { Look } from '../ui/theme.ts';

const line = z.string().trim().min(1, 'must not be empty');

export default defineCommand({
  description:
    'Through gh on GitHub and glab on GitLab, when they are installed and logged in: shows the request that is there, else opens a draft. Otherwise prints the page to open it on, also for Bitbucket, Gitea, Forgejo and Azure DevOps. Pushes first what the remote has not. Title and text come from the task and the commits.',
  args: { id: sessionArg },
  options: {
    title: { flags: '--title <text>', help: 'Title (default: the task)', schema: line.max(250).optional() },
    body: { flags: '--body <text>', help: 'Text (default: task and commits)', schema: line.max(30_000).optional() },
    base: {
      flags: '--base <branch>',
      help: 'Branch it is meant for (default: the base of the session)',
      schema: line.optional(),
    },
    remote: remoteOption,
    ready: flag('--ready', 'Not as a draft'),
    web: flag('--web', 'Open it in the browser'),
  },
  examples: ['wt pr fix-login', 'wt pr fix-login --ready --base release', 'wt pr fix-login --dry-run'],
  mutates: true,
  data: z.object({
    id: z.string(),
    url: z.string(),
    state: z.enum(['open', 'draft', 'merged', 'closed']).nullable(),
    created: z.boolean(),
    via: z.enum(['gh', 'glab', 'url']),
    base: z.string(),
    title: z.string(),
    pushed: z.boolean(),
  }),

  async run({ deps, globals, busy }, input): Promise<PrOutcome> {
    const repo = await openRepo(deps);
    const plan = await busy('reading the session', () => planRequest(repo, input));
    return busy('talking to the forge', () => openRequest(repo, plan, { web: input.web, dryRun: globals.dryRun }));
  },

  human: describe,
  json: ({ kind, plan, pushed, url, state, via }) => ({
    id: plan.session.id,
    url,
    state,
    created: kind === 'opened',
    via,
    base: plan.base,
    title: plan.title,
    pushed: pushed !== undefined && pushed.how !== 'same',
  }),
  warnings: ({ plan, pushed, why }) => [
    ...plan.passed.map(
      (id) => `the remote has no branch of ${id}, so it is opened on ${plan.base}: wt push ${id} first`,
    ),
    ...(plan.push.isDirty
      ? [`${plan.session.id} has uncommitted work, which is not part of it: wt commit ${plan.session.id}`]
      : []),
    ...(pushed?.trouble === undefined ? [] : [pushed.trouble]),
    ...(why === undefined ? [] : [`${why}, so the page is for you to open`]),
  ],
});

function describe({ kind, plan, pushed, url, state }: PrOutcome, { theme }: Look): string {
  const id = theme.name(plan.session.id);
  const noun = plan.place.forge === 'gitlab' ? 'merge request' : 'pull request';
  const after =
    pushed === undefined || pushed.how === 'same'
      ? ''
      : `${theme.ok} Pushed ${id} to ${theme.name(plan.push.shown)}  ${theme.dim(pushed.to.slice(0, 7))}\n`;
  const where = `  ${theme.path(safe(url))}\n`;
  switch (kind) {
    case 'planned': {
      const push =
        plan.push.seen === plan.push.branch.commit ? '' : `push ${id} to ${theme.name(plan.push.shown)} and `;
      const draft = plan.isDraft ? 'a draft ' : 'a ';
      return `Would ${push}open ${draft}${noun} on ${theme.name(plan.base)}, unless there is one  ${theme.dim(plan.title)}\n${where}`;
    }
    case 'opened':
      return `${after}${theme.ok} Opened a ${state === 'draft' ? 'draft ' : ''}${noun} of ${id} on ${theme.name(plan.base)}  ${theme.dim(plan.title)}\n${where}`;
    case 'found':
      return `${after}${id} has a ${noun} already  ${theme.dim(state ?? '')}\n${where}`;
    case 'page':
      return `${after}Open the ${noun} of ${id} on ${theme.name(plan.base)} here:\n${where}`;
  }
}
