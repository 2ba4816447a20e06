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
  const ofTip = reach(parents, tip);
  const ofBase = reach(parents, base);
  const ofCut = reach(parents, cutAt);
  return {
    ahead: [...ofTip].filter((commit) => !ofBase.has(commit) && !ofCut.has(commit)).length,
    behind: [...ofBase].filter((commit) => !ofTip.has(commit)).length,
    isContained: [...ofTip].every((commit) => ofBase.has(commit)),
  };
}

/**
 * The best common ancestors of two commits on such a graph, whose floor is an ancestor of both. None: they share no history.
 * Pure.
 */
export function mergeBasesIn(
  parents: ReadonlyMap<string, readonly string[]>,
  { tip, base, floor }: { tip: string; base: string; floor: string | undefined },
): readonly string[] {
  if (tip === base) return [tip];
  const ofBase = reach(parents, base);
  const common = [...reach(parents, tip)].filter((commit) => ofBase.has(commit));
  const below = new Set(common.flatMap((commit) => parents.get(commit) ?? []));
  const best = common.filter((commit) => !below.has(commit));
  return floor === undefined || below.has(floor) ? best : [...best, floor];
}

function reach(parents: ReadonlyMap<string, readonly string[]>, from: string): ReadonlySet<string> {
  const seen = new Set<string>();
  const open = [from];
  for (let commit = open.pop(); commit !== undefined; commit = open.pop()) {
    const next = parents.get(commit);
    if (next === undefined || seen.has(commit)) continue;
    seen.add(commit);
    open.push(...next);
  }
  return seen;
}
