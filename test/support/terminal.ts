import pty from '@lydell/node-pty';
import headless from '@xterm/headless';
import { onTestFinished } from 'vitest';
import type { Env, Room } from './room.ts';
import { PROGRAM, until } from './spawn.ts';

export interface TerminalExit {
  /** Exit code, or 128 + the signal that ended it. */
  readonly code: number;
  /** The screen as a person sees it at the end, without the empty rest. */
  readonly screen: string;
  /** Everything that was written to the terminal. */
  readonly bytes: string;
}

export interface Terminal {
  readonly done: Promise<TerminalExit>;
  /** Waits until the screen shows a text. */
  shows(text: string): Promise<void>;
  type(keys: string): void;
  /** What it shows now. */
  screen(): string;
  /** What was written to it so far. */
  bytes(): string;
  /** Waits until what it shows is as wanted. */
  until(holds: (screen: string) => boolean): Promise<void>;
  resize(columns: number, rows: number): void;
  /** Which of a terminal's two screens is shown, and whether the cursor is. */
  mode(): { readonly buffer: 'normal' | 'alternate'; readonly isCursorShown: boolean };
}

// A pseudoterminal whose last process ends may be gone before all has been read from it. So a shell stays, and says that
// the program has ended, and how, in a sequence that no terminal shows.
const ATTENDED = `trap : INT; "$@"; code=$?; printf '\\033]7777;%d\\007' "$code"; exec sleep 300`;
const END = /\u001B\]7777;(\d+)\u0007/;

/** A program on a pseudoterminal of its own, its screen kept by a terminal emulator. */
export function openTerminal(
  room: Room,
  cwd: string,
  argv: readonly [string, ...string[]],
  options: { columns?: number; rows?: number; env?: Env } = {},
): Terminal {
  const size = { cols: options.columns ?? 80, rows: options.rows ?? 60 };
  const emulator = new headless.Terminal({ ...size, allowProposedApi: true });
  const env = { ...room.env, TERM: 'xterm-256color', PAGER: 'cat', ...options.env } as Record<string, string>;
  const child = pty.spawn('sh', ['-c', ATTENDED, 'sh', ...argv], {
    ...size,
    name: env['TERM'] ?? 'xterm-256color',
    cwd,
    env,
  });
  let bytes = '';
  let hasEnded = false;
  const screen = (): string =>
    Array.from({ length: emulator.rows }, (_, i) => emulator.buffer.active.getLine(i)?.translateToString(true) ?? '')
      .join('\n')
      .trimEnd();
  const done = new Promise<TerminalExit>((resolve) => {
    child.onData((data) => {
      bytes += data;
      const end = END.exec(bytes);
      emulator.write(data, () => {
        if (end === null) return;
        hasEnded = true;
        resolve({ code: Number(end[1]), screen: screen(), bytes: bytes.replace(END, '') });
      });
    });
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
    emulator.dispose();
  });
  return {
    done,
    shows: (text) =>
      until(() => {
        if (hasEnded && !screen().includes(text)) throw new Error(`ended without showing "${text}":\n${screen()}`);
        return screen().includes(text);
      }),
    type: (keys) => child.write(keys),
    screen,
    bytes: () => bytes,
    until: (holds) => until(() => holds(screen())),
    resize(columns, rows) {
      emulator.resize(columns, rows);
      child.resize(columns, rows);
    },
    mode: () => ({
      buffer: emulator.buffer.active.type,
      isCursorShown: bytes.lastIndexOf('\u001B[?25l') <= bytes.lastIndexOf('\u001B[?25h'),
    }),
  };
}

/** The built wt on a terminal. */
export function openWt(
  room: Room,
  cwd: string,
  argv: readonly string[],
  options: { columns?: number; rows?: number; env?: Env } = {},
): Terminal {
  return openTerminal(room, cwd, [process.execPath, PROGRAM, ...argv], options);
}
