import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseSize } from '#src/core/size.ts';

test.for([
  ['0B', 0],
  ['500MB', 500_000_000],
  ['1.5 GB', 1_500_000_000],
  ['2GiB', 2_147_483_648],
  ['1kib', 1024],
  [' 3 tb ', 3_000_000_000_000],
] as const)('%j is %d bytes', ([text, bytes]) => {
  expect(parseSize(text)).toBe(bytes);
});

test.for(['', '5', 'GB', '-1GB', '1e3MB', '1,5GB', '5 PB', '1.2.3MB', '5GBs', '0x10B', '12345678901B', 'Infinity GB'])(
  '%j is no size',
  (text) => {
    expect(parseSize(text)).toBeUndefined();
  },
);

test('any text gives a whole number of bytes or nothing', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^\d{1,9}(\.\d{1,3})? ?[KMGTkmgt]i?[Bb]$/)), (text) => {
      const bytes = parseSize(text);
      expect(bytes === undefined || (Number.isSafeInteger(bytes) && bytes >= 0)).toBe(true);
    }),
  );
});
