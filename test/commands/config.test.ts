import { chmod, readFile, stat } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { KEYS } from '#src/config/keys.ts';
import { VARIABLES } from '#src/config/variables.ts';
import { callWt, makeBench, type Bench, type Stage } from '../support/wt.ts';

interface Setting {
  readonly key: string;
  readonly value: unknown;
  readonly origin: string;
  readonly file: string | null;
  readonly line: number | null;
  readonly variable: string | null;
}

const personalFile = ({ room }: Bench): string => `${room.dir}/.config/wt/config.jsonc`;
const projectFile = ({ root }: Bench): string => `${root}/wt.config.jsonc`;
const textOf = (file: string): Promise<string> => readFile(file, 'utf8');

async function makeConfigured(): Promise<Bench> {
  const bench = await makeBench({
    f: 'one\n',
    'wt.config.jsonc':
      '{\n  // ours\n  "merge": { "gate": "npm test", "retries": 5 },\n  "env": { "A": "1", "B": "{id}" }\n}\n',
  });
  await bench.room.write(`${bench.room.dir}/.config/wt`, {
    'config.jsonc': `{\n  "merge": { "strategy": "squash" },\n  "trash": { "keep": "30d" },\n  "repositories": {\n    "${bench.root}": { "env": { "B": "mine" } }\n  }\n}\n`,
  });
  return bench;
}

async function settings(bench: Bench, ...argv: (string | Stage)[]): Promise<readonly Setting[]> {
  return (await bench.data<{ settings: readonly Setting[] }>('config', ...argv)).settings;
}

describe('a list', () => {
  test('has every key, with its value as people write it and who says so', async () => {
    const bench = await makeConfigured();
    const all = await settings(bench, 'list', { env: { WT_LIMITS_SESSIONS: '4' } });
    const names = all.map(({ key }) => key);
    expect(names.filter((key) => !key.startsWith('env.'))).toEqual(
      KEYS.map(({ key }) => key).filter((key) => key !== 'env'),
    );
    expect(names.filter((key) => key.startsWith('env.'))).toEqual(['env.A', 'env.B']);
    const of = (wanted: string): Setting | undefined => all.find(({ key }) => key === wanted);
    const project = { origin: 'project', file: projectFile(bench), variable: null };
    expect(of('merge.gate')).toEqual({ key: 'merge.gate', value: 'npm test', ...project, line: 3 });
    expect(of('setup.timeout')).toMatchObject({ value: '15m', origin: 'default', file: null, line: null });
    expect(of('merge.strategy')).toMatchObject({
      value: 'squash',
      origin: 'personal',
      file: personalFile(bench),
      line: 2,
    });
    expect(of('env.B')).toMatchObject({ value: 'mine', origin: 'repository', file: personalFile(bench), line: 5 });
    expect(of('limits.sessions')).toMatchObject({ value: 4, origin: 'environment', variable: 'WT_LIMITS_SESSIONS' });
    expect(of('merge.message')).toMatchObject({ value: null, origin: 'default' });
  });

  test('is aligned on a terminal, and of one group when that is named', async () => {
    const bench = await makeConfigured();
    const { stdout } = await bench.wt('config', 'list', 'merge', { columns: 100 });
    expect(stdout).toMatchInlineSnapshot(`
      "key                    value     from
      merge.gate             npm test  project  ~/app/wt.config.jsonc:3
      merge.gateTimeout      1h        default
      merge.retries          5         project  ~/app/wt.config.jsonc:3
      merge.requireApproval  false     default
      merge.strategy         squash    personal  ~/.config/wt/config.jsonc:2
      merge.message          -         default
      "
    `);
    expect((await bench.wt('config', 'list', 'nothing')).code).toBe(2);
  });

  test('is what comes without an action, and works outside of a repository', async () => {
    const bench = await makeConfigured();
    expect((await bench.wt('config')).stdout).toBe((await bench.wt('config', 'list')).stdout);
    const { stdout } = await callWt(bench.room, ['config', 'list', 'trash'], { cwd: bench.room.dir });
    expect(stdout.split('\n')[0]).toBe('trash.keep\t30d\tpersonal  ~/.config/wt/config.jsonc:3');
  });
});

