import * as z from 'zod';
import { lineWriter, shown } from '../cli/agent-output.ts';
import { defineCommand } from '../cli/define.ts';
import { flag, sessionArg } from '../cli/params.ts';
import { WtError } from '../core/errors.ts';
import { followLogs, readLogs, type RunLog } from '../sessions/logs.ts';
import { openRepo } from '../sessions/open.ts';

/** As tail(1) has it. */
const LINES_BEFORE = 10;

export default defineCommand({
  description:
    'Prints what the last agent of the session printed while it worked in the background, or what its pane in tmux has kept. On a terminal only its colours count; into a pipe or file it goes as it is. A log is kept up to 10 MB, and as much of what came before.',
  args: { id: sessionArg },
  options: {
    follow: flag('-f, --follow', 'Go on with what comes until the agent ends; begins with the last ten lines'),
    lines: {
      flags: '-n, --lines <count>',
      help: 'Only the last lines',
      schema: z.coerce.number('a number').int('a whole number').min(0, 'not below 0').max(10_000_000).optional(),
    },
  },
  examples: ['wt logs fix-login', 'wt logs fix-login -n 50', 'wt logs fix-login -f'],
  mutates: false,
  data: z.object({
    session: z.string(),
    agent: z.string(),
    /** Null: from a pane of tmux. */ log: z.string().nullable(),
    text: z.string(),
  }),

  async run(context, { id, follow, lines }): Promise<RunLog | undefined> {
    const { deps, globals } = context;
    if (follow && globals.json)
      throw new WtError('usage.invalid', {
        option: '--follow',
        reason: 'its answer has no end that JSON could be given at',
      });
    const repo = await openRepo(deps);
    if (!follow) return readLogs(repo, { id, lines });
    const show = lineWriter(context);
    await followLogs(repo, { id, lines: lines ?? LINES_BEFORE }, show.add);
    show.end();
    return undefined;
  },

  human: (log, { isTerminal }) => (log === undefined ? '' : isTerminal ? shown(log.text) : log.text),
  json: (log) => (log === undefined ? undefined : { session: log.id, agent: log.agent, log: log.file, text: log.text }),
});
