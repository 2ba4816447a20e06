import * as z from 'zod';
import { defineCommand } from '../cli/define.ts';
import { promptOptions, sessionArg } from '../cli/params.ts';
import { readPrompt, splitWords } from '../cli/read-prompt.ts';
import { WtError } from '../core/errors.ts';
import { openRepo } from '../sessions/open.ts';
import { takeHandover, type TakenOver } from '../sessions/handover.ts';
import { planRun, startRun, wayOf, type RunOutcome, type RunPlan } from '../sessions/run.ts';
import { plannedRunData, RunData, runData } from '../sessions/run-report.ts';
import { plannedRunText, runText } from '../ui/run.ts';

interface Outcome {
  readonly plan: RunPlan;
  /** Undefined: it would only be started. */
  readonly outcome: RunOutcome | undefined;
}

export default defineCommand({
  description:
    'Starts an agent in the session and hands it the terminal; its exit code is the answer. With --background it works without one, with --tmux in a pane of tmux: wt attach shows it, wt send types to it. A session has one agent at a time.\n\nWithout --prompt, and with nothing piped in, its first agent is given the task of the session. WT_SESSION, WT_BRIEF_FILE, WT_PROMPT_FILE and all that wt exec sets are in its environment.',
  args: {
    id: sessionArg,
    agent: {
      flags: '[agent]',
      help: 'Agent to start (default: the session’s, else the setting "agent")',
      schema: z.string().optional(),
    },
    words: {
      flags: '[args...]',
      help: 'Words for the agent, after "--"',
      schema: z.array(z.string()).default([]),
    },
  },
  options: promptOptions,
  examples: [
    'wt run fix-login',
    'wt run fix-login claude --background --prompt "Fix the login redirect"',
    'wt run fix-login --tmux --prompt-file task.md',
    'wt run fix-login codex -- --model o4',
    'cat task.md | wt run fix-login --background',
  ],
  mutates: true,
  data: RunData,

  async run(context, input): Promise<Outcome> {
    const { deps, globals } = context;
    const handed = await takeHandover(deps);
    if (handed !== undefined) return startHanded(handed);
    const { own, args } = splitWords([input.id, input.agent, ...input.words]);
    const [id, agent, ...rest] = own;
    if (rest[0] !== undefined)
      throw new WtError('usage.invalid', {
        option: rest[0],
        reason: 'words for the agent come after "--"',
        fix: ['wt', 'run', id ?? '.', agent ?? '', '--', ...rest],
      });
    const repo = await openRepo(deps);
    const prompt = await readPrompt(context, input);
    const plan = await planRun(repo, {
      id,
      agent,
      prompt,
      args,
      how: wayOf(input),
      isResumed: false,
      output: globals.json ? 'aside' : 'terminal',
    });
    if (globals.dryRun) return { plan, outcome: undefined };
    for (const warning of plan.warnings) context.tell(`wt: ${warning}\n`);
    return { plan, outcome: await startRun(repo, plan) };
  },

  human({ plan, outcome }, look) {
    if (outcome === undefined) return plannedRunText(plan, look);
    return plan.request.how === 'foreground' ? '' : runText(outcome, look);
  },
  json: ({ plan, outcome }) => (outcome === undefined ? plannedRunData(plan) : runData(outcome)),
  warnings: ({ plan, outcome }) => (outcome === undefined ? plan.warnings : []),
  exitCode: ({ plan, outcome }) => (plan.request.how === 'foreground' ? (outcome?.started.exitCode ?? 0) : 0),
});

/** In a pane of tmux, for a wt elsewhere. */
async function startHanded({ deps, request, tmux }: TakenOver): Promise<Outcome> {
  const repo = await openRepo(deps);
  const plan = await planRun(repo, { ...request, how: 'foreground', tmux, output: 'terminal' });
  return { plan, outcome: await startRun(repo, plan) };
}
