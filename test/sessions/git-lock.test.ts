import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { isOwnLock, lockReason, lockSession, unlockSession } from '#src/sessions/git-lock.ts';
import { makeRoom } from '../support/room.ts';
import { makeBench } from '../support/wt.ts';

async function makeAdminFolder(): Promise<{ folder: string; read: () => Promise<string | undefined> }> {
  const { dir } = await makeRoom();
  const folder = `${dir}/admin`;
  await mkdir(folder);
  return { folder, read: () => readFile(`${folder}/locked`, 'utf8').catch(() => undefined) };
}

test('a session is locked, and locking it again changes nothing', async () => {
  const { folder, read } = await makeAdminFolder();
  for (let i = 0; i < 2; i++) await lockSession(folder, 'a');
  expect(await read()).toBe(lockReason('a'));
  await unlockSession(folder, 'a');
  expect(await read()).toBeUndefined();
  await unlockSession(folder, 'a');
});

test('the lock of the create that makes it becomes the lock of the session', async () => {
  const { folder, read } = await makeAdminFolder();
  await writeFile(`${folder}/locked`, 'wt:0a1b\n');
  await lockSession(folder, 'a');
  expect(await read()).toBe(lockReason('a'));
});

test.for(['', 'on a USB stick\n', 'wt ab: of a session with a longer id', 'wta: no'])(
  'a lock that says %j is somebody else’s and stays',
  async (reason) => {
    const { folder, read } = await makeAdminFolder();
    await writeFile(`${folder}/locked`, reason);
    await lockSession(folder, 'a');
    await unlockSession(folder, 'a');
    expect(await read()).toBe(reason);
  },
);

test('its own lock is told by the id', () => {
  expect(isOwnLock(lockReason('a'), 'a')).toBe(true);
  expect(isOwnLock(lockReason('a'), 'b')).toBe(false);
  expect(isOwnLock(lockReason('ab'), 'a')).toBe(false);
});

test('git leaves a locked session alone, and its reason says how to take it away', async () => {
  const { wt, git, at, room } = await makeBench();
  await wt('create', 'a');
  await expect(git('worktree', 'remove', '--force', at('a'))).rejects.toThrow('wt remove a');
  await expect(git('worktree', 'move', at('a'), `${room.dir}/b`)).rejects.toThrow('wt remove a');
  expect((await wt('remove', 'a')).code).toBe(0);
});
