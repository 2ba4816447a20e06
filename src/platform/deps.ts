import type { Clock } from './clock.ts';
import type { DraftDoor } from './draft.ts';
import type { Identity } from './identity.ts';
import type { Detach, Runner } from './runner.ts';
import type { Streams } from './streams.ts';
import type { OpenTerminal } from './terminal.ts';

export type Env = Readonly<Record<string, string | undefined>>;

/** Every effect on the world outside the file system, handed over as one value. */
export interface Deps {
  readonly run: Runner;
  readonly detach: Detach;
  readonly clock: Clock;
  /** A number in [0, 1), as Math.random. */
  readonly random: () => number;
  readonly env: Env;
  /** The file this program was started from. */
  readonly program: string;
  readonly cwd: string;
  /** Where the caller stood, when -C led elsewhere. */
  readonly calledFrom?: string;
  readonly io: Streams;
  /** The person's terminal, key by key; absent where standard input or output is none. */
  readonly terminal?: OpenTerminal;
  /** Draws on the terminal that standard output is; absent where it is none. */
  readonly draft?: Pick<DraftDoor, 'open'>;
  /** Asks a person; answers undefined when nobody can answer. */
  readonly confirm: (question: string) => Promise<boolean | undefined>;
  /** Aborts on SIGINT, SIGTERM and SIGHUP; the reason is the signal's name. */
  readonly signal: AbortSignal;
  readonly identity: Identity;
}
