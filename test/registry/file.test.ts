import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { StoredRef, whyInvalidId } from '#src/core/names.ts';
import { EMPTY, formatRegistry, parseRegistry, VERSION, type RegistryFile } from '#src/registry/file.ts';
import { SessionRow } from '#src/registry/session.ts';

const anyText = fc.string({ unit: 'binary', maxLength: 20 });
const time = fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }).map((date) => date.toISOString());
const id = fc.oneof(
  fc
    .stringMatching(/^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,20}[A-Za-z0-9])?$/)
    .filter((text) => whyInvalidId(text) === undefined),
  fc.constantFrom('constructor', 'toString', 'hasOwnProperty', 'valueOf', '1', '0', '42'),
);
const branch = fc.string({ minLength: 1, maxLength: 20 }).filter((text) => StoredRef.safeParse(text).success);
const commit = fc.stringMatching(/^[0-9a-f]{40}$/);
/** Fields that this wt does not know; -0 is no number that JSON has. */
const extra = fc.dictionary(
  fc.stringMatching(/^x[a-zA-Z]{1,8}$/),
  fc.oneof(
    anyText,
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(fc.integer()),
    fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), anyText, { noNullPrototype: true }),
  ),
  { noNullPrototype: true },
);

const row: fc.Arbitrary<SessionRow> = fc
  .tuple(
    fc.record(
      {
        id,
        branch,
        base: fc
          .tuple(fc.record({ branch: fc.option(anyText), commit }), extra)
          .map(([base, more]) => ({ ...more, ...base })),
        path: anyText,
        agent: fc.option(fc.constantFrom('claude', 'codex')),
        task: fc.option(anyText),
        createdAt: time,
        state: fc.constantFrom('creating', 'ready'),
        ownsBranch: fc.boolean(),
        landed: fc.record({ commit, tip: commit, into: anyText, at: time }),
      },
      {
        requiredKeys: ['id', 'branch', 'base', 'path', 'agent', 'task', 'createdAt', 'state', 'ownsBranch'],
        noNullPrototype: true,
      },
    ),
    extra,
  )
  .map(([known, more]) => ({ ...more, ...known }) as SessionRow);

const registry: fc.Arbitrary<RegistryFile> = fc
  .record({
    version: fc.constant(VERSION as 1),
    revision: fc.nat(),
    generation: fc.nat(),
    rows: fc.uniqueArray(row, { selector: (one) => one.id }),
    extra,
  })
  .map(({ rows, ...rest }) => ({ ...rest, sessions: new Map(rows.map((one) => [one.id as string, one])) }));

describe('a registry', () => {
  test('comes back from its text as it was, unknown fields too', () => {
    fc.assert(
      fc.property(registry, (file) => {
        expect(parseRegistry(formatRegistry(file))).toEqual({ kind: 'ok', file });
      }),
      { numRuns: 200 },
    );
  });

  test('has one text, whatever the order of its rows', () => {
    fc.assert(
      fc.property(registry, (file) => {
        const turned = { ...file, sessions: new Map([...file.sessions].toReversed()) };
        expect(formatRegistry(turned)).toBe(formatRegistry(file));
        expect(formatRegistry(file).endsWith('}\n')).toBe(true);
      }),
    );
  });

  test('that is empty comes back empty', () => {
    expect(parseRegistry(formatRegistry(EMPTY))).toEqual({ kind: 'ok', file: EMPTY });
  });
});

describe('any text', () => {
  const kinds = ['ok', 'damaged', 'too-new'];

  test('is read without a throw', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json(),
      fc.jsonValue().map((value) => JSON.stringify({ version: 1, revision: 0, generation: 0, sessions: value })),
      fc.dictionary(anyText, fc.jsonValue()).map((sessions) => JSON.stringify({ version: 1, revision: 0, sessions })),
      fc.jsonValue().map((value) => JSON.stringify({ version: value, revision: value, sessions: {} })),
    );
    fc.assert(
      fc.property(texts, (text) => {
        expect(kinds).toContain(parseRegistry(text).kind);
      }),
      { numRuns: 1000 },
    );
  });

  test('cut anywhere is damaged, never a smaller registry', () => {
    fc.assert(
      fc.property(registry, fc.double({ min: 0, max: 0.999, noNaN: true }), (file, share) => {
        const text = formatRegistry(file).trimEnd();
        expect(parseRegistry(text.slice(0, Math.floor(text.length * share))).kind).toBe('damaged');
      }),
    );
  });
});

const good = {
  id: 'a',
  branch: 'wt/a',
  base: { branch: 'main', commit: '0'.repeat(40) },
  path: '/x',
  agent: null,
  task: null,
  createdAt: '2026-01-01T00:00:00.000Z',
  state: 'ready',
  ownsBranch: true,
};
const textOf = (sessions: unknown, more: Record<string, unknown> = {}): string =>
  JSON.stringify({ version: 1, revision: 3, generation: 2, sessions, ...more });

describe('a damaged registry', () => {
  test('keeps the rows that can be read and names the others', () => {
    const parsed = parseRegistry(textOf({ a: good, b: { id: 'b' }, c: good }));
    expect(parsed).toMatchObject({ kind: 'damaged', reason: 'the entry of b, c cannot be read' });
    expect(parsed.kind === 'damaged' && [...parsed.file.sessions.keys()]).toEqual(['a']);
  });

  test.each([
    ['no object', '[]'],
    ['no version', '{"sessions":{}}'],
    ['a version that is none', '{"version":"1","revision":0,"sessions":{}}'],
    ['rows in a list', textOf([])],
    ['no rows', '{"version":1,"revision":0}'],
    ['an empty file', ''],
  ])('is told for %s', (_, text) => expect(parseRegistry(text)).toMatchObject({ kind: 'damaged', file: EMPTY }));

  test('is one whose ids would lead out of the folder', () => {
    for (const bad of ['../a', 'a/b', '', '.git', '__proto__'])
      expect(
        parseRegistry(
          `{"version":1,"revision":0,"sessions":{${JSON.stringify(bad)}:${JSON.stringify({ ...good, id: bad })}}}`,
        ),
      ).toMatchObject({ kind: 'damaged', file: { sessions: new Map() } });
  });
});

test('a registry of a newer wt is not touched, whatever else is in it', () => {
  expect(parseRegistry('{"version":2}')).toEqual({ kind: 'too-new', found: 2 });
  expect(parseRegistry(textOf([], { version: 99 }))).toEqual({ kind: 'too-new', found: 99 });
});

test('names that every object has are harmless as ids and as fields', () => {
  const text = `{"version":1,"revision":0,"__proto__":{"polluted":1},"sessions":{"constructor":${JSON.stringify({ ...good, id: 'constructor' })},"__proto__":{"polluted":1}}}`;
  const parsed = parseRegistry(text);
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  expect(parsed.kind === 'damaged' && [...parsed.file.sessions.keys()]).toEqual(['constructor']);
  const other = parseRegistry(textOf({ constructor: { ...good, id: 'constructor', toString: 'x' } }));
  expect(other.kind === 'ok' && other.file.sessions.get('constructor')?.branch).toBe('wt/a');
  expect(other.kind === 'ok' && parseRegistry(formatRegistry(other.file))).toEqual(other);
});

test('an agent or task of the wrong kind does not cost the session', () => {
  const parsed = parseRegistry(textOf({ a: { ...good, agent: '../evil', task: 7 } }));
  expect(parsed.kind === 'ok' && parsed.file.sessions.get('a')).toMatchObject({ agent: null, task: null });
});
