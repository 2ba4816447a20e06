import type { Event } from '../registry/events.ts';
import { safe, safeLine } from './text.ts';
import type { Look } from './theme.ts';

/** One line of the stream: number, time, what happened to which session, who did it, and more. */
export function eventLine({ seq, at, event, session, by, data }: Event, { theme }: Pick<Look, 'theme'>): string {
  const words = agentEventWords(event, data) ?? details(data);
  const head = `${String(seq).padStart(4)}  ${theme.dim(at)}  ${safe(event)}  ${theme.name(session ?? '-')}`;
  return `${head}  ${theme.dim(`by ${by}`)}  ${safeLine(words)}`.trimEnd() + '\n';
}

type Data = Readonly<Record<string, unknown>>;

function details(data: Data): string {
  return Object.entries(data)
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
}

const AGENT = 'session.agent.';

/** What an event of an agent tells a person: "claude waits (permission) · PermissionRequest". Undefined: it is none. Pure. */
export function agentEventWords(event: string, data: Data): string | undefined {
  const { agent } = data;
  if (!event.startsWith(AGENT) || typeof agent !== 'string') return undefined;
  const word = event.slice(AGENT.length);
  const [text, count] = [(key: string) => textOf(data[key]), (key: string) => numberOf(data[key])];
  const pid = count('pid');
  const exitCode = count('exitCode');
  const reason = text('reason') ?? (exitCode === undefined ? undefined : `exit ${exitCode}`);
  const what = `${agent} ${wordsOf(word, text('event'))}${reason === undefined ? '' : ` (${reason})`}`;
  const isNew = word === 'started' || word === 'resumed';
  const more = [
    isNew ? HOW[text('how') ?? ''] : undefined,
    pid === undefined ? undefined : `process ${pid}`,
    isNew && text('conversation') !== undefined ? `conversation ${text('conversation')}` : undefined,
    text('event'),
    text('source') === 'process' ? 'nobody saw how' : undefined,
  ];
  return [what, ...more.filter((one) => one !== undefined)].join(' · ');
}

/** An agent that has just begun has no turn behind it. */
function wordsOf(word: string, event = ''): string {
  return word === 'idle' && /start|created/i.test(event) ? 'is at its prompt' : (WORDS[word] ?? word);
}

const WORDS: Readonly<Record<string, string>> = {
  started: 'was started',
  resumed: 'was taken up again',
  working: 'works',
  waiting: 'waits',
  idle: 'has ended its turn',
  failed: 'has failed',
  exited: 'has ended',
  died: 'has died',
  stopped: 'was stopped',
};

const HOW: Readonly<Record<string, string>> = {
  foreground: 'in a terminal',
  background: 'in the background',
  tmux: 'in tmux',
  outside: 'by hand',
};

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
