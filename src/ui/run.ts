import type { RunOutcome, RunPlan } from '../sessions/run.ts';
import { safe, shellLine } from './text.ts';
import type { Look } from './theme.ts';

/** An agent that was started, or would be. Pure. */
export function runText({ plan, log, tmux, started, conversation }: RunOutcome, { theme }: Look): string {
  const { id } = plan.session;
  const hasEnded = started.end !== null;
  const verb = plan.request.isResumed ? 'goes on' : 'works';
  const name = `${safe(plan.adapter.name)} ${hasEnded ? 'has ended' : verb} in ${theme.name(id)}`;
  const about = hasEnded ? `exit ${started.exitCode}, as soon as it was started` : `process ${started.pid ?? '?'}`;
  const hint = (words: readonly string[], does: string): string =>
    `${theme.command(shellLine(words))} ${theme.dim(does)}`;
  const seen =
    tmux === null
      ? hint(['wt', 'logs', id, ...(hasEnded ? [] : ['-f'])], hasEnded ? 'shows what it said' : 'follows it,')
      : hint(['wt', 'attach', id], 'shows it,');
  const more = [
    ...(log === null ? [] : [`  log ${theme.path(log)}`]),
    ...(conversation === null ? [] : [`  ${theme.dim(`conversation ${safe(conversation)}`)}`]),
    ...(tmux === null ? [] : [`  tmux session ${theme.path(safe(tmux.session))}, pane ${tmux.pane}`]),
    `  ${seen}${hasEnded ? '' : ` ${hint(['wt', 'stop', id], 'ends it')}`}`,
  ];
  return `${theme.ok} ${name}  ${theme.dim(about)}\n${more.join('\n')}\n`;
}

/** Pure. */
export function plannedRunText({ session, adapter, how, start, request }: RunPlan, { theme }: Look): string {
  const verb = request.isResumed ? 'take up' : 'start';
  const where = how === 'background' ? ' in the background' : how === 'tmux' ? ' in tmux' : '';
  return `Would ${verb} ${safe(adapter.name)} in ${theme.name(session.id)}${where}: ${shellLine(start.shownWords)}\n`;
}
