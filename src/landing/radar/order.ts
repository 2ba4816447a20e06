import type { Session } from '../../sessions/book.ts';

/** Something to land, and the ids that have to land before it. */
export interface Candidate {
  readonly id: string;
  readonly after: readonly string[];
}

/** Two that conflict with each other. */
export interface ConflictingPair {
  readonly a: string;
  readonly b: string;
}

/**
 * The order in which to land: dependencies first, then what conflicts with the fewest that are still to come, then the
 * given order. What is not among the candidates is no dependency. A cycle is broken at its member with the fewest
 * conflicts; {@link findCycles} tells of it. Pure.
 */
export function orderForLanding(
  candidates: readonly Candidate[],
  pairs: readonly ConflictingPair[],
): readonly string[] {
  const waiting = graphOf(candidates);
  const rivals = rivalsOf(pairs);
  const order: string[] = [];
  while (waiting.size > 0) {
    const [next] = readyIn(waiting)
      .map((id) => ({ id, conflicts: countIn(waiting, rivals.get(id)) }))
      .toSorted((a, b) => a.conflicts - b.conflicts); // stable, so the given order decides what is left
    if (next === undefined) break;
    order.push(next.id);
    waiting.delete(next.id);
  }
  return order;
}

/** Groups that wait for each other in a circle, each in the given order. Pure. */
export function findCycles(candidates: readonly Candidate[]): readonly (readonly string[])[] {
  const graph = graphOf(candidates);
  const reach = new Map([...graph.keys()].map((id) => [id, reachableFrom(graph, id)]));
  const seen = new Set<string>();
  const cycles: (readonly string[])[] = [];
  for (const id of graph.keys()) {
    if (seen.has(id) || reach.get(id)?.has(id) !== true) continue;
    const cycle = [...graph.keys()].filter((other) => reach.get(id)?.has(other) && reach.get(other)?.has(id));
    for (const member of cycle) seen.add(member);
    cycles.push(cycle);
  }
  return cycles;
}

/** Ids that land before a session: those it was told to come after, and the one it is stacked on. Pure. */
export function dependenciesOf(
  { id, row }: Pick<Session, 'id' | 'row'>,
  sessions: Iterable<Pick<Session, 'id' | 'row'>>,
): readonly string[] {
  const below = [...sessions].filter((one) => one.row.branch === row.base.branch).map((one) => one.id);
  return [...new Set([...(row.after ?? []), ...below])].filter((other) => other !== id);
}

type Graph = ReadonlyMap<string, readonly string[]>;

function graphOf(candidates: readonly Candidate[]): Map<string, readonly string[]> {
  const known = new Set(candidates.map(({ id }) => id));
  return new Map(
    candidates.map(({ id, after }) => [id, after.filter((other) => other !== id && known.has(other))] as const),
  );
}

function rivalsOf(pairs: readonly ConflictingPair[]): ReadonlyMap<string, ReadonlySet<string>> {
  const rivals = new Map<string, Set<string>>();
  const add = (one: string, other: string): void => {
    if (one !== other) rivals.set(one, (rivals.get(one) ?? new Set()).add(other));
  };
  for (const { a, b } of pairs) {
    add(a, b);
    add(b, a);
  }
  return rivals;
}

/** Those that wait for nobody; when all wait, those in a circle that waits for nobody outside it. */
function readyIn(waiting: Graph): readonly string[] {
  const ids = [...waiting.keys()];
  const free = ids.filter((id) => (waiting.get(id) ?? []).every((other) => !waiting.has(other)));
  if (free.length > 0) return free;
  const reach = new Map(ids.map((id) => [id, reachableFrom(waiting, id)]));
  return ids.filter((id) => [...(reach.get(id) ?? [])].every((other) => reach.get(other)?.has(id)));
}

function reachableFrom(graph: Graph, from: string): ReadonlySet<string> {
  const seen = new Set<string>();
  const open = [from];
  for (let id = open.pop(); id !== undefined; id = open.pop())
    for (const next of graph.get(id) ?? [])
      if (graph.has(next) && !seen.has(next)) {
        seen.add(next);
        open.push(next);
      }
  return seen;
}

function countIn(waiting: Graph, ids: ReadonlySet<string> = new Set()): number {
  return [...ids].filter((id) => waiting.has(id)).length;
}
