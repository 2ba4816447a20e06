import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { EMPTY } from '#src/registry/file.ts';
import { noteOf } from '#src/registry/notes.ts';
import type { RegistryRead } from '#src/registry/store.ts';
import { readBook, readBookAhead, reconcile, rowsOf, sessionAround } from '#src/sessions/book.ts';
import { layoutOf } from '#src/sessions/layout.ts';
import { findSession } from '#src/sessions/select.ts';
import { deepFreeze, LAYOUT, makeAdmin, makeBook, makeRow, makeSession } from '../support/session.ts';
import { makeBench } from '../support/wt.ts';

const registryOf = (state: RegistryRead['state'], ...ids: string[]): RegistryRead => ({
  file: { ...EMPTY, sessions: new Map(ids.map((id) => [id, makeRow(id)])) },
  state,
  ...(state === 'damaged' ? { reason: 'it is not JSON' } : {}),
});
const noted = (id: string, changes = {}): ReturnType<typeof makeAdmin> =>
  makeAdmin(id, { note: noteOf(makeRow(id)), ...changes });

describe('registry and git, joined', () => {
  test('agree when every row has its worktree', () => {
    const book = reconcile(deepFreeze(registryOf('ok', 'a', 'b')), deepFreeze([noted('a'), noted('b')]), LAYOUT);
    expect(book).toMatchObject({ unmanaged: [], repair: undefined });
    expect([...book.sessions.values()].map(({ id, path, admin }) => [id, path, admin?.admin])).toEqual([
      ['a', '/repo/.worktrees/a', 'a'],
      ['b', '/repo/.worktrees/b', 'b'],
    ]);
  });

  test('bring a lost row back from its note', () => {
    const row = { ...makeRow('b'), path: '/repo/.worktrees/b' };
    for (const [registry, kind] of [
      [registryOf('ok', 'a'), 'rows'],
      [registryOf('missing'), 'missing'],
      [registryOf('damaged'), 'damaged'],
    ] as const) {
      const book = reconcile(registry, [noted('a'), noted('b')], LAYOUT);
      expect(book.sessions.get('b')?.row).toEqual(row);
      expect(book.repair?.kind).toBe(kind);
      expect(book.repair?.reason).toMatch(/brought back from git: .*b/);
    }
  });

  test('keep a row whose worktree is gone: that is for a person to decide', () => {
    const book = reconcile(registryOf('ok', 'a'), [], LAYOUT);
    expect(book.sessions.get('a')).toMatchObject({ path: '/repo/.worktrees/a', admin: undefined });
    expect(book.repair).toBeUndefined();
  });

  test('are repaired for nothing but a lost row or damage', () => {
    expect(reconcile(registryOf('missing'), [], LAYOUT).repair).toBeUndefined();
    expect(reconcile(registryOf('missing'), [makeAdmin('x')], LAYOUT).repair).toBeUndefined();
    expect(reconcile(registryOf('damaged'), [], LAYOUT).repair).toEqual({ kind: 'damaged', reason: 'it is not JSON' });
  });

  test('never adopt a worktree that wt has not made', () => {
    const theirs = makeAdmin('theirs', { path: '/elsewhere/theirs' });
    const book = reconcile(registryOf('ok', 'a'), [noted('a'), theirs], LAYOUT);
    expect([...book.sessions.keys()]).toEqual(['a']);
    expect(book.unmanaged).toEqual([theirs]);
  });

  test('follow a worktree that was moved, by its note', () => {
    const book = reconcile(registryOf('ok', 'a'), [noted('a', { path: '/moved/a' })], LAYOUT);
    expect(book.sessions.get('a')?.path).toBe('/moved/a');
  });

  test('take the worktree at the computed place when two carry the same note', () => {
    const copy = noted('a', { admin: 'a1', path: '/copy' });
    const real = noted('a');
    for (const entries of [
      [copy, real],
      [real, copy],
    ]) {
      const book = reconcile(registryOf('ok', 'a'), entries, LAYOUT);
      expect(book.sessions.get('a')?.path).toBe('/repo/.worktrees/a');
      expect(book.unmanaged).toEqual([copy]);
    }
  });

  test('never follow the path that stands in the registry', () => {
    const file = { ...EMPTY, sessions: new Map([['a', makeRow('a', { path: '/etc' })]]) };
    expect(reconcile({ file, state: 'ok' }, [], LAYOUT).sessions.get('a')?.path).toBe('/repo/.worktrees/a');
  });

  test('join a row to the worktree at its place when that has lost its note, and to no other', () => {
    const bare = makeAdmin('a');
    expect(reconcile(registryOf('ok', 'a'), [bare], LAYOUT).sessions.get('a')?.admin).toEqual(bare);
    const other = makeAdmin('a', { path: '/elsewhere/a' });
    expect(reconcile(registryOf('ok', 'a'), [other], LAYOUT).sessions.get('a')?.admin).toBeUndefined();
  });
});

test('rows to write are those of the sessions', () => {
  expect(rowsOf([makeSession('a'), makeSession('b')])).toEqual(
    new Map([
      ['a', makeRow('a')],
      ['b', makeRow('b')],
    ]),
  );
});

test('a place is in the session whose folder holds it, and not in one whose name it begins with', () => {
  const book = makeBook(makeSession('a'), makeSession('ab'));
  expect(sessionAround(book, '/repo/.worktrees/a')?.id).toBe('a');
  expect(sessionAround(book, '/repo/.worktrees/ab/src')?.id).toBe('ab');
  expect(sessionAround(book, '/repo/.worktrees/abc')).toBeUndefined();
  expect(sessionAround(book, '/repo')).toBeUndefined();
  expect(sessionAround(book, undefined)).toBeUndefined();
});

test('a session is found by its id, then without regard to case, then by its branch', () => {
  const book = makeBook(makeSession('a'), makeSession('B', { branch: 'feature/x' }), makeSession('c', { branch: 'a' }));
  expect(findSession(book, 'a')?.id).toBe('a');
  expect(findSession(book, 'b')?.id).toBe('B');
  expect(findSession(book, 'feature/x')?.id).toBe('B');
  expect(findSession(book, 'FEATURE/X')).toBeUndefined();
  expect(findSession(book, 'constructor')).toBeUndefined();
});

describe('what was read ahead', () => {
  test('serves the first look alone, and not once anything was written', async () => {
    const bench = await makeBench();
    const commonDir = join(bench.root, '.git');
    const place = { layout: layoutOf(bench.root, commonDir), commonDir };
    await bench.wt('create', 'a');
    const first = await readBookAhead(place);
    expect(await readBook(place)).toBe(first);
    expect(await readBook(place)).not.toBe(first);
    for (const verb of [
      ['create', 'b'],
      ['done', 'a'],
      ['remove', 'a', '--force'],
    ]) {
      const before = await readBookAhead(place);
      await bench.wt(...verb);
      const after = await readBook(place);
      expect([after, after === before]).toEqual([await readBook(place), false]);
    }
  });
});
