import type { Summary, SummaryEntry } from '../sessions/summary.ts';
import type { SessionView } from '../sessions/view.ts';
import { stateWords } from './agent.ts';
import { changesText, conflictsText, distanceText } from './session.ts';
import { plural, safeLine, shellLine, truncate } from './text.ts';

/** How long a task, a word or a name may be. */
const LONGEST = 120;
const NEWS = 4;
const GONE = 10;

/**
 * For an agent that leads others. What seldom changes comes first and ages are times, so that the same state gives the same text and a
 * prompt that begins with it can be kept. Pure.
 */
export function renderSummary(summary: Summary): string {
  const { since, seq, entries, gone } = summary;
  const lines = [
    ...(since === undefined
      ? ['Sessions', ...entries.map(headLine), '', 'State', ...entries.map(stateLine)]
      : [`Since ${since}`, ...entries.map(stateLine)]),
    ...othersLine(summary),
    ...(gone.length === 0 ? [] : [goneLine(gone)]),
    ...(entries.length + gone.length === 0 && since !== undefined ? ['nothing has changed'] : []),
    `Next time: wt summary --since ${seq}`,
  ];
  return `${lines.join('\n')}\n`;
}

function short(text: string): string {
  return truncate(safeLine(text), LONGEST);
}

function headLine({ view }: SummaryEntry): string {
  const { id, agent, agentStatus, base, task } = view;
  const parts = [id, agentStatus?.agent ?? agent ?? 'no agent', `on ${short(base.branch ?? base.commit.slice(0, 7))}`];
  const title = task?.trim().split('\n')[0] ?? '';
  return `- ${[...parts, ...(title === '' ? [] : [short(title)])].join('  ')}`;
}

function stateLine({ view, news, next }: SummaryEntry): string {
  const agent = agentPart(view);
  const parts = [
    agent.startsWith(view.status) ? '' : view.status,
    agent,
    [changesText(view), distanceText(view)].filter((part) => part !== '').join(' '),
    conflictsText(view) === '' ? '' : `conflicts with ${conflictsText(view)}`,
    wordPart(view),
    newsPart(news),
    next === undefined ? '' : `next: ${shellLine(next)}`,
  ];
  return `- ${view.id}  ${parts.filter((part) => part !== '').join('; ')}`;
}

/** What, who says so, and since when: the time, not the age. */
function agentPart({ agentStatus }: SessionView): string {
  if (agentStatus === undefined) return '';
  return short(`${stateWords(agentStatus)}, by ${agentStatus.source} since ${agentStatus.at}`);
}

function wordPart({ done, approved }: SessionView): string {
  const isApproved = approved?.isStale === false;
  if (done === undefined) return isApproved ? 'approved' : '';
  const stale = done.isStale ? ', but other commits since' : '';
  const said = `${done.failed ? 'said failed' : 'said done'}${stale}${done.summary === null ? '' : `: ${done.summary.trim().split('\n')[0]}`}`;
  return `${isApproved ? 'approved; ' : ''}${short(said)}`;
}

/** The last events by their names, "agent.waiting" for session.agent.waiting. */
function newsPart(news: SummaryEntry['news']): string {
  if (news.length === 0) return '';
  const names = news.map(({ event }) => short(event.replace(/^session\./, '').replace(/\.after$/, '')));
  const more = names.length > NEWS ? `${names.length - NEWS} events, ` : '';
  return `happened: ${more}${names.slice(-NEWS).join(', ')}`;
}

function othersLine({ others, left, since }: Summary): readonly string[] {
  const total = [...others.values()].reduce((sum, count) => sum + count, 0);
  if (total === 0) return [];
  const counts = [...others].map(([status, count]) => `${count} ${status}`).join(', ');
  const why = since === undefined ? '' : left === 0 ? ' unchanged' : `, ${left} of them changed`;
  return [`and ${plural(total, 'other')}${why}: ${counts}`];
}

function goneLine(gone: Summary['gone']): string {
  const shown = gone.slice(0, GONE).map(({ id, event }) => `${short(id)} (${short(event.replace(/^session\./, ''))})`);
  return `gone: ${shown.join(', ')}${gone.length > GONE ? ` and ${gone.length - GONE} more` : ''}`;
}
