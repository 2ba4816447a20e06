/** The commits above a floor that all asked for have in common, with their parents; in the order of rev-list, newest first. */
export interface Graph {
  readonly parents: ReadonlyMap<string, readonly string[]>;
  /** A commit below all of them; undefined when their histories have none in common. */
  readonly floor: string | undefined;
}

/** The commits of the graph that one can get to from a commit, itself included. Pure. */
export function reach({ parents }: Pick<Graph, 'parents'>, from: string): ReadonlySet<string> {
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

/** The best common ancestors, as `git merge-base --all` would name them. More than one after criss-cross merges. Pure. */
export function listMergeBases(graph: Graph, a: string, b: string): readonly string[] {
  if (a === b) return [a];
  const ofB = reach(graph, b);
  const common = new Set([...reach(graph, a)].filter((commit) => ofB.has(commit)));
  const below = new Set([...common].flatMap((commit) => graph.parents.get(commit) ?? []));
  const best = [...common].filter((commit) => !below.has(commit));
  return graph.floor === undefined || below.has(graph.floor) ? best : [...best, graph.floor];
}

/** A commit's own line downwards, first parents only, as far as it stays within the set; newest first. Pure. */
export function listFirstParents({ parents }: Graph, from: string, within: ReadonlySet<string>): readonly string[] {
  const line: string[] = [];
  for (let at: string | undefined = from; at !== undefined && within.has(at); at = parents.get(at)?.[0]) line.push(at);
  return line;
}

/** Those of the commits that come after another one. Pure. */
export function listDescendants(
  { parents }: Graph,
  ancestor: string,
  within: ReadonlySet<string>,
): ReadonlySet<string> {
  const children = new Map<string, string[]>();
  for (const commit of within)
    for (const parent of parents.get(commit) ?? []) children.set(parent, [...(children.get(parent) ?? []), commit]);
  const found = new Set<string>();
  const open = [...(children.get(ancestor) ?? [])];
  for (let commit = open.pop(); commit !== undefined; commit = open.pop()) {
    if (found.has(commit)) continue;
    found.add(commit);
    open.push(...(children.get(commit) ?? []));
  }
  return found;
}
