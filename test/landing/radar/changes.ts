import * as fc from 'fast-check';

/** A few paths that get in each other's way: files that are folders elsewhere, and a folder that can be renamed as a whole. */
const PATHS = ['a', 'b', 'd/x', 'd/y', 'e/x', 'd/z/q', 'a/k', 'e'] as const;
const START = ['a', 'b', 'd/x', 'd/y', 'd/z/q'] as const;
export const change = fc.oneof(
  fc.record({ kind: fc.constant('edit' as const), at: fc.constantFrom(...PATHS), to: fc.constantFrom('one', 'two') }),
  fc.record({ kind: fc.constant('delete' as const), at: fc.constantFrom(...PATHS) }),
  fc.record({
    kind: fc.constant('move' as const),
    at: fc.constantFrom('a', 'b', 'd', 'd/x', 'd/z'),
    to: fc.constantFrom('c', 'e', 'd/w', 'f/x'),
  }),
);
export type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;
const contentOf = (name: string): string => Array.from({ length: 12 }, (_, i) => `${name} line ${i}\n`).join('');

/** Files after some changes; what a file stands in the way of replaces it. */
export function applyChanges(changes: readonly Change[]): ReadonlyMap<string, string> {
  const files = new Map<string, string>(START.map((name) => [name, contentOf(name)]));
  const put = (name: string, text: string): void => {
    for (const other of files.keys())
      if (other.startsWith(`${name}/`) || name.startsWith(`${other}/`)) files.delete(other);
    files.set(name, text);
  };
  for (const one of changes) {
    if (one.kind === 'delete') files.delete(one.at);
    else if (one.kind === 'edit') put(one.at, (files.get(one.at) ?? contentOf(one.at)).replace('line 3', one.to));
    else
      for (const [name, text] of new Map(files))
        if (name === one.at || name.startsWith(`${one.at}/`)) {
          files.delete(name);
          put(one.to + name.slice(one.at.length), text);
        }
  }
  return files;
}
