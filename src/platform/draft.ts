import process from 'node:process';
import type { WriteStream } from 'node:tty';
import type { TerminalSize } from './terminal.ts';

/** How what stands on a terminal is taken away, and how a text takes its place. */
export interface Ink {
  readonly erase: string;
  readonly over: (text: string) => string;
}

/** Lines on the person's own screen that stand until the answer, or an error, takes their place. */
export interface Draft {
  size(): TerminalSize;
  /** Draws; false when it cannot any more: the terminal was resized, or the program stopped, or an answer was printed. */
  draw(text: string): boolean;
  erase(): void;
}

/** What is printed while a draft stands goes through it. */
export interface DraftDoor {
  open(ink: Ink): Draft;
  /** The text as it has to be written to standard output. */
  over(text: string): string;
  /** Before somebody else writes to the terminal. */
  clear(): void;
}

/** At most one draft at a time. It is gone on every way out: an answer, an error, an exit of the process, a stop by Ctrl-Z. */
export function createDraftDoor(output: WriteStream): DraftDoor {
  let sheet: Sheet | undefined;
  return {
    open: (ink) => (sheet = new Sheet(output, ink)),
    over: (text) => sheet?.over(text) ?? text,
    clear: () => sheet?.erase(),
  };
}

class Sheet implements Draft {
  readonly #output: WriteStream;
  readonly #ink: Ink;
  #state: 'blank' | 'drawn' | 'closed' = 'blank';

  constructor(output: WriteStream, ink: Ink) {
    this.#output = output;
    this.#ink = ink;
  }

  size(): TerminalSize {
    return { columns: this.#output.columns || 0, rows: this.#output.rows || 0 };
  }

  draw(text: string): boolean {
    if (this.#state === 'closed') return false;
    if (this.#state === 'blank') {
      this.#output.on('resize', this.#leave);
      process.on('SIGTSTP', this.#stop).on('SIGCONT', this.#close).on('exit', this.#erase);
    }
    this.#state = 'drawn';
    this.#output.write(text);
    return true;
  }

  over(text: string): string {
    const isDrawn = this.#state === 'drawn';
    this.#close();
    return isDrawn ? this.#ink.over(text) : text;
  }

  erase(): void {
    this.#erase();
  }

  readonly #erase = (): void => {
    const isDrawn = this.#state === 'drawn';
    this.#close();
    if (isDrawn) this.#output.write(this.#ink.erase);
  };

  /** Where it stands now is not known: what comes is printed below. */
  readonly #leave = (): void => {
    this.#close();
    this.#output.write('\r\n');
  };

  readonly #stop = (): void => {
    this.#erase();
    process.kill(process.pid, 'SIGTSTP'); // nobody listens any more, so this one stops
  };

  readonly #close = (): void => {
    if (this.#state === 'drawn') {
      this.#output.off('resize', this.#leave);
      process.off('SIGTSTP', this.#stop).off('SIGCONT', this.#close).off('exit', this.#erase);
    }
    this.#state = 'closed';
  };
}
