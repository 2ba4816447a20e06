import { execa } from 'execa';
import * as fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, test } from 'vitest';
import {
  age,
  bytes,
  guardTerminal,
  plural,
  safe,
  safeJson,
  safeLine,
  shellLine,
  truncate,
  widthOf,
  wrap,
  foreignLine,
} from '#src/ui/text.ts';

// C0 but newline and tab, DEL, C1, zero width, the marks and brackets of bidi, line separators, BOM, half a surrogate pair.
const HARMFUL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|\p{Surrogate}/u;

const harmful = fc.constantFrom(
  '\0',
  '\u0007',
  '\b',
  '\r',
  '\u001b',
  '\u001b[31m',
  '\u001b[2J',
  '\u001b]0;title\u0007',
  '\u001b]8;;http://x\u001b\\',
  '\u007f',
  '\u009b31m',
  '\u009d',
  '\u200b',
  '\u200f',
  '\u2028',
  '\u202a',
  '\u202e',
  '\u2066',
  '\u2069',
  '\ufeff',
  '\ud800',
  '\udc00',
);
const anyText = fc
  .array(fc.oneof(fc.string({ unit: 'binary', maxLength: 10 }), fc.string({ maxLength: 10 }), harmful), {
    maxLength: 8,
  })
  .map((parts) => parts.join(''));

describe('text from outside', () => {
  test('carries no control, C1 or bidi character to the terminal', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(safe(text)).not.toMatch(HARMFUL);
        expect(safeLine(text)).not.toMatch(HARMFUL);
        expect(safeLine(text)).not.toMatch(/[\n\t]/);
      }),
      { numRuns: 1000 },
    );
  });

  test('stays as it is when it is harmless, and made safe twice is made safe once', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(safe(text) === text).toBe(!HARMFUL.test(text));
        expect(safe(safe(text))).toBe(safe(text));
        expect(safeLine(safeLine(text))).toBe(safeLine(text));
      }),
    );
  });

  test('shows what was made harmless', () => {
    expect(safe('a\u001b[31mb\rc\u009bd\u202ee\nf\tg')).toBe('a\\x1b[31mb\\x0dc\\x9bd\\u202ee\nf\tg');
    expect(safeLine('a\nb\tc')).toBe('a\\nb c');
    expect(safe('\ud83d\ude00 é 日本')).toBe('\ud83d\ude00 é 日本');
    expect(safe('half \ud83d')).toBe('half \\ud83d');
  });
});

describe('the last door before a terminal', () => {
  const color = /\u001b\[[0-9;]*m/g;

  test('lets colours pass and nothing else', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(guardTerminal(text).replace(color, '')).not.toMatch(HARMFUL);
      }),
      { numRuns: 1000 },
    );
  });

  test('cannot be tricked by a sequence inside a sequence', () => {
    expect(guardTerminal('\u001b\u001b[0m[2J')).toBe('\\x1b\u001b[0m[2J');
    expect(guardTerminal('\u001b[31\u001b[0mm')).toBe('\\x1b[31\u001b[0mm');
    expect(guardTerminal('\u001b[1;31mred\u001b[0m')).toBe('\u001b[1;31mred\u001b[0m');
    expect(guardTerminal('\u001b[38:5:1m')).toBe('\\x1b[38:5:1m');
  });
});

describe('JSON', () => {
  const anyValue = fc.oneof(
    fc.jsonValue(),
    anyText,
    fc.array(anyText),
    fc.dictionary(
      anyText,
      fc.oneof(
        anyText,
        fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0),
        fc.constant(null),
      ),
    ),
  );

  test('is one line without control or bidi characters, and reads back as the same value', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const text = safeJson(value);
        expect(text).not.toMatch(HARMFUL);
        expect(text).not.toMatch(/[\n\t]/);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
      { numRuns: 500 },
    );
  });

  test('keeps what was escaped', () => {
    expect(JSON.parse(safeJson({ a: '\u009b\u202e\u007f\ud800' }))).toEqual({ a: '\u009b\u202e\u007f\ud800' });
  });
});

