import ignore from 'ignore';
import type { Session } from '../../sessions/book.ts';

/** A path that a session changed although it was to keep off it; `owner` is the session it belongs to, if any. */
export interface Trespass {
  readonly id: string;
  readonly path: string;
  readonly owner: string | null;
}

/**
 * What lies outside a session's own patterns, and what lies in another's. Patterns are gitignore's. What two of them own is
 * no trespass for either. Pure.
 */
export function findTrespasses(
  sessions: readonly Pick<Session, 'id' | 'row'>[],
  changedPathsById: ReadonlyMap<string, readonly string[]>,
): readonly Trespass[] {
  const fields = sessions.flatMap(({ id, row: { owns = [] } }) =>
    owns.length === 0 ? [] : [{ id, has: matcherOf(owns) }],
  );
  if (fields.length === 0) return [];
  return sessions.flatMap(({ id }) => {
    const own = fields.find((field) => field.id === id);
    return (changedPathsById.get(id) ?? []).flatMap((path): readonly Trespass[] => {
      if (own?.has(path) === true) return [];
      const owner = fields.find((field) => field !== own && field.has(path))?.id ?? null;
      return own === undefined && owner === null ? [] : [{ id, path, owner }];
    });
  });
}

/** Whether a path is matched by gitignore patterns; a path that cannot be one is not. */
export function matcherOf(patterns: readonly string[]): (path: string) => boolean {
  const rules = ignore({ ignorecase: false, allowRelativePaths: true }).add([...patterns]);
  return (path) => path !== '' && rules.ignores(path);
}
