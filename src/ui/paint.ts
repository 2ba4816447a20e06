import { guardTerminal, widthOf } from './text.ts';

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

// Synchronised output: a terminal that knows it shows all of it at once; others pass over an unknown mode.
const BEGIN = '\u001b[?2026h';
const END = '\u001b[?2026l';
const CLEAR = '\u001b[0m\u001b[2J';
const CLEAR_LINE = '\u001b[K';

/**
 * What to write so that a terminal that shows one list of lines shows another; empty when they are the same. Without a list
 * before, all of it is drawn anew. Only lines that differ are written, each at its place. Pure.
 */
export function paint(
  before: readonly string[] | undefined,
  lines: readonly string[],
  { columns, rows }: Size,
): string {
  const changed = changedRows(before, lines, rows).map((i) => `\u001b[${i + 1};1H${rowText(lines[i] ?? '', columns)}`);
  if (before !== undefined && changed.length === 0) return '';
  return `${BEGIN}${before === undefined ? CLEAR : ''}${changed.join('')}${END}`;
}

/** The rows that show another line than before; without a list before, those that show something. Pure. */
function changedRows(before: readonly string[] | undefined, lines: readonly string[], rows: number): readonly number[] {
  return Array.from({ length: rows }, (_, i) => i).filter((i) => (lines[i] ?? '') !== (before?.[i] ?? ''));
}

/** A line, and nothing behind it. */
function rowText(line: string, columns: number): string {
  const text = guardTerminal(line.replaceAll('\n', ' '));
  // After a line that fills its row the cursor stands on its last column, which must not be cleared.
  return widthOf(text) < columns ? text + CLEAR_LINE : text;
}

// DEC's: a row down, whatever is there, the column kept; the cursor's place kept, and taken again. Cursor, wrapping at the margin.
const DOWN = '\u001bD';
const KEEP = '\u001b7';
const BACK = '\u001b8';
const HIDE = '\u001b[?25l';
const SHOW = '\u001b[?25h';
const NO_WRAP = '\u001b[?7l';
const WRAP = '\u001b[?7h';
const CLEAR_BELOW = '\u001b[J';

/** Takes away what {@link paintBelow} has drawn; the cursor stands where it stood before. */
export const ERASE = `${BACK}\u001b[0m${WRAP}${CLEAR_BELOW}${SHOW}`;

/**
 * The same where the cursor stands, on the screen that has everything else on it. The first time room is made, also for the line
 * after the last one. The cursor rests at the end of the last line: what somebody types meanwhile stands behind it, and an Enter
 * scrolls nothing. Lists have the same length, at least one line, and fit the screen. Pure.
 */
export function paintBelow(before: readonly string[] | undefined, lines: readonly string[], columns: number): string {
  const changed = changedRows(before, lines, lines.length);
  if (before !== undefined && changed.length === 0) return '';
  const room = before === undefined ? `${DOWN.repeat(lines.length)}\u001b[${lines.length}A${KEEP}` : '';
  const last = lines.length - 1;
  let at = 0;
  const goTo = (row: number): string => {
    const down = row > at ? `\r\u001b[${row - at}B` : '';
    at = row;
    return down;
  };
  const rows = changed.map((i) => goTo(i) + rowText(lines[i] ?? '', columns)).join('');
  const rest = `${goTo(last)}\r\u001b[${Math.min(widthOf(lines[last] ?? '') + 1, columns)}G`;
  return `${BEGIN}${HIDE}${before === undefined ? room : BACK}${NO_WRAP}${rows}${rest}${WRAP}${SHOW}${END}`;
}

/** A text, printed where {@link paintBelow} has drawn, as if nothing had been there. Pure. */
export function paintOver(text: string, columns: number): string {
  const [first = '', ...others] = text.split('\n');
  const rows = others.map((line) => (line === '' || widthOf(line) % columns !== 0 ? line + CLEAR_LINE : line));
  // The first may begin behind a prompt, so where it ends is not known: all it can come to is cleared before.
  const more = Math.ceil((widthOf(first) + columns - 1) / columns) - 1;
  const clear = `${CLEAR_LINE}${'\u001b[B\u001b[2K'.repeat(more)}${BACK}`;
  return `${BEGIN}${HIDE}${BACK}${clear}${[first, ...rows].join('\r\n')}${CLEAR_BELOW}${SHOW}${END}`;
}
