import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { quotingsAt, readsTwice } from '#src/setup/formats/quoting.ts';

const MARK = '@';
const ask = (script: string): unknown => quotingsAt(script, [script.indexOf(MARK)])[0];

test.for([
  ['echo @', 'none'],
  ["echo '@'", 'single'],
  ['echo "@"', 'double'],
  ['echo "a $(echo @) b"', 'none'],
  ['echo "a $(echo "@") b"', 'double'],
  ['echo "$(echo ")") @"', 'double'],
  ["echo 'it'\\''s @'", 'single'],
  ['echo \\" @', 'none'],
  ['(cd x && (echo a)); echo @', 'none'],
  ["# don't\necho @", 'none'],
  ['echo a#b "@"', 'double'],
  ['echo "${X:-@}"', 'double'],
  ['echo # @', undefined],
  ['cat <<E\n@\nE', undefined],
  ['echo `echo @`', undefined],
  ['echo "@', undefined],
  ["echo $'\\'' '@'", undefined],
  ['case x in x) echo @;; esac', undefined],
] as const)('%j: %s', ([script, quoting]) => {
  expect(ask(script)).toBe(quoting);
});

test.for([
  ["sh -c 'echo @'", true],
  ['bash -euc "echo @"', true],
  ['/bin/sh -c @', true],
  ['eval "echo @"', true],
  ['ssh host rm @', true],
  ['echo @ | xargs rm', true],
  ['bash scripts/up.sh @', false],
  ['npm ci', false],
] as const)('%j is read by another shell: %s', ([script, isRead]) => {
  expect(readsTwice(script)).toBe(isRead);
});

test('a variable in place of the mark is one word, and its value is never code', () => {
  const value = `a b$(echo bad)'"; echo bad; #`;
  const written: Readonly<Record<string, string>> = { none: '"${V}"', double: '${V}', single: `'"\${V}"'` };
  for (const script of [
    'printf %s @',
    "printf %s 'x@'",
    'printf %s "x@"',
    'printf %s "$(printf %s @)"',
    "printf %s 'x'@",
  ]) {
    const quoting = ask(script);
    const real = script.replace(MARK, () => written[String(quoting)] ?? '');
    const out = execFileSync('sh', ['-c', real], { env: { ...process.env, V: value }, encoding: 'utf8' });
    expect({ script, out: out.replace(/^x/, '') }).toEqual({ script, out: value });
  }
});
