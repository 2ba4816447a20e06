import * as z from 'zod';
import { defineCommand } from '../cli/define.ts';
import { flag, promptOptions, sessionArg } from '../cli/params.ts';
import { readPrompt, splitWords } from '../cli/read-prompt.ts';
import { WtError } from '../core/errors.ts';
import { exitCodeOf } from '../core/exit-codes.ts';
import { openRepo } from '../sessions/open.ts';
import { planResume, resumeAll, type Resumed } from '../sessions/resume.ts';
import { startRun, wayOf } from '../sessions/run.ts';
import { plannedRunData, RunData, runData } from '../sessions/run-report.ts';
import { plannedRunText, runText } from '../ui/run.ts';
import { explain } from '../ui/errors.ts';
import { safe, shellLine } from '../ui/text.ts';
import type { Look } from '../ui/theme.ts';

interface Outcome {
  readonly resumed: readonly Resumed[];
  readonly isAll: boolean;
}

export default defineCommand({
  description:
    'Takes an agent up again: in its session and its conversation, and as it ran before, in the background, in tmux or in this terminal. --all takes up every one that was cut off, by a reboot say; what ran in a terminal is listed with the command to type.',
  args: {
    id: sessionArg,
    words: { flags: '[args...]', help: 'Words for the agent, after "--"', schema: z.array(z.string()).default([]) },
  },
  options: {
    all: flag('--all', 'Every agent whose last run has come to no end'),
    ...promptOptions,
    foreground: flag('--foreground', 'In this terminal, however it ran before'),
  },
  examples: ['wt resume fix-login', 'wt resume fix-login --prompt "Now the tests"', 'wt resume --all'],
  mutates: true,
  data: z.object({
    resumed: z.array(RunData),
    /** What needs a terminal. */
    byHand: z.array(z.object({ session: z.string(), agent: z.string(), command: z.array(z.string()) })),
    failed: z.array(z.object({ session: z.string(), code: z.string(), message: z.string() })),
  }),

  async run(context, input): Promise<Outcome> {
    const { deps, globals } = context;
    const { all, background, tmux, foreground } = input;
    const { id, args } = requireOne(input);
    const repo = await openRepo(deps);
    const prompt = await readPrompt(context, input);
    if (all) return { resumed: await resumeAll(repo, { prompt, args }, globals.dryRun), isAll: true };
    const how = background || tmux ? wayOf(input) : foreground ? 'foreground' : undefined;
    const output = globals.json ? 'aside' : 'terminal';
    const plan = await planResume(repo, { id, prompt, args, how, output });
    const one = { id: plan.session.id };
    if (globals.dryRun) return { resumed: [{ kind: 'planned', ...one, plan }], isAll: false };
    for (const warning of plan.warnings) context.tell(`wt: ${warning}\n`);
    return { resumed: [{ kind: 'resumed', ...one, outcome: await startRun(repo, plan) }], isAll: false };
  },

  human({ resumed, isAll }, look) {
    if (isAll && resumed.length === 0) return 'No agent was cut off.\n';
    return resumed.map((one) => textOf(one, look)).join('');
  },
  json: ({ resumed }) => ({
    resumed: resumed.flatMap((one) =>
      one.kind === 'resumed' ? [runData(one.outcome)] : one.kind === 'planned' ? [plannedRunData(one.plan)] : [],
    ),
    byHand: resumed.flatMap((one) =>
      one.kind === 'by-hand' ? [{ session: one.id, agent: one.agent, command: [...one.argv] }] : [],
    ),
    failed: resumed.flatMap((one) =>
      one.kind === 'failed' ? [{ session: one.id, code: one.error.code, message: explain(one.error).message }] : [],
    ),
  }),
  exitCode({ resumed, isAll }) {
    const failed = resumed.find((one) => one.kind === 'failed');
    if (failed !== undefined) return exitCodeOf[failed.error.code];
    const [first] = resumed;
    const isHere = !isAll && first?.kind === 'resumed' && first.outcome.plan.request.how === 'foreground';
    return isHere ? first.outcome.started.exitCode : 0;
  },
});

function requireOne(input: {
  readonly id: string | undefined;
  readonly words: readonly string[];
  readonly all: boolean;
  readonly background: boolean;
  readonly tmux: boolean;
  readonly foreground: boolean;
}): { readonly id: string | undefined; readonly args: readonly string[] } {
  const { all, background, tmux, foreground } = input;
  const { own, args } = splitWords([input.id, ...input.words]);
  const refuse = (option: string, reason: string): WtError => new WtError('usage.invalid', { option, reason });
  if (own.length > 1) throw refuse(own[1] ?? '', 'words for the agent come after "--"');
  if (all && own.length > 0) throw refuse('--all', 'give either an id or --all');
  if (all && (background || tmux || foreground)) throw refuse('--all', 'it takes up each as it ran before');
  if ((background || tmux) && foreground)
    throw refuse('--foreground', `give either ${background ? '--background' : '--tmux'} or --foreground`);
  return { id: own[0], args };
}

function textOf(one: Resumed, look: Look): string {
  const { theme } = look;
  switch (one.kind) {
    case 'planned':
      return plannedRunText(one.plan, look);
    case 'resumed':
      return one.outcome.plan.request.how === 'foreground' ? '' : runText(one.outcome, look);
    case 'by-hand':
      return `${theme.warn} ${safe(one.agent)} in ${theme.name(one.id)} ran in a terminal: ${theme.command(shellLine(one.argv))}\n`;
    case 'failed':
      return `${theme.bad('✗')} ${theme.name(one.id)}: ${safe(explain(one.error).message)}\n`;
  }
}
