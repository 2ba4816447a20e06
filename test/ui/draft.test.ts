import * as fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, test } from 'vitest';
import type { Session } from '#src/sessions/book.ts';
import type { LastShown } from '#src/sessions/last-list.ts';
import { draftRow, type DraftRow, type Facts } from '#src/sessions/sight.ts';
import { STATUSES } from '#src/sessions/status.ts';
import { viewSession } from '#src/sessions/view.ts';
import { createDraftFrames, lastShown } from '#src/ui/draft.ts';
import { ERASE, paintBelow, paintOver, type Size } from '#src/ui/paint.ts';
import { createTheme, type Look } from '#src/ui/theme.ts';
import { shownAfter } from '../support/emulator.ts';
import { AgentName } from '#src/core/names.ts';
import { makeSession } from '../support/session.ts';

const now = new Date('2026-01-03T00:00:00Z');
const claude = AgentName.parse('claude');
const look = (width: number): Look => ({ theme: createTheme(0), isTerminal: true, width, now });

const branch = {
  name: 'refs/heads/wt/a',
  commit: '2'.repeat(40),
  tree: '3'.repeat(40),
  subject: 'Say hello in the language of the reader',
  committedAt: '2026-01-02T00:00:00.000Z',
  upstream: undefined,
  behind: 0,
};
const status = { staged: ['a'], modified: ['b', 'c'], untracked: [], conflicted: [], ignored: [] };
const found: readonly Facts[] = [
  { branch },
  { distance: { ahead: 2, behind: 11, isContained: false } },
  { tree: 'ok', status, operation: undefined, switchedTo: undefined, trouble: undefined },
];

const oneShown: fc.Arbitrary<LastShown | undefined> = fc.option(
  fc.record({
    status: fc.constantFrom(...STATUSES),
    at: fc.constantFrom('2026-01-01T05:00:00.000Z', '2026-01-02T05:00:00.000Z'),
    widths: fc.dictionary(fc.constantFrom('STATUS', 'CHANGES', '±', 'AGE', 'TASK', 'CONFLICTS WITH'), fc.nat(90)),
  }),
  { nil: undefined },
);
const texts = fc.string({ unit: fc.constantFrom('a', ' ', 'é', '日', '👍', '\u001B', '\n'), maxLength: 60 });
const tasks = fc.option(texts, { nil: null });

interface Subject {
  readonly session: Session;
  readonly last: LastShown | undefined;
  /** How much of it is known in each frame. */
  readonly known: readonly [number, number, number];
}

const subjects: fc.Arbitrary<readonly Subject[]> = fc
  .array(fc.tuple(tasks, oneShown, fc.array(fc.nat(3), { minLength: 3, maxLength: 3 })), {
    minLength: 1,
    maxLength: 12,
  })
  .map((list) =>
    list.map(([task, last, known], i) => ({
      session: makeSession(`session-${i}`, { task, agent: i % 2 === 0 ? claude : null }),
      last,
      known: known.toSorted((a, b) => a - b) as unknown as [number, number, number],
    })),
  );

const rowsAt = (list: readonly Subject[], frame: 0 | 1 | 2, conflicts: boolean): readonly DraftRow[] =>
  list.map(({ session, last, known }) => {
    const facts = Object.assign({}, ...found.slice(0, known[frame])) as Facts;
    return draftRow(session, { agent: undefined, facts, last }, { conflicts });
  });

const sizes = fc.record({ columns: fc.integer({ min: 30, max: 160 }), rows: fc.integer({ min: 3, max: 20 }) });

