import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { WtError } from '#src/core/errors.ts';
import { parseGitConfig } from '#src/setup/formats/git-config.ts';

const file = path.join(mkdtempSync(path.join(tmpdir(), 'wt-gitconfig-')), 'config');

/** What git itself reads; undefined when it refuses the file. */
function askGit(text: string): readonly string[] | undefined {
  writeFileSync(file, text);
  try {
    const out = execFileSync('git', ['config', '-f', file, '-z', '--list'], { encoding: 'utf8', stdio: 'pipe' });
    return out.split('\0').filter(Boolean);
  } catch {
    return undefined;
  }
}

function read(text: string): readonly string[] | undefined {
  try {
    return parseGitConfig({ file, text }).map(({ key, value }) => (value === null ? key : `${key}\n${value}`));
  } catch (error) {
    if (!WtError.is(error, 'config.invalid')) throw error;
    return undefined;
  }
}

test.for([
  '[a]\n\tx = 1\n\ty=2 ; remark\n[A]\nx = 3\n',
  '[a "Sub \\"q\\" \\\\"]\nName = "  kept  " and more   \n',
  '[a]\nflag\nother = \n',
  '[a]\nx = one \\\n   two\ny = "a # b" # c\n',
  '[a]\nx = tab\\there "\\n" \\"quoted\\"\n',
  '# only\n; remarks\n',
  '[hooks]\n  postCreate = npm ci && echo "done"\n',
  '[hooks]\r\n  postCreate = npm ci\r\n',
  '[a] x = 1\n',
  '[a.b]\nx = 1\n',
  '[a]\nx = "open\n',
  '[a]\nx = \\q\n',
  '[a\nx = 1\n',
  '[a]\n1x = 1\n',
  '[a]\nx y = 1\n',
  '[a]\nflag # remark\n',
  '[a]\nflag \n',
  '[a]\nflag',
])('reads what git reads: %j', (text) => {
  expect(read(text)).toEqual(askGit(text));
});

test('reads what git reads of any value', () => {
  // A tab within a value is kept by newer versions of git and a blank in older ones.
  const piece = fc.constantFrom(
    'a',
    ' ',
    '"',
    '\\\\',
    '\\"',
    '\\n',
    '\\t',
    '#',
    ';',
    '=',
    '\\\n',
    "'",
    '$(x)',
    '|',
    '\\q',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const text = `[a]\nx = ${pieces.join('')}\ny = 2\n`;
      expect({ text, read: read(text) }).toEqual({ text, read: askGit(text) });
    }),
    { numRuns: 500 },
  );
});
