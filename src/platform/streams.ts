export interface Streams {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Everything on standard input, for `--task-file -`. */
  readonly readStdin: () => Promise<string>;
  /** Lines of standard input as they come, until it ends or the signal does. */
  readonly readLines: (signal: AbortSignal) => AsyncIterable<string>;
  readonly stdinIsTTY: boolean;
  /** A pipe or a file is there to be read. */
  readonly stdinIsPiped: boolean;
  readonly stdoutIsTTY: boolean;
  readonly stderrIsTTY: boolean;
  /** Width of the terminal; 80 when there is none. */
  readonly columns: number;
  /** Aborts when nobody reads standard output any more. Absent: that is not known. */
  readonly readerGone?: AbortSignal;
  /** Colour level of stdout and of stderr: 0 none, 1 basic, 2 256, 3 true colour. */
  readonly color: ColorLevel;
  readonly errColor: ColorLevel;
}
export type ColorLevel = 0 | 1 | 2 | 3;

/** Colour level from the environment: NO_COLOR, FORCE_COLOR, TERM and COLORTERM, in that order. Pure. */
export function colorLevel(env: Readonly<Record<string, string | undefined>>, isTTY: boolean): ColorLevel {
  const force = env['FORCE_COLOR'];
  if (env['NO_COLOR'] !== undefined && env['NO_COLOR'] !== '') return 0;
  if (force !== undefined && force !== '') {
    if (force === '0' || force === 'false') return 0;
    return force === '2' ? 2 : force === '3' ? 3 : 1;
  }
  if (!isTTY || env['TERM'] === 'dumb') return 0;
  if (env['COLORTERM'] === 'truecolor' || env['COLORTERM'] === '24bit') return 3;
  return env['TERM']?.includes('256') ? 2 : 1;
}
