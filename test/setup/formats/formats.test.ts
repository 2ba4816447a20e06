import { mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { FORMATS, type FormatName } from '#src/config/schema.ts';
import { wordsOf } from '#src/setup/step.ts';
import type { Found } from '#src/setup/formats/format.ts';
import { isEmpty } from '#src/setup/formats/format.ts';
import { listFound } from '#src/setup/formats/formats.ts';

const FIXTURES = path.resolve(import.meta.dirname, '../../fixtures/formats');

async function findOne(fixture: string, format: FormatName): Promise<Found> {
  const [found] = await listFound(path.join(FIXTURES, fixture), [format]);
  if (found === undefined) throw new Error(`nothing of ${format} in ${fixture}`);
  return found;
}

/** A line for each step: phase, stage, place, command. */
const linesOf = ({ steps }: Found): readonly string[] =>
  steps.map(({ phase, stage, at, command }) => `${phase} ${stage} ${at}: ${wordsOf(command)}`);
const rulesOf = ({ files }: Found): unknown => files.map(({ kind, patterns, except }) => ({ kind, patterns, except }));

async function repository(files: Readonly<Record<string, string>>): Promise<string> {
  const root = await mkdtemp(path.join(tmpdir(), 'wt-formats-'));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(root, name)), { recursive: true });
    await writeFile(path.join(root, name), text);
  }
  return root;
}

describe('Cursor', () => {
  test('runs a list of commands one after the other, with both of its variables', async () => {
    const found = await findOne('cursor-list', 'cursor');
    expect(linesOf(found)).toEqual([
      'setup 0 setup-worktree[0]: yarn install --immutable',
      'setup 1 setup-worktree[1]: cp "$ROOT_WORKTREE_PATH/.env" .env',
      'setup 2 setup-worktree[2]: source .venv/bin/activate && pip install -e .',
    ]);
    expect(found.steps[0]).toMatchObject({
      source: {
        owner: 'repository',
        format: 'cursor',
        file: path.join(FIXTURES, 'cursor-list/.cursor/worktrees.json'),
      },
      env: { ROOT_WORKTREE_PATH: '{main}', CURSOR_WORKTREE_PATH: '{path}' },
      isLiteral: true,
      command: { shell: 'bash' },
    });
  });

  test('takes the script for unix over the list for all, by its path from the file, and reads it along', async () => {
    const found = await findOne('cursor-script', 'cursor');
    expect(linesOf(found)).toEqual(['setup 0 setup-worktree-unix: ["/usr/bin/env","bash",".cursor/prepare.sh"]']);
    expect(found.steps[0]?.scriptFile).toBe('.cursor/prepare.sh');
    expect(found.steps[0]?.script).toContain('echo ready > ready.txt');
    expect(found.notes).toEqual(['setup-worktree is not used: setup-worktree-unix stands above it']);
  });

  test('says which keys are none of Cursor’s, and stands in nobody’s way with them alone', async () => {
    const found = await findOne('cursor-foreign', 'cursor');
    expect({ isEmpty: isEmpty(found), notes: found.notes }).toEqual({
      isEmpty: true,
      notes: ["scripts is no key of Cursor's"],
    });
  });

  test.for([
    ['leads out of the repository', '../../outside.sh'],
    ['is absolute', '/bin/ls'],
    ['is not there', 'nothing.sh'],
    ['is a command', 'npm ci'],
  ])('refuses a script that %s', async ([, script = '']) => {
    const root = await repository({ '.cursor/worktrees.json': JSON.stringify({ 'setup-worktree': script }) });
    await writeFile(path.join(path.dirname(root), 'outside.sh'), 'touch pwned\n');
    const [found] = await listFound(root, ['cursor']);
    expect(found).toMatchObject({ steps: [], broken: { kind: 'config.invalid', details: { line: 1 } } });
  });

  test('refuses a script that is a link out of the repository', async () => {
    const root = await repository({ '.cursor/worktrees.json': '{ "setup-worktree": "up.sh" }' });
    const outside = await repository({ 'up.sh': 'touch pwned\n' });
    await symlink(path.join(outside, 'up.sh'), path.join(root, '.cursor/up.sh'));
    expect((await listFound(root, ['cursor']))[0]).toMatchObject({ steps: [], broken: { kind: 'config.invalid' } });
  });
});

