import path from 'node:path';
import { expect, test } from 'vitest';
import { makeRoom, type Room } from '../support/room.ts';
import { findFaults, PROGRAM, registeredIds, runWt, start } from '../support/spawn.ts';
import { openTerminal, openWt } from '../support/terminal.ts';

const COLOR = /\u001B\[[\d;]*m/;

async function makeReady(): Promise<{ room: Room; root: string; before: string }> {
  const room = await makeRoom();
  const root = await room.repo();
  await runWt(room, root, ['create', 'fix-login', '--task', 'Fix the login']);
  const folder = path.join(root, '.worktrees', 'fix-login');
  await room.write(folder, { 'login.txt': 'fixed\n' });
  await room.git(folder, 'add', '-A');
  await room.git(folder, 'commit', '-qm', 'Fix it');
  return { room, root, before: await room.git(root, 'rev-parse', 'refs/heads/main') };
}

test('merge shows what will land, asks, and lands on y', async () => {
  const { room, root, before } = await makeReady();
  const terminal = openWt(room, root, ['merge', 'fix-login']);
  await terminal.shows('Land fix-login on main?');
  await terminal.shows('Fix it');
  await terminal.shows('login.txt');
  expect(await room.git(root, 'rev-parse', 'refs/heads/main')).toBe(before);
  terminal.type('y');
  const { code, screen } = await terminal.done;
  expect(code).toBe(0);
  expect(screen).toContain('Landed fix-login on main');
  expect(await room.git(root, 'log', '-1', '--format=%s', 'refs/heads/main')).toBe(
    'Merge session fix-login: Fix the login',
  );
  expect(await room.git(root, 'status', '--porcelain')).toBe('');
});

test.each([
  ['n', 'n', 0],
  ['Enter, as no is the default', '\r', 0],
  ['Ctrl-C', '\u0003', 130],
  ['Esc', '\u001B', 130],
] as const)('merge changes nothing when the answer is %s', async (_, key, expected) => {
  const { room, root, before } = await makeReady();
  const terminal = openWt(room, root, ['merge', 'fix-login']);
  await terminal.shows('Land fix-login on main?');
  terminal.type(key);
  const { code, screen } = await terminal.done;
  expect(code).toBe(expected);
  expect(screen).not.toContain('Landed');
  expect(await room.git(root, 'rev-parse', 'refs/heads/main')).toBe(before);
  expect(await room.git(root, 'status', '--porcelain')).toBe('');
  expect(await registeredIds(root)).toEqual(['fix-login']);
  expect(await findFaults(room, root)).toEqual([]);
});

test('--no-input never asks: merge exits with 8 and says the command that does not ask', async () => {
  const { room, root, before } = await makeReady();
  const { code, screen } = await openWt(room, root, ['merge', 'fix-login', '--no-input']).done;
  expect(code).toBe(8);
  expect(screen).toContain('wt merge fix-login --yes');
  expect(await room.git(root, 'rev-parse', 'refs/heads/main')).toBe(before);
});

test('a terminal gets colour; a pipe, NO_COLOR, --no-color and a dumb terminal do not', async () => {
  const { room, root } = await makeReady();
  const list = async (argv: readonly string[], env = {}): Promise<string> => {
    const { code, screen, bytes } = await openWt(room, root, ['list', ...argv], { env }).done;
    expect(code).toBe(0);
    expect(screen).toContain('fix-login');
    return bytes;
  };
  expect(await list([])).toMatch(COLOR);
  expect(await list([], { NO_COLOR: '1' })).not.toMatch(COLOR);
  expect(await list(['--no-color'])).not.toMatch(COLOR);
  expect(await list([], { TERM: 'dumb' })).not.toMatch(COLOR);
  expect((await runWt(room, root, ['list'])).stdout).not.toMatch(COLOR);
  expect((await runWt(room, root, ['list'], { env: { FORCE_COLOR: '1' } })).code).toBe(0);
});

test('a reader that has seen enough, as in wt list | head -1, is no failure', async () => {
  const { room, root } = await makeReady();
  const script = '"$0" "$1" events 2>"$2" | head -c 1 >/dev/null; echo "${PIPESTATUS[0]}"';
  for (let i = 0; i < 3; i++) await runWt(room, root, ['create', `s${i}`]);
  const said = path.join(room.dir, 'said');
  const { code, stdout } = await start(room, root, ['bash', '-c', script, process.execPath, PROGRAM, said]).done;
  expect({ code, stdout }).toEqual({ code: 0, stdout: '0\n' });
  expect((await start(room, root, ['cat', said]).done).stdout).toBe('');
});

test('Ctrl-C on a terminal takes a create back to nothing', async () => {
  const room = await makeRoom();
  const root = await room.repo('app', { 'slow.bin': 'slow\n', '.gitattributes': '*.bin filter=slow\n' });
  await room.git(root, 'config', 'filter.slow.smudge', `echo filtering > /dev/tty; sleep 300; cat`);
  const terminal = openWt(room, root, ['create', 'x']);
  await terminal.shows('filtering');
  terminal.type('\u0003');
  const { code, screen } = await terminal.done;
  expect(code).toBe(130);
  expect(screen).toContain('interrupted by SIGINT');
  expect(await registeredIds(root)).toEqual([]);
  expect(await room.git(root, 'for-each-ref', 'refs/heads/wt/')).toBe('');
  expect(await findFaults(room, root)).toEqual([]);
});

test('control characters of a branch, a task and a commit never reach the terminal raw', async () => {
  const room = await makeRoom();
  const root = await room.repo();
  const evil = '\u001B]0;owned\u0007\u001B[31mred\u009B2J\u202Eabc';
  await runWt(room, root, ['create', 'x', '--task', evil]);
  const folder = path.join(root, '.worktrees', 'x');
  await room.write(folder, { 'f.txt': 'f\n' });
  await room.git(folder, 'add', '-A');
  await room.git(folder, 'commit', '-qm', evil);
  for (const argv of [['list'], ['show', 'x'], ['merge', 'x', '--dry-run']]) {
    const { code, bytes } = await openTerminal(room, root, [process.execPath, PROGRAM, ...argv]).done;
    expect(code).toBe(0);
    expect(bytes).toContain('owned');
    expect(bytes).not.toMatch(/\u001B\]|\u0007|\u009B|\u202E|\u001B\[31mred/);
  }
});
