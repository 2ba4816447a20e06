import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { loadDefinition, type Definition } from '#src/setup/definition.ts';
import { wordsOf } from '#src/setup/step.ts';
import { makeRoom } from '../support/room.ts';

interface Loaded {
  readonly commands: readonly string[];
  readonly definition: Definition;
}

async function load(files: Readonly<Record<string, string>>, personal?: string): Promise<Loaded> {
  const room = await makeRoom();
  const root = await room.repo('app', files);
  if (personal !== undefined) {
    const file = path.join(room.dir, '.config/wt/config.jsonc');
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, personal.replaceAll('$ROOT', root));
  }
  const definition = await loadDefinition(root, { ...room.env, XDG_CONFIG_HOME: path.join(room.dir, '.config') });
  return { definition, commands: definition.steps.map(({ phase, command }) => `${phase}: ${wordsOf(command)}`) };
}

const CURSOR = { '.cursor/worktrees.json': '{ "setup-worktree": ["from cursor"] }' };
const GTR = { '.gtrconfig': '[hooks]\npostCreate = from gtr\npostRemove = gone\n[copy]\ninclude = .env\n' };

test('without a set-up of wt’s own the first definition that says anything counts, alone', async () => {
  const { commands, definition } = await load({ ...GTR, ...CURSOR });
  expect(commands).toEqual(['setup: from cursor']);
  expect({ used: definition.used?.format, unused: definition.unused.map(({ format }) => format) }).toEqual({
    used: 'cursor',
    unused: ['gtr'],
  });
  expect(definition.files).toEqual([]);
});

test('one with nothing in it that wt could do stands in no other’s way', async () => {
  const { commands } = await load({ ...GTR, '.cursor/worktrees.json': '{ "setup-worktree": [] }' });
  expect(commands).toEqual(['setup: from gtr', 'remove.after: gone']);
});

test.for(['{ "setup": { "run": "own" } }', '{ "setup": { "copy": ["x"] } }', '{ "teardown": { "run": "own" } }'])(
  'the project’s own set-up wins over all of them: %s',
  async (config) => {
    const { commands, definition } = await load({ ...GTR, ...CURSOR, 'wt.config.jsonc': config });
    expect(commands.filter((line) => line.includes('from'))).toEqual([]);
    expect(definition.used).toBeUndefined();
  },
);

test('hooks and ports alone are no set-up; for a phase with commands of its own the other tool’s are left out', async () => {
  const config = '{ "hooks": { "remove": { "after": "own" } }, "ports": ["web"] }';
  const { commands, definition } = await load({ ...GTR, 'wt.config.jsonc': config });
  expect(commands).toEqual(['remove.after: own', 'setup: from gtr']);
  expect(definition.ports.names).toEqual(['web']);
});

test('what a person sets for every repository replaces no definition, what they set for this one does', async () => {
  const everywhere = await load(CURSOR, '{ "setup": { "copy": [".env"] } }');
  expect(everywhere.commands).toEqual(['setup: from cursor']);
  expect(everywhere.definition.files.map(({ patterns }) => patterns)).toEqual([['.env']]);
  const here = await load(CURSOR, '{ "repositories": { "$ROOT": { "setup": { "run": ["mine"] } } } }');
  expect(here.commands).toEqual(['setup: mine']);
});

test('one that cannot be read is an error only when it would count', async () => {
  const broken = { '.cursor/worktrees.json': '{ "setup-worktree": ' };
  await expect(load({ ...broken, ...GTR })).rejects.toMatchObject({ kind: 'config.invalid' });
  const own = await load({ ...broken, 'wt.config.jsonc': '{ "setup": { "run": "own" } }' });
  expect(own.commands).toEqual(['setup: own']);
  const other = await load({ ...broken, ...GTR, 'wt.config.jsonc': '{ "setup": { "from": ["gtr", "cursor"] } }' });
  expect(other.commands).toEqual(['setup: from gtr', 'remove.after: gone']);
});

test('time limits are those of the configuration', async () => {
  const { definition } = await load({
    'phantom.config.json': '{ "postCreate": { "commands": ["a"] }, "preDelete": { "commands": ["b"] } }',
    'wt.config.jsonc': '{ "hooks": {}, "merge": {} }',
  });
  expect(definition.steps.map(({ timeoutMs }) => timeoutMs)).toEqual([900_000, 300_000]);
});
