/** Patterns over the last rows of a screen that are not empty, without colours. The first of the three that is seen counts. */
export interface Screen {
  /** It asks for a permission or has a dialogue open: nothing may be typed. */
  readonly blocked: readonly RegExp[];
  readonly working: readonly RegExp[];
  /** Its prompt is empty and waits. */
  readonly ready?: readonly RegExp[];
  /** The row that is typed in: the last match counts, and its first group is what is typed there already. */
  readonly input?: RegExp;
}

/**
 * What the screen of an agent shows. `blocked`: it asks something that is no prompt, and keys would answer it. `draft`: its prompt
 * waits, and something is typed in it already. `unknown`: nothing that is known, so nothing may be typed on the strength of it.
 */
export type ScreenState = 'blocked' | 'working' | 'ready' | 'draft' | 'unknown';

export interface Reading {
  readonly state: ScreenState;
  /** What is typed in its prompt; undefined where the prompt is not to be seen. */
  readonly typed?: string;
}

/** Rows from the bottom that count: what is above has scrolled by. */
const ROWS = 30;
const LAST_ROWS = 5;

/** Questions as most programs ask them, at the very end: nothing is typed into one, whatever program it is. */
const QUESTIONS: readonly RegExp[] = [
  /[([]\s*y(?:es)?\s*\/\s*n(?:o)?\s*[)\]]\s*[:?>]?\s*$/imu,
  /\[(?:yes|no)\]\s*:\s*$/imu,
  /\b(?:enter|return|↵) to (?:select|confirm|submit|continue|approve)\b/iu,
  /\bpress (?:enter|return|any key)\b/iu,
  /\b(?:password|passphrase)\b.*:\s*$/imu,
];
/** A choice by number, one of them marked. */
const CHOICE = /^\W*[❯›▶→]\s*\d{1,2}[.)]\s?\S/mu;
const NUMBERED = /^\d{1,2}[.)]\s?\S/u;

/**
 * Reads a screen as `capture-pane -e` gives it. Blocked before working before all else: where both are seen, the question is what the
 * agent stands at. No patterns: only questions are seen. Pure.
 */
export function readScreen(capture: string, screen: Screen | undefined): Reading {
  const { shown, typed } = lastRows(parseCapture(capture));
  const sees = (patterns: readonly RegExp[] | undefined, text: string): boolean =>
    (patterns ?? []).some((pattern) => pattern.test(text));
  const input = screen?.input === undefined ? undefined : lastMatch(typed, screen.input);
  // The marked row of a choice looks like a prompt; one that a prompt comes after is only what somebody said before.
  const isChoice = input === undefined ? CHOICE.test(shown) : NUMBERED.test(input);
  const last = shown.split('\n').slice(-LAST_ROWS).join('\n');
  if (isChoice || sees(QUESTIONS, last) || sees(screen?.blocked, shown)) return { state: 'blocked' };
  if (sees(screen?.working, shown)) return { state: 'working' };
  if (input !== undefined) return { state: input === '' ? 'ready' : 'draft', typed: input };
  return { state: sees(screen?.ready, typed) ? 'ready' : 'unknown' };
}

/** What is typed in its prompt, whatever else is on the screen; undefined when no prompt is to be seen. Pure. */
export function findTyped(capture: string, screen: Screen | undefined): string | undefined {
  return screen?.input === undefined ? undefined : lastMatch(lastRows(parseCapture(capture)).typed, screen.input);
}

function lastMatch(text: string, pattern: RegExp): string | undefined {
  const flags = pattern.flags.includes('g') ? pattern.flags : `${pattern.flags}g`;
  const match = [...text.matchAll(new RegExp(pattern.source, flags))].at(-1);
  return match === undefined ? undefined : (match[1] ?? '').trim();
}

/** Rows from which whatever holds a piece of a text is gone: what was typed there is no question. Pure. */
export function withoutText(capture: string, text: string): string {
  const pieces = text.split('\n').map(squeeze);
  return capture
    .split('\n')
    .filter((row) => {
      const words = squeeze(parseCapture(row).shown.replace(/^\W*[❯›>▌│┃→]+/u, ''));
      return (
        words === '' || !pieces.some((piece) => piece.includes(words) || (piece.length > 3 && words.includes(piece)))
      );
    })
    .join('\n');
}

function squeeze(text: string): string {
  return text.replaceAll(/[\s│┃]+/gu, ' ').trim();
}

interface Rows {
  /** As a person sees it. */
  readonly shown: string;
  /** Without what is shown faintly: a program puts hints into an empty prompt that way. */
  readonly typed: string;
}

function lastRows({ shown, typed }: Rows): Rows {
  const [seen, kept] = [shown.split('\n'), typed.split('\n')];
  const rows = seen.flatMap((row, i) =>
    row.trim() === '' ? [] : [{ shown: row.trimEnd(), typed: (kept[i] ?? '').trimEnd() }],
  );
  const last = rows.slice(-ROWS);
  return { shown: last.map((row) => row.shown).join('\n'), typed: last.map((row) => row.typed).join('\n') };
}

// SGR; hyperlinks and other strings; the choice of a character set; shift in and out.
const CODES = /\u001b\[([0-9;:]*)m|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|\u001b[()].|[\u000e\u000f]/g;

/** Takes the colours off. Pure. */
export function parseCapture(capture: string): Rows {
  let look: Look = { isFaint: false, isInverse: false };
  const parts: { text: string; look: Look }[] = [];
  let at = 0;
  for (const code of capture.matchAll(CODES)) {
    parts.push({ text: capture.slice(at, code.index), look });
    at = code.index + code[0].length;
    if (code[1] !== undefined) look = lookAfter(look, code[1]);
  }
  parts.push({ text: capture.slice(at), look });
  const written = parts.filter(({ text }) => text !== '');
  return {
    shown: written.map(({ text }) => text).join(''),
    typed: written.map(({ text }, i) => (isHint(written, i) ? blank(text) : text)).join(''),
  };
}

interface Look {
  readonly isFaint: boolean;
  readonly isInverse: boolean;
}

/** Faint, or the cursor on the first letter of what is faint. */
function isHint(parts: readonly { text: string; look: Look }[], i: number): boolean {
  const [part, next] = [parts[i], parts[i + 1]];
  if (part === undefined || part.look.isFaint) return part !== undefined;
  return (
    part.look.isInverse &&
    Array.from(part.text).length === 1 &&
    next?.look.isFaint === true &&
    !next.text.startsWith('\n')
  );
}

function blank(text: string): string {
  return text.replaceAll(/[^\n]/gu, ' ');
}

/** ECMA-48 SGR: 2 faint, 22 neither bold nor faint, 7 and 27 inverse, 0 all off. Colours by number bring numbers of their own. */
function lookAfter(before: Look, numbers: string): Look {
  let look = before;
  const words = numbers.replaceAll(/(?:^|;)[345]8[;:](?:5[;:]\d+|2(?:[;:]\d*){3,4})/g, ';').split(';');
  if (numbers === '') return { isFaint: false, isInverse: false };
  for (const word of words) {
    if (word === '0' || word === '00') look = { isFaint: false, isInverse: false };
    else if (word === '2') look = { ...look, isFaint: true };
    else if (word === '22') look = { ...look, isFaint: false };
    else if (word === '7') look = { ...look, isInverse: true };
    else if (word === '27') look = { ...look, isInverse: false };
  }
  return look;
}