describe('Codex', () => {
  test.skipIf(process.platform !== 'linux')(
    'runs the script for all where this platform has none of its own, and the clean-up as teardown',
    async () => {
      const found = await findOne('codex', 'codex');
      expect(linesOf(found)).toEqual([
        'setup 0 setup.script: set -eu\ncp "$CODEX_SOURCE_TREE_PATH/.env" "$CODEX_WORKTREE_PATH/.env"\n',
        'teardown 0 cleanup.script: docker compose down --volumes',
      ]);
      expect(found.steps[0]?.env).toEqual({ CODEX_SOURCE_TREE_PATH: '{main}', CODEX_WORKTREE_PATH: '{path}' });
      expect(found.notes).toEqual(['actions are buttons of the app and are not run: Start, Debug']);
    },
  );

  test.skipIf(process.platform !== 'linux')('takes the script of this platform over the one for all', async () => {
    const root = await repository({
      '.codex/environments/environment.toml': '[setup]\nscript = "all"\n[setup.linux]\nscript = "here"\n',
    });
    expect((await listFound(root, ['codex'])).map(linesOf)).toEqual([['setup 0 setup.linux.script: here']]);
  });

  test('counts for nothing when the app wrote an empty script', async () => {
    expect(isEmpty(await findOne('codex-empty', 'codex'))).toBe(true);
  });
});

describe('Conductor', () => {
  test('runs setup and archive of conductor.json with its variables, and leases its ten ports', async () => {
    const found = await findOne('conductor-old', 'conductor');
    expect(linesOf(found)).toEqual([
      'setup 0 scripts.setup: corepack enable && pnpm install --frozen-lockfile',
      'teardown 0 scripts.archive: ./bin/archive',
    ]);
    expect(found.steps[1]).toMatchObject({
      scriptFile: 'bin/archive',
      env: { CONDUCTOR_PORT: '{port.conductor}', CONDUCTOR_ROOT_PATH: '{main}', CONDUCTOR_WORKSPACE_NAME: '{id}' },
    });
    expect({ first: found.ports[0], count: found.ports.length }).toEqual({ first: 'conductor', count: 10 });
    expect(found.notes.join('\n')).toContain('scripts.run is a button');
  });

  test('takes the newer settings over conductor.json, the local ones above them, and copies what they name', async () => {
    const found = await findOne('conductor', 'conductor');
    expect(linesOf(found)).toEqual([
      'setup 0 scripts.setup: bundle install --local',
      'teardown 0 scripts.archive: bin/rails db:drop',
    ]);
    expect(found.steps.map(({ source }) => path.basename(source.file))).toEqual([
      'settings.local.toml',
      'settings.toml',
    ]);
    expect(found.steps[0]?.env).toMatchObject({ LOG_LEVEL: 'debug', PATTERN: '{{a,b}}' });
    expect(rulesOf(found)).toEqual([{ kind: 'copy', patterns: ['**/.env*', '/config/master.key'] }]);
  });

  test('leaves the files to .worktreeinclude where there is one', async () => {
    const root = await repository({
      '.conductor/settings.toml': '[scripts]\nsetup = "true"\n',
      '.worktreeinclude': '.env\n',
    });
    expect((await listFound(root, ['conductor'])).map(rulesOf)).toEqual([[]]);
  });
});

describe('git-worktree-runner', () => {
  test('maps hooks in their order, files by their path from the root, and says what it leaves', async () => {
    const found = await findOne('gtr', 'gtr');
    expect(linesOf(found)).toEqual([
      'setup 0 hooks.postCreate[0]: ./scripts/prepare.sh --fast',
      'setup 1 hooks.postCreate[1]: npm run build # not a remark',
      'teardown 0 hooks.preRemove[0]: docker compose down',
      'remove.after 0 hooks.postRemove[0]: echo gone',
    ]);
    expect(found.steps[0]).toMatchObject({
      scriptFile: 'scripts/prepare.sh',
      script: '#!/bin/sh\nnpm ci\n',
      env: { REPO_ROOT: '{main}', WORKTREE_PATH: '{path}', BRANCH: '{branch}' },
    });
    expect(rulesOf(found)).toEqual([
      { kind: 'copy', patterns: ['**/.env', '/config/*.local.yml'], except: ['**/.env.production'] },
      { kind: 'copy', patterns: ['**/node_modules/', '/packages/*/generated/'], except: ['/node_modules/.cache/'] },
    ]);
    expect(found.notes).toEqual([
      '../elsewhere/.env leads out of the repository and is not taken',
      'hooks.postCd is not run: it is for the shell of gtr',
      'defaults.ai is not used',
    ]);
  });
});

