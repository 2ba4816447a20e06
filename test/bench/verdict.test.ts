import { expect, test } from 'vitest';
import { isFailure, verdictOf, verdictWords, type Bar } from '../../bench/verdict.ts';

const plain: Bar = { limit: 1.5 };
const excused: Bar = { limit: 1.5, reason: { text: 'git itself takes 1.6', limit: 2 } };

test.each([
  [1.5, plain, 'met', false],
  [1.51, plain, 'missed', true],
  [1.4, excused, 'met', false],
  [2, excused, 'excused', false],
  [2.01, excused, 'worse', true],
  [Number.NaN, plain, 'missed', true],
  [Number.NaN, excused, 'missed', true],
  [9, undefined, 'unbarred', false],
] as const)('%d with the bar %j is %s', (value, bar, kind, fails) => {
  const verdict = verdictOf(value, bar);
  expect(verdict.kind).toBe(kind);
  expect(isFailure(verdict)).toBe(fails);
});

test('a reason is told with the bar that holds instead', () => {
  expect(verdictWords(verdictOf(1.8, excused))).toBe('above, because git itself takes 1.6 (held to 2)');
  expect(verdictWords(verdictOf(2.5, excused))).toContain('worse than the 2');
});
