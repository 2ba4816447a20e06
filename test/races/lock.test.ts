import { chmod, readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { makeRoom, type Room } from '../support/room.ts';
import { exists, findFaults, registeredIds, runWt, startWt, until, type Started } from '../support/spawn.ts';

/**
 * A create that holds the lock and goes no further: the git that it starts is a script which waits for a file, under
 * the lock, before it makes the worktree.
 */
async function startHolder(room: Room, root: string): Promise<Started> {
  const bin = path.join(room.dir, 'bin');
  const script = `#!/bin/sh
PATH="\${PATH#*:}"
case " $* " in
  *" worktree add "*) : > "${room.dir}/waiting"; while [ ! -e "${room.dir}/go" ]; do sleep 0.02; done ;;
esac
exec git "$@"
`;
  await room.write(bin, { git: script });
  await chmod(path.join(bin, 'git'), 0o755);
  const holder = startWt(room, root, ['create', 'held'], { env: { PATH: `${bin}:${room.env['PATH']}` }, group: true });
  await until(() => exists(path.join(room.dir, 'waiting')));
  return holder;
}

test('a command goes on when the holder of the lock was killed, and takes its work back', async () => {
  const room = await makeRoom();
  const root = await room.repo();
  const holder = await startHolder(room, root);
  process.kill(-holder.pid, 'SIGKILL');
  await holder.done;
  const next = await runWt(room, root, ['create', 'next']);
  expect(next.code).toBe(0);
  expect(next.stderr).toBe('wt: took back the interrupted create of held\n');
  expect(await registeredIds(root)).toEqual(['next']);
  expect(await findFaults(room, root)).toEqual([]);
  expect((await runWt(room, root, ['create', 'held'])).code).toBe(0);
});

test('a git child that outlives the killed holder keeps the lock until it ends', async () => {
  const room = await makeRoom();
  const root = await room.repo();
  const holder = await startHolder(room, root);
  holder.kill('SIGKILL'); // the program alone, not the git it has started
  await until(async () => !(await isRunning(holder.pid)));
  const busy = await runWt(room, root, ['create', 'next'], { env: { WT_LOCK_TIMEOUT: '1' } });
  expect(busy.code).toBe(9);
  await room.write(room.dir, { go: '' });
  await holder.done;
  expect((await runWt(room, root, ['create', 'next'])).code).toBe(0);
  expect(await registeredIds(root)).toEqual(['next']);
  expect(await findFaults(room, root)).toEqual([]);
});

test('a stopped holder keeps the lock: others give up naming it, and it finishes when it goes on', async () => {
  const room = await makeRoom();
  const root = await room.repo();
  const holder = await startHolder(room, root);
  process.kill(-holder.pid, 'SIGSTOP');
  await room.write(room.dir, { go: '' });

  const busy = await runWt(room, root, ['create', 'next', '--json'], { env: { WT_LOCK_TIMEOUT: '1' } });
  expect(busy.code).toBe(9);
  const { error } = JSON.parse(busy.stdout) as {
    error: { code: string; message: string; retryable: boolean; changed: boolean };
  };
  expect(error).toMatchObject({ code: 'registry.busy', retryable: true, changed: false });
  expect(error.message).toContain(`process ${holder.pid} on `);
  expect(error.message).toContain('(wt create)');
  const list = await runWt(room, root, ['list']);
  expect(list.code).toBe(0);

  process.kill(-holder.pid, 'SIGCONT');
  expect(await holder.done).toMatchObject({ code: 0 });
  expect((await runWt(room, root, ['create', 'next'])).code).toBe(0);
  expect(await registeredIds(root)).toEqual(['held', 'next']);
  expect(await findFaults(room, root)).toEqual([]);
});

test('commands that wait for the lock go on as soon as its holder gives it back', async () => {
  const room = await makeRoom();
  const root = await room.repo();
  const holder = await startHolder(room, root);
  const waiting = startWt(room, root, ['create', 'next']);
  await until(() => waiting.said().includes('waiting for'));
  await room.write(room.dir, { go: '' });
  expect((await holder.done).code).toBe(0);
  expect((await waiting.done).code).toBe(0);
  expect(await registeredIds(root)).toEqual(['held', 'next']);
  expect(await findFaults(room, root)).toEqual([]);
});

async function isRunning(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  return stat !== '' && stat.slice(stat.lastIndexOf(')') + 2)[0] !== 'Z';
}
