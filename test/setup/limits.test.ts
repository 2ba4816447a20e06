import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { WtError } from '#src/core/errors.ts';
import { findStrains, requireWithinLimits, type LimitFacts } from '#src/setup/limits.ts';

const ORIGINS = { sessions: 'a', unreviewed: 'b', minFreeDisk: 'c', minFreeInodes: 'd' };
const count = fc.integer({ min: 0, max: 20 });

function codeOf(facts: LimitFacts): string {
  try {
    requireWithinLimits(facts);
    return 'fine';
  } catch (error) {
    return WtError.any(error) && 'limit' in error.details ? `${error.code} ${error.details.limit}` : 'a bug';
  }
}

test('a create is refused exactly when one more session would break a limit; 0 is none', () => {
  const seen = new Set<string>();
  const anyFacts = fc.record({
    limits: fc.record({ sessions: count, unreviewed: count, minFreeDisk: count, minFreeInodes: count }),
    origins: fc.constant(ORIGINS),
    sessions: count,
    unreviewed: fc.array(fc.constantFrom('a', 'b'), { maxLength: 20 }),
    disk: fc.option(
      fc.record({ path: fc.constant('/x'), freeBytes: count, freeInodes: fc.option(count, { nil: undefined }) }),
      { nil: undefined },
    ),
    need: fc.record({ bytes: count, files: count }),
  });
  fc.assert(
    fc.property(anyFacts, (facts) => {
      const { limits, sessions, unreviewed, disk, need } = facts;
      const broken = [
        limits.sessions > 0 && sessions + 1 > limits.sessions && 'limit.reached limits.sessions',
        limits.unreviewed > 0 && unreviewed.length >= limits.unreviewed && 'limit.reached limits.unreviewed',
        limits.minFreeDisk > 0 &&
          disk !== undefined &&
          disk.freeBytes - need.bytes < limits.minFreeDisk &&
          'disk.low limits.minFreeDisk',
        limits.minFreeInodes > 0 &&
          disk?.freeInodes !== undefined &&
          disk.freeInodes - need.files < limits.minFreeInodes &&
          'disk.low limits.minFreeInodes',
      ].filter((one) => one !== false);
      expect(codeOf(facts)).toBe(broken[0] ?? 'fine');
      seen.add(codeOf(facts));
    }),
    { numRuns: 500 },
  );
  expect(seen.size).toBe(5);
});

test('limits of the kernel are said only when they are near', () => {
  const fine = { watches: 1000, folders: 10, openFiles: 4096, filesOpen: { used: 1, max: 100 } };
  expect(findStrains(fine, 100)).toEqual([]);
  expect(
    findStrains({ watches: undefined, folders: undefined, openFiles: undefined, filesOpen: undefined }, 5),
  ).toEqual([]);
  expect(findStrains({ ...fine, openFiles: 256, filesOpen: { used: 95, max: 100 } }, 101)).toEqual([
    { kind: 'watches', max: 1000, needed: 1010, sessions: 101 },
    { kind: 'open-files', max: 256 },
    { kind: 'files-open', used: 95, max: 100 },
  ]);
});
