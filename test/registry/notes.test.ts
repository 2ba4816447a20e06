import path from 'node:path';
import { expect, test } from 'vitest';
import { listAdminEntries, noteOf, readAdminEntry, rowOf, writeNote } from '#src/registry/notes.ts';
import { SessionRow } from '#src/registry/session.ts';
import { makeRoom } from '../support/room.ts';

const row = SessionRow.parse({
  id: 'a',
  branch: 'wt/a',
  base: { branch: 'main', commit: '0'.repeat(40) },
  path: '/x',
  agent: 'claude',
  task: 'do it',
  createdAt: '2026-01-01T00:00:00.000Z',
  state: 'ready',
  ownsBranch: true,
});

test('a row comes back from its note', () => {
  expect(rowOf(noteOf(row), '/x')).toEqual(row);
});

test('a worktree is read from the file system as git wrote it', async () => {
  const room = await makeRoom();
  const root = await room.repo();
  const tree = path.join(room.dir, 'my tree ü');
  await room.git(root, 'worktree', 'add', '-q', '-b', 'side', tree);
  await room.git(root, 'worktree', 'lock', '--reason', 'because', tree);
  const [entry, ...others] = await listAdminEntries(path.join(root, '.git'));
  expect(others).toEqual([]);
  expect(entry).toMatchObject({ path: tree, note: undefined, locked: 'because' });
  await writeNote(entry?.directory ?? '', noteOf(row));
  expect((await readAdminEntry(entry?.directory ?? '')).note).toEqual(noteOf(row));
  await room.git(root, 'worktree', 'unlock', tree);
  expect((await readAdminEntry(entry?.directory ?? '')).locked).toBeUndefined();
  expect(await room.git(tree, 'status', '--porcelain')).toBe('');
});

test('a relative gitdir leads from the folder it stands in', async () => {
  const room = await makeRoom();
  await room.write(room.dir, { 'worktrees/x/gitdir': '../../tree/.git\n' });
  expect(await readAdminEntry(path.join(room.dir, 'worktrees', 'x'))).toMatchObject({
    admin: 'x',
    path: path.join(room.dir, 'tree'),
  });
});

test.each([
  '',
  'garbage',
  '{}',
  '[]',
  JSON.stringify({ ...noteOf(row), id: '../../x' }),
  JSON.stringify({ ...noteOf(row), state: 'odd' }),
])('a note that cannot be read is none: %j', async (text) => {
  const room = await makeRoom();
  await room.write(room.dir, { 'worktrees/x/wt.json': text, 'worktrees/file': '' });
  expect(await listAdminEntries(room.dir)).toMatchObject([{ admin: 'x', note: undefined, path: undefined }]);
});

test('a repository without linked worktrees has none', async () => {
  const room = await makeRoom();
  expect(await listAdminEntries(room.dir)).toEqual([]);
});
