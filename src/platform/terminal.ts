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
    const held = new HeldTerminal(input, output, events);
    held.take();
    return held;
  };
}

class HeldTerminal implements Screen {
  readonly #input: ReadStream;
  readonly #output: WriteStream;
  readonly #events: TerminalEvents;
  #state: 'held' | 'away' | 'closed' = 'away';
  #isStopped = false;
  /** The beginning of a key's sequence. */
  #rest = '';
  #answer = (): void => {};

  constructor(input: ReadStream, output: WriteStream, events: TerminalEvents) {
    this.#input = input.on('end', events.onGone).on('error', events.onGone);
    this.#output = output.on('resize', events.onRedraw);
    this.#events = events;
    process.on('SIGCONT', this.#goOn).on('exit', this.#giveBack);
  }

  size(): TerminalSize {
    return { columns: this.#output.columns || 80, rows: this.#output.rows || 24 };
  }

  write(text: string): void {
    if (text !== '' && this.#state === 'held') this.#output.write(text);
  }

  async lend(work: () => Promise<string | undefined>): Promise<void> {
    this.#giveBack();
    try {
      const question = await work();
      if (question !== undefined) await this.#awaitKey(question);
    } finally {
      this.take();
      this.#events.onRedraw();
    }
  }

  close(): void {
    this.#giveBack();
    this.#state = 'closed';
    this.#isStopped = false;
    this.#answer();
    this.#input.off('end', this.#events.onGone).off('error', this.#events.onGone);
    this.#output.off('resize', this.#events.onRedraw);
    process.off('SIGCONT', this.#goOn).off('exit', this.#giveBack);
  }

  take(): void {
    if (this.#state === 'closed') return;
    this.#state = 'held';
    // What another program or a stop has made of its modes is not known: off and on.
    this.#setRaw(false);
    this.#setRaw(true);
    this.#output.write(ENTER);
    this.#input.on('data', this.#read).resume();
    process.on('SIGTSTP', this.#stop);
  }

  readonly #giveBack = (): void => {
    if (this.#state !== 'held') return;
    this.#state = 'away';
    process.off('SIGTSTP', this.#stop);
    this.#input.off('data', this.#read).pause();
    this.#setRaw(false);
    this.#output.write(LEAVE);
  };

  readonly #read = (chunk: Buffer): void => {
    const { keys, rest } = parseKeys(this.#rest + chunk.toString('utf8'));
    this.#rest = rest;
    for (const key of keys)
      if (key === 'ctrl-z') this.#stop();
      else this.#events.onKey(key);
  };

  readonly #stop = (): void => {
    this.#giveBack();
    this.#isStopped = true;
    process.kill(0, 'SIGTSTP');
    setTimeout(() => this.#isStopped && this.#goOn(), STOP_MS);
  };

  /** Also after a stop that nobody asked for: whoever had the terminal meanwhile has left it otherwise. */
  readonly #goOn = (): void => {
    if (!this.#isStopped && this.#state !== 'held') return;
    this.#isStopped = false;
    this.#giveBack();
    this.take();
    this.#events.onRedraw();
  };

  async #awaitKey(question: string): Promise<void> {
    if (this.#state === 'closed') return;
    this.#output.write(question);
    this.#setRaw(true);
    await new Promise<void>((resolve) => {
      this.#answer = resolve;
      this.#input.once('data', resolve).resume();
    });
    this.#input.off('data', this.#answer).pause();
    this.#setRaw(false);
    this.#output.write('\r\u001b[K');
  }

  #setRaw(isRaw: boolean): void {
    try {
      this.#input.setRawMode(isRaw);
    } catch {
      // nobody sits there any more
    }
  }
}
