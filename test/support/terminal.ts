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
  options: { columns?: number; env?: Env } = {},
): Terminal {
  const size = { cols: options.columns ?? 80, rows: 60 };
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
    Array.from({ length: size.rows }, (_, i) => emulator.buffer.active.getLine(i)?.translateToString(true) ?? '')
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
  };
}

/** The built wt on a terminal. */
export function openWt(
  room: Room,
  cwd: string,
  argv: readonly string[],
  options: { columns?: number; env?: Env } = {},
): Terminal {
  return openTerminal(room, cwd, [process.execPath, PROGRAM, ...argv], options);
}
