import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findTyped, parseCapture, readScreen, withoutText, type ScreenState } from '#src/agents/screen.ts';
import { findScreen, SCREENS } from '#src/agents/screens.ts';
import { KNOWN_AGENTS } from '#src/config/agents.ts';

const FOLDER = path.resolve(import.meta.dirname, '../fixtures/screens');
const STATES = ['blocked', 'working', 'ready', 'draft', 'unknown'];

/** `<agent>-<state>[-what].txt`, with its colours. */
const fixtures = readdirSync(FOLDER).map((name) => {
  const [, agent = '', state = ''] = /^(.+?)-(blocked|working|ready|draft|unknown)\b/.exec(name) ?? [];
  return { name, agent, state: state as ScreenState, text: readFileSync(path.join(FOLDER, name), 'utf8') };
});

describe('a screen', () => {
  test.each(fixtures)('$name is read as $state', ({ agent, state, text }) => {
    expect(readScreen(text, findScreen(agent, undefined)).state).toBe(state);
  });

  test.each(fixtures)('$name is read the same in a tall pane, at 200 columns', ({ agent, state, text }) => {
    const wide = text
      .replace(/\n$/, '')
      .split('\n')
      .map((row) => row.padEnd(200))
      .join('\n');
    expect(readScreen(`${'\n'.repeat(20)}${wide}${'\n'.repeat(30)}`, findScreen(agent, undefined)).state).toBe(state);
  });

  test.each(fixtures.filter(({ state }) => state === 'blocked'))('$name is ready for no known agent', ({ text }) => {
    const readers = KNOWN_AGENTS.filter((agent) => readScreen(text, SCREENS[agent]).state === 'ready');
    expect(readers).toEqual([]);
  });

  test.each(KNOWN_AGENTS)('%s has one of each state at least', (agent) => {
    const seen = new Set(fixtures.filter((one) => one.agent === agent).map(({ state }) => state));
    expect([...seen]).toEqual(expect.arrayContaining(['blocked', 'working', 'ready']));
  });

  test('that is empty is unknown', () => {
    expect(KNOWN_AGENTS.map((agent) => readScreen('\n\n', SCREENS[agent]).state)).toEqual(
      KNOWN_AGENTS.map(() => 'unknown'),
    );
  });

  test('of a shell is ready for nobody', () => {
    expect(KNOWN_AGENTS.map((agent) => readScreen('ada@host:~/shop$ \n', SCREENS[agent]).state)).not.toContain('ready');
  });

  test('of whatever characters is read without a failure, quickly', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.string({
            unit: fc.constantFrom('❯', '>', '│', '─', '\n', ' ', '1', '.', 'x', '…', '\u001b[2m', '┃', '('),
          }),
          {
            maxLength: 60,
          },
        ),
        (pieces) => {
          for (const agent of KNOWN_AGENTS) expect(STATES).toContain(readScreen(pieces.join(''), SCREENS[agent]).state);
        },
      ),
    );
  });

  test('of 50 rows of 200 equal signs takes no time', () => {
    const startMs = performance.now();
    for (const sign of ['─', '>', ' ', '│ ', '❯ 1', '(', '┃\n'])
      for (const agent of KNOWN_AGENTS) readScreen(`${sign.repeat(200)}\n`.repeat(50), SCREENS[agent]);
    expect(performance.now() - startMs).toBeLessThan(3000);
  });
});

interface FakeLook {
  ready(line: string): string[];
  working(line: string): string[];
  blocked(tool: { name: string; input: { command: string } }): string[];
  asked(line: string): string;
}
const KINDS = path.resolve(import.meta.dirname, '../support/fake-kinds.mjs');
const kinds = ((await import(KINDS)) as { KINDS: Record<string, { look: FakeLook }> }).KINDS;

describe('the screens of the fake agents', () => {
  const looks = Object.entries(kinds).map(([name, { look }]) => ({ name, look }));

  test.each(looks)('$name is read as it is', ({ name, look }) => {
    const rows = (lines: readonly string[]): string => [look.asked('1. rename it'), 'x', ...lines].join('\n');
    const read = (lines: readonly string[]): ScreenState => readScreen(rows(lines), SCREENS[name]).state;
    expect({
      ready: read(look.ready('')),
      draft: read(look.ready('and then')),
      working: read(look.working('')),
      blocked: read(look.blocked({ name: 'Bash', input: { command: 'npm test' } })),
    }).toEqual({
      ready: 'ready',
      draft: name === 'opencode' ? 'unknown' : 'draft',
      working: 'working',
      blocked: 'blocked',
    });
  });
});

describe('a capture', () => {
  test('loses its colours, and its faint words are no typed ones', () => {
    const { shown, typed } = parseCapture(
      'a \u001b[1;2mhint\u001b[22m b\u001b[38;5;2mc\u001b[0m\u001b]8;;http://x\u001b\\d\u001b]8;;\u001b\\\u000f',
    );
    expect({ shown, typed }).toEqual({ shown: 'a hint bcd', typed: 'a      bcd' });
  });

  test('a colour with a 2 in its number is not faint', () => {
    expect(parseCapture('\u001b[38;2;1;2;3mx\u001b[48;5;2my\u001b[38:2::1:2:3mz').typed).toBe('xyz');
  });
});

describe('what was typed', () => {
  test('is found in the prompt, and is no question', () => {
    const screen = 'x\n❯ 1. Yes, rename it\n  2. No\n────\n';
    expect(findTyped(screen, SCREENS['claude'])).toBe('1. Yes, rename it');
    expect(readScreen(screen, SCREENS['claude']).state).toBe('blocked');
    const rest = withoutText(screen, '1. Yes, rename it\n2. No');
    expect(readScreen(rest, SCREENS['claude']).state).toBe('unknown');
  });

  test('does not hide a question that came up meanwhile', () => {
    const screen = ' Do you want to proceed?\n ❯ 1. Yes\n   2. No\n\n Esc to cancel\n';
    expect(readScreen(withoutText(screen, 'yes please, do it'), SCREENS['claude']).state).toBe('blocked');
  });
});
