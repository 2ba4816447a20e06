import type { RunOutcome, RunPlan } from '../sessions/run.ts';
import { safe, shellLine } from './text.ts';
import type { Look } from './theme.ts';

/** An agent that was started, or would be. Pure. */
export function runText({ plan, log, started, conversation }: RunOutcome, { theme }: Look): string {
  const { id } = plan.session;
  const verb = plan.request.isResumed ? 'goes on' : 'works';
  const hasEnded = started.end !== null;
  const name = `${safe(plan.adapter.name)} ${hasEnded ? 'has ended' : verb} in ${theme.name(id)}`;
  const about = hasEnded ? `exit ${started.exitCode}, as soon as it was started` : `process ${started.pid ?? '?'}`;
  const [read, follow, stop] = [
    ['wt', 'logs', id],
    ['wt', 'logs', id, '-f'],
    ['wt', 'stop', id],
  ].map((words) => theme.command(shellLine(words)));
  const more = [
    ...(log === null ? [] : [`  log ${theme.path(log)}`]),
    ...(conversation === null ? [] : [`  ${theme.dim(`conversation ${safe(conversation)}`)}`]),
    hasEnded
      ? `  ${read} ${theme.dim('shows what it said')}`
      : `  ${follow} ${theme.dim('follows it,')} ${stop} ${theme.dim('ends it')}`,
  ];
  return `${theme.ok} ${name}  ${theme.dim(about)}\n${more.join('\n')}\n`;
}

/** Pure. */
export function plannedRunText({ session, adapter, how, start, request }: RunPlan, { theme }: Look): string {
  const verb = request.isResumed ? 'take up' : 'start';
  const where = how === 'background' ? ' in the background' : '';
  return `Would ${verb} ${safe(adapter.name)} in ${theme.name(session.id)}${where}: ${shellLine(start.shownWords)}\n`;
}
