import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { mapLimit } from '#src/core/pool.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('results stand in the order of the items, and no more calls than allowed are under way', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(4), { maxLength: 20 }), fc.integer({ min: 1, max: 6 }), async (items, limit) => {
      let underWay = 0;
      let most = 0;
      const results = await mapLimit(items, limit, async (turns, index) => {
        most = Math.max(most, ++underWay);
        for (let i = 0; i < turns; i++) await turn();
        underWay--;
        return [index, turns];
      });
      expect(results).toEqual(items.map((turns, index) => [index, turns]));
      expect(most).toBeLessThanOrEqual(limit);
    }),
    { numRuns: 30 },
  );
});

test('the first failure is thrown and what has not begun is dropped', async () => {
  const begun: number[] = [];
  const work = mapLimit([0, 1, 2, 3, 4, 5], 2, async (n) => {
    begun.push(n);
    await turn();
    if (n === 1) throw new Error('one');
    await turn();
  });
  await expect(work).rejects.toThrow('one');
  await turn();
  await turn();
  expect(begun).not.toContain(5);
});
