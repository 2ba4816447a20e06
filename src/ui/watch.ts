import { msOf } from '../core/time.ts';
import type { ListOutcome } from '../sessions/list.ts';
import type { SessionView } from '../sessions/view.ts';
import type { Size } from './paint.ts';
import { countLine, listColumns } from './session.ts';
import { renderTable } from './table.ts';
import { truncate } from './text.ts';
import type { Look } from './theme.ts';

/** What the live view shows: sessions, and where a person is among them. */
export interface WatchState {
  readonly outcome: Pick<ListOutcome, 'sessions' | 'hidden' | 'proven'>;
  readonly withConflicts: boolean;
  /** Id of the selected session; another one is taken when it is not there. */
  readonly selected: string | undefined;
  /** The first row that is shown. */
  readonly top: number;
  readonly isHelpShown: boolean;
}

export interface Frame {
  /** As many as the terminal has rows, or fewer; none is wider than it. */
  readonly lines: readonly string[];
  readonly top: number;
}

const MARK = '❯ ';
const NO_MARK = '  ';

export const WATCH_KEYS: readonly (readonly [string, string, string])[] = [
  ['↑ ↓', '', 'also k and j: another session; Home, End, Page Up, Page Down'],
  ['↵', 'shell', 'a shell in the session; its end leads back here'],
  ['d', 'diff', 'what the session changed: wt diff'],
  ['l', 'logs', 'what its agent printed: wt logs'],
  ['m', 'merge', 'what would land, nothing is changed: wt merge --dry-run'],
  ['r', '', 'read everything again'],
  ['?', 'keys', 'these keys'],
  ['q', 'quit', 'also Ctrl-C'],
];

/** The lines of the live view. What a small terminal has no room for goes in this order: keys, counts, header. Pure. */
export function frameOf(state: WatchState, size: Size, look: Look): Frame {
  const wide = { ...look, isTerminal: true, width: Math.max(1, size.columns) };
  const foot = footLines(state, size, wide);
  if (state.isHelpShown) return { lines: helpLines(size, wide), top: state.top };
  const room = size.rows - foot.length;
  const { sessions } = state.outcome;
  if (sessions.length === 0) return { lines: fill([emptyLine(state, wide)], foot, size), top: 0 };
  const { header, rows } = tableLines(state, wide);
  const head = room >= 3 ? [header] : [];
  const shown = Math.max(1, room - head.length);
  const top = scroll(state.top, { at: selectedIndex(state), shown, count: rows.length });
  return { lines: fill([...head, ...rows.slice(top, top + shown)], foot, size), top };
}

const ISO = /"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)"/g;

/** Every time that the sessions tell of, in milliseconds since 1970. Pure. */
export function timesIn(sessions: readonly SessionView[]): readonly number[] {
  return [...JSON.stringify(sessions).matchAll(ISO)].map(([, iso = '']) => msOf(iso));
}

/** In how many milliseconds the first of these ages is another one: 40s, 5m, 3h, 12d. Pure. */
export function msUntilAgeChanges(timesMs: readonly number[], nowMs: number): number {
  const waits = timesMs.map((time) => {
    const age = nowMs - time;
    if (age < 0) return 1000 - age;
    const unit = UNITS_MS.find(([limit]) => age < limit)?.[1] ?? DAY_MS;
    return unit - (age % unit);
  });
  return Math.max(1, Math.min(...waits));
}

const [SECOND_MS, MINUTE_MS, HOUR_MS, DAY_MS] = [1000, 60_000, 3_600_000, 86_400_000] as const;
const UNITS_MS = [
  [MINUTE_MS, SECOND_MS],
  [HOUR_MS, MINUTE_MS],
  [DAY_MS, HOUR_MS],
] as const;

/** The place of the selected session; the first when it is not there (any more). Pure. */
export function selectedIndex({ outcome, selected }: Pick<WatchState, 'outcome' | 'selected'>): number {
  return Math.max(
    0,
    outcome.sessions.findIndex(({ id }) => id === selected),
  );
}

/** The session that a step leads to. Pure. */
export function stepTo(state: WatchState, step: number): string | undefined {
  const { sessions } = state.outcome;
  const at = Math.min(Math.max(selectedIndex(state) + step, 0), sessions.length - 1);
  return sessions[at]?.id;
}

/** The selected session stays where it is seen, and no room is left empty below. Pure. */
function scroll(top: number, { at, shown, count }: { at: number; shown: number; count: number }): number {
  const seen = at < top ? at : at >= top + shown ? at - shown + 1 : top;
  return Math.max(0, Math.min(seen, count - shown));
}

function tableLines(state: WatchState, look: Look): { header: string; rows: readonly string[] } {
  const { sessions, proven } = state.outcome;
  const inner = { ...look, width: Math.max(1, look.width - NO_MARK.length) };
  const text = renderTable<SessionView>(listColumns(inner, state.withConflicts, proven), sessions, inner);
  const [header = '', ...rows] = text.split('\n').slice(0, -1);
  const at = selectedIndex(state);
  const cut = (line: string): string => truncate(line, look.width);
  return {
    header: cut(NO_MARK + header),
    rows: rows.map((row, i) => cut((i === at ? look.theme.attention(MARK) : NO_MARK) + row)),
  };
}

function emptyLine({ outcome: { hidden } }: WatchState, { theme, width }: Look): string {
  const text = hidden > 0 ? `${hidden} landed not shown (wt list --all)` : 'No sessions yet.  wt create <id> makes one';
  return theme.dim(truncate(text, width));
}

/** Counts and keys; on few rows none. */
function footLines(
  { outcome: { sessions, hidden } }: WatchState,
  { rows }: Size,
  { theme, width }: Look,
): readonly string[] {
  const landed = hidden === 0 || sessions.length === 0 ? '' : `, ${hidden} landed not shown`;
  const counts = sessions.length === 0 ? '' : `${countLine(sessions)}${landed}`;
  const keys = WATCH_KEYS.flatMap(([key, word]) => (word === '' ? [] : [`${key} ${word}`]));
  const lines = [...(rows >= 3 ? [counts] : []), ...(rows >= 5 ? [fitWords(keys, width)] : [])];
  return lines.map((line) => theme.dim(truncate(line, width)));
}

/** As many words as there is room for; the last two, how to get help and out, are always among them. */
function fitWords(words: readonly string[], width: number): string {
  const join = (some: readonly string[]): string => some.join('  ');
  const last = words.slice(-2);
  for (let count = words.length - 2; count > 0; count--) {
    const text = join([...words.slice(0, count), ...last]);
    if (text.length <= width) return text;
  }
  return join(last);
}

function helpLines({ rows }: Size, { theme, width }: Look): readonly string[] {
  const lines = WATCH_KEYS.map(([key, , text]) => `  ${theme.command(key.padEnd(4))}  ${text}`);
  const all = [theme.heading('Keys'), ...lines, '', theme.dim('Any key leads back.')];
  return all.slice(0, rows).map((line) => truncate(line, width));
}

function fill(body: readonly string[], foot: readonly string[], { rows }: Size): readonly string[] {
  const gap = Array.from({ length: Math.max(0, rows - body.length - foot.length) }, () => '');
  return [...body, ...gap, ...foot].slice(0, rows);
}
