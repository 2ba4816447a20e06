import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startPuppet } from '../support/puppet.ts';
import { makeRoom, type Room } from '../support/room.ts';
import { PROGRAM, runWt, start, until } from '../support/spawn.ts';
import { openWt } from '../support/terminal.ts';

async function makeRepo(...ids: readonly string[]): Promise<{ room: Room; root: string; told: () => Promise<string> }> {
  const room = await makeRoom();
  const root = await room.repo();
  for (const id of ids) await runWt(room, root, ['create', id]);
  const file = path.join(room.dir, 'told');
  const command = ['sh', '-c', `echo "$WT_SESSION $WT_STATUS $WT_REASON: $1" >>'${file}'`, 'sh'];
  await room.write(path.join(room.dir, '.config', 'wt'), { 'config.jsonc': JSON.stringify({ notify: { command } }) });
  return { room, root, told: () => readFile(file, 'utf8').catch(() => '') };
}

/** One call of a hook of Claude Code. */
async function callHook(room: Room, root: string, id: string, event: string): Promise<void> {
  const cwd = path.join(root, '.worktrees', id);
  const payload = JSON.stringify({ hook_event_name: event, session_id: 'c1', cwd, transcript_path: '/x' });
  const script = `printf '%s' '${payload}' | "$0" "$1" hook claude`;
  expect(await start(room, cwd, ['sh', '-c', script, process.execPath, PROGRAM]).done).toMatchObject({
    code: 0,
    stdout: '',
  });
}

test('a hook that tells that its agent waits has a person told, once, and not again while it waits', async () => {
  const { room, root, told } = await makeRepo('a', 'b');
  for (const id of ['a', 'b']) await startPuppet(room, root, id);
  await callHook(room, root, 'a', 'UserPromptSubmit');
  const all = Array.from({ length: 10 }, () => callHook(room, root, 'a', 'PermissionRequest'));
  await Promise.all([...all, callHook(room, root, 'b', 'UserPromptSubmit')]);
  await until(async () => (await told()) !== '');
  await sleep(1000);
  expect(await told()).toBe('a waiting permission: a waits\n');
  await callHook(room, root, 'a', 'PostToolUse');
  await callHook(room, root, 'a', 'Stop');
  await until(async () => (await told()).split('\n').length === 3);
  expect((await told()).split('\n')[1]).toBe('a waiting turn ended: a waits');
});

test('a turn that ends after the agent has said that it is done is told once', async () => {
  const { room, root, told } = await makeRepo('a');
  await startPuppet(room, root, 'a');
  await callHook(room, root, 'a', 'UserPromptSubmit');
  await runWt(room, path.join(root, '.worktrees', 'a'), ['done', '--summary', 'Redirects']);
  await callHook(room, root, 'a', 'Stop');
  await until(async () => (await told()) !== '');
  await sleep(1500);
  expect(await told()).toBe('a done Redirects: a is done\n');
});

test('whoever stays beside an agent in the background has a person told how it ended', async () => {
  const { room, root, told } = await makeRepo('a', 'b', 'c');
  const bin = path.join(room.dir, 'bin');
  await room.write(bin, { worker: '#!/bin/sh\nsleep "$1"\nexit "$2"\n' });
  await start(room, root, ['chmod', '+x', path.join(bin, 'worker')]).done;
  const agents = { worker: { command: [path.join(bin, 'worker')] } };
  const file = path.join(room.dir, '.config', 'wt', 'config.jsonc');
  const config = JSON.parse(await readFile(file, 'utf8')) as object;
  await room.write(path.dirname(file), { 'config.jsonc': JSON.stringify({ ...config, agents }) });
  for (const [id, seconds, code] of [
    ['a', '1', '3'],
    ['b', '1', '0'],
    ['c', '300', '0'],
  ] as const)
    expect(
      await runWt(room, root, ['run', id, 'worker', '--background', '--prompt', 'go', '--', seconds, code]),
    ).toMatchObject({ code: 0 });
  await runWt(room, root, ['stop', 'c']);
  await until(async () => (await told()).split('\n').length === 3);
  await sleep(1000);
  expect((await told()).split('\n').toSorted()).toEqual(['', 'a failed exit 3: a has failed', 'b done : b is done']);
});

test('a terminal that waits rings when what it waits for has come, and a death it sees is recorded', async () => {
  const { room, root, told } = await makeRepo('a', 'b');
  const [asking, dying] = [await startPuppet(room, root, 'a'), await startPuppet(room, root, 'b')];
  const [one, other] = [openWt(room, root, ['wait', 'a']), openWt(room, root, ['wait', 'b', '--for', 'failed'])];
  await sleep(2500);
  await asking.tell('waiting', 'permission');
  dying.child.kill('SIGKILL');
  const [asked, died] = await Promise.all([one.done, other.done]);
  expect(asked.bytes).toContain('\u001b]9;a waits: claude waits for a permission\u0007');
  expect(died.bytes).toContain('\u001b]9;b has failed: claude has failed\u0007');
  await until(async () => (await told()) !== '');
  expect(await told()).toBe('b failed : b has failed\n');
  const { stdout } = await runWt(room, root, ['wait', 'a']);
  expect(stdout).not.toContain('\u0007');
});
