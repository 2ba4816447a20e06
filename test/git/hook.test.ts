import { expect, test } from 'vitest';
import { parseCommitSettings, readCommitSettings } from '#src/git/hook.ts';
import { gitOf } from '../support/deps.ts';
import { makeRoom } from '../support/room.ts';

test.each([
  [[]],
  [['commit.gpgSign', 'true']],
  [['commit.gpgSign', 'Yes', 'commit.gpgSign', 'off']],
  [['commit.gpgSign', '2']],
  [['commit.gpgSign', '']],
  [['core.hooksPath', '.husky/_']],
  [['core.hooksPath', '/nowhere/hooks', 'core.hooksPath', 'a\nb']],
  [['core.hooksPath', '~/hooks', 'commit.gpgSign', 'on']],
])('what the configuration says of hooks and signatures is what git says: %j', async (settings) => {
  const room = await makeRoom();
  const root = await room.repo();
  for (let i = 0; i < settings.length; i += 2)
    await room.git(root, 'config', '--add', settings[i] ?? '', settings[i + 1] ?? '');
  const sign = await room.git(root, 'config', '--type=bool', '--default=false', '--get', 'commit.gpgSign');
  const folder = await room.git(root, 'rev-parse', '--path-format=absolute', '--git-path', 'hooks');
  expect(await readCommitSettings(gitOf(room, root), `${root}/.git`)).toEqual({
    hooksFolder: folder,
    isSigned: sign === 'true',
  });
});

test('a signature that is no boolean is an error, and never a commit without one', async () => {
  const room = await makeRoom();
  const root = await room.repo();
  await room.git(root, 'config', 'commit.gpgSign', 'perhaps');
  await expect(readCommitSettings(gitOf(room, root), `${root}/.git`)).rejects.toMatchObject({ code: 'git.failed' });
});

test('a name without a value is true', () => {
  expect(parseCommitSettings('commit.gpgsign\0')).toEqual({ gpgSign: 'true' });
  expect(parseCommitSettings('commit.gpgsign\0commit.gpgsign\nfalse\0')).toEqual({ gpgSign: 'false' });
});
