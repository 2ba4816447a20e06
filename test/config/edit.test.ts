import { parse } from 'jsonc-parser';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { setInText, unsetInText } from '#src/config/edit.ts';
import { requireRight } from '#src/config/file.ts';
import { valueAt } from '#src/config/load.ts';
import { KEYS, requireKey } from '#src/config/keys.ts';
import type { Place } from '#src/config/parse.ts';
import { PersonalConfig } from '#src/config/schema.ts';

const FILE = 'wt.config.jsonc';
const set = (text: string | undefined, at: string, value: unknown): string =>
  setInText(FILE, text, { at: at.split('.'), value, $schema: 'S' });

describe('a value that is set', () => {
  test('makes a file where there is none', () => {
    expect(set(undefined, 'merge.gate', 'npm test')).toBe(
      '{\n  "$schema": "S",\n  "merge": {\n    "gate": "npm test"\n  }\n}\n',
    );
  });

  test.for([
    ['{}', 'branch', 'x/{id}', '{\n  "branch": "x/{id}"\n}'],
    ['{ "branch": "a" }', 'path', 'p', '{ "branch": "a", "path": "p" }'],
    ['{ "branch": "a", }', 'path', 'p', '{ "branch": "a", "path": "p" }'],
    ['{\n  "a": 1 // one\n}\n', 'b', 2, '{\n  "a": 1, // one\n  "b": 2\n}\n'],
    ['{\n  "a": 1, // one\n}\n', 'b', 2, '{\n  "a": 1, // one\n  "b": 2,\n}\n'],
    ['{\n\t"a": 1\n\t// end\n}\n', 'b.c', 2, '{\n\t"a": 1,\n\t"b": {\n\t\t"c": 2\n\t}\n\t// end\n}\n'],
    ['{\r\n  "a": 1\r\n}\r\n', 'b', [1, 2], '{\r\n  "a": 1,\r\n  "b": [1, 2]\r\n}\r\n'],
    ['{\n  "a": { /* none */ },\n}', 'a.b', 1, '{\n  "a": { /* none */\n    "b": 1\n  },\n}'],
    ['// top\n{\n  "a": { "b": 1, "c": 2 }\n}', 'a.b', 3, '// top\n{\n  "a": { "b": 3, "c": 2 }\n}'],
  ] as const)('stands in %j where it belongs', ([text, at, value, after]) => {
    expect(set(text, at, value)).toBe(after);
  });
});

describe('a value that is unset', () => {
  test.for([
    ['{ "a": 1 }', 'a', '{  }'],
    ['{\n  "a": 1,\n  "b": 2\n}\n', 'a', '{\n  "b": 2\n}\n'],
    ['{\n  "a": 1,\n  "b": 2\n}\n', 'b', '{\n  "a": 1\n}\n'],
    [
      '{\n  // first\n  "a": 1, // one\n  // second\n  "b": 2\n}\n',
      'a',
      '{\n  // first\n   // one\n  // second\n  "b": 2\n}\n',
    ],
    ['{\n  "a": 1, // one\n  "b": 2 // two\n}\n', 'b', '{\n  "a": 1 // one\n   // two\n}\n'],
    ['{\n  "a": {\n    "b": 1\n  }\n}\n', 'a.b', '{\n  "a": {\n  }\n}\n'],
  ] as const)('leaves the rest of %j as it is', ([text, at, after]) => {
    expect(unsetInText(FILE, text, at.split('.'))).toBe(after);
  });

  test('was there, or nothing changes', () => {
    expect(unsetInText(FILE, '{ "a": 1 }', ['b'])).toBeUndefined();
  });
});

/** A file of some keys, with comments everywhere one can stand. */
const commented = fc
  .tuple(
    fc.subarray(KEYS.filter(({ fallback }) => fallback !== undefined).map(({ key }) => key)),
    fc.array(fc.nat(3), { minLength: 400 }),
    fc.boolean(),
  )
  .map(([keys, dice, isTight]) => {
    let n = 0;
    const remark = (): string => ['', `/* ${n} */`, ` // ${n}\n`, '\n'][dice[n++ % dice.length] ?? 0] ?? '';
    const body = (tree: Record<string, unknown>): string => {
      const rows = Object.entries(tree).map(
        ([key, value]) =>
          `${remark()}${JSON.stringify(key)}${remark()}:${remark()}${isObject(value) ? body(value) : JSON.stringify((value as [unknown])[0])}${remark()}`,
      );
      return `{${rows.join(isTight ? ',' : ',\n  ')}${remark()}}`;
    };
    const tree: Record<string, unknown> = {};
    for (const key of keys) {
      const parts = key.split('.');
      const last = parts.pop() ?? '';
      let at = tree;
      for (const part of parts) at = (at[part] ??= {}) as Record<string, unknown>;
      at[last] = [requireKey(key).fallback]; // boxed, so that an object as a value is told from a group
    }
    return { text: `${remark()}${body(tree)}\n`, keys };
  });

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function commentsOf(text: string): readonly string[] {
  return text.match(/\/\*.*?\*\/|\/\/[^\n]*/g) ?? [];
}

const anyKey = fc.constantFrom(...KEYS.filter(({ fallback }) => fallback !== undefined));
const placeOf = (key: string): Place => key.split('.');

test('whatever is set, all comments and all other keys stay', () => {
  fc.assert(
    fc.property(commented, anyKey, ({ text, keys }, { key, fallback }) => {
      const after = setInText(FILE, text, { at: placeOf(key), value: fallback, $schema: 'S' });
      requireRight(FILE, after, PersonalConfig);
      expect(commentsOf(after)).toEqual(commentsOf(text));
      for (const other of keys) expect(valueAt(parse(after), other)).toEqual(valueAt(parse(text), other));
      expect(valueAt(parse(after), key)).toEqual(fallback);
    }),
    { numRuns: 150 },
  );
});

test('whatever is unset, all comments and all other keys stay', () => {
  fc.assert(
    fc.property(
      commented.filter(({ keys }) => keys.length > 0),
      fc.nat(),
      ({ text, keys }, n) => {
        const key = keys[n % keys.length] ?? '';
        const after = unsetInText(FILE, text, placeOf(key)) ?? '';
        requireRight(FILE, after, PersonalConfig);
        expect(valueAt(parse(after), key)).toBeUndefined();
        for (const other of keys.filter((one) => one !== key))
          expect(valueAt(parse(after), other)).toEqual(valueAt(parse(text), other));
        const lost = commentsOf(text).filter((comment) => !commentsOf(after).includes(comment));
        // Only what stood between the key and its value goes with them.
        expect(lost.length).toBeLessThanOrEqual(2);
      },
    ),
    { numRuns: 150 },
  );
});

test('every key has a description, and a value that it takes', () => {
  expect(KEYS.map(({ key }) => key)).toContain('hooks.create.before');
  for (const { key, description, schema, fallback } of KEYS) {
    expect({ key, isDescribed: description !== '' }).toEqual({ key, isDescribed: true });
    expect({ key, ok: fallback === undefined || schema.safeParse(fallback).success }).toEqual({ key, ok: true });
  }
});