describe('worktrunk', () => {
  test('runs what it does for a new worktree as set-up, its other hooks around merge and remove', async () => {
    const found = await findOne('worktrunk', 'worktrunk');
    expect(linesOf(found)).toEqual([
      `setup 0 pre-start.env: echo 'PORT='"\${WORKTRUNK_BRANCH_HASH_PORT}"'' > .env.local`,
      'setup 1 pre-start.api: echo API_PORT="${WORKTRUNK_API_BRANCH_HASH_PORT}" >> .env.local',
      'setup 2 post-create.greet: echo "${WORKTRUNK_WORKTREE_NAME} of ${WORKTRUNK_REPO} is from ${WORKTRUNK_BASE}"',
      'setup 4 post-start[1].databases: bash scripts/databases.sh "${WORKTRUNK_BRANCH_SANITIZE_DB}"',
      'setup 4 post-start[1].install: npm ci',
      'merge.before 0 pre-merge.test: npm test',
      'merge.before 1 pre-merge.say: echo "${WORKTRUNK_BRANCH}" onto "${WORKTRUNK_TARGET}"',
      'merge.after 0 post-merge.notify: echo merged',
      'teardown 0 pre-remove.databases: bash scripts/databases.sh --drop "${WORKTRUNK_BRANCH_SANITIZE_DB}"',
      'remove.after 0 post-remove.kill: lsof -ti :"${WORKTRUNK_BRANCH_HASH_PORT}" | xargs kill',
    ]);
    const env = Object.assign({}, ...found.steps.map((step) => step.env)) as Readonly<Record<string, string>>;
    expect(env).toEqual({
      WORKTRUNK_BRANCH_HASH_PORT: '{port.web}',
      WORKTRUNK_API_BRANCH_HASH_PORT: '{port.api}',
      WORKTRUNK_WORKTREE_NAME: '{path|basename}',
      WORKTRUNK_REPO: '{repo}',
      WORKTRUNK_BASE: '{base}',
      WORKTRUNK_BRANCH_SANITIZE_DB: '{branch|db}',
      WORKTRUNK_BRANCH: '{branch}',
      WORKTRUNK_TARGET: '{base}',
    });
    expect(found.ports).toEqual(['web', 'api']);
    expect(found.steps.find(({ at }) => at === 'pre-remove.databases')?.script).toContain('createdb');
  });

  test('copies what git ignores for copy-ignored, without what it leaves out', async () => {
    const found = await findOne('worktrunk', 'worktrunk');
    expect(found.files[0]).toMatchObject({ kind: 'copy', patterns: ['*'] });
    expect(found.files[0]?.except).toEqual(expect.arrayContaining(['.worktrees/', '.cache/', '.turbo/']));
  });

  test('runs nothing it cannot translate, and says each', async () => {
    const found = await findOne('worktrunk', 'worktrunk');
    expect(found.notes).toEqual([
      'post-create.rebase is not run: it has {% … %} in it',
      'post-create.nested is not run: {{ branch }} is in a text that another shell reads once more',
      'pre-switch is not run: wt has no switch',
      "pre-commit is not run: a landing of wt makes no commit in the session: git's own hook, or the gate, is the place",
      'list is not used',
    ]);
  });

  test('waits for no server, calls no program of worktrunk’s, and takes copy-ignored out of a longer command', async () => {
    const found = await findOne('worktrunk-servers', 'worktrunk');
    expect(linesOf(found)).toEqual(['setup 0 pre-start: npm ci', 'setup 1 post-start.build: npm run build']);
    expect(found.files).toHaveLength(1);
    expect(found.notes.map((note) => note.split(':')[0])).toEqual([
      'post-start.server is not run',
      'post-start.tether is not run',
    ]);
  });
});

