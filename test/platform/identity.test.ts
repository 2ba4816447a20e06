import { closeSync, constants, openSync } from 'node:fs';
import { execa } from 'execa';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { createIdentity, isFifoHeld, livenessOf, parseOwner, type Owner } from '#src/platform/identity.ts';
import { createRunner } from '#src/platform/runner.ts';
import { makeRoom } from '../support/room.ts';
import { exists, start } from '../support/spawn.ts';

async function makeOwner(): Promise<{ owner: Owner; dispose: () => void; dir: string }> {
  const room = await makeRoom();
  const identity = createIdentity('wt test', 'n1');
  const { owner } = await identity.owner(room.dir, createRunner(room.env));
  return { owner, dispose: () => identity.dispose(), dir: room.dir };
}

describe('the record of a process', () => {
  test('says who it is, survives its text, and is made once', async () => {
    const room = await makeRoom();
    const identity = createIdentity('wt test', 'n1');
    const run = createRunner(room.env);
    const { owner } = await identity.owner(room.dir, run);
    expect(owner).toMatchObject({
      pid: process.pid,
      command: 'wt test',
      nonce: 'n1',
      fifo: path.join(room.dir, 'f.n1'),
    });
    expect(parseOwner(JSON.parse(JSON.stringify(owner)))).toEqual(owner);
    expect((await identity.owner(path.join(room.dir, 'other'), run)).owner).toBe(owner);
    identity.dispose();
    expect(await exists(path.join(room.dir, 'f.n1'))).toBe(false);
    identity.dispose();
  });

  test('does without a pipe where there is no mkfifo', async () => {
    const room = await makeRoom();
    const identity = createIdentity('wt test', 'n1');
    const { owner, fd } = await identity.owner(room.dir, createRunner({ PATH: room.dir }));
    expect([owner.fifo, fd]).toEqual([null, undefined]);
    expect(livenessOf(owner)).toBe('alive');
    identity.dispose();
  });
});

describe('a process is alive', () => {
  test('while it or a child of it has its pipe open, wherever on this kernel it runs', async () => {
    const { owner, dispose } = await makeOwner();
    expect(livenessOf(owner)).toBe('alive');
    expect(livenessOf({ ...owner, host: 'elsewhere', pidns: 'other', pid: 1 })).toBe('alive');
    expect(livenessOf({ ...owner, host: 'elsewhere', boot: 'other', pidns: 'other', pid: 1 })).toBe('unknown');
    dispose();
  });

  test('by its number and start time when it has no pipe', async () => {
    const { owner, dispose } = await makeOwner();
    expect(livenessOf({ ...owner, fifo: null })).toBe('alive');
    dispose();
  });
});

describe('a process is dead', () => {
  test('when nobody has its pipe open, wherever it ran', async () => {
    const room = await makeRoom();
    const fifo = path.join(room.dir, 'f.x');
    await execa('mkfifo', [fifo]);
    const { owner, dispose } = await makeOwner();
    expect(isFifoHeld(fifo)).toBe(false);
    expect(livenessOf({ ...owner, fifo })).toBe('dead');
    expect(livenessOf({ ...owner, fifo, host: 'elsewhere' })).toBe('dead');
    const fd = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
    expect(livenessOf({ ...owner, fifo })).toBe('alive');
    closeSync(fd);
    dispose();
  });

  test('when another one has its number by now, or the machine was started again', async () => {
    const { owner, dispose } = await makeOwner();
    expect(livenessOf({ ...owner, fifo: null, start: '1' })).toBe('dead');
    expect(livenessOf({ ...owner, fifo: null, boot: 'another boot' })).toBe('dead');
    dispose();
  });

  test('when it has ended, also before its parent asked after it', async () => {
    const room = await makeRoom();
    const { owner, dispose } = await makeOwner();
    const child = start(room, room.dir, ['sh', '-c', 'read x; exit 0']);
    await child.done;
    expect(livenessOf({ ...owner, fifo: null, pid: child.pid, start: '1' })).toBe('dead');
    expect(livenessOf({ ...owner, fifo: path.join(room.dir, 'gone'), pid: child.pid })).toBe('dead');
    dispose();
  });
});

test('a process on another machine or in another container is unknown, never dead', async () => {
  const { owner, dispose } = await makeOwner();
  expect(livenessOf({ ...owner, fifo: null, host: 'elsewhere', boot: 'other' })).toBe('unknown');
  expect(livenessOf({ ...owner, fifo: null, pidns: 'pid:[1]' })).toBe('unknown');
  expect(livenessOf({ ...owner, fifo: '/nowhere/f.x', host: 'elsewhere' })).toBe('unknown');
  dispose();
});

test('whether a pipe that is gone is held cannot be said', () => {
  expect(isFifoHeld('/nowhere/f.x')).toBeUndefined();
});
