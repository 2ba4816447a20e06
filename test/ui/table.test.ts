import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { listColumns, pipeColumnsWith } from '#src/ui/session.ts';
import { renderTable, type Column } from '#src/ui/table.ts';
import { widthOf } from '#src/ui/text.ts';
import { createTheme, type Look } from '#src/ui/theme.ts';
import { STATUSES } from '#src/sessions/status.ts';
import { TREES, type SessionView } from '#src/sessions/view.ts';

const now = new Date('2026-01-10T00:00:00Z');
const lookAt = (width: number, level: 0 | 1 = 0): Look => ({ theme: createTheme(level), isTerminal: true, width, now });
const piped: Look = { theme: createTheme(0), isTerminal: false, width: 80, now };

const unit = fc.constantFrom(
  'a',
  'B',
  '0',
  ' ',
  '/',
  '-',
  'é',
  'e\u0301',
  '…',
  '→',
  '日',
  '한',
  '🙂',
  '👨‍👩‍👧',
  '❤️',
  '\t',
  '\n',
  '\u001b[31m',
  '\u202e',
  '\0',
);
const text = fc.string({ unit, maxLength: 60 });
const count = fc.nat(2000);
const anyView: fc.Arbitrary<SessionView> = fc.record({
  id: fc.stringMatching(/^[a-z][a-z0-9-]{0,46}[a-z]$/),
  branch: text,
  base: fc.record({ branch: fc.option(text), commit: fc.constant('0'.repeat(40)) }),
  path: text,
  agent: fc.option(text),
  task: fc.option(text),
  status: fc.constantFrom(...STATUSES),
  createdAt: fc.constant('2026-01-01T00:00:00.000Z'),
  head: fc.option(fc.record({ commit: fc.constant('1'.repeat(40)), subject: text, committedAt: fc.constant(null) })),
  changes: fc.option(fc.record({ staged: count, modified: count, untracked: count, conflicted: count })),
  ahead: fc.option(count),
  behind: fc.option(count),
  tree: fc.constantFrom(...TREES),
});

describe('a table on a terminal', () => {
  test('fits its width, whatever the sessions are called', () => {
    fc.assert(
      fc.property(
        fc.array(anyView, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 20, max: 160 }),
        fc.boolean(),
        (views, width, all) => {
          const look = lookAt(width, 1);
          const lines = renderTable(listColumns(look, all), views, look).trimEnd().split('\n');
          expect(lines).toHaveLength(views.length + 1);
          for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(width);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('keeps id and status on every row, however narrow', () => {
    fc.assert(
      fc.property(
        fc.array(anyView, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 60, max: 160 }),
        (views, width) => {
          const look = lookAt(width);
          const lines = renderTable(listColumns(look, false), views, look).split('\n').slice(1);
          for (const [i, view] of views.entries()) {
            expect(lines[i]).toContain(view.id.slice(0, 7));
            expect(lines[i]).toContain(view.status);
          }
        },
      ),
    );
  });

  const columns: readonly Column<readonly string[]>[] = [
    { header: 'A', value: (row) => row[0] ?? '' },
    { header: 'B', value: (row) => row[1] ?? '', min: 4, drop: 1 },
    { header: 'C', value: (row) => row[2] ?? '', drop: 2 },
  ];

  test('shrinks before it drops, and drops the highest number first', () => {
    const rows = [['aaaa', 'bbbbbbbbbb', 'cccc']];
    expect(renderTable(columns, rows, lookAt(40))).toBe('A     B           C\naaaa  bbbbbbbbbb  cccc\n');
    expect(renderTable(columns, rows, lookAt(18))).toBe('A     B       C\naaaa  bbbbb…  cccc\n');
    expect(renderTable(columns, rows, lookAt(12))).toBe('A     B\naaaa  bbbbb…\n');
    expect(renderTable(columns, rows, lookAt(5))).toBe('A\naaaa\n');
  });

  test('leaves out a column that is empty in every row', () => {
    expect(renderTable(columns, [['a', '', 'c']], lookAt(40))).toBe('A  C\na  c\n');
  });

  test('of no rows is nothing', () => {
    expect(renderTable(columns, [], lookAt(40))).toBe('');
    expect(renderTable(columns, [], piped)).toBe('');
  });
});

test('off a terminal a session is one line with every value whole', () => {
  fc.assert(
    fc.property(fc.array(anyView, { minLength: 1, maxLength: 5 }), (views) => {
      const lines = renderTable(pipeColumnsWith(false), views, piped).split('\n');
      expect(lines).toHaveLength(views.length + 1);
      for (const [i, view] of views.entries()) {
        const fields = lines[i]?.split('\t') ?? [];
        expect(fields).toHaveLength(pipeColumnsWith(false).length);
        expect(fields[0]).toBe(view.id);
        expect(fields[1]).toBe(view.status);
      }
    }),
  );
});
