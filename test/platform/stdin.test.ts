import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { readWithin, type InputLimits } from '#src/platform/stdin.ts';

const LIMITS: InputLimits = { keptBytes: 10, timeoutMs: 60, isWhole: (text) => text === '{}' };

/** Pieces one after the other; the stream ends only when it is said so. */
function streamOf(pieces: readonly (string | Buffer)[], isEnded: boolean): PassThrough {
  const stream = new PassThrough();
  for (const piece of pieces) stream.write(piece);
  if (isEnded) stream.end();
  return stream;
}

test('an input is read to its end', async () => {
  expect(await readWithin(streamOf(['ab', 'cd'], true), LIMITS)).toBe('abcd');
  expect(await readWithin(streamOf([], true), LIMITS)).toBe('');
});

test('what is beyond the limit is read and dropped, also in the middle of a character', async () => {
  const stream = streamOf(['1234567', '89é', 'x'.repeat(200_000)], true);
  expect(await readWithin(stream, LIMITS)).toBe('123456789\ufffd');
  expect(stream.readableLength).toBe(0);
});

test('an input that does not end is left when it is whole, or when the time is up', async () => {
  const startMs = performance.now();
  expect(await readWithin(streamOf(['{', '}'], false), { ...LIMITS, timeoutMs: 60_000 })).toBe('{}');
  expect(await readWithin(streamOf(['{"'], false), LIMITS)).toBe('{"');
  expect(performance.now() - startMs).toBeGreaterThan(50);
});

test('an input that breaks is what came before', async () => {
  const stream = streamOf(['ab'], false);
  const read = readWithin(stream, { ...LIMITS, timeoutMs: 60_000 });
  setTimeout(() => stream.destroy(new Error('EIO')), 10);
  expect(await read).toBe('ab');
});
