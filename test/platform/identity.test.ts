import { closeSync, constants, openSync } from 'node:fs';
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
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

describe('the pipe of an owner', () => {
  const ids = ['n0', 'n8', 'n1'];

  async function begin(dir: string, nonce: string, canMake = true): Promise<{ owner: Owner; dispose: () => void }> {
    const room = await makeRoom();
    const identity = createIdentity('wt test', nonce);
    const { owner } = await identity.owner(dir, createRunner(canMake ? room.env : { PATH: room.dir }));
    return { owner, dispose: () => identity.dispose() };
  }

  test('is taken over by the next one without mkfifo, under a name of its own', async () => {
    const { dir } = await makeRoom();
    const first = await begin(dir, 'n0');
    first.dispose();
    expect(await readdir(dir)).toContain('p.0');
    const second = await begin(dir, 'n8', false);
    expect(second.owner.fifo).toBe(path.join(dir, 'f.n8'));
    expect([livenessOf(second.owner), isFifoHeld(path.join(dir, 'p.0'))]).toEqual(['alive', undefined]);
    second.dispose();
  });

  test('is never one that a child of the one before still reads', async () => {
    const { dir } = await makeRoom();
    const first = await begin(dir, 'n0');
    const orphan = openSync(path.join(dir, 'f.n0'), constants.O_RDONLY | constants.O_NONBLOCK);
    first.dispose();
    expect((await readdir(dir)).filter((name) => /^[fp]\./.test(name))).toEqual([]);
    closeSync(orphan);
    await execa('mkfifo', [path.join(dir, 'p.3')]);
    const held = openSync(path.join(dir, 'p.3'), constants.O_RDONLY | constants.O_NONBLOCK);
    const second = await begin(dir, 'n1', false);
    expect(second.owner.fifo).toBeNull();
    closeSync(held);
    second.dispose();
  });

  test('is never what only has the name of one', async () => {
    const { dir } = await makeRoom();
    await writeFile(path.join(dir, 'p.0'), '');
    await mkdir(path.join(dir, 'p.1'));
    await execa('mkfifo', [path.join(dir, 'elsewhere')]);
    await symlink(path.join(dir, 'elsewhere'), path.join(dir, 'p.2'));
    expect((await begin(dir, 'n1', false)).owner.fifo).toBeNull();
  });

  test('goes to one of those who come at once', async () => {
    const { dir } = await makeRoom();
    (await begin(dir, 'n0')).dispose();
    const all = await Promise.all(ids.map((id) => begin(dir, id, false)));
    expect(all.filter(({ owner }) => owner.fifo !== null)).toHaveLength(1);
    for (const one of all) one.dispose();
  });

  test('is left under few names, however many end', async () => {
    const { dir } = await makeRoom();
    const all = await Promise.all(Array.from({ length: 20 }, (_, n) => begin(dir, `n${(n + 16).toString(16)}`)));
    for (const one of all) one.dispose();
    expect((await readdir(dir)).filter((name) => name.startsWith('p.'))).toHaveLength(8);
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
