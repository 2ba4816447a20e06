import headless from '@xterm/headless';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { paint, type Size } from '#src/ui/paint.ts';

/** What a terminal shows after some output. */
async function screenAfter({ columns, rows }: Size, ...outputs: readonly string[]): Promise<readonly string[]> {
  const emulator = new headless.Terminal({ cols: columns, rows, allowProposedApi: true });
  await new Promise<void>((resolve) => emulator.write(outputs.join(''), resolve));
  const lines = Array.from(
    { length: rows },
    (_, i) => emulator.buffer.active.getLine(i)?.translateToString(true) ?? '',
  );
  emulator.dispose();
  return lines.map((line) => line.trimEnd());
}

const size = { columns: 20, rows: 5 };

test('the same lines are nothing to write', () => {
  expect(paint(['a', 'b'], ['a', 'b'], size)).toBe('');
  expect(paint(['a', ''], ['a'], size)).toBe('');
});

test('only the line that differs is written, at its place, and shown at once', () => {
  expect(paint(['a', 'b', 'c'], ['a', 'B', 'c'], size)).toBe('\u001b[?2026h\u001b[2;1HB\u001b[K\u001b[?2026l');
});

test('a line that is as wide as the terminal keeps its last character', async () => {
  const full = 'x'.repeat(20);
  expect(await screenAfter(size, paint(undefined, [full], size))).toEqual([full, '', '', '', '']);
});

test('control characters are not written', () => {
  const written = paint(undefined, ['a\u001b[2Jb\u0007c\nd'], size);
  expect(written.replaceAll(/\u001b\[(?:\?2026[hl]|[0-9;]*H|0m|2J|K)/g, '').slice(0, 40)).toBe('a\\x1b[2Jb\\x07c d');
});

test('whatever was shown before, the terminal shows the new lines', async () => {
  const line = fc.oneof(
    fc.string({ unit: fc.constantFrom('a', 'b', ' ', 'é', '日', '👍'), maxLength: 9 }),
    fc.constant('\u001b[31mred\u001b[39m'),
    fc.constant('x'.repeat(20)),
  );
  const frame = fc.array(line, { maxLength: size.rows });
  await fc.assert(
    fc.asyncProperty(frame, frame, async (before, after) => {
      const stepwise = await screenAfter(size, paint(undefined, before, size), paint(before, after, size));
      expect(stepwise).toEqual(await screenAfter(size, paint(undefined, after, size)));
    }),
    { numRuns: 60 },
  );
});
