import type { Notice } from '../agents/notify.ts';
import { truncate } from './text.ts';

/** What a person reads of a notice. Plain text, without control characters. */
export interface NoticeText {
  readonly title: string;
  readonly text: string;
}

const MAX_TITLE = 60;
const MAX_TEXT = 200;

/** Pure. */
export function noticeText(notice: Notice): NoticeText {
  return {
    title: plain(`${notice.session} ${TITLES[notice.status]}`, MAX_TITLE),
    text: plain(words(notice), MAX_TEXT),
  };
}

const TITLES: Readonly<Record<Notice['status'], string>> = { waiting: 'waits', done: 'is done', failed: 'has failed' };

const WAITS_FOR: Readonly<Record<string, string>> = {
  permission: 'waits for a permission',
  question: 'asks a question',
  input: 'waits for input',
  'turn ended': 'has ended its turn',
};

function words({ status, reason, agent }: Notice): string {
  const who = agent ?? 'the agent';
  if (status === 'waiting')
    return `${who} ${WAITS_FOR[reason ?? ''] ?? `waits${reason === null ? '' : `: ${reason}`}`}`;
  const what = status === 'done' ? 'is done' : 'has failed';
  return `${who} ${what}${reason === null ? '' : `: ${reason}`}`;
}

/** On one line, without anything that a terminal or a notifier could take for an order. */
function plain(text: string, width: number): string {
  const line = text
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Surrogate}]+/gu, ' ')
    .replaceAll(/ {2,}/g, ' ')
    .trim();
  return truncate(line, width);
}

const BEL = '\u0007';

/**
 * What makes a terminal show a notice and ring: OSC 9 (iTerm2, WezTerm, Windows Terminal), OSC 777 (urxvt, Ghostty, Warp), BEL for all
 * others. tmux hands on what is wrapped for it, and rings by itself. Pure.
 */
export function noticeSequence(notice: Notice, { isInTmux }: { readonly isInTmux: boolean }): string {
  const { title, text } = noticeText(notice);
  // A semicolon divides the fields of 777; and "9;4;…" is a progress bar to some.
  const [safeTitle, safeText] = [title, text].map((part) => part.replaceAll(';', ','));
  const sequences = [`\u001b]9;${safeTitle}: ${safeText}${BEL}`, `\u001b]777;notify;${safeTitle};${safeText}${BEL}`];
  return `${sequences.map((one) => (isInTmux ? wrapForTmux(one) : one)).join('')}${BEL}`;
}

/** What a terminal that watches is sent; empty when the person wants to hear of none of it. Pure. */
export function bellFor(
  notices: readonly Notice[],
  { on, terminal }: { readonly on: readonly Notice['status'][]; readonly terminal: boolean },
  env: Readonly<Record<string, string | undefined>>,
): string {
  const isInTmux = (env['TMUX'] ?? '') !== '';
  const wanted = terminal ? notices.filter(({ status }) => on.includes(status)) : [];
  return wanted.map((notice) => noticeSequence(notice, { isInTmux })).join('');
}

/** tmux(1), allow-passthrough. */
function wrapForTmux(sequence: string): string {
  return `\u001bPtmux;${sequence.replaceAll('\u001b', '\u001b\u001b')}\u001b\\`;
}
