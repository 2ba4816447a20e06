import { lastWork } from '../core/time.ts';
import type { Evidence } from '../landing/proof/proof.ts';
import type { LastShown } from '../sessions/last-list.ts';
import type { ListRequest } from '../sessions/list.ts';
import type { DraftRow, Open } from '../sessions/sight.ts';
import type { SessionView } from '../sessions/view.ts';
import { listColumns, titleOf } from './session.ts';
import { GAP, layOut, renderRows, type Column, type Layout } from './table.ts';
import { plural, safeLine, truncate, widthOf } from './text.ts';
import type { Look } from './theme.ts';

/** Stands where something is not known yet. */
export const OPEN_CELL = '·';

/** What stays free below: the line after the last one, and one more. */
const SPARE_ROWS = 2;

type Asked = Pick<ListRequest, 'conflicts'>;

/** By header: what has to be known for a cell. The others are known from the beginning. */
const OPEN_BY_HEADER: Readonly<Record<string, Open>> = {
  STATUS: 'status',
  CHANGES: 'changes',
  '±': 'distance',
  'CONFLICTS WITH': 'conflicts',
  AGE: 'age',
  TASK: 'title',
};

/** Room for what is usual there, as long as nobody has seen the list. */
const USUAL_ROOM: Readonly<Record<string, number>> = { STATUS: 8, CHANGES: 5, '±': 5, 'CONFLICTS WITH': 14, AGE: 3 };

/** Frames of a list of which not everything is known yet: all are laid out as the first one, and only rows that are new values are drawn anew. */
export function createDraftFrames(
  { conflicts }: Asked,
  look: Look,
): (rows: readonly DraftRow[], screenRows: number) => readonly string[] {
  let layout: Layout<DraftRow> | undefined;
  const drawn = new WeakMap<DraftRow, string>();
  const cut = (line: string): string => truncate(line, look.width);
  return (rows, screenRows) => {
    const shown = rows.slice(0, Math.max(0, screenRows - SPARE_ROWS - 2));
    if (shown.length === 0) return [];
    layout ??= toTheMargin(layOut(draftColumns(rows, look, conflicts), rows, look.width), look.width);
    const fresh = shown.filter((row) => !drawn.has(row));
    const [header = '', ...lines] = renderRows(layout, fresh, look).split('\n').map(cut);
    for (const [i, row] of fresh.entries()) drawn.set(row, lines[i] ?? '');
    return [header, ...shown.map((row) => drawn.get(row) ?? ''), look.theme.dim(cut(progressLine(rows)))];
  };
}

/** Nothing stands behind the last column, so it has all the room there is. Pure. */
function toTheMargin<T>({ shown, widths }: Layout<T>, width: number): Layout<T> {
  const before = widths.slice(0, -1).reduce((sum, one) => sum + one + GAP, 0);
  return { shown, widths: [...widths.slice(0, -1), Math.max(widths.at(-1) ?? 0, width - before)] };
}

function progressLine(rows: readonly DraftRow[]): string {
  const read = rows.filter(({ open }) => !open.has('changes')).length;
  const rest = read < rows.length ? `${read} of ${rows.length} read` : 'comparing with the base';
  return `${plural(rows.length, 'session')}: ${rest}`;
}

/** Those of the list. What is open has the room that it took last. */
function draftColumns(rows: readonly DraftRow[], look: Look, withConflicts: boolean): readonly Column<DraftRow>[] {
  const isFirst = rows.every(({ last }) => last === undefined);
  return listColumns(look, withConflicts).map((column) => {
    const { header, paint, value, ...rest } = column;
    const open = OPEN_BY_HEADER[header];
    const isOpen = (row: DraftRow): boolean => open !== undefined && row.open.has(open);
    // Of a task only its title is known; words on how it stands come before it in the end.
    const valueOf = header === 'TASK' ? titleOf : value;
    const text = (row: DraftRow): string => (isOpen(row) ? OPEN_CELL : valueOf(row.view));
    return {
      ...rest,
      header,
      value: text,
      room: (row) => {
        const last = isOpen(row) || header === 'TASK' ? row.last?.widths[header] : undefined;
        const usual = isFirst && isOpen(row) ? USUAL_ROOM[header] : undefined;
        return last ?? usual ?? widthOf(safeLine(text(row)));
      },
      paint: (shown, row, theme) => (isOpen(row) ? theme.dim(shown) : (paint?.(shown, row.view, theme) ?? shown)),
    };
  });
}

/** What is to be kept of a session's row for the next picture. Pure. */
export function lastShown(
  view: SessionView,
  proven: ReadonlyMap<string, Evidence>,
  { conflicts }: Asked,
  look: Look,
): readonly [string, LastShown] {
  const widths = listColumns(look, conflicts, proven).flatMap(({ header, value }) =>
    OPEN_BY_HEADER[header] === undefined ? [] : [[header, widthOf(safeLine(value(view)))] as const],
  );
  return [view.id, { status: view.status, at: lastWork(view), widths: Object.fromEntries(widths) }];
}
