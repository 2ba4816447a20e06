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