describe('a single value', () => {
  test.for([
    ['merge.gate', 'npm test\n'],
    ['merge.retries', '5\n'],
    ['merge.requireApproval', 'false\n'],
    ['setup.timeout', '15m\n'],
    ['setup.copy', '[]\n'],
    ['env.B', 'mine\n'],
    ['merge.message', ''],
    ['env.NONE', ''],
  ] as const)('of %s is printed plainly', async ([key, printed]) => {
    const { wt } = await makeConfigured();
    expect(await wt('config', 'get', key)).toMatchObject({ code: 0, stdout: printed, stderr: '' });
  });

  test.for([
    ['get', 'merge.gat', 'did you mean merge.gate?'],
    ['get', 'gate', 'did you mean merge.gate?'],
    ['explain', 'limit.session', 'did you mean limits.sessions?'],
    ['set', 'tash.keep', 'did you mean trash.keep?'],
    ['get', 'merge', 'it is a group of keys: merge.gate'],
    ['get', 'zzzzzzzz', 'there is no such key'],
    ['get', '__proto__', 'there is no such key'],
  ] as const)('%s of %s is refused with the nearest right name', async ([action, key, words]) => {
    const { wt } = await makeConfigured();
    const { code, stderr } = await wt('config', action, key, ...(action === 'set' ? ['1'] : []));
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(words) });
  });

  test('is explained by every source', async () => {
    const bench = await makeConfigured();
    await bench.wt('config', 'set', '--here', 'merge.retries', '7');
    const { stdout } = await bench.wt('config', 'explain', 'merge.retries', { env: { WT_MERGE_RETRIES: '9' } });
    expect(stdout).toMatchInlineSnapshot(`
      "merge.retries
        How often a landing is built and tested anew because the base has moved meanwhile

        value    9
        default  3

        default         3
        project         5  ~/app/wt.config.jsonc:3
        personal        -  ~/.config/wt/config.jsonc
        personal, here  7  ~/.config/wt/config.jsonc:6
      ✓ environment     9  $WT_MERGE_RETRIES

        wt config set merge.retries <value>             for everyone who works on it
        wt config set --personal merge.retries <value>  for yourself, everywhere
        wt config set --here merge.retries <value>      for yourself, in this repository
        WT_MERGE_RETRIES=<value> wt …                   for one call
      "
    `);
    expect(await bench.data('config', 'explain', 'merge.retries')).toMatchObject({
      setting: {
        value: 7,
        default: 3,
        settable: 'WT_MERGE_RETRIES',
        layers: [{ origin: 'default', value: 3 }, { value: 5 }, { value: 7, wins: true }],
      },
    });
  });

  test('that asks for approval wins wherever it stands', async () => {
    const bench = await makeConfigured();
    await bench.wt('config', 'set', 'merge.requireApproval', 'true');
    await bench.wt('config', 'set', '--here', 'merge.requireApproval', 'false');
    expect(await settings(bench, 'get', 'merge.requireApproval')).toMatchObject([{ value: true, origin: 'project' }]);
  });
});

