import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { whyInvalidId } from '#src/core/names.ts';
import { makeUpId } from '#src/sessions/names.ts';
import { makeBook, makeSession } from '../support/session.ts';

test('a made-up id is valid, two words, and free', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 0.999_999_999, noNaN: true }), { minLength: 2 }), (numbers) => {
      let next = 0;
      const id = makeUpId(makeBook(), () => numbers[next++ % numbers.length] ?? 0);
      expect(whyInvalidId(id)).toBeUndefined();
      expect(id).toMatch(/^[a-z]+-[a-z]+$/);
    }),
  );
});

test('an id is made up also when chance always gives the same words', () => {
  const first = makeUpId(makeBook(), () => 0);
  const taken = [makeSession(first)];
  for (let i = 0; i < 5; i++) {
    const id = makeUpId(makeBook(...taken), () => 0);
    expect(taken.map((session) => session.id)).not.toContain(id);
    expect(whyInvalidId(id)).toBeUndefined();
    taken.push(makeSession(id));
  }
});