test('a shell reads a printed command as the words it was made of', async () => {
  const word = fc.string({
    unit: fc.constantFrom('a', ' ', "'", '"', '$', '`', '\\', '*', '~', '#', ';', '&', '|', '!', '(', 'é', '-'),
    maxLength: 8,
  });
  await fc.assert(
    fc.asyncProperty(fc.array(word, { minLength: 1, maxLength: 5 }), async (words) => {
      const { stdout } = await execa('sh', ['-c', `printf '%s\\n' ${shellLine(words)}`], { stripFinalNewline: false });
      expect(stdout).toBe(words.map((one) => `${one}\n`).join(''));
    }),
    { numRuns: 25 },
  );
});

test('a printed command carries no control character', () => {
  fc.assert(
    fc.property(fc.array(anyText), (words) => {
      expect(shellLine(words)).not.toMatch(HARMFUL);
    }),
  );
});

test('cut text fits, and text that fits is not cut', () => {
  const width = fc.integer({ min: 1, max: 40 });
  const position = fc.constantFrom('start', 'middle', 'end');
  const unit = fc.constantFrom(
    'a',
    'B',
    '0',
    ' ',
    '-',
    'é',
    'e\u0301',
    '…',
    '→',
    '日',
    '한',
    '🙂',
    '👨‍👩‍👧',
    '❤️',
    '\t',
    '\n',
    '\u001b',
    '\u202e',
  );
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 60 }), width, position, (raw, columns, at) => {
      const text = safeLine(raw);
      const cut = truncate(text, columns, at);
      expect(widthOf(cut)).toBeLessThanOrEqual(columns);
      expect(cut === text).toBe(widthOf(text) <= columns);
    }),
    { numRuns: 500 },
  );
});

test('wrapping keeps every word, and only a word that is too long stands out', () => {
  fc.assert(
    fc.property(
      fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1 }),
      fc.integer({ min: 4, max: 30 }),
      (words, width) => {
        const lines = wrap(words.join(' '), width);
        expect(lines.join(' ').split(' ')).toEqual(words);
        expect(lines.filter((line) => widthOf(line) > width && line.includes(' '))).toEqual([]);
      },
    ),
  );
});

test('an age has one unit and is never negative', () => {
  const now = new Date('2026-01-10T00:00:00Z');
  const ages = ['2026-01-09T23:59:20Z', '2026-01-09T23:55:00Z', '2026-01-09T21:00:00Z', '2025-12-29T00:00:00Z'];
  expect(ages.map((from) => age(from, now))).toEqual(['40s', '5m', '3h', '12d']);
  expect(age('2026-02-01T00:00:00Z', now)).toBe('0s');
});

test('sizes and counts are for people', () => {
  expect([0, 812, 4_100_000, 123_456, 5e15].map(bytes)).toEqual(['0 B', '812 B', '4.1 MB', '123 kB', '5000 TB']);
  expect([plural(0, 'file'), plural(1, 'file'), plural(2, 'branch', 'branches')]).toEqual([
    '0 files',
    '1 file',
    '2 branches',
  ]);
});

test('what another program prints hides nothing, and its colours end with its line', () => {
  expect(foreignLine('plain')).toBe('plain');
  expect(foreignLine('\u001b[31mred')).toBe('\u001b[31mred\u001b[0m');
  expect(foreignLine('a\u001b[8mb\u001b[1;08mc')).toBe('abc');
  expect(foreignLine('\u001b[38;5;8mgrey')).toBe('\u001b[38;5;8mgrey\u001b[0m');
});

test('what is told to be plain is as wide as it is, and safe', () => {
  const plain = fc.string({
    unit: fc.constantFrom(' ', '~', 'a', 'Z', '0', '[', '\\', '·', '±', '…', '↑', '↓'),
    maxLength: 20,
  });
  fc.assert(
    fc.property(plain, (text) => {
      expect(widthOf(text)).toBe(stringWidth(text));
      expect(safeLine(text)).toBe(safe(text));
    }),
  );
});
