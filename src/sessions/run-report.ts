import * as z from 'zod';
import { WAYS } from '../agents/facts.ts';
import type { RunOutcome, RunPlan } from './run.ts';

/** An agent that was started, in `--json` of `wt run`, `wt resume` and `wt create --run`. */
export const RunData = z.object({
  session: z.string(),
  agent: z.string(),
  /** Null: it would only be started. */
  pid: z.number().nullable(),
  how: z.enum(WAYS),
  log: z.string().nullable(),
  /** The pane it was started in; `tmux -S <socket> attach-session -t <pane>` shows it. */
  tmux: z.object({ socket: z.string(), pane: z.string(), session: z.string() }).optional(),
  conversation: z.string().nullable(),
  startedAt: z.iso.datetime().nullable(),
  /** The words it is started with, without the prompt. */
  argv: z.array(z.string()),
  /** It has ended by now. */
  ended: z.object({ exitCode: z.number().nullable(), signal: z.string().nullable() }).optional(),
  planned: z.boolean().optional(),
});
export type RunData = z.infer<typeof RunData>;

/** Pure. */
export function runData({ plan, startedAt, log, tmux, conversation, started: { pid, end } }: RunOutcome): RunData {
  return {
    ...common(plan),
    pid,
    log,
    conversation,
    startedAt,
    ...(tmux === null ? {} : { tmux: { ...tmux } }),
    ...(end === null ? {} : { ended: { exitCode: end.exitCode, signal: end.signal } }),
  };
}

/** What would be started. Pure. */
export function plannedRunData(plan: RunPlan): RunData {
  return {
    ...common(plan),
    pid: null,
    log: null,
    conversation: plan.request.isResumed ? (plan.start.conversation ?? null) : null,
    startedAt: null,
    planned: true,
  };
}

function common({ session, adapter, how, start }: RunPlan): Pick<RunData, 'session' | 'agent' | 'how' | 'argv'> {
  return { session: session.id, agent: adapter.name, how, argv: [...start.shownWords] };
}
