import { reach } from '../git/graph.ts';

/** How a session's tip and its base lie to each other, in commits. */
export interface Distance {
  /** Commits of the session's own: neither in the base nor below the commit it was cut at. */
  readonly ahead: number;
  /** Commits of the base that the session has not. */
  readonly behind: number;
  /** The tip is in the base's history. */
  readonly isContained: boolean;
}

/**
 * Measured on a graph that holds every commit above a shared floor, so that what is missing from it is common to all.
 * Pure.
 */
export function measure(
  parents: ReadonlyMap<string, readonly string[]>,
  { tip, base, cutAt }: { tip: string; base: string; cutAt: string },
): Distance {
  const ofTip = reach({ parents }, tip);
  const ofBase = reach({ parents }, base);
  const ofCut = reach({ parents }, cutAt);
  return {
    ahead: [...ofTip].filter((commit) => !ofBase.has(commit) && !ofCut.has(commit)).length,
    behind: [...ofBase].filter((commit) => !ofTip.has(commit)).length,
    isContained: [...ofTip].every((commit) => ofBase.has(commit)),
  };
}
