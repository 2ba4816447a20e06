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
  ['a path for a name', '{ "trash": { "regenerable": ["ok", "a/b"] } }', 1, 36, /trash\.regenerable\[1\]: .*without/],
  ['a value for a group', '{ "trash": 5 }', 1, 12, /trash/],
  [
    'an unknown key in a command',
    '{ "setup": { "run": ["a", { "run": "b", "tiemout": "1m" }] } }',
    1,
    41,
    /unknown key "setup\.run\[1\]\.tiemout"; did you mean timeout\?/,
  ],
  [
    'a wrong value in a command',
    '{ "setup": { "run": [{ "run": "b", "timeout": "soon" }] } }',
    1,
    47,
    /setup\.run\[0\]\.timeout: .*30s/,
  ],
  [
    'a key in a group of commands',
    '{ "setup": { "run": [{ "parallel": ["a", { "run": "b", "nmae": "x" }] }] } }',
    1,
    56,
    /"setup\.run\[0\]\.parallel\[1\]\.nmae"; did you mean name\?/,
  ],
  ['a command without words', '{ "setup": { "run": [[]] } }', 1, 22, /setup\.run\[0\]: must not be empty/],
  ['a command that is a number', '{ "setup": { "run": ["a", 5] } }', 1, 27, /setup\.run\[1\]: a shell command as text/],
  [
    'a command with a wrong name',
    '{ "setup": { "run": [{ "rnu": "a" }] } }',
    1,
    24,
    /"setup\.run\[0\]\.rnu"; did you mean run\?/,
  ],
  ['a command that is missing', '{ "setup": { "run": [{ "name": "a" }] } }', 1, 22, /setup\.run\[0\]\.run/],
  [
    'an unknown hook',
    '{ "hooks": { "create": { "befor": [] } } }',
    1,
    26,
    /"hooks\.create\.befor"; did you mean before\?/,
  ],
  [
    'a wrong hook',
    '{ "hooks": { "create": { "before": 5 } } }',
    1,
    36,
    /hooks\.create\.before: a shell command, or a list/,
  ],
  [
    'a key of a section',
    '{ "repositories": { "~/x": { "limits": { "sesions": 3 } } } }',
    1,
    42,
    /"repositories\.~\/x\.limits\.sesions"; did you mean sessions\?/,
  ],
  ['a key in the wrong place', '{ "gate": "npm test" }', 1, 3, /"gate"; did you mean merge\.gate\?/],
  ['a name of a variable', '{ "env": { "A-B": "x" } }', 1, 12, /env\.A-B: a name of an environment variable/],
  [
    'a wrong range of ports',
    '{ "ports": { "names": ["web"], "form": 5 } }',
    1,
    32,
    /"ports\.form"; did you mean from\?/,
  ],
  ['a wrong port', '{ "ports": { "names": ["web"], "from": 5 } }', 1, 40, /ports\.from: from 1024 on/],
  ['a key that is there twice', '{ "merge": { "gate": "a",\n "gate": "b" } }', 2, 2, /"merge\.gate" is there twice/],
  [
    'a template of nothing known',
    '{ "env": { "A": "{prot}" } }',
    1,
    17,
    /env\.A: \{prot\} is not known; known: \{id\}/,
  ],
  ['a filter that is unknown', '{ "branch": "x/{id|slugg}" }', 1, 13, /branch: \{id\|slugg\} is not known.*slug, hash/],
  ['a branch of a port', '{ "branch": "{id}-{port}" }', 1, 13, /branch: \{port\} is not known/],
  [
    'braces in a word of a program',
    '{ "setup": { "run": [["cp", "{a,b}"]] } }',
    1,
    29,
    /setup\.run\[0\]\[1\]: \{a,b\} is not known.*written twice/,
  ],
  ['files that lead out', '{ "setup": { "copy": ["x/../../y"] } }', 1, 23, /setup\.copy.*leads out of the repository/],
  [
    'an env file that leads out',
    '{ "setup": { "envFile": "../x" } }',
    1,
    25,
    /setup\.envFile: it must be a file inside/,
  ],
  [
    'an env file of git’s own',
    '{ "setup": { "envFile": ".git/config" } }',
    1,
    25,
    /setup\.envFile: it must be a file inside/,
  ],
  ['a path that leads out', '{ "path": ".worktrees/../{id}" }', 1, 11, /path: it must be one folder/],
  ['a path without the id', '{ "path": ".worktrees/x" }', 1, 11, /path: \{id\} must be in it/],
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

test("a shell's own variables and written braces are no places of a template", async () => {
  const room = await makeRoom();
  const text = '{ "setup": { "run": "echo ${HOME:-x} {{a,b}} {id}" }, "env": { "A": "{port.web}-{task.slug|upper}" } }';
  expect(await load(room, text)).toMatchObject({ env: { A: '{port.web}-{task.slug|upper}' } });
});
