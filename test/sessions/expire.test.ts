import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { isoFromMs } from '#src/core/time.ts';
import { planExpiry, type ExpiryPlan, type TrashItem, type TrashLimits } from '#src/sessions/expire.ts';
import { SEED } from '../support/seed.ts';
import { deepFreeze } from '../support/session.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = 1_000 * DAY;

function item(op: string, ageMs: number, sizeBytes: number, regenerable: readonly number[] = []): TrashItem {
  return {
    op,
    meta: undefined,
    at: isoFromMs(NOW - ageMs),
    sizeBytes,
    regenerable: regenerable.map((size, i) => ({ path: `node_modules${i}/`, sizeBytes: size })),
  };
}

const limits = (keepDays: number, maxBytes: number): TrashLimits => ({
  keepMs: keepDays * DAY,
  maxBytes,
  regenerable: new Set(),
});
const summary = ({ expired, thinned }: ExpiryPlan): object => ({
  expired: expired.map(({ item: { op }, reason }) => [op, reason]),
  thinned: thinned.map(({ item: { op } }) => op),
});
const plan = (items: readonly TrashItem[], most: TrashLimits): object => summary(planExpiry(items, most, NOW));

test('what is older than its keep goes, and what is exactly as old stays', () => {
  const items = [item('old', 14 * DAY + 1, 1), item('edge', 14 * DAY, 1), item('new', HOUR, 1)];
  expect(plan(items, limits(14, 100))).toEqual({ expired: [['old', 'age']], thinned: [] });
});

test('over the size, what a build makes again goes first, of the oldest first, and no more than is needed', () => {
  const items = [item('b', 3 * DAY, 50, [40]), item('a', 5 * DAY, 50, [10, 10]), item('c', 2 * DAY, 50, [40])];
  expect(plan(items, limits(14, 140))).toEqual({ expired: [], thinned: ['a'] });
  expect(plan(items, limits(14, 100))).toEqual({ expired: [], thinned: ['a', 'b'] });
});

test('then whole ones, the oldest first, and never one of the last day', () => {
  const items = [item('young', HOUR, 100), item('b', 3 * DAY, 50, [10]), item('a', 5 * DAY, 50)];
  expect(plan(items, limits(14, 150))).toEqual({ expired: [['a', 'size']], thinned: ['b'] });
  expect(plan(items, limits(14, 1))).toEqual({
    expired: [
      ['a', 'size'],
      ['b', 'size'],
    ],
    thinned: [],
  });
});

test('nothing of one of the last day goes, not what a build makes again either', () => {
  expect(plan([item('young', HOUR, 100, [90])], limits(14, 1))).toEqual({ expired: [], thinned: [] });
});

test('one of the last day goes by its age alone', () => {
  expect(plan([item('young', 2 * HOUR, 5)], { ...limits(0, 100), keepMs: HOUR })).toEqual({
    expired: [['young', 'age']],
    thinned: [],
  });
});

test('what goes by age makes room before anything goes by size', () => {
  const items = [item('old', 20 * DAY, 90), item('a', 5 * DAY, 20)];
  expect(plan(items, limits(14, 30))).toEqual({ expired: [['old', 'age']], thinned: [] });
});

test('times with and without fractions are told apart by time, not by text', () => {
  const at = (op: string, text: string): TrashItem => ({ ...item(op, 0, 10), at: text });
  const items = [at('later', '1972-01-01T00:00:00.500Z'), at('first', '1972-01-01T00:00:00Z')];
  expect(plan(items, limits(1000, 10))).toEqual({ expired: [['first', 'size']], thinned: [] });
});

test('for any trash: old ones go, none of the last day by size, none twice, and as few as will do', () => {
  const sizes = fc.integer({ min: 1, max: 100 });
  const anyItem = fc
    .record({ age: fc.integer({ min: 0, max: 30 * 24 }), size: sizes, parts: fc.array(sizes, { maxLength: 3 }) })
    .map(({ age, size, parts }) => ({ age: age * HOUR, size: size + parts.reduce((a, b) => a + b, 0), parts }));
  const trash = fc.array(anyItem, { maxLength: 8 });
  let [byAge, bySize, thinner] = [0, 0, 0];
  fc.assert(
    fc.property(trash, fc.integer({ min: 1, max: 28 }), fc.integer({ min: 0, max: 600 }), (all, days, most) => {
      const items = deepFreeze(all.map(({ age, size, parts }, i) => item(String(i), age, size, parts)));
      const bounds = limits(days, most);
      const made = planExpiry(items, bounds, NOW);
      expect(planExpiry(items, bounds, NOW)).toEqual(made);
      const ops = [...made.expired.map((one) => one.item.op), ...made.thinned.map((one) => one.item.op)];
      expect(new Set(ops).size).toBe(ops.length);
      const reasons = all.map((_, i) => made.expired.find((one) => one.item.op === String(i))?.reason);
      expect(reasons.map((reason) => reason === 'age')).toEqual(all.map(({ age }) => age > days * DAY));
      expect(all.filter(({ age }, i) => reasons[i] === 'size' && age < DAY)).toEqual([]);
      expect(made.thinned.filter((one) => NOW - Date.parse(one.item.at) < DAY)).toEqual([]);
      const left = items.filter((one) => !made.expired.some((gone) => gone.item === one));
      const freed = made.thinned.reduce((sum, one) => sum + one.freedBytes, 0);
      const size = left.reduce((sum, one) => sum + one.sizeBytes, 0) - freed;
      // Still too much only when all that may go has gone; and the last whole one that went was needed.
      const couldGo = left.filter((one) => NOW - Date.parse(one.at) >= DAY);
      expect(size > most ? couldGo : []).toEqual([]);
      const large = made.expired.filter(({ reason }) => reason === 'size');
      const kept = large
        .slice(-1)
        .map(({ item: last }) => last.sizeBytes - last.regenerable.reduce((sum, one) => sum + one.sizeBytes, 0));
      expect(kept.filter((bytes) => size + bytes <= most)).toEqual([]);
      byAge += made.expired.length - large.length;
      bySize += large.length;
      thinner += made.thinned.length;
    }),
    { numRuns: 400, seed: SEED },
  );
  expect(Math.min(byAge, bySize, thinner)).toBeGreaterThan(20);
});
