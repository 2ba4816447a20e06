import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AgentName, nearNames, proposeId, SessionId, whyInvalidBranch, whyInvalidId } from '#src/core/names.ts';
import { gitOf } from '../support/deps.ts';
import { makeRoom } from '../support/room.ts';

/** As the contract writes it. */
const ID = /^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,46}[A-Za-z0-9])?$/;

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme', maxLength: 80 }),
  fc.string({ unit: fc.constantFrom('a', 'Z', '0', '-', '_', '/', '.', ' ', 'é', '\n', '\0'), maxLength: 70 }),
  fc.constantFrom('con', 'HEAD', 'nul', 'a'.repeat(40), '-'.repeat(60), `${'a'.repeat(47)}-b`, '__proto__', 'COM1'),
);

describe('a session id', () => {
  test('is accepted only when the contract allows it', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const reason = whyInvalidId(text);
        expect(reason).not.toBe('');
        expect(reason !== undefined || ID.test(text)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('is accepted when it matches and is not reserved', () => {
    fc.assert(
      fc.property(fc.stringMatching(ID), (text) => {
        fc.pre(!/^(?:[0-9a-f]{40}|con|prn|aux|nul|com\d|lpt\d|auto_merge|(?:[a-z_]+_)?head)$/i.test(text));
        expect(whyInvalidId(text)).toBeUndefined();
        expect(SessionId.safeParse(text).success).toBe(true);
      }),
    );
  });

  test.each([
    ['', 'it is empty'],
    ['a'.repeat(49), 'it is longer than 48 characters'],
    ['0123456789abcdef0123456789abcdef01234567', 'it looks like a commit hash'],
    ['0123456789ABCDEF0123456789ABCDEF01234567', 'it looks like a commit hash'],
    ['HEAD', 'the name is reserved by git or Windows'],
    ['Fetch_Head', 'the name is reserved by git or Windows'],
    ['AUX', 'the name is reserved by git or Windows'],
    ['lpt9', 'the name is reserved by git or Windows'],
  ])('is refused with the reason: %j', (text, reason) => {
    expect(whyInvalidId(text)).toBe(reason);
    expect(SessionId.safeParse(text).success).toBe(false);
  });

  test.each(['-a', 'a-', '_a', 'a_', 'a b', 'a/b', '..', '.', 'a\n', 'é', '../x', '--force'])(
    'never leads out of its folder or looks like a flag: %j',
    (text) => expect(whyInvalidId(text)).toMatch(/^an id has letters/),
  );

  test('may be the name of a property that every object has', () => {
    expect(whyInvalidId('constructor')).toBeUndefined();
    expect(whyInvalidId('toString')).toBeUndefined();
    expect(whyInvalidId('__proto__')).toBeDefined();
  });
});

describe('a proposed id', () => {
  test('is valid, whatever the text', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const proposal = proposeId(text);
        expect(proposal === null ? undefined : whyInvalidId(proposal)).toBeUndefined();
      }),
      { numRuns: 1000 },
    );
  });

  test('exists whenever the text has a letter or digit', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        fc.pre(/[A-Za-z0-9]/.test(text));
        expect(proposeId(text)).not.toBeNull();
      }),
    );
  });

  test('is the id itself when that is valid', () => {
    fc.assert(
      fc.property(fc.stringMatching(ID), (text) => {
        fc.pre(whyInvalidId(text) === undefined);
        expect(proposeId(text)).toBe(text);
      }),
    );
  });

  test.each([
    ['feature/login', 'feature-login'],
    ['Fix the Café menu!', 'Fix-the-Cafe-menu'],
    ['con', 's-con'],
    ['a'.repeat(40), `s-${'a'.repeat(40)}`],
    ['../../etc/passwd', 'etc-passwd'],
    ['--force', 'force'],
    ['日本', null],
    ['', null],
  ])('keeps what it can: %j gives %j', (text, proposal) => expect(proposeId(text)).toBe(proposal));
});

describe('a branch name', () => {
  test.each([
    '-x',
    '@',
    'HEAD',
    'refs/heads/x',
    'a..b',
    'a@{1}',
    'a b',
    'a~1',
    'a^',
    'a:b',
    'a?',
    'a*',
    'a[b',
    'a\\b',
    '/a',
    'a/',
    'a//b',
    'a.',
    '.a',
    'a/.b',
    'a.lock',
    'a.lock/b',
    'a\u001b[31mb',
    'a\u202eb',
    'a\u200bb',
    'a\ud800b',
    '',
    'x'.repeat(201),
    '0'.repeat(40),
  ])('is refused: %j', (text) => expect(whyInvalidBranch(text)).toBeTypeOf('string'));

  test.each(['main', 'feature/login', 'wt/a', 'a.b', 'ünïcode', '日本/語', 'a@b', 'lock', 'x.locked', 'a-', '@x'])(
    'is accepted: %j',
    (text) => expect(whyInvalidBranch(text)).toBeUndefined(),
  );

  test('that is accepted is one git accepts too', async () => {
    const room = await makeRoom();
    const git = gitOf(room, room.dir);
    const unit = fc.constantFrom(
      'a',
      'B',
      '/',
      '.',
      '-',
      '@',
      '{',
      '~',
      '^',
      ':',
      '?',
      '*',
      '[',
      '\\',
      ' ',
      'é',
      'lock',
    );
    const texts = fc.sample(fc.string({ unit, minLength: 1, maxLength: 8 }), { numRuns: 3000, seed: 11 });
    const accepted = [...new Set(texts.filter((text) => whyInvalidBranch(text) === undefined))].slice(0, 60);
    expect(accepted.length).toBeGreaterThan(20);
    for (const text of accepted)
      expect({
        text,
        code: (await git(['check-ref-format', '--branch', text], { expect: [0, 128] })).exitCode,
      }).toEqual({
        text,
        code: 0,
      });
  });
});

test('an agent name cannot be a path or a flag', () => {
  for (const text of ['claude', 'cursor-agent', 'my.agent_2']) expect(AgentName.safeParse(text).success).toBe(true);
  for (const text of ['', '-x', '../x', 'a/b', 'a b', 'a'.repeat(65)])
    expect(AgentName.safeParse(text).success).toBe(false);
});

describe('near names', () => {
  test('are at most three of the known ones, whatever the text', () => {
    fc.assert(
      fc.property(fc.string(), fc.array(fc.string({ maxLength: 12 })), (text, known) => {
        const near = nearNames(text, known);
        expect(near.length).toBeLessThanOrEqual(3);
        for (const name of near) expect(known).toContain(name);
      }),
    );
  });

  test('hold a name that is one slip away, and not a wholly different one', () => {
    expect(nearNames('fix-lgoin', ['fix-login', 'docs', 'payments'])).toEqual(['fix-login']);
    expect(nearNames('LOGIN', ['fix-login'])).toEqual(['fix-login']);
    expect(nearNames('zzz', ['fix-login', 'docs'])).toEqual([]);
  });
});