describe('setting', () => {
  test('keeps comments and layout, and makes the file when there is none', async () => {
    const bench = await makeConfigured();
    expect((await bench.wt('config', 'set', 'merge.strategy', 'rebase')).code).toBe(0);
    expect(await textOf(projectFile(bench))).toBe(
      '{\n  // ours\n  "merge": { "gate": "npm test", "retries": 5, "strategy": "rebase" },\n  "env": { "A": "1", "B": "{id}" }\n}\n',
    );
    expect((await bench.wt('config', 'unset', 'merge.retries')).stdout).toContain('(was 5)');
    const fresh = await makeBench({ f: 'x\n' });
    await fresh.wt('config', 'set', '--here', 'setup.copy', '[".env"]');
    expect(await textOf(personalFile(fresh))).toBe(
      `{\n  "$schema": "https://unpkg.com/wt-sessions/docs/schema/wt.config.personal.json",\n  "repositories": {\n    "${fresh.root}": {\n      "setup": {\n        "copy": [".env"]\n      }\n    }\n  }\n}\n`,
    );
  });

  test.for([
    ['merge.gate', 'true', 'true'],
    ['merge.gate', '[ -f x ] && make', '[ -f x ] && make'],
    ['merge.retries', '7', 7],
    ['merge.requireApproval', 'true', true],
    ['setup.run', 'npm ci', 'npm ci'],
    ['setup.run', '["npm ci", { "parallel": ["a", ["b", "c"]] }]', ['npm ci', { parallel: ['a', ['b', 'c']] }]],
    ['setup.timeout', '90s', '90s'],
    ['setup.lfs', '"skip"', 'skip'],
    ['env.NAME', '{id}-5', '{id}-5'],
    ['env.PORT', '{port.web}', '{port.web}'],
    ['ports', '["web"]', ['web']],
    ['ports', '{"names":["web"],"from":4000,"to":4100}', { names: ['web'], from: 4000, to: 4100 }],
  ] as const)('%s to %s is taken as %j', async ([key, typed, value]) => {
    const bench = await makeBench({ f: 'x\n' });
    expect((await bench.wt('config', 'set', key, typed)).code).toBe(0);
    expect(await settings(bench, 'get', key)).toMatchObject([{ value, origin: 'project' }]);
  });

  test.for([
    ['merge.retries', 'many', /must be a number/],
    ['merge.retries', '-1', /not below 0|unknown option|no such flag/],
    ['merge.strategy', 'fast', /one of merge, squash, rebase, ff/],
    ['merge.gate', ' ', /must not be empty/],
    ['setup.copy', '.env', /a list, written as JSON[^]*wt config set setup.copy '\["\.env"\]'/],
    ['setup.timeout', 'soon', /a number and a unit/],
    ['setup.run', '[{"run":"x","tiemout":"5m"}]', /unknown key "setup.run\[0\].tiemout"; did you mean timeout\?/],
    ['path', '../{id}', /one folder below .worktrees/],
    ['branch', '{prot}', /\{prot\} is not known/],
    ['ports', '["web","web"]', /every name once/],
    ['env.A-B', 'x', /name of an environment variable/],
    ['trash.keep', '3d', /wt config set --personal trash.keep 3d/],
  ] as const)('%s to %s is refused, and nothing is written', async ([key, typed, words]) => {
    const bench = await makeBench({ f: 'x\n' });
    const { code, stderr } = await bench.wt('config', 'set', key, typed);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(words) });
    expect(existsSync(projectFile(bench))).toBe(false);
  });

  test('any key to its default changes nothing else, and unsetting it brings the file back', async () => {
    const bench = await makeBench({ 'wt.config.jsonc': '{\n  // one\n}\n' });
    for (const { key, fallback, isShared } of KEYS.filter((one) => one.fallback !== undefined)) {
      const flags = isShared ? [] : ['--personal'];
      const value = typeof fallback === 'string' ? fallback : JSON.stringify(fallback);
      expect({ key, code: (await bench.wt('config', 'set', ...flags, key, value)).code }).toEqual({ key, code: 0 });
      expect(await settings(bench, 'get', key)).toMatchObject([{ value: fallback }]);
      expect({ key, code: (await bench.wt('config', 'explain', key)).code }).toEqual({ key, code: 0 });
      expect({ key, code: (await bench.wt('config', 'unset', ...flags, key)).code }).toEqual({ key, code: 0 });
      expect(await settings(bench, 'get', key)).toMatchObject([{ value: fallback, origin: 'default' }]);
    }
    expect(await textOf(projectFile(bench))).toContain('// one');
  });

  test('in a file that is wrong already is refused with its line, and mending the wrong value is not', async () => {
    const bench = await makeBench({ 'wt.config.jsonc': '{\n  "limits": { "sessions": "many" }\n}\n' });
    expect((await bench.wt('config', 'set', 'merge.gate', 'x')).stderr).toContain(
      'wt.config.jsonc:2:27: limits.sessions',
    );
    expect((await bench.wt('config', 'set', 'limits.sessions', '4')).code).toBe(0);
  });

  test('keeps the permissions of the file', async () => {
    const bench = await makeConfigured();
    await chmod(personalFile(bench), 0o600);
    await bench.wt('config', 'set', '--personal', 'trash.keep', '1d');
    expect((await stat(personalFile(bench))).mode & 0o777).toBe(0o600);
  });

  test('says so when another source wins', async () => {
    const bench = await makeConfigured();
    const { stderr } = await bench.wt('config', 'set', 'merge.strategy', 'ff');
    expect(stderr).toBe(
      '! merge.strategy stays squash: $ROOT/.config/wt/config.jsonc says so, and wins\n'.replace('$ROOT', '$ROOM'),
    );
  });

  test('of what runs or has to pass is not possible from inside a session', async () => {
    const bench = await makeConfigured();
    await bench.wt('create', 'a');
    for (const key of ['merge.gate', 'setup.run', 'hooks.merge.before', 'env.PATH'])
      for (const place of ['--project', '--personal', '--here']) {
        expect((await bench.wt('config', 'set', place, key, 'true', { cwd: bench.at('a') })).code).toBe(8);
        expect((await bench.wt('config', 'unset', place, key, { env: { WT_SESSION: 'a' } })).code).toBe(8);
      }
    // How long a person's trash is kept, for one.
    expect((await bench.wt('config', 'set', '--personal', 'trash.keep', '0s', { cwd: bench.at('a') })).code).toBe(8);
    expect((await bench.wt('config', 'set', 'limits.sessions', '3', { cwd: bench.at('a') })).code).toBe(0);
  });
});

