import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { requireRight } from '#src/config/file.ts';
import { KEYS } from '#src/config/keys.ts';
import { MESSAGE_NAMES, whyInvalidTemplate } from '#src/config/names.ts';
import { ProjectConfig } from '#src/config/schema.ts';
import { SCHEMA_FILES } from '#src/config/schema-address.ts';
import { makeBench } from '../support/wt.ts';

type Json = { readonly [key: string]: unknown };

const read = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
const page = read('docs/configuration.md');

test('every example of a configuration is a right one', () => {
  const examples = [...page.matchAll(/```jsonc\n([^]*?)```/g)].map(([, text = '']) => text);
  expect(examples.length).toBeGreaterThan(2);
  for (const text of examples) requireRight('docs/configuration.md', text, ProjectConfig);
});

test('every call of wt config in the page is understood', async () => {
  const { wt } = await makeBench({ f: 'x\n' });
  const lines = page.match(/^wt config.*$/gm) ?? [];
  expect(lines.length).toBeGreaterThan(5);
  for (const line of lines.filter((one) => !one.startsWith('wt config edit'))) {
    const words = [...line.replace(/\s+#.*$/, '').matchAll(/'([^']*)'|(\S+)/g)].map(
      ([, quoted, plain]) => quoted ?? plain ?? '',
    );
    expect({ line, code: (await wt(...words.slice(1))).code }).toEqual({ line, code: 0 });
  }
});

test('every key and every name of a template is in it', () => {
  for (const { key } of KEYS) expect(page).toContain(`| \`${key}\` |`);
  for (const name of MESSAGE_NAMES) expect(page).toContain(`| \`{${name}}\` |`);
});

test.for(Object.entries(SCHEMA_FILES))(
  'the schema for editors, %s, has every key with its words and its default',
  ([kind, file]) => {
    const schema = JSON.parse(read(file)) as Json;
    const files = (JSON.parse(read('package.json')) as { files: string[] }).files;
    expect(files).toContain(file);
    for (const { key, description, fallback, isShared } of KEYS) {
      const found = key
        .split('.')
        .reduce<Json | undefined>(
          (at, part) => (at?.['properties'] as Json | undefined)?.[part] as Json | undefined,
          schema,
        );
      const isMissing = kind === 'project' && !isShared;
      const said = { key, description: found?.['description'], default: found?.['default'] };
      const words = isMissing ? { description: undefined, default: undefined } : { description, default: fallback };
      expect(said).toEqual({ key, ...words });
    }
  },
);

test('a template is judged by the names that are known where it is', () => {
  expect(whyInvalidTemplate('{id} {port.web|db} {{x}} ${HOME}')).toBeUndefined();
  expect(whyInvalidTemplate('{title}')).toContain('{title} is not known');
  expect(whyInvalidTemplate('{title}', MESSAGE_NAMES)).toBeUndefined();
  expect(whyInvalidTemplate('{port.web}', ['id'])).toContain('{port.web} is not known');
  expect(whyInvalidTemplate('{port.}')).toContain('{port.} is not known');
});
