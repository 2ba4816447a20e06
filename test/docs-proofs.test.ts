import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';

// docs/security.md and docs/faults.md say for each threat and fault which test proves what they claim.

const PAGES = ['docs/security.md', 'docs/faults.md'];
const CITATION = /`(test\/[\w./-]+\.test\.ts): ([^`]+)`/g;

test.each(PAGES)('every test that %s names exists, in that file and by that title', async (page) => {
  const cited = citationsOf(await readFile(page, 'utf8'));
  expect(cited.length).toBeGreaterThan(20);
  const missing: string[] = [];
  for (const { file, title } of cited) if (!(await titlesOf(file)).has(title)) missing.push(`${file}: ${title}`);
  expect(missing).toEqual([]);
});

test.each(PAGES)('every row of %s has a proof, waits for one, or says why it needs none', async (page) => {
  const rows = rowsOf(await readFile(page, 'utf8'));
  expect(rows.length).toBeGreaterThan(20);
  const bare = rows.filter((cells) => {
    const proof = cells.at(-1) ?? '';
    return citationsOf(proof).length === 0 && !/^(?:pending|does not apply|not defended): \S/.test(proof);
  });
  expect(bare).toEqual([]);
});

test('every fault has a key of its own', async () => {
  const keys = rowsOf(await readFile('docs/faults.md', 'utf8')).map(([key]) => key);
  expect(keys.filter((key) => !/^[a-z]+-\d+$/.test(key ?? ''))).toEqual([]);
  expect(keys.filter((key, i) => keys.indexOf(key) !== i)).toEqual([]);
});

test('every test of security is named in docs/security.md', async () => {
  const page = await readFile('docs/security.md', 'utf8');
  const named = new Set(citationsOf(page).map(({ file, title }) => `${file}: ${title}`));
  const unnamed: string[] = [];
  for (const name of await readdir('test/security'))
    for (const title of await titlesOf(`test/security/${name}`))
      if (!named.has(`test/security/${name}: ${title}`)) unnamed.push(`${name}: ${title}`);
  expect(unnamed).toEqual([]);
});

function citationsOf(text: string): readonly { readonly file: string; readonly title: string }[] {
  return [...text.matchAll(CITATION)].map(([, file = '', title = '']) => ({
    file,
    title: title.replaceAll(String.raw`\|`, '|'),
  }));
}

/** Titles in a file of tests: texts that stand first in a call and are followed by a function, or by options and one. */
async function titlesOf(file: string): Promise<ReadonlySet<string>> {
  const text = await readFile(path.resolve(file), 'utf8').catch(() => '');
  const call =
    /\(\s*(?:'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`([^`]*)`),\s*(?:\{[^{}]*\},\s*|[A-Z_]+,\s*|\d+,\s*)?(?:async\s*)?\(/g;
  return new Set(
    [...text.matchAll(call)].map(([, single, double, template]) =>
      (single ?? double ?? template ?? '').replaceAll(/\\(['"`\\])/g, '$1'),
    ),
  );
}

/** Cells of all rows of all tables of a page, without the heads. */
function rowsOf(page: string): readonly (readonly string[])[] {
  const lines = page.split('\n');
  return lines
    .filter((line, i) => line.startsWith('| ') && !(lines[i + 1] ?? '').startsWith('|-'))
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}
