import { msOf } from '../core/time.ts';
import type { SessionView } from '../sessions/view.ts';
import { age, plural } from './text.ts';
import type { Theme } from './theme.ts';

export type ShownAgent = NonNullable<SessionView['agentStatus']>;

/**
 * What an agent is at, in words that tell what was said from what is only concluded: an agent "is working" when its hook says so, and
 * "runs" when there is but its process; it "died" when that was recorded, and "looks dead" when nobody saw it end. Pure.
 */
export function stateWords({ state, reason, isAsserted, isAlive }: ShownAgent): string {
  const withReason = (word: string): string => (reason === null ? word : `${word} (${reason})`);
  switch (state) {
    case 'starting':
      return 'starting';
    case 'running':
      return 'runs';
    case 'idle':
      return 'turn ended';
    case 'working':
    case 'waiting':
      return isAsserted ? withReason(state) : `last said ${withReason(state)}`;
    case 'failed':
      return !isAlive && reason !== null ? reason : withReason('failed');
    case 'died':
      return reason === null ? 'looks dead' : withReason('died');
    case 'exited':
    case 'stopped':
      return state;
  }
}

/** "waiting (permission) · claude hook · 2m": what, who says so, since when. Pure. */
export function agentWords(agent: ShownAgent, now: Date): string {
  return `${stateWords(agent)} · ${sourceWords(agent)} · ${age(agent.at, now)}`;
}

/** The same for a narrow list, where the status stands beside it: "claude · permission · 2m". Pure. */
export function shortAgentWords(agent: ShownAgent, now: Date): string {
  const { state, reason, isAsserted } = agent;
  const what = state === 'waiting' && isAsserted && reason !== null ? reason : stateWords(agent);
  return `${agent.agent} · ${what} · ${age(agent.at, now)}`;
}

/** "claude hook", "claude process", "wt stop". */
function sourceWords({ agent, source }: ShownAgent): string {
  return source.startsWith(`${agent} `) || source.startsWith('wt ') ? source : `${agent} ${source}`;
}

/** Since when a process runs, and in what way: "in the background, process 4711, since 3h". Pure. */
export function processWords({ how, pid, isAlive, startedAt }: ShownAgent, now: Date): string {
  const ways: Readonly<Record<ShownAgent['how'], string>> = {
    foreground: 'in a terminal',
    background: 'in the background',
    tmux: 'in tmux',
    outside: 'started by hand',
  };
  if (pid === 0) return `${ways[how]}, started ${age(startedAt, now)} ago`; // its program tells of no process
  return isAlive
    ? `${ways[how]}, process ${pid}, for ${age(startedAt, now)}`
    : `${ways[how]}, process ${pid} is gone, started ${age(startedAt, now)} ago`;
}

/** When its last turn ended, and how many of these commits came since: neither done nor approved. Empty while a turn goes on. Pure. */
export function turnWords(
  { turnEndedAt }: Pick<ShownAgent, 'turnEndedAt'>,
  commits: readonly { readonly committedAt: string }[],
  now: Date,
): string {
  if (turnEndedAt === null) return '';
  const since = commits.filter(({ committedAt }) => msOf(committedAt) > msOf(turnEndedAt)).length;
  return `ended ${age(turnEndedAt, now)} ago, ${since === 0 ? 'no commit' : plural(since, 'commit')} since`;
}

export function paintAgent(text: string, { agentStatus }: Pick<SessionView, 'agentStatus'>, theme: Theme): string {
  switch (agentStatus?.state) {
    case 'waiting':
      return theme.attention(text);
    case 'failed':
    case 'died':
      return theme.bad(text);
    case 'starting':
    case 'running':
    case 'working':
      return theme.path(text);
    case 'idle':
    case 'exited':
    case 'stopped':
    case undefined:
      return text;
  }
}
