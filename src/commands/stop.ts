import * as z from 'zod';
import { defineCommand } from '../cli/define.ts';
import { duration, flag, sessionsArg } from '../cli/params.ts';
import { WtError } from '../core/errors.ts';
import { openRepo } from '../sessions/open.ts';
import { AGENT_GRACE_MS, stopAgents, type Stopped } from '../sessions/stop.ts';
import { safe } from '../ui/text.ts';
import type { Look } from '../ui/theme.ts';

interface Outcome {
  readonly stopped: readonly Stopped[];
  readonly isPlanned: boolean;
}

export default defineCommand({
  description:
    'Ends the agent of a session with all that it has started: SIGTERM, ten seconds of grace, SIGKILL. Where none runs there is nothing to do, and that is no failure. What it has written stays as it is, and wt resume takes it up again.',
  args: { ids: sessionsArg },
  options: {
    all: flag('--all', 'Every agent that wt has started and that runs'),
    kill: flag('--kill', 'SIGKILL at once'),
    grace: {
      flags: '--grace <time>',
      help: 'How long it may take to end by itself, as in 30s',
      schema: duration.optional(),
    },
  },
  examples: ['wt stop fix-login', 'wt stop --all --grace 30s', 'wt stop fix-login --kill'],
  mutates: true,
  data: z.object({
    stopped: z.array(
      z.object({
        id: z.string(),
        agent: z.string().nullable(),
        pid: z.number().nullable(),
        /** `left`: the agent was gone, and what it had left running was ended. `none`: nothing ran. */
        kind: z.enum(['stopped', 'left', 'none']),
        /** The last signal that was needed. */
        signal: z.enum(['SIGTERM', 'SIGKILL']).nullable(),
      }),
    ),
    planned: z.boolean().optional(),
  }),

  async run({ deps, globals, busy }, { ids, all, kill, grace }): Promise<Outcome> {
    if (all && ids.length > 0)
      throw new WtError('usage.invalid', { option: '--all', reason: 'give either ids or --all' });
    if (kill && grace !== undefined)
      throw new WtError('usage.invalid', { option: '--grace', reason: '--kill gives no grace' });
    const repo = await openRepo(deps);
    const graceMs = kill ? 0 : (grace ?? AGENT_GRACE_MS);
    const work = (): Promise<readonly Stopped[]> =>
      stopAgents(repo, { ids, isAll: all, graceMs, dryRun: globals.dryRun });
    return { stopped: await busy('stopping', work), isPlanned: globals.dryRun };
  },

  human: ({ stopped, isPlanned }, look) => {
    if (stopped.length === 0) return 'No agent runs.\n';
    return stopped.map((one) => lineOf(one, isPlanned, look)).join('');
  },
  json: ({ stopped, isPlanned }) => ({ stopped: [...stopped], ...(isPlanned ? { planned: true } : {}) }),
});

function lineOf({ id, agent, pid, kind, signal }: Stopped, isPlanned: boolean, { theme }: Look): string {
  const name = safe(agent ?? 'agent');
  if (kind === 'none') return `No agent runs in ${theme.name(id)}.\n`;
  const what = kind === 'left' ? `what ${name} had left running in` : `${name} in`;
  if (isPlanned) return `Would stop ${what} ${theme.name(id)}  ${theme.dim(`process ${pid ?? '?'}`)}\n`;
  const how = signal === 'SIGKILL' ? ', killed' : '';
  return `${theme.ok} Stopped ${what} ${theme.name(id)}${how}  ${theme.dim(`process ${pid ?? '?'}`)}\n`;
}
