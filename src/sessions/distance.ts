import type { Graph } from '../git/graph.ts';

/** How a session's tip and its base lie to each other, in commits. */
export interface Distance {
  /** Commits of the session's own: neither in the base nor below the commit it was cut at. */
  readonly ahead: number;
  /** Commits of the base that the session has not. */
  readonly behind: number;
  /** The tip is in the base's history. */
  readonly isContained: boolean;
}

/** What is measured: a tip against a base. What lies below the commit it was cut at is nobody's own work. */
export interface Ends {
  readonly tip: string;
  readonly base: string;
  readonly cutAt: string;
}

export interface Measured extends Distance {
  /** Best common ancestors of the two. */
  readonly mergeBases: readonly string[];
}

/**
 * Measures on a graph that holds every commit above a shared floor, so that what is missing from it is common to all. Works
 * with numbers instead of names, and finds what lies below a base once, however many are measured against it. Pure.
 */
export function createMeter({ parents, floor }: Graph): (ends: Ends) => Measured {
  const commits = [...parents.keys()];
  const numbers = new Map(commits.map((commit, i) => [commit, i]));
  const ground = commits.length;
  const above = commits.map((commit) =>
    (parents.get(commit) ?? []).flatMap((one) => numbers.get(one) ?? (one === floor ? [ground] : [])),
  );
  const reach = (from: string): Reach => reachIn(above, numbers.get(from));
  const known = new Map<string, Reach>();
  const remembered = (from: string): Reach => {
    const found = known.get(from) ?? reach(from);
    known.set(from, found);
    return found;
  };
  return ({ tip, base, cutAt }) => {
    const [ofBase, ofCut, ofTip] = [remembered(base), remembered(cutAt), reach(tip)];
    const common = ofTip.list.filter((one) => ofBase.has(one));
    const own = ofTip.list.filter((one) => !ofBase.has(one) && !ofCut.has(one));
    const below = new Set(common.flatMap((one) => above[one] ?? []));
    const best = common.filter((one) => !below.has(one)).flatMap((one) => commits[one] ?? []);
    const isOnFloor = floor !== undefined && !below.has(ground);
    return {
      ahead: own.length,
      behind: ofBase.list.length - common.length,
      isContained: common.length === ofTip.list.length,
      mergeBases: tip === base ? [tip] : isOnFloor ? [...best, floor] : best,
    };
  };
}

interface Reach {
  readonly list: readonly number[];
  readonly has: (one: number) => boolean;
}

function reachIn(above: readonly (readonly number[])[], from: number | undefined): Reach {
  const seen = new Uint8Array(above.length);
  const list: number[] = [];
  const open = from === undefined ? [] : [from];
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    if (one >= above.length || seen[one] === 1) continue;
    seen[one] = 1;
    list.push(one);
    for (const parent of above[one] ?? []) open.push(parent);
  }
  return { list, has: (one) => seen[one] === 1 };
}
