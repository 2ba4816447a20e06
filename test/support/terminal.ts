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

/** A program on a pseudoterminal of its own, its screen kept by a terminal emulator. */
export function openTerminal(
  room: Room,
  cwd: string,
  [file, ...args]: readonly [string, ...string[]],
  options: { columns?: number; env?: Env } = {},
): Terminal {
  const size = { cols: options.columns ?? 80, rows: 60 };
  const emulator = new headless.Terminal({ ...size, allowProposedApi: true });
  const env = { ...room.env, TERM: 'xterm-256color', PAGER: 'cat', ...options.env } as Record<string, string>;
  const child = pty.spawn(file, args, { ...size, name: env['TERM'] ?? 'xterm-256color', cwd, env });
  let bytes = '';
  let hasEnded = false;
  child.onData((data) => {
    bytes += data;
    emulator.write(data);
  });
  const screen = (): string =>
    Array.from({ length: size.rows }, (_, i) => emulator.buffer.active.getLine(i)?.translateToString(true) ?? '')
      .join('\n')
      .trimEnd();
  const done = new Promise<TerminalExit>((resolve) => {
    child.onExit(({ exitCode, signal }) => {
      hasEnded = true;
      emulator.write('', () =>
        resolve({ code: signal === undefined || signal === 0 ? exitCode : 128 + signal, screen: screen(), bytes }),
      );
    });
  });
  onTestFinished(() => {
    if (!hasEnded) child.kill('SIGKILL');
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