describe('Claude Code', () => {
  test('links the folders of both settings files and runs nothing', async () => {
    const found = await findOne('claude', 'claude');
    expect({ steps: found.steps, rules: rulesOf(found) }).toEqual({
      steps: [],
      rules: [
        { kind: 'link', patterns: ['/node_modules', '/.cache'] },
        { kind: 'link', patterns: ['/.venv'] },
      ],
    });
    expect(found.notes).toHaveLength(5);
  });

  test('is passed over when its settings say nothing of worktrees, or cannot be read', async () => {
    for (const text of ['{ "model": "opus" }', '{ "worktree": ', '{ "worktree": { "symlinkDirectories": 3 } }'])
      expect(await listFound(await repository({ '.claude/settings.json': text }), ['claude'])).toEqual([]);
  });
});

test('phantom: copies, runs, and cleans up before it goes', async () => {
  const found = await findOne('phantom', 'phantom');
  expect(linesOf(found)).toEqual([
    'setup 0 postCreate.commands[0]: pnpm install',
    'setup 1 postCreate.commands[1]: pnpm db:migrate',
    'teardown 0 preDelete.commands[0]: docker compose down',
  ]);
  expect(rulesOf(found)).toEqual([{ kind: 'copy', patterns: ['/.env*', '/config/**/*.local.yml'] }]);
  expect(found.notes).toEqual([
    '/etc/passwd leads out of the repository and is not taken',
    'worktreesDirectory is not used: the setting "path" of wt says where sessions lie',
  ]);
});

describe('any of them', () => {
  test.for([
    ['.cursor/worktrees.json', '{\n  "setup-worktree": ["a",],\n}', 2],
    ['.cursor/worktrees.json', '{\n  // no comments\n  "setup-worktree": []\n}', 2],
    ['.cursor/worktrees.json', '{\n  "setup-worktree": [1]\n}', 2],
    ['.codex/environments/environment.toml', 'version = 1\n[setup]\nscript = 3\n', 3],
    ['.codex/environments/environment.toml', 'version = 1\n[setup\n', 2],
    ['conductor.json', '{\n\n  "scripts": { "setup": ["a"] } }', 3],
    ['.conductor/settings.toml', '[scripts]\nsetup = true\n', 2],
    ['.gtrconfig', '[hooks]\npostCreate = "open\n', 2],
    ['.config/wt.toml', 'pre-start = "a"\npost-start = 5\n', 2],
    ['phantom.config.json', '{ "postCreate": { "commands": "npm ci" } }', 1],
  ] as const)('%s that is malformed is named with its line: %j', async ([name, text, line]) => {
    const root = await repository({ [name]: text });
    const [found] = await listFound(root, FORMATS);
    expect(found?.broken).toMatchObject({ kind: 'config.invalid', details: { path: path.join(root, name), line } });
  });

  test('is not read when it is huge, no file, or behind a link out of the repository', async () => {
    const outside = await repository({ 'worktrees.json': '{ "setup-worktree": ["touch pwned"] }' });
    const huge = await repository({ '.cursor/worktrees.json': ' '.repeat(300 * 1024) });
    const folder = await repository({ '.cursor/worktrees.json/x': '' });
    const linked = await repository({});
    await symlink(outside, path.join(linked, '.cursor'));
    const file = await repository({ '.cursor/x': '' });
    await symlink(path.join(outside, 'worktrees.json'), path.join(file, '.cursor/worktrees.json'));
    for (const root of [huge, folder, linked, file])
      expect((await listFound(root, ['cursor']))[0]).toMatchObject({ steps: [], broken: { kind: 'config.invalid' } });
  });

  test('is listed in the order that was asked for, and only those', async () => {
    const root = await repository({
      '.cursor/worktrees.json': '{ "setup-worktree": ["a"] }',
      'phantom.config.json': '{ "postCreate": { "commands": ["b"] } }',
      '.gtrconfig': '[hooks]\npostCreate = c\n',
    });
    const names = async (order: readonly FormatName[]): Promise<readonly string[]> =>
      (await listFound(root, order)).map(({ format }) => format);
    expect(await names(FORMATS)).toEqual(['cursor', 'gtr', 'phantom']);
    expect(await names(['phantom', 'cursor'])).toEqual(['phantom', 'cursor']);
    expect(await names([])).toEqual([]);
  });
});
