import { chmod, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { formatDiff, listFileChanges } from '#src/git/diff.ts';
import { gitOf } from '../support/deps.ts';
import { makeRoom } from '../support/room.ts';

test('changed files come with status and counts, whatever they are called', async () => {
  const room = await makeRoom();
  const root = await room.repo('app', {
    'a\tb': '1\n2\n',
    ':odd': '1\n',
    gone: '1\n',
    link: 'x\n',
    'two\nlines': '1\n',
    mode: 'x\n',
  });
  await room.write(root, { 'a\tb': '1\n3\n4\n', 'neu/ü 日': 'x\n', 'two\nlines': '2\n', ':odd': '2\n' });
  await writeFile(path.join(root, 'bin'), Buffer.from([0, 1, 2, 255]));
  await rm(path.join(root, 'gone'));
  await rm(path.join(root, 'link'));
  await symlink('a', path.join(root, 'link'));
  await chmod(path.join(root, 'mode'), 0o755);
  await room.git(root, 'add', '-A');
  await room.git(root, 'commit', '-qm', 'all');
  const changes = await listFileChanges(gitOf(room, root), 'HEAD~1', 'HEAD');
  expect(changes.toSorted((a, b) => (a.path < b.path ? -1 : 1))).toEqual([
    { path: ':odd', status: 'modified', added: 1, deleted: 1 },
    { path: 'a\tb', status: 'modified', added: 2, deleted: 1 },
    { path: 'bin', status: 'added', added: null, deleted: null },
    { path: 'gone', status: 'deleted', added: 0, deleted: 1 },
    { path: 'link', status: 'type-changed', added: 1, deleted: 1 },
    { path: 'mode', status: 'modified', added: 0, deleted: 0 },
    { path: 'neu/ü 日', status: 'added', added: 1, deleted: 0 },
    { path: 'two\nlines', status: 'modified', added: 1, deleted: 1 },
  ]);
  expect(await listFileChanges(gitOf(room, root), 'HEAD', 'HEAD')).toEqual([]);
});

test('a diff is made by git itself, never by a program that the repository names', async () => {
  const room = await makeRoom();
  const root = await room.repo('app', { x: '1\n', '.gitattributes': 'x diff=evil\n' });
  await room.git(root, 'config', 'diff.external', 'false');
  await room.git(root, 'config', 'diff.evil.textconv', 'false');
  await room.git(root, 'config', 'diff.noprefix', 'true');
  await room.write(root, { x: '2\n' });
  await room.git(root, 'commit', '-qam', 'two');
  const git = gitOf(room, root);
  const look = { color: false, width: 40 };
  expect(await formatDiff(git, 'HEAD~1', 'HEAD', { ...look, format: 'patch' })).toMatch(
    /^diff --git a\/x b\/x\nindex .*\n--- a\/x\n\+\+\+ b\/x\n@@ -1 \+1 @@\n-1\n\+2\n$/,
  );
  expect(await formatDiff(git, 'HEAD~1', 'HEAD', { ...look, format: 'name-only' })).toBe('x\n');
  expect(await formatDiff(git, 'HEAD~1', 'HEAD', { ...look, format: 'stat' })).toContain('1 file changed');
  expect(await formatDiff(git, 'HEAD~1', 'HEAD', { ...look, format: 'patch', color: true })).toContain('\u001b[');
});
