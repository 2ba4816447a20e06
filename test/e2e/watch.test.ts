import { readdir, readFile, readlink } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startPuppet } from '../support/puppet.ts';
import { makeRoom, type Env, type Room } from '../support/room.ts';
import { PROGRAM, runWt, start, until } from '../support/spawn.ts';
import { openTerminal, openWt, type Terminal } from '../support/terminal.ts';

async function makeSessions(...ids: readonly string[]): Promise<{ room: Room; root: string }> {
  const room = await makeRoom();
  const root = await room.repo();
  for (const id of ids) await runWt(room, root, ['create', id, '--task', `The task of ${id}`]);
  return { room, root };
}

const watch = (room: Room, root: string, options: { columns?: number; rows?: number; env?: Env } = {}): Terminal =>
  openWt(room, root, ['list', '--watch'], { rows: 12, ...options });

const LEFT = { buffer: 'normal', isCursorShown: true };

/** The process of wt that watches a repository. */
async function findWt(root: string): Promise<number> {
  let found: number | undefined;
  await until(async () => {
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
    const words = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
    const cwds = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => '')));
    found = pids.find((_, i) => cwds[i] === root && words[i]?.split('\0')[1] === PROGRAM);
    return found !== undefined;
  });
  return found ?? 0;
}

test('shows the sessions, follows what happens to them, and leaves the screen as it was', async () => {
  const { room, root } = await makeSessions('alpha', 'beta');
  const terminal = watch(room, root);
  await terminal.shows('alpha');
  expect(terminal.mode()).toEqual({ buffer: 'alternate', isCursorShown: false });
  const agent = await startPuppet(room, root, 'beta');
  await agent.tell('working');
  await terminal.until((screen) => /beta +working/.test(screen));
  await agent.tell('waiting', 'permission');
  await terminal.until((screen) => /beta +waiting/.test(screen));
  agent.child.kill('SIGKILL');
  const killedAtMs = Date.now();
  await terminal.until((screen) => /beta +failed/.test(screen));
  expect(Date.now() - killedAtMs).toBeLessThan(1500);
  await runWt(room, root, ['create', 'gamma']);
  await terminal.shows('gamma');
  terminal.type('q');
  const { code, screen } = await terminal.done;
  expect({ code, screen, ...terminal.mode() }).toEqual({ code: 0, screen: '', ...LEFT });
});

test('Ctrl-C is a way out like q', async () => {
  const { room, root } = await makeSessions('alpha');
  const terminal = watch(room, root);
  await terminal.shows('alpha');
  terminal.type('\u0003');
  expect({ code: (await terminal.done).code, ...terminal.mode() }).toEqual({ code: 0, ...LEFT });
});

