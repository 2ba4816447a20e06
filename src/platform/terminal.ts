import process from 'node:process';
import type { ReadStream, WriteStream } from 'node:tty';
import { parseKeys, type Key } from './keys.ts';

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

export interface TerminalEvents {
  readonly onKey: (key: Key) => void;
  /** Its size is another now, or what it shows is gone: all has to be drawn again. */
  readonly onRedraw: () => void;
  /** Nobody is there any more. */
  readonly onGone: () => void;
}

/** A terminal whose every key and line belong to this program until `close`. */
export interface Screen {
  size(): TerminalSize;
  write(text: string): void;
  /** Gives the terminal, as it was before, to another program while the work lasts. A question it ends with is answered by any key. */
  lend(work: () => Promise<string | undefined>): Promise<void>;
  /** Leaves it as it was found. Does nothing the second time. */
  close(): void;
}

/** Takes the terminal over. */
export type OpenTerminal = (events: TerminalEvents) => Screen;

// xterm's private modes: alternate screen with the cursor kept, cursor, wrapping at the right margin.
const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?7l';
const LEAVE = '\u001b[0m\u001b[?7h\u001b[?25h\u001b[?1049l';

/** How long a stop by the keyboard may take to come before the program goes on: one that no shell waits for is never stopped. */
const STOP_MS = 50;

/** The terminal at both ends. It is given back on every way out: `close`, an exit of the process, a stop by Ctrl-Z or SIGTSTP. */
export function createTerminal(input: ReadStream, output: WriteStream): OpenTerminal {
  return (events) => {
    const hold = holdTerminal(input, output, events);
    hold.enter();
    return {
      size: () => ({ columns: output.columns || 80, rows: output.rows || 24 }),
      write: (text) => void (text !== '' && hold.isHeld() && output.write(text)),
      async lend(work) {
        hold.leave();
        try {
          const question = await work();
          if (question !== undefined) await hold.awaitKey(question);
        } finally {
          hold.enter();
          events.onRedraw();
        }
      },
      close: hold.close,
    };
  };
}

interface Hold {
  isHeld(): boolean;
  enter(): void;
  leave(): void;
  awaitKey(question: string): Promise<void>;
  close(): void;
}

function holdTerminal(input: ReadStream, output: WriteStream, { onKey, onRedraw, onGone }: TerminalEvents): Hold {
  let state: 'held' | 'away' | 'closed' = 'away';
  let rest = '';
  const read = (chunk: Buffer): void => {
    const parsed = parseKeys(rest + chunk.toString('utf8'));
    rest = parsed.rest;
    for (const key of parsed.keys)
      if (key === 'ctrl-z') stop();
      else onKey(key);
  };
  const enter = (): void => {
    if (state === 'closed') return;
    state = 'held';
    // What another program or a stop has made of its modes is not known: off and on.
    input.setRawMode(false);
    input.setRawMode(true);
    output.write(ENTER);
    input.on('data', read);
    input.resume();
    process.on('SIGTSTP', stop);
  };
  const leave = (): void => {
    if (state !== 'held') return;
    state = 'away';
    input.off('data', read);
    input.pause();
    process.off('SIGTSTP', stop);
    input.setRawMode(false);
    output.write(LEAVE);
  };
  let answer = (): void => {};
  const awaitKey = async (question: string): Promise<void> => {
    if (state === 'closed') return;
    output.write(question);
    input.setRawMode(true);
    await new Promise<void>((resolve) => {
      answer = resolve;
      input.once('data', answer).resume();
    });
    input.off('data', answer).pause();
    input.setRawMode(false);
    output.write('\r\u001b[K');
  };
  let isStopped = false;
  const goOn = (): void => {
    if (!isStopped && state !== 'held') return;
    isStopped = false;
    leave();
    enter();
    onRedraw();
  };
  const stop = (): void => {
    leave();
    isStopped = true;
    process.kill(0, 'SIGTSTP');
    setTimeout(() => isStopped && goOn(), STOP_MS);
  };
  const close = (): void => {
    leave();
    state = 'closed';
    isStopped = false;
    answer();
    input.off('end', onGone).off('error', onGone);
    output.off('resize', onRedraw);
    process.off('SIGCONT', goOn).off('exit', close);
  };
  input.on('end', onGone).on('error', onGone);
  output.on('resize', onRedraw);
  process.on('SIGCONT', goOn).on('exit', close);
  return { isHeld: () => state === 'held', enter, leave, awaitKey, close };
}
