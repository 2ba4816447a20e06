import { expect, test } from 'vitest';
import { changesText, conflictsText, countLine, distanceText, paintStatus } from '#src/ui/session.ts';
import { createTheme } from '#src/ui/theme.ts';
import { STATUSES } from '#src/sessions/status.ts';
import type { SessionView } from '#src/sessions/view.ts';

test('changes are marked as git marks them, conflicts first', () => {
  const changes = { staged: 2, modified: 1, untracked: 3, conflicted: 4 };
  expect(changesText({ changes, operation: 'rebase' })).toBe('!4 +2 ~1 ?3 rebase');
  expect(changesText({ changes: { staged: 0, modified: 0, untracked: 0, conflicted: 0 } })).toBe('');
  expect(changesText({ changes: null })).toBe('');
});

test('a distance names only what is not zero', () => {
  expect(distanceText({ ahead: 2, behind: 1 })).toBe('↑2 ↓1');
  expect(distanceText({ ahead: 0, behind: 3 })).toBe('↓3');
  expect(distanceText({ ahead: null, behind: null })).toBe('');
});

test('a conflict that could not be computed is not shown as none', () => {
  expect(conflictsText({ conflicts: { base: null, sessions: [] } })).toBe('base?');
  expect(conflictsText({ conflicts: { base: [], sessions: [] } })).toBe('');
  expect(conflictsText({ conflicts: { base: ['x'], sessions: [{ id: 'b', paths: ['x'] }] } })).toBe('base b');
});

test('every status is readable without colour', () => {
  for (const status of STATUSES) expect(paintStatus(status, status, createTheme(0))).toBe(status);
});

test('a theme makes what it paints safe', () => {
  const theme = createTheme(0);
  const roles = ['name', 'path', 'dim', 'good', 'bad', 'attention', 'command', 'heading'] as const;
  for (const role of roles) expect(theme[role]('a\u001b[2J\nb')).toBe('a\\x1b[2J\\nb');
});

test('a listing is counted by status', () => {
  const views = ['ready', 'dirty', 'ready'].map((status) => ({ status }) as SessionView);
  expect(countLine(views)).toBe('3 sessions: 2 ready, 1 dirty');
  expect(countLine(views.slice(0, 1))).toBe('1 session: 1 ready');
});
