import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { quantile, ratioOfSums, ratios, spreadOf } from '../../bench/statistics.ts';

const numbers = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 50 });

describe('a quantile', () => {
  test('is the middle value, or in between the two in the middle', () => {
    expect(quantile([3, 1, 2], 0.5)).toBe(2);
    expect(quantile([4, 1, 2, 3], 0.5)).toBe(2.5);
    expect(spreadOf([0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100])).toEqual({ median: 50, p10: 10, p90: 90 });
  });

  test('lies between the least and the most, which it is at its ends, and grows with its share', () => {
    fc.assert(
      fc.property(numbers, fc.double({ min: 0, max: 1, noNaN: true }), (values, share) => {
        expect(quantile(values, 0)).toBe(Math.min(...values));
        expect(quantile(values, 1)).toBe(Math.max(...values));
        expect(quantile(values, share)).toBeLessThanOrEqual(quantile(values, 1));
        expect(quantile(values, share)).toBeGreaterThanOrEqual(quantile(values, share / 2) - 1e-6);
      }),
    );
  });

  test('does not depend on the order, and there is none of nothing', () => {
    fc.assert(
      fc.property(numbers, (values) => {
        expect(quantile(values.toReversed(), 0.3)).toBe(quantile(values, 0.3));
      }),
    );
    expect(() => quantile([], 0.5)).toThrow('nothing');
  });
});

describe('a ratio', () => {
  test('is taken round by round, so that what slows a round slows both sides', () => {
    expect(ratios([2, 20, 200], [1, 10, 100])).toEqual([2, 2, 2]);
    expect(() => ratios([1, 2], [1])).toThrow('2 rounds cannot be compared with 1');
  });

  test('counts the whole floor where only a part of it was run', () => {
    expect(ratios([10], [4], 5)).toEqual([0.5]);
    expect(ratioOfSums([10, 30], [4, 4], 5)).toBe(1);
  });
});