describe('a draft of the list', () => {
  test('is never wider than the terminal, and leaves two rows of it free', () => {
    fc.assert(
      fc.property(subjects, sizes, fc.boolean(), (list, { columns, rows }, conflicts) => {
        const lines = createDraftFrames({ conflicts }, look(columns))(rowsAt(list, 0, conflicts), rows);
        expect(Math.max(0, ...lines.map((line) => stringWidth(line)))).toBeLessThanOrEqual(columns);
        expect(lines.length).toBeLessThanOrEqual(rows - 2);
      }),
    );
  });

  test('keeps its columns and the order of its rows from frame to frame', () => {
    fc.assert(
      fc.property(subjects, sizes, fc.boolean(), (list, { columns, rows }, conflicts) => {
        const frames = createDraftFrames({ conflicts }, look(columns));
        const [first = [], ...later] = ([0, 1, 2] as const).map((i) => frames(rowsAt(list, i, conflicts), rows));
        const idsOf = (lines: readonly string[]): readonly string[] =>
          lines.slice(1, -1).map((line) => line.split(' ')[0] ?? '');
        for (const frame of later) {
          expect(frame[0]).toBe(first[0]);
          expect(idsOf(frame)).toEqual(idsOf(first));
        }
      }),
    );
  });

  test('has a quiet dot where nothing is known yet, and what is known at once', () => {
    const session = makeSession('fix-login', { agent: claude, task: 'Fix the login\nof everyone' });
    const row = draftRow(session, { agent: undefined, facts: {}, last: undefined }, { conflicts: false });
    expect(createDraftFrames({ conflicts: false }, look(80))([row], 24)).toEqual(
      [
        'ID            STATUS    CHANGES  BASE  ±      AGENT   AGE  TASK',
        'fix-login     ·         ·        main  ·      claude  ·    Fix the login',
        '1 session: 0 of 1 read',
      ].map((line) => line.replaceAll('ID          ', 'ID       ').replaceAll('fix-login     ', 'fix-login  ')),
    );
  });

  test('fills in the cells of a session as they are found', () => {
    const session = makeSession('a');
    const frames = createDraftFrames({ conflicts: false }, look(80));
    const shown = found.map((_, i) => {
      const facts = Object.assign({}, ...found.slice(0, i + 1)) as Facts;
      return frames([draftRow(session, { agent: undefined, facts, last: undefined }, { conflicts: false })], 24)[1];
    });
    expect(shown).toEqual([
      'a   ·         ·        main  ·      1d   ·',
      'a   ·         ·        main  ↑2 ↓…  1d   Say hello in the language of the reader',
      'a   ·         +1 ~2    main  ↑2 ↓…  1d   Say hello in the language of the reader',
    ]);
  });

  test('is laid out as the list was shown last', () => {
    const session = makeSession('a', { task: 'Fix it' });
    const inspection = {
      session,
      base: undefined,
      branch,
      switchedTo: undefined,
      operation: undefined,
      trouble: undefined,
      tree: 'ok' as const,
      status,
      distance: { ahead: 2, behind: 11, isContained: false },
    };
    const view = viewSession(inspection, undefined, undefined);
    const [, last] = lastShown(view, new Map(), { conflicts: false }, look(80));
    const row = draftRow(session, { agent: undefined, facts: {}, last }, { conflicts: false });
    expect(createDraftFrames({ conflicts: false }, look(80))([row], 24)[0]).toBe(
      'ID  STATUS  CHANGES  BASE  ±       AGE  TASK',
    );
  });

  test('says nothing of a session that it would have to take back', () => {
    const session = makeSession('a', {
      approved: { commit: '9'.repeat(40), at: '2026-01-02T00:00:00.000Z', by: 'ann' },
    });
    for (const facts of [{}, ...found]) {
      const row = draftRow(session, { agent: undefined, facts, last: undefined }, { conflicts: false });
      const text = createDraftFrames({ conflicts: false }, look(120))([row], 24).join('\n');
      expect(text).not.toMatch(/approved|rewritten|gone|new|landed/);
    }
  });

  test('is nothing without sessions, and on a terminal with no room for it', () => {
    const row = draftRow(makeSession('a'), { agent: undefined, facts: {}, last: undefined }, { conflicts: false });
    expect(createDraftFrames({ conflicts: false }, look(80))([], 24)).toEqual([]);
    expect(createDraftFrames({ conflicts: false }, look(80))([row], 4)).toEqual([]);
  });
});

