import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { isoFromMs, isoFromSeconds, msOf, parseDuration } from '#src/core/time.ts';

test('a time survives its text', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4e12 }), (ms) => {
      expect(msOf(isoFromMs(ms))).toBe(ms);
    }),
  );
  expect(isoFromSeconds(0)).toBe('1970-01-01T00:00:00.000Z');
});

test.each([
  ['90s', 90_000],
  ['30m', 1_800_000],
  ['12h', 43_200_000],
  ['7d', 604_800_000],
  ['2w', 1_209_600_000],
  ['7', undefined],
  ['d', undefined],
  ['-1d', undefined],
  ['1.5h', undefined],
  ['7D', undefined],
  [' 7d', undefined],
  ['', undefined],
  ['1__proto__', undefined],
])('a duration %j is %j milliseconds', (text, ms) => expect(parseDuration(text)).toBe(ms));
