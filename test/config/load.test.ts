import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { loadConfig, personalConfigFile } from '#src/config/load.ts';
import { REGENERABLE } from '#src/config/schema.ts';
import { WtError } from '#src/core/errors.ts';
import { makeRoom, type Room } from '../support/room.ts';

const DAY = 24 * 3_600_000;

async function load(room: Room, text: string, env: Record<string, string> = {}): Promise<unknown> {
  await room.write(`${room.dir}/.config/wt`, { 'config.jsonc': text });
  return loadConfig(undefined, { ...room.env, ...env }).then(
    ({ settings }) => settings,
    (error: unknown) => {
      if (WtError.is(error, 'config.invalid')) return error.details;
      throw error;
    },
  );
}

test('without a file all is as documented', async () => {
  const { env } = await makeRoom();
  expect((await loadConfig(undefined, env)).settings).toMatchObject({
    merge: { retries: 3, requireApproval: false, strategy: 'merge' },
    branch: 'wt/{id}',
    trash: { keep: 14 * DAY, maxSize: 5e9, regenerable: [...REGENERABLE] },
  });
});

test('lies where XDG says, else in ~/.config', () => {
  expect(personalConfigFile({ XDG_CONFIG_HOME: '/x', HOME: '/h' })).toBe('/x/wt/config.jsonc');
  expect(personalConfigFile({ XDG_CONFIG_HOME: '', HOME: '/h' })).toBe('/h/.config/wt/config.jsonc');
});

test('takes comments and a comma at the end', async () => {
  const room = await makeRoom();
  const text = '// mine\n{\n  "trash": { "keep": "30d", /* big disk */ "maxSize": "1GB", },\n}\n';
  expect(await load(room, text)).toMatchObject({ trash: { keep: 30 * DAY, maxSize: 1e9 } });
});

test.for([
  ['not JSON', '{\n  "trash": {\n', 3, 1, /^not JSON/],
  ['no object', '[]', 1, 1, /must hold an object/],
  ['an unknown key', '{\n  "trsh": {}\n}', 2, 3, /unknown key "trsh"; did you mean trash\?/],
  ['an unknown inner key', '{ "trash": {\n    "keeep": "1d" } }', 2, 5, /"trash.keeep"; did you mean keep\?/],
  ['a key like no other', '{ "trash": { "zzzzzzzz": 1 } }', 1, 14, /known: keep, maxSize, regenerable/],
  ['a wrong age', '{ "trash": {\n  "keep": "soon" } }', 2, 11, /trash.keep: .*14d/],
  ['a number for an age', '{ "trash": { "keep": 14 } }', 1, 22, /trash.keep/],
  ['a wrong size', '{ "trash": { "maxSize": "5" } }', 1, 25, /trash.maxSize: .*5GB/],
  ['a path for a name', '{ "trash": { "regenerable": ["ok", "a/b"] } }', 1, 36, /trash.regenerable.1: .*without/],
  ['a value for a group', '{ "trash": 5 }', 1, 12, /trash/],
  ['nothing at all', '', 1, 1, /not JSON|must hold/],
] as const)('%s is told with its line and column', async ([, text, line, column, reason]) => {
  const room = await makeRoom();
  expect(await load(room, text)).toEqual({
    path: `${room.dir}/.config/wt/config.jsonc`,
    line,
    column,
    reason: expect.stringMatching(reason),
  });
});

test('the environment goes above the file, and an empty variable is none', async () => {
  const room = await makeRoom();
  const text = '{ "trash": { "keep": "30d", "maxSize": "1GB" } }';
  expect(await load(room, text, { WT_TRASH_KEEP: '2h', WT_TRASH_MAX_SIZE: '' })).toMatchObject({
    trash: { keep: DAY / 12, maxSize: 1e9 },
  });
  expect(await load(room, '{}', { WT_TRASH_MAX_SIZE: '10MiB' })).toMatchObject({ trash: { maxSize: 10_485_760 } });
});

test.for(['{}', '{ "trash": { "keep": "7d" } }'])(
  'a wrong variable is told by its name, with the file %s',
  async (text) => {
    const room = await makeRoom();
    expect(await load(room, text, { WT_TRASH_KEEP: 'soon' })).toEqual({
      path: '$WT_TRASH_KEEP',
      line: null,
      column: null,
      reason: expect.stringContaining('14d'),
    });
  },
);

test('a file that is kept elsewhere and linked is read', async () => {
  const room = await makeRoom();
  await writeFile(`${room.dir}/mine.jsonc`, '{ "trash": { "keep": "1d" } }');
  await mkdir(`${room.dir}/.config/wt`, { recursive: true });
  await symlink(`${room.dir}/mine.jsonc`, `${room.dir}/.config/wt/config.jsonc`);
  expect((await loadConfig(undefined, room.env)).settings).toMatchObject({ trash: { keep: DAY } });
});

test('a folder in its place is told', async () => {
  const room = await makeRoom();
  await mkdir(`${room.dir}/.config/wt/config.jsonc`, { recursive: true });
  await expect(loadConfig(undefined, room.env)).rejects.toMatchObject({ kind: 'config.invalid' });
});
