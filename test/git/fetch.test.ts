import { expect, test } from 'vitest';
import { fetchRemote, listRemotes } from '#src/git/fetch.ts';
import { gitOf } from '../support/deps.ts';
import { makeRoom } from '../support/room.ts';
import { exists } from '../support/spawn.ts';

test('a fetch brings the branches of one remote and touches nothing else', async () => {
  const room = await makeRoom();
  const origin = await room.repo('origin');
  await room.git(room.dir, 'clone', '-q', origin, 'app');
  const root = `${room.dir}/app`;
  await room.git(root, 'remote', 'add', 'fork', origin);
  const head = await room.git(root, 'rev-parse', 'HEAD');
  await room.git(origin, 'commit', '-q', '--allow-empty', '-m', 'second');
  const git = gitOf(room, root);
  expect(await listRemotes(git)).toEqual(['fork', 'origin']);
  await fetchRemote(git, 'origin');
  expect(await room.git(root, 'rev-parse', 'origin/main')).toBe(await room.git(origin, 'rev-parse', 'main'));
  expect(await room.git(root, 'rev-parse', 'main')).toBe(head);
  expect(await room.git(root, 'for-each-ref', 'refs/remotes/fork')).toBe('');
  expect(await exists(`${root}/.git/FETCH_HEAD`)).toBe(false);
});

test('a remote is never taken for a flag', async () => {
  const room = await makeRoom();
  const root = await room.repo();
  const mark = `${room.dir}/ran`;
  await expect(fetchRemote(gitOf(room, root), `--upload-pack=touch ${mark}`)).rejects.toMatchObject({
    code: 'git.failed',
  });
  expect(await exists(mark)).toBe(false);
});
