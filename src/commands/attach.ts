import * as z from 'zod';
import { attachCommand } from '../agents/tmux.ts';
import { lineWriter } from '../cli/agent-output.ts';
import { defineCommand, type Context } from '../cli/define.ts';
import { sessionArg } from '../cli/params.ts';
import { WtError } from '../core/errors.ts';
import { attach, findAttachable, type Attachable } from '../sessions/attach.ts';
import { openRepo } from '../sessions/open.ts';

interface Outcome {
  readonly id: string;
  readonly agent: string;
  readonly way: Attachable['way']['kind'];
  readonly isAlive: boolean;
  readonly state: string;
}

export default defineCommand({
  description:
    'Shows the agent of a session while it runs. In tmux: its pane, left with the usual keys (C-b d). In the background: what it prints, and each line that is typed goes to an agent that reads lines; Ctrl-C leaves. Leaving never ends the agent.',
  args: { id: sessionArg },
  options: {},
  examples: ['wt attach fix-login'],
  mutates: false,
  data: z.object({
    id: z.string(),
    agent: z.string(),
    way: z.enum(['tmux', 'log']),
    isAlive: z.boolean(),
    state: z.string(),
  }),

  async run(context, { id }): Promise<Outcome> {
    const { deps } = context;
    const repo = await openRepo(deps);
    const attachable = await findAttachable(repo, id);
    requireTerminal(context, attachable);
    const { session, agent, way } = attachable;
    const { theme } = context.look;
    if (way.kind === 'log') context.tell(`${theme.dim(greeting(attachable))}\n`);
    const show = lineWriter(context);
    const status = await attach(repo, attachable, {
      onText: show.add,
      tell: (line) => context.tell(`${theme.warn} ${line}\n`),
      lines: deps.io.readLines,
    });
    show.end();
    return {
      id: session.id,
      agent,
      way: way.kind,
      isAlive: status?.isAlive ?? false,
      state: status?.state ?? 'exited',
    };
  },

  human: ({ id, agent, isAlive, state }, { theme }) =>
    isAlive
      ? `Left ${theme.name(id)}; ${agent} goes on\n`
      : `${agent} in ${theme.name(id)} has ended: ${theme.attention(state)}\n`,
  json: (outcome) => ({ ...outcome }),
});

/** Throws `usage.invalid` with what is to be typed on one. */
function requireTerminal({ deps, globals }: Context, { session, way }: Attachable): void {
  if (deps.io.stdinIsTTY && deps.io.stdoutIsTTY && !globals.json) return;
  const fix = way.kind === 'tmux' ? attachCommand(way.place) : ['wt', 'logs', '--follow', session.id];
  const reason = globals.json ? 'it shows a screen, and --json has none' : 'it needs a terminal, and this is none';
  throw new WtError('usage.invalid', { option: 'attach', reason, fix });
}

function greeting({ session, agent, way }: Attachable): string {
  const typing =
    way.kind === 'log' && way.input !== null ? 'each line goes to it' : 'it takes no lines, so nothing can be typed';
  return `${agent} in ${session.id} works in the background: ${typing}; Ctrl-C leaves, and it goes on`;
}