const size: Size = { columns: 24, rows: 8 };
const line = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', 'b', ' ', 'é', '日'), maxLength: 9 }).map((text) => `${text}.`),
  fc.constant('\u001b[31mred\u001b[39m'),
  fc.constant('x'.repeat(24)),
);
const before = fc.array(line, { maxLength: 12 }).map((lines) => lines.map((text) => `${text}\n`).join(''));
const prefix = fc.constantFrom('', 'user: ');
const frames = fc
  .integer({ min: 1, max: size.rows - 2 })
  .chain((length) =>
    fc.array(fc.array(line, { minLength: length, maxLength: length }), { minLength: 1, maxLength: 4 }),
  );
const answers = fc
  .array(line, { minLength: 1, maxLength: 20 })
  .map((lines) => lines.map((text) => `${text}\n`).join(''));

const paintAll = (all: readonly (readonly string[])[]): string =>
  all.map((lines, i) => paintBelow(all[i - 1], lines, size.columns)).join('');

describe('what is drawn below the cursor', () => {
  test('gives way to the answer as if it had never been there', async () => {
    await fc.assert(
      fc.asyncProperty(before, prefix, frames, answers, async (above, start, drawn, answer) => {
        const height = drawn[0]?.length ?? 0;
        const got = await shownAfter(size, above, start, paintAll(drawn), paintOver(answer, size.columns));
        const plain = await shownAfter(size, above, start, answer);
        expect(got.lines).toEqual(plain.lines);
        expect(got.cursor).toEqual(plain.cursor);
        // Only an answer that is shorter than the draft has room below it that was made for the draft.
        const isTaller = answer.split('\n').length > height;
        expect(isTaller ? got.scrolled : plain.scrolled).toBe(plain.scrolled);
      }),
      { numRuns: 150 },
    );
  });

  test('is erased so that all above it is as before, the cursor too', async () => {
    await fc.assert(
      fc.asyncProperty(before, prefix, frames, async (above, start, drawn) => {
        const got = await shownAfter(size, above, start, paintAll(drawn), ERASE);
        const plain = await shownAfter(size, above, start);
        expect({ lines: got.lines, cursor: got.cursor }).toEqual({ lines: plain.lines, cursor: plain.cursor });
      }),
      { numRuns: 100 },
    );
  });

  test('shows the last frame, whatever was shown before', async () => {
    await fc.assert(
      fc.asyncProperty(before, frames, async (above, drawn) => {
        const stepwise = await shownAfter(size, above, paintAll(drawn));
        expect(stepwise).toEqual(await shownAfter(size, above, paintAll(drawn.slice(-1))));
      }),
      { numRuns: 100 },
    );
  });

  test('writes only lines that differ, and hides the cursor only within a frame', () => {
    const [first, second] = [
      ['one', 'two', 'three'],
      ['one', 'TWO', 'three'],
    ];
    const frame = paintBelow(first, second, 24);
    expect(frame).toContain('TWO');
    expect(frame).not.toMatch(/one|three/);
    expect(frame.lastIndexOf('\u001b[?25h')).toBeGreaterThan(frame.lastIndexOf('\u001b[?25l'));
    expect(frame.lastIndexOf('\u001b[?7h')).toBeGreaterThan(frame.lastIndexOf('\u001b[?7l'));
    expect(paintBelow(first, first, 24)).toBe('');
  });

  test('stays where it is when somebody types meanwhile, and presses Enter', async () => {
    const drawn = [
      ['one', 'two', 'three'],
      ['ONE', 'TWO', 'THREE'],
    ] as const;
    for (const above of ['', '$ \n'.repeat(20)]) {
      const typed = await shownAfter(
        size,
        above,
        paintBelow(undefined, drawn[0], size.columns),
        'ls\n',
        paintBelow(drawn[0], drawn[1], size.columns),
        'ls\n',
        paintOver('uno\ndue\n', size.columns),
      );
      expect(typed.lines).toEqual((await shownAfter(size, above, 'uno\ndue\n')).lines);
    }
  });
});
