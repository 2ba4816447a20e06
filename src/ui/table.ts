import type { Look, Theme } from './theme.ts';
import { safeLine, truncate, widthOf } from './text.ts';

export interface Column<T> {
  readonly header: string;
  readonly value: (row: T) => string;
  /** Colours the cell; the text is already cut to its width. */
  readonly paint?: (text: string, row: T, theme: Theme) => string;
  /** Narrowest width it may shrink to; not given, it never shrinks. */
  readonly min?: number;
  /** Widest it may be, however much room there is. */
  readonly max?: number;
  /** Terminal columns that it is laid out for; not given, those of its text. */
  readonly room?: (row: T) => number;
  /** Dropped from the highest number on when the terminal is too narrow; 0 is never dropped. */
  readonly drop?: number;
}

export const GAP = 2;

/** Rows in columns that fit the terminal; off a terminal tab-separated lines with full values and no header. Pure. */
export function renderTable<T>(columns: readonly Column<T>[], rows: readonly T[], look: Look): string {
  if (rows.length === 0) return '';
  if (!look.isTerminal)
    return rows.map((row) => `${columns.map((column) => safeLine(column.value(row))).join('\t')}\n`).join('');
  return renderRows(layOut(columns, rows, look.width), rows, look);
}

/** Which columns there are, and how wide. */
export interface Layout<T> {
  readonly shown: readonly Column<T>[];
  readonly widths: readonly number[];
}

/** For a terminal of that width; columns that would be empty are left out. Pure. */
export function layOut<T>(columns: readonly Column<T>[], rows: readonly T[], width: number): Layout<T> {
  const filled = columns.filter(
    (column) => column.drop === undefined || column.drop === 0 || rows.some((row) => roomOf(column, row) > 0),
  );
  return fit(filled, rows, width);
}

function roomOf<T>({ value, room }: Column<T>, row: T): number {
  return room?.(row) ?? widthOf(safeLine(value(row)));
}

/** Header and rows in columns of a given layout: what is wider than its column is cut. Pure. */
export function renderRows<T>({ shown, widths }: Layout<T>, rows: readonly T[], look: Look): string {
  const line = (cells: readonly Cell[]): string => `${join(cells, widths)}\n`;
  const head = line(shown.map(({ header }) => ({ text: header, painted: look.theme.dim(header) })));
  const body = rows.map((row) => line(shown.map((column, i) => cell(column, row, widths[i] ?? 0, look.theme))));
  return head + body.join('');
}

interface Cell {
  readonly text: string;
  readonly painted: string;
}

function cell<T>(column: Column<T>, row: T, width: number, theme: Theme): Cell {
  const text = truncate(safeLine(column.value(row)), width);
  return { text, painted: text === '' ? '' : (column.paint?.(text, row, theme) ?? text) };
}

/** Cells side by side; nothing behind the last one that has text. */
function join(cells: readonly Cell[], widths: readonly number[]): string {
  const last = cells.findLastIndex(({ text }) => text !== '');
  return cells
    .slice(0, last + 1)
    .map(({ text, painted }, i) =>
      i === last ? painted : painted + ' '.repeat((widths[i] ?? 0) - widthOf(text) + GAP),
    )
    .join('');
}

/** Shrinks what may shrink, widest first, then drops columns. Pure. */
function fit<T>(columns: readonly Column<T>[], rows: readonly T[], width: number): Layout<T> {
  const natural = columns.map((column) =>
    Math.max(widthOf(column.header), ...rows.map((row) => Math.min(column.max ?? Infinity, roomOf(column, row)))),
  );
  const floor = columns.map((column, i) =>
    Math.min(natural[i] ?? 0, Math.max(column.min ?? natural[i] ?? 0, widthOf(column.header))),
  );
  const gaps = GAP * (columns.length - 1);
  if (sum(floor) + gaps > width) {
    const last = columns.reduce(
      (worst, column, i) => ((column.drop ?? 0) > (columns[worst]?.drop ?? 0) ? i : worst),
      0,
    );
    if ((columns[last]?.drop ?? 0) > 0)
      return fit(
        columns.filter((_, i) => i !== last),
        rows,
        width,
      );
  }
  const widths = [...natural];
  for (let over = sum(widths) + gaps - width; over > 0; over--) {
    const slack = widths.map((w, i) => (w > (floor[i] ?? 0) ? w : -1));
    const widest = slack.indexOf(Math.max(...slack));
    if ((slack[widest] ?? -1) < 0) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return { shown: columns, widths };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, n) => total + n, 0);
}
