import * as fc from 'fast-check';
import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import type { SessionView } from '#src/sessions/view.ts';
import { createTheme } from '#src/ui/theme.ts';
import { age } from '#src/ui/text.ts';
import { frameOf, msUntilAgeChanges, stepTo, timesIn, type WatchState } from '#src/ui/watch.ts';

const NOW = new Date('2026-03-02T12:00:00Z');
const look = { theme: createTheme(0), isTerminal: true, width: 80, now: NOW };

function viewOf(id: string, changes: Partial<SessionView> = {}): SessionView {
  return {
    id,
    branch: `wt/${id}`,
    base: { branch: 'main', commit: '1'.repeat(40) },
    path: `/repo/.worktrees/${id}`,
    agent: 'claude',
    task: `The task of ${id}`,
    createdAt: '2026-03-02T09:00:00.000Z',
    status: 'ready',
    head: null,
    changes: { staged: 0, modified: 1, untracked: 0, conflicted: 0 },
    ahead: 2,
    behind: 0,
    tree: 'ok',
    ...changes,
  };
}

function stateOf(sessions: readonly SessionView[], changes: Partial<WatchState> = {}): WatchState {
  return {
    outcome: { sessions, hidden: 0, proven: new Map() },
    withConflicts: false,
    selected: sessions[0]?.id,
    top: 0,
    isHelpShown: false,
    ...changes,
  };
}

const many = Array.from({ length: 100 }, (_, i) => viewOf(`session-${i}`));

test.each([[80], [120], [40]])('at %i columns the live view reads like this', (columns) => {
  const sessions = [viewOf('login', { status: 'waiting' }), viewOf('search', { status: 'dirty' }), viewOf('docs')];
  const { lines } = frameOf(stateOf(sessions, { selected: 'search' }), { columns, rows: 8 }, look);
  expect(lines.join('\n')).toMatchSnapshot();
});

test('the selected session is always seen, whatever the size and however many there are', () => {
  const size = fc.record({ columns: fc.integer({ min: 1, max: 200 }), rows: fc.integer({ min: 1, max: 60 }) });
  const place = fc.integer({ min: 0, max: 99 });
  fc.assert(
    fc.property(size, place, place, fc.integer({ min: 1, max: 100 }), (room, at, top, count) => {
      const sessions = many.slice(0, count);
      const selected = sessions[Math.min(at, count - 1)]?.id;
      const { lines } = frameOf(stateOf(sessions, { selected, top }), room, look);
      expect(lines.length).toBeLessThanOrEqual(room.rows);
      expect(lines.filter((line) => stringWidth(line) > room.columns)).toEqual([]);
      expect(lines.filter((line) => line.startsWith(room.columns > 1 ? '❯' : '…'))).not.toEqual([]);
    }),
  );
});

test('few rows cost the keys first, then the counts, then the header', () => {
  const shown = (rows: number): readonly string[] =>
    frameOf(stateOf(many), { columns: 80, rows }, look).lines.map((line) => line.slice(0, 12).trim());
  expect(shown(5)).toEqual(['ID', '❯ session-0', 'session-1', '100 sessions', '↵ shell  d d']);
  expect(shown(4)).toEqual(['ID', '❯ session-0', 'session-1', '100 sessions']);
  expect(shown(2)).toEqual(['❯ session-0', 'session-1']);
  expect(shown(1)).toEqual(['❯ session-0']);
});

test('a list that has become shorter leaves no empty room below', () => {
  const { lines, top } = frameOf(
    stateOf(many.slice(0, 6), { top: 90, selected: 'session-5' }),
    { columns: 80, rows: 6 },
    look,
  );
  expect(top).toBe(3);
  expect(lines[3]).toContain('session-5');
});

test('steps end at the first and at the last session', () => {
  const state = stateOf(many, { selected: 'session-98' });
  expect(stepTo(state, 1)).toBe('session-99');
  expect(stepTo(state, 50)).toBe('session-99');
  expect(stepTo(state, -500)).toBe('session-0');
  expect(stepTo(stateOf([]), 1)).toBe(undefined);
});

test('no sessions is said, and that landed ones are not shown', () => {
  const empty = frameOf(stateOf([]), { columns: 80, rows: 6 }, look).lines;
  expect(empty[0]).toBe('No sessions yet.  wt create <id> makes one');
  const state = { ...stateOf([]), outcome: { sessions: [], hidden: 3, proven: new Map() } };
  expect(frameOf(state, { columns: 80, rows: 6 }, look).lines[0]).toBe('3 landed not shown (wt list --all)');
});

test('text from outside is harmless', () => {
  const evil = viewOf('x', { task: 'a\u001b[2J\u0007\nb\u202e', branch: 'b\u009b' });
  const text = frameOf(stateOf([evil]), { columns: 120, rows: 6 }, look).lines.join('');
  expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
});

test('the keys are told', () => {
  const { lines } = frameOf(stateOf(many, { isHelpShown: true }), { columns: 80, rows: 14 }, look);
  expect(lines.join('\n')).toMatchSnapshot();
});

test('an age is another one exactly when it was foretold', () => {
  const time = NOW.getTime();
  const at = (nowMs: number): string => age(NOW.toISOString(), new Date(nowMs));
  fc.assert(
    fc.property(fc.oneof(fc.integer({ min: 0, max: 200_000 }), fc.integer({ min: 0, max: 9e8 })), (passed) => {
      const now = time + passed;
      const wait = msUntilAgeChanges([time], now);
      expect(at(now + wait - 1)).toBe(at(now));
      expect(at(now + wait)).not.toBe(at(now));
    }),
  );
  expect(timesIn([viewOf('a')])).toEqual([Date.parse('2026-03-02T09:00:00.000Z')]);
});