test.each([
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)('after %s the terminal is as it was', async (signal, code) => {
  const { room, root } = await makeSessions('alpha');
  const terminal = watch(room, root);
  await terminal.shows('alpha');
  process.kill(await findWt(root), signal);
  const exit = await terminal.done;
  expect({ code: exit.code, ...terminal.mode() }).toEqual({ code, ...LEFT });
  expect(exit.screen).toContain(`interrupted by ${signal}`);
});

test('an error ends the view, gives the terminal back and is told there', async () => {
  const { room, root } = await makeSessions('alpha');
  const bin = path.join(room.dir, 'bin');
  await room.write(bin, { git: '#!/bin/sh\n[ -e "$0.broken" ] && exit 99\nexec /usr/bin/git "$@"\n' });
  await start(room, root, ['chmod', '+x', path.join(bin, 'git')]).done;
  const terminal = watch(room, root, { env: { PATH: `${bin}:${room.env['PATH'] ?? ''}` } });
  await terminal.shows('alpha');
  await room.write(bin, { 'git.broken': '' });
  for (let i = 0; i < 6 && !(await isOver(terminal)); i++) {
    terminal.type('r');
    await sleep(3000);
  }
  const { code, screen } = await terminal.done;
  expect({ code, ...terminal.mode() }).toEqual({ code: 5, ...LEFT });
  expect(screen).toContain('git');
}, 60_000);

async function isOver(terminal: Terminal): Promise<boolean> {
  return Promise.race([terminal.done.then(() => true), sleep(1).then(() => false)]);
}

test('Ctrl-Z gives the terminal to the shell, and fg brings the view back', async () => {
  const { room, root } = await makeSessions('alpha');
  const env = { PS1: 'shell> ', HISTFILE: '/dev/null', BASH_SILENCE_DEPRECATION_WARNING: '1' };
  const terminal = openTerminal(room, root, ['bash', '--norc', '--noprofile', '-i'], { rows: 12, env });
  await terminal.shows('shell>');
  terminal.type(`'${process.execPath}' '${PROGRAM}' list --watch\r`);
  await terminal.shows('q quit');
  terminal.type('\u001a');
  await terminal.shows('Stopped');
  expect(terminal.mode()).toEqual(LEFT);
  terminal.type('echo $((40 + 2))\r');
  await terminal.shows('42');
  terminal.type('fg\r');
  await terminal.shows('q quit');
  expect(terminal.mode().buffer).toBe('alternate');
  terminal.type('q');
  await terminal.shows('42');
  terminal.type('stty -a | grep -o " icanon"; exit\r');
  const { screen } = await terminal.done;
  expect(screen).toContain(' icanon\n');
});

test('Enter is a shell in the selected session, and its end leads back', async () => {
  const { room, root } = await makeSessions('alpha', 'beta');
  const terminal = watch(room, root, { env: { SHELL: '/bin/sh', PS1: '$ ' } });
  await terminal.shows('❯ beta');
  terminal.type('j');
  await terminal.shows('❯ alpha');
  terminal.type('\r');
  await terminal.shows('exit leads back');
  expect(terminal.mode()).toEqual(LEFT);
  terminal.type('basename "$PWD"-$WT_SESSION; touch new.txt\r');
  await terminal.shows('alpha-alpha');
  terminal.type('\u0003');
  await terminal.until((screen) => /\^C\n\$$/.test(screen)); // a terminal forgets what is typed before an interrupt is dealt with
  terminal.type('echo still $((1 + 1))\r');
  await terminal.shows('still 2');
  terminal.type('exit\r');
  await terminal.until((screen) => /alpha +dirty +\?1/.test(screen));
  terminal.type('q');
  expect((await terminal.done).code).toBe(0);
});

test('d, m and ? show what they are for, and any key leads back', async () => {
  const { room, root } = await makeSessions('alpha');
  await room.write(path.join(root, '.worktrees', 'alpha'), { 'new.txt': 'a new line\n' });
  const terminal = watch(room, root, { rows: 30 });
  await terminal.shows('❯ alpha');
  for (const [key, text] of [
    ['d', '+a new line'],
    ['m', 'alpha'],
  ] as const) {
    terminal.type(key);
    await terminal.shows('any key leads back');
    expect(terminal.mode()).toEqual(LEFT);
    await terminal.shows(text);
    terminal.type(' ');
    await terminal.shows('q quit');
    expect(terminal.mode().buffer).toBe('alternate');
  }
  terminal.type('?');
  await terminal.shows('Any key leads back.');
  terminal.type('q');
  await terminal.shows('❯ alpha');
  terminal.type('q');
  expect((await terminal.done).code).toBe(0);
});

test('another size is drawn at once; the selected session stays in sight', async () => {
  const { room, root } = await makeSessions('a1', 'a2', 'a3', 'a4', 'a5');
  const terminal = watch(room, root, { columns: 120, rows: 12 });
  await terminal.shows('The task of a5');
  terminal.type('\u001b[B\u001b[B\u001bOB\u001b[B');
  await terminal.shows('❯ a1');
  terminal.resize(40, 5);
  await terminal.until((screen) => screen.endsWith('d diff  l logs  ? keys  q quit') && !screen.includes('m merge'));
  expect(terminal.screen().split('\n')[2]).toMatch(/^❯ a1 {2}new/);
  terminal.resize(80, 3);
  await terminal.until((screen) => screen.includes('5 sessions') && !screen.includes('q quit'));
  terminal.resize(80, 12);
  await terminal.until((screen) => screen.includes('The task of a5') && screen.includes('q quit'));
  terminal.type('q');
  expect((await terminal.done).code).toBe(0);
});

test('a terminal without colour gets none, and control characters never reach it raw', async () => {
  const room = await makeRoom();
  const root = await room.repo();
  await runWt(room, root, ['create', 'x', '--task', '\u001B]0;owned\u0007\u001B[31mred\u009B2J\u202Eabc']);
  const terminal = watch(room, root, { columns: 120, env: { NO_COLOR: '1' } });
  await terminal.shows('owned');
  terminal.type('q');
  const { bytes } = await terminal.done;
  expect(bytes).not.toMatch(/\u001B\]|\u0007|\u009B|\u202E|\u001B\[[1-9][\d;]*m/);
});

test('a watching terminal rings once for a change, and not when the person does not want it', async () => {
  const { room, root } = await makeSessions('alpha');
  const quiet = { XDG_CONFIG_HOME: path.join(room.dir, 'quiet') };
  await room.write(path.join(room.dir, 'quiet', 'wt'), { 'config.jsonc': '{"notify": {"terminal": false}}' });
  const [loud, silent] = [watch(room, root), watch(room, root, { env: quiet })];
  await Promise.all([loud.shows('alpha'), silent.shows('alpha')]);
  const agent = await startPuppet(room, root, 'alpha');
  await agent.tell('waiting', 'permission');
  await agent.tell('waiting', 'permission');
  await Promise.all([loud.shows('waiting'), silent.shows('waiting')]);
  await agent.tell('working');
  await Promise.all([loud.shows('working'), silent.shows('working')]);
  for (const terminal of [loud, silent]) terminal.type('q');
  const [heard, unheard] = await Promise.all([loud.done, silent.done]);
  expect(heard.bytes.match(/\u001b\][^\u0007]*\u0007/g)).toEqual([
    '\u001b]9;alpha waits: claude waits for a permission\u0007',
    '\u001b]777;notify;alpha waits;claude waits for a permission\u0007',
  ]);
  expect(unheard.bytes).not.toContain('\u0007');
});
