import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseKeys } from '#src/platform/keys.ts';

const keysOf = (input: string): readonly string[] => parseKeys(input).keys;

test.each([
  ['jk', ['j', 'k']],
  ['\u001b[A\u001b[B', ['up', 'down']],
  ['\u001bOA\u001bOB', ['up', 'down']],
  ['\u001b[5~\u001b[6~', ['pageup', 'pagedown']],
  ['\u001b[H\u001b[F\u001b[1~\u001b[4~', ['home', 'end', 'home', 'end']],
  ['\r\n', ['enter', 'enter']],
  ['\u0003\u001a\u0004\u001c', ['ctrl-c', 'ctrl-z', 'ctrl-d', 'ctrl-\\']],
  ['\u001b', ['escape']],
  ['é👍', ['é', '👍']],
])('%j is %j', (input, keys) => {
  expect(parseKeys(input)).toEqual({ keys, rest: '' });
});

test('what a terminal reports by itself is no key: focus, mouse, a pasted bracket', () => {
  expect(keysOf('\u001b[I\u001b[O\u001b[<0;10;10Mq')).toEqual(['q']);
  expect(keysOf('\u001b[200~q\u001b[201~')).toEqual(['q']);
});

test('a sequence that comes in pieces is one key', () => {
  const { keys, rest } = parseKeys('j\u001b[');
  expect({ keys, rest }).toEqual({ keys: ['j'], rest: '\u001b[' });
  expect(parseKeys(`${rest}A`)).toEqual({ keys: ['up'], rest: '' });
});

test('no input makes it fail, and none is kept for long', () => {
  const bytes = fc.array(
    fc.constantFrom('\u001b', '[', 'O', ';', '9', '~', 'A', 'q', '\u0000', '\u0003', 'é', '?', ' '),
  );
  fc.assert(
    fc.property(bytes, (parts) => {
      const { keys, rest } = parseKeys(parts.join(''));
      expect(keys.every((key) => key.length > 0)).toBe(true);
      expect(rest.length).toBeLessThan(48);
    }),
  );
});
