import headless from '@xterm/headless';
import type { Size } from '#src/ui/paint.ts';

export interface Shown {
  /** Every line from the first one that has scrolled away to the last one with text. */
  readonly lines: readonly string[];
  /** How many lines have scrolled away. */
  readonly scrolled: number;
  /** The line the cursor is on, counted as those above, and its column. */
  readonly cursor: readonly [number, number];
}

/** What a terminal has after some output, its scrollback included. A newline leads to the first column, as on a real one. */
export async function shownAfter({ columns, rows }: Size, ...outputs: readonly string[]): Promise<Shown> {
  const emulator = new headless.Terminal({ cols: columns, rows, allowProposedApi: true, scrollback: 5000 });
  await new Promise<void>((resolve) => emulator.write(outputs.join('').replaceAll(/\r*\n/g, '\r\n'), resolve));
  const { active } = emulator.buffer;
  const lines = Array.from({ length: active.length }, (_, i) => active.getLine(i)?.translateToString(true) ?? '');
  const last = lines.findLastIndex((line) => line !== '');
  const shown = {
    lines: lines.slice(0, last + 1).map((line) => line.trimEnd()),
    scrolled: active.baseY,
    cursor: [active.baseY + active.cursorY, active.cursorX] as const,
  };
  emulator.dispose();
  return shown;
}
