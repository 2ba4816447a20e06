import { randomUUID } from 'node:crypto';
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
  await writeFile(`${folder}/locked`, `wt:${randomUUID()}\n`);
  await lockSession(folder, 'a');
  expect(await read()).toBe(lockReason('a'));
});

test.for([
  '',
  'on a USB stick\n',
  'wt ab: of a session with a longer id',
  'wta: no',
  'wt: demo on friday\n',
  'wt:demo',
  `wt:${randomUUID()} and more`,
])('a lock that says %j is somebody else’s and stays', async (reason) => {
  const { folder, read } = await makeAdminFolder();
  await writeFile(`${folder}/locked`, reason);
  await lockSession(folder, 'a');
  await unlockSession(folder, 'a');
  expect(await read()).toBe(reason);
});

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

test('a person’s lock that begins like one of wt stays on a worktree that is adopted, and keeps it from being removed', async () => {
  const { wt, git, at, root } = await makeBench();
  await git('worktree', 'add', '-q', '-b', 'demo', at('demo'));
  await git('worktree', 'lock', '--reason', 'wt: demo on friday', at('demo'));
  expect((await wt('adopt', at('demo'))).code).toBe(0);
  expect((await readFile(`${root}/.git/worktrees/demo/locked`, 'utf8')).trim()).toBe('wt: demo on friday');
  const { code, stderr } = await wt('remove', 'demo', '--force');
  expect({ code, stderr }).toEqual({ code: expect.any(Number), stderr: expect.stringContaining('wt: demo on friday') });
  expect(code).not.toBe(0);
});

test('a session that is just being made is said to be at work, not locked by somebody', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await writeFile(`${bench.root}/.git/worktrees/a/locked`, `wt:${randomUUID()}\n`);
  const { code, raw } = await bench.wt('--json', 'remove', 'a', '--force');
  const { error } = JSON.parse(raw) as { error: { code: string; details: { reasons: object[] } } };
  expect({ code, error: error.code, reasons: error.details.reasons }).toEqual({
    code: 4,
    error: 'session.operation',
    reasons: [{ code: 'session.operation', operation: 'wt create' }],
  });
});
