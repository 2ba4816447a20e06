import { describe, expect, test } from 'vitest';
import { findOwnPane, joinCommands, paneName, requireTmux } from '#src/agents/tmux.ts';
import type { Runner } from '#src/platform/runner.ts';

describe('commands of tmux', () => {
  test('are parted by a semicolon, and no word of theirs parts them', () => {
    expect(
      joinCommands([
        ['send-keys', 'a;'],
        ['set', '\\;', ';', 'b;c'],
      ]),
    ).toEqual(['send-keys', 'a\\;', ';', 'set', '\\\\;', '\\;', 'b;c']);
  });
});

describe('the name of a tmux session', () => {
  test.each([
    [['my.app', 'fix-login'], 'my-app-fix-login'],
    [['a:b', 'x'], 'a-b-x'],
    [['=$@%', 'x'], 'x'],
    [['', ''], 'wt'],
    [['Büro', '日本'], 'Büro-日本'],
  ])('of %j is %s', (parts, name) => {
    expect(paneName(...parts)).toBe(name);
  });
});

describe('the pane of the caller', () => {
  test('is found by TMUX and TMUX_PANE', () => {
    expect(findOwnPane({ TMUX: '/tmp/a,b/default,12,0', TMUX_PANE: '%3' })).toEqual({
      socket: '/tmp/a,b/default',
      pane: '%3',
    });
  });

  test.each([{}, { TMUX: '' }, { TMUX: '/x,1,0' }, { TMUX: '/x,1,0', TMUX_PANE: 'x' }])('is not found in %j', (env) => {
    expect(findOwnPane(env)).toBeUndefined();
  });
});

describe('tmux', () => {
  const says =
    (stdout: string, exitCode = 0): Runner =>
    () =>
      Promise.resolve({ exitCode, stdout, stderr: '', durationMs: 1 });

  test.each(['tmux 3.0\n', 'tmux 3.3a\n', 'tmux next-3.6\n', 'tmux openbsd-7.5\n', 'tmux 10.1\n'])(
    '%s will do',
    async (text) => {
      await expect(requireTmux(says(text), '/')).resolves.toBeUndefined();
    },
  );

  test.each([
    ['tmux 2.9a\n', 0],
    ['', 127],
  ])('%j is missed, with how to get another', async (text, exitCode) => {
    await expect(requireTmux(says(text, exitCode), '/')).rejects.toMatchObject({ kind: 'program.missing' });
  });
});
