import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseJsonHead } from '#src/core/json.ts';

const key = fc.oneof(fc.string(), fc.constantFrom('a', '"', '\\', '__proto__', '{', '],'));
const anObject = fc.dictionary(
  key,
  fc.oneof(fc.jsonValue(), fc.string(), fc.double({ noNaN: true, noDefaultInfinity: true })),
);
const isPlain = (value: unknown): boolean => value === null || typeof value !== 'object';

test('the head of an object has every plain member of the whole', () => {
  fc.assert(
    fc.property(anObject, fc.constantFrom(undefined, 2), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      const whole = JSON.parse(text) as Record<string, unknown>;
      const plain = Object.fromEntries(Object.entries(whole).filter(([, one]) => isPlain(one)));
      expect(parseJsonHead(text)).toEqual(plain);
    }),
    { numRuns: 500 },
  );
});

test('the head of an object that breaks off has what came before, as it was', () => {
  fc.assert(
    fc.property(anObject, fc.double({ min: 0, max: 1, noNaN: true }), (value, part) => {
      const text = JSON.stringify(value);
      const whole = JSON.parse(text) as Record<string, unknown>;
      const head = parseJsonHead(text.slice(0, Math.ceil(text.length * part))) ?? {};
      for (const [name, one] of Object.entries(head)) expect(one).toEqual(whole[name]);
    }),
    { numRuns: 500 },
  );
  expect(parseJsonHead('{"a":"x","b":{"c":1},"d":2,"e":"lo')).toEqual({ a: 'x', d: 2 });
});

test('what is no object has no head', () => {
  for (const text of ['', 'x', '[1]', '"{"', 'null', '7']) expect(parseJsonHead(text)).toBeUndefined();
});

test('anything at all has a head or none', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(parseJsonHead(text)).toBeUndefined();
      expect(parseJsonHead(`{${text}`)).toBeTypeOf('object');
    }),
  );
});