describe('clumsy calls', () => {
  test.for([
    [['lst'], /no such action[^]*wt config list/],
    [['merge.gate'], /it is a setting[^]*wt config explain merge.gate/],
    [['get'], /needs the name of a setting/],
    [['set', 'merge.gate'], /needs a value/],
    [['set', 'merge.gate', 'npm', 'test'], /has to be quoted[^]*wt config set merge.gate 'npm test'/],
    [['unset', 'merge.gate', 'x'], /takes no value/],
    [['path', 'merge.gate'], /takes no name/],
    [['set', '--here', '--personal', 'merge.gate', 'x'], /one of --project, --personal, --here/],
  ] as const)('%j are told the right one', async ([argv, words]) => {
    const { wt } = await makeBench({ f: 'x\n' });
    const { code, stderr } = await wt('config', ...argv);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(words) });
  });

  test('that need a repository say so outside of one', async () => {
    const { room } = await makeBench({ f: 'x\n' });
    const call = (...argv: string[]): Promise<{ code: number }> => callWt(room, ['config', ...argv], { cwd: room.dir });
    expect((await call('set', 'merge.gate', 'x')).code).toBe(3);
    expect((await call('set', '--here', 'merge.gate', 'x')).code).toBe(3);
    expect((await call('set', '--personal', 'merge.strategy', 'ff')).code).toBe(0);
  });
});

describe('the files', () => {
  test('are named, and one alone for scripts', async () => {
    const bench = await makeBench({ f: 'x\n' });
    expect((await bench.wt('config', 'path')).stdout).toBe(
      'project   $ROOM/app/wt.config.jsonc  (not there)\npersonal  $ROOM/.config/wt/config.jsonc  (not there)\n',
    );
    expect((await bench.wt('config', 'path', '--personal')).raw).toBe(`${personalFile(bench)}\n`);
  });

  const terminal = { columns: 80 };

  test('are opened in the editor, and checked afterwards', async () => {
    const bench = await makeConfigured();
    const edit = (script: string): Stage => ({ ...terminal, env: { VISUAL: '', EDITOR: `f() { ${script}; }; f` } });
    expect((await bench.wt('config', 'edit', edit('true'))).code).toBe(0);
    const wrong = await bench.wt('config', 'edit', edit(`sed -i 's/gate/gaet/' "$1"`));
    expect({ code: wrong.code, stderr: wrong.stderr }).toEqual({
      code: 2,
      stderr: expect.stringMatching(/wt\.config\.jsonc:3:14: unknown key "merge\.gaet"; did you mean gate\?/),
    });
    expect((await bench.wt('config', 'edit', edit('exit 3'))).stderr).toContain('exit code 3');
    expect(await bench.wt('config', 'edit')).toMatchObject({
      code: 8,
      stderr: expect.stringContaining('needs a terminal'),
    });
  });

  test('that are made for the editor go again when nothing was written', async () => {
    const bench = await makeBench({ f: 'x\n' });
    await bench.wt('config', 'edit', '--personal', { ...terminal, env: { EDITOR: 'true' } });
    expect(existsSync(personalFile(bench))).toBe(false);
    await bench.wt('config', 'edit', '--personal', { ...terminal, env: { EDITOR: `f() { echo '{}' > "$1"; }; f` } });
    expect(await textOf(personalFile(bench))).toBe('{}\n');
  });
});

test('every variable of the environment belongs to a key', () => {
  const names = KEYS.map(({ key }) => key);
  for (const [name, { key }] of Object.entries(VARIABLES))
    expect({ name, isKnown: names.includes(key.join('.')) }).toEqual({ name, isKnown: true });
});
