import { WtError } from '#src/core/errors.ts';
import { SessionRow } from '#src/registry/session.ts';
import { noteOf, type AdminEntry } from '#src/registry/notes.ts';
import type { Book, Session } from '#src/sessions/book.ts';
import { EMPTY } from '#src/registry/file.ts';
import { layoutOf } from '#src/sessions/layout.ts';

export const LAYOUT = layoutOf('/repo', '/repo/.git');
export const COMMIT = '1'.repeat(40);

export function makeRow(id: string, changes: Partial<SessionRow> = {}): SessionRow {
  return SessionRow.parse({
    id,
    branch: `wt/${id}`,
    base: { branch: 'main', commit: COMMIT },
    path: `/repo/.worktrees/${id}`,
    agent: null,
    task: null,
    createdAt: '2026-01-01T00:00:00.000Z',
    state: 'ready',
    ownsBranch: true,
    ...changes,
  });
}

export function makeAdmin(id: string, changes: Partial<AdminEntry> = {}): AdminEntry {
  return {
    admin: id,
    directory: `/repo/.git/worktrees/${id}`,
    path: `/repo/.worktrees/${id}`,
    note: undefined,
    locked: undefined,
    ...changes,
  };
}

export function makeSession(id: string, row: Partial<SessionRow> = {}, admin: Partial<AdminEntry> = {}): Session {
  const made = makeRow(id, row);
  return {
    id: made.id,
    row: made,
    path: `/repo/.worktrees/${id}`,
    admin: makeAdmin(id, { note: noteOf(made), ...admin }),
  };
}

export function makeBook(...sessions: readonly Session[]): Book {
  return {
    file: EMPTY,
    sessions: new Map(sessions.map((one) => [one.id as string, one])),
    unmanaged: [],
    repair: undefined,
  };
}

/** The value with every object in it frozen: a function that changes it throws. */
export function deepFreeze<T>(value: T): T {
  if (value instanceof Map) for (const [, inner] of value) deepFreeze(inner);
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}

/** What a call gave, or how wt refused it, as a value to compare. A bug is thrown on. */
export function outcomeOf(call: () => unknown): object {
  try {
    return { value: call() };
  } catch (error) {
    if (!WtError.any(error)) throw error;
    const { name, kind, code, details, message } = error;
    return { thrown: { name, kind, code, details, message } };
  }
}
