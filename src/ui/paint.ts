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
  const changed = Array.from({ length: rows }, (_, i) => i).flatMap((i) => {
    const line = lines[i] ?? '';
    if (before === undefined ? line === '' : line === (before[i] ?? '')) return [];
    const text = guardTerminal(line.replaceAll('\n', ' '));
    // After a line that fills its row the cursor stands on its last column, which must not be cleared.
    const rest = widthOf(text) < columns ? CLEAR_LINE : '';
    return [`\u001b[${i + 1};1H${text}${rest}`];
  });
  if (before !== undefined && changed.length === 0) return '';
  return `${BEGIN}${before === undefined ? CLEAR : ''}${changed.join('')}${END}`;
}
