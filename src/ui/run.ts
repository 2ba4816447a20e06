import type { RunOutcome, RunPlan } from '../sessions/run.ts';
import { safe, shellLine } from './text.ts';
import type { Look } from './theme.ts';

/** An agent that was started, or would be. Pure. */
export function runText({ plan, log, tmux, started, conversation }: RunOutcome, { theme }: Look): string {
  const { id } = plan.session;
  const name = `${safe(plan.adapter.name)} ${plan.request.isResumed ? 'goes on' : 'works'} in ${theme.name(id)}`;
  const end = started.end === null ? '' : ' and has ended already';
  const seen =
    tmux === null
      ? `${theme.command(shellLine(['wt', 'logs', id, '-f']))} ${theme.dim('follows it,')}`
      : `${theme.command(shellLine(['wt', 'attach', id]))} ${theme.dim('shows it,')}`;
  const more = [
    ...(log === null ? [] : [`  log ${theme.path(log)}`]),
    ...(conversation === null ? [] : [`  ${theme.dim(`conversation ${safe(conversation)}`)}`]),
    ...(tmux === null ? [] : [`  tmux session ${theme.path(safe(tmux.session))}, pane ${tmux.pane}`]),
    `  ${seen} ${theme.command(shellLine(['wt', 'stop', id]))} ${theme.dim('ends it')}`,
  ];
  return `${theme.ok} ${name}${end}  ${theme.dim(`process ${started.pid ?? '?'}`)}\n${more.join('\n')}\n`;
}

/** Pure. */
export function plannedRunText({ session, adapter, how, start, request }: RunPlan, { theme }: Look): string {
  const verb = request.isResumed ? 'take up' : 'start';
  const where = how === 'background' ? ' in the background' : how === 'tmux' ? ' in tmux' : '';
  return `Would ${verb} ${safe(adapter.name)} in ${theme.name(session.id)}${where}: ${shellLine(start.shownWords)}\n`;
}
