/** A failure in words: what happened, the particulars, what was left as it was, the next command. */
export interface Explanation {
  readonly message: string;
  readonly lines?: readonly string[];
  /** What was not changed; default "Nothing was changed." */
  readonly unchanged?: string;
  readonly fix?: readonly string[];
}

/** How many names an explanation lists. */
export const SHOWN = 10;

export function listed(paths: readonly string[]): readonly string[] {
  return paths.length <= SHOWN ? paths : [...paths.slice(0, SHOWN), `and ${paths.length - SHOWN} more`];
}

export function fixOf(fix: readonly string[] | undefined): { fix?: readonly string[] } {
  return fix === undefined ? {} : { fix };
}

/** A text of several lines by its first, and how many more there are: the whole is shown where it is approved. */
export function firstLine(text: string): string {
  const [first = '', ...more] = text.trimEnd().split('\n');
  return more.length === 0 ? first : `${first} … and ${more.length} more ${more.length === 1 ? 'line' : 'lines'}`;
}
