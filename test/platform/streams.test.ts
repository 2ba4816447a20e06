import { expect, test } from 'vitest';
import { colorLevel } from '#src/platform/streams.ts';

test.each([
  [{}, true, 1],
  [{ TERM: 'xterm' }, true, 1],
  [{ TERM: 'xterm-256color' }, true, 2],
  [{ TERM: 'xterm', COLORTERM: 'truecolor' }, true, 3],
  [{ TERM: 'dumb', COLORTERM: 'truecolor' }, true, 0],
  [{ TERM: 'xterm-256color' }, false, 0],
  [{ TERM: 'xterm-256color', NO_COLOR: '1' }, true, 0],
  [{ TERM: 'xterm-256color', NO_COLOR: '' }, true, 2],
  [{ FORCE_COLOR: '1' }, false, 1],
  [{ FORCE_COLOR: '3' }, false, 3],
  [{ FORCE_COLOR: '0', TERM: 'xterm-256color' }, true, 0],
  [{ FORCE_COLOR: '1', NO_COLOR: '1' }, true, 0],
])('%j on a terminal (%j) has colour level %i', (env: Readonly<Record<string, string>>, isTTY, level) =>
  expect(colorLevel(env, isTTY)).toBe(level),
);
