import { lstat, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { listing } from '../support/listing.ts';
import { makeBench, type Bench } from '../support/wt.ts';

const CLAUDE = '.claude/settings.local.json';
const AGENTS = ['claude', 'codex', 'gemini', 'opencode', 'copilot', 'cursor-agent'] as const;
const MARK = ' wt-hook ';

const bytesAt = (...parts: string[]): Promise<Buffer | undefined> =>
  readFile(path.join(...parts)).catch(() => undefined);
const textAt = async (...parts: string[]): Promise<string> => String(await bytesAt(...parts));
const exclude = ({ root }: Bench): Promise<string> => textAt(root, '.git/info/exclude');
const status = ({ room, at }: Bench, id = 'a'): Promise<string> =>
  room.git(at(id), 'status', '--porcelain', '--untracked-files=all');

async function makeSession(): Promise<Bench> {
  const bench = await makeBench();
  await bench.data('create', 'a');
  return bench;
}

/** Settings as people have them. */
const SETTINGS: Readonly<Record<string, string>> = {
  'comments and own hooks': `{
  // what I allow
  "permissions": { "allow": ["Bash(npm test)"], },
  "hooks": {
    "Stop": [{ "hooks": [{ "type": "command", "command": "say done" }] }], // my own
  },
}
`,
  'tabs and CRLF': '{\r\n\t"model": "opus",\r\n\t"hooks": {\r\n\t\t"Stop": []\r\n\t}\r\n}\r\n',
  'one line without an end': '{"a":[1,2,{"b":null}]}',
  'a mark and blanks': '\uFEFF  {  }   \n\n\n',
  nothing: '',
};

describe('hooks of a session', () => {
  test('are written where the agent reads them, and the session stays clean', async () => {
    const bench = await makeSession();
    const { code, stdout, stderr } = await bench.wt('hooks', 'install', 'claude', 'a');
    expect(code).toBe(0);
    expect(stdout).toMatchInlineSnapshot(`
      "✓ Installed the hooks of claude in session a  .claude/settings.local.json
      "
    `);
    expect(stderr).toMatchInlineSnapshot(`
      "! Claude Code calls hooks only in folders that you have told it to trust
      "
    `);
    const hooks = JSON.parse(await textAt(bench.at('a'), CLAUDE)) as { hooks: Record<string, unknown> };
    expect(Object.keys(hooks.hooks)).toContain('PermissionRequest');
    expect(Object.keys(hooks.hooks)).not.toContain('WorktreeCreate');
    expect(await status(bench)).toBe('');
    expect(await exclude(bench)).toContain(`/${CLAUDE}\n`);
    const { sessions } = await bench.data<{ sessions: { status: string }[] }>('list');
    expect(sessions[0]?.status).toBe('new');
  });

  test.for(AGENTS)('of %s come once, and go with all that was made for them', async (agent, { expect: expects }) => {
    const bench = await makeSession();
    const tree = await listing(bench.at('a'));
    const main = await listing(bench.root, /\.git|\.worktrees/);
    const before = await exclude(bench);
    const change = (action: string): Promise<{ change: { change: string; path: string } }> =>
      bench.data('hooks', action, agent, 'a');
    expects((await change('install')).change.change).toBe('installed');
    const { change: again } = await change('install');
    expects(again.change).toBe('none');
    expects(await textAt(again.path)).toContain('hook');
    expects(await status(bench)).toBe('');
    expects((await change('remove')).change.change).toBe('removed');
    expects((await change('remove')).change.change).toBe('none');
    expects(await listing(bench.at('a'))).toEqual(tree);
    expects(await listing(bench.root, /\.git|\.worktrees/)).toEqual(main);
    expects(await exclude(bench)).toBe(before);
  });

  test.for(Object.keys(SETTINGS))('come beside settings with %s, which come back to the byte', async (name) => {
    const bench = await makeSession();
    const settings = SETTINGS[name] ?? '';
    for (const agent of ['claude', 'gemini', 'cursor-agent'] as const) {
      const { change } = await bench.data<{ change: { path: string } }>('hooks', 'install', agent, 'a', '--dry-run');
      await mkdir(path.dirname(change.path), { recursive: true });
      await writeFile(change.path, settings, { mode: 0o640 });
      await bench.data('hooks', 'install', agent, 'a');
      expect(await textAt(change.path)).toContain(MARK);
      expect(await textAt(change.path)).toContain('say done'.repeat(settings.includes('say done') ? 1 : 0));
      await bench.data('hooks', 'install', agent, 'a');
      await bench.data('hooks', 'remove', agent, 'a');
      expect(await textAt(change.path)).toBe(settings);
      expect((await lstat(change.path)).mode & 0o777).toBe(0o640);
    }
  });

  test('alone go when the person has changed the file since', async () => {
    const bench = await makeSession();
    await bench.room.write(bench.at('a'), { [CLAUDE]: '{\n  "model": "opus" // mine\n}\n' });
    await bench.data('hooks', 'install', 'claude', 'a');
    const file = path.join(bench.at('a'), CLAUDE);
    await writeFile(file, (await textAt(file)).replace('"opus"', '"haiku"'));
    await bench.data('hooks', 'install', 'claude', 'a');
    await bench.data('hooks', 'remove', 'claude', 'a');
    expect(await textAt(file)).toBe('{\n  "model": "haiku" // mine\n}\n');
  });

  test('keep a file of the person’s out of what is committed, and say so', async () => {
    const bench = await makeSession();
    await bench.room.write(bench.at('a'), { '.gemini/settings.json': '{}\n' });
    const { stderr } = await bench.wt('hooks', 'install', 'gemini', 'a');
    expect(stderr).toContain('git does not show your own .gemini/settings.json');
    expect(await status(bench)).toBe('');
    await bench.data('hooks', 'remove', 'gemini', 'a');
    expect(await status(bench)).toBe('?? .gemini/settings.json');
  });

  test('that were copied from the main worktree are brought up to date, and go', async () => {
    const bench = await makeSession();
    await bench.data('hooks', 'install', 'claude');
    const text = await textAt(bench.root, CLAUDE);
    expect(text).toContain('WorktreeCreate');
    await bench.room.write(bench.at('a'), { [CLAUDE]: text });
    const { change } = await bench.data<{ change: { change: string } }>('hooks', 'install', 'claude', 'a');
    expect(change.change).toBe('updated');
    expect(await textAt(bench.at('a'), CLAUDE)).not.toContain('WorktreeCreate');
    await bench.data('hooks', 'remove', 'claude', 'a');
    expect(await bytesAt(bench.at('a'), CLAUDE)).toBeUndefined();
  });

  test('of two sessions share one line of the excludes, until the last of them goes', async () => {
    const bench = await makeSession();
    await bench.data('create', 'b');
    const before = await exclude(bench);
    await bench.data('hooks', 'install', 'gemini', 'a');
    await bench.data('hooks', 'install', 'gemini', 'b');
    await bench.data('hooks', 'remove', 'gemini', 'a');
    expect(await status(bench, 'b')).toBe('');
    await bench.data('hooks', 'remove', 'gemini', 'b');
    expect(await exclude(bench)).toBe(before);
  });

  test('go into the trash with it and come back with it', async () => {
    const bench = await makeSession();
    await bench.data('hooks', 'install', 'claude', 'a');
    const text = await textAt(bench.at('a'), CLAUDE);
    await bench.data('remove', 'a');
    await bench.data('restore', 'a');
    expect(await textAt(bench.at('a'), CLAUDE)).toBe(text);
    await bench.data('hooks', 'remove', 'claude', 'a');
    expect(await bytesAt(bench.at('a'), '.claude')).toBeUndefined();
    expect(await readdir(bench.at('a'))).not.toContain('.claude');
  });

  test('are told of in the events', async () => {
    const bench = await makeSession();
    await bench.data('hooks', 'install', 'gemini', 'a');
    const { events } = await bench.data<{ events: { event: string; session: string; data: object }[] }>('events');
    expect(events.at(-1)).toMatchObject({
      event: 'session.hooks.after',
      session: 'a',
      data: { agent: 'gemini', change: 'installed' },
    });
  });
});

describe('hooks of the main worktree', () => {
  test('of Claude Code also make its worktrees', async () => {
    const bench = await makeBench();
    await bench.data('hooks', 'install', 'claude');
    const { hooks } = JSON.parse(await textAt(bench.root, CLAUDE)) as { hooks: Record<string, unknown> };
    expect(Object.keys(hooks)).toEqual(expect.arrayContaining(['SessionStart', 'WorktreeCreate', 'WorktreeRemove']));
    expect(await bench.git('status', '--porcelain')).toBe('');
  });

  test('are the ones codex reads in every session', async () => {
    const bench = await makeSession();
    const { change } = await bench.data<{ change: { path: string; place: string } }>('hooks', 'install', 'codex', 'a');
    expect(change).toMatchObject({ place: 'main', path: path.join(bench.root, '.codex/hooks.json') });
    const { stderr } = await bench.wt('hooks', 'install', 'codex', 'a');
    expect(stderr).toBe('');
  });
});

describe('a file is left as it is', () => {
  const refusals: readonly (readonly [
    why: string,
    put: (bench: Bench, file: string) => Promise<unknown>,
    said: string,
  ])[] = [
    ['git tracks it', ({ work }) => work('a', { [CLAUDE]: '{}\n' }), 'git tracks it'],
    ['it cannot be read', ({ room, at }) => room.write(at('a'), { [CLAUDE]: '{"hooks": ' }), 'line 1 cannot be read'],
    [
      'its hooks are no object',
      ({ room, at }) => room.write(at('a'), { [CLAUDE]: '{"hooks": 7}' }),
      '"hooks" is no object',
    ],
    [
      'it is no UTF-8',
      async ({ at }, file) => {
        await mkdir(path.join(at('a'), '.claude'));
        await writeFile(file, Buffer.from([0x7b, 0xff, 0x7d]));
      },
      'no text in UTF-8',
    ],
    [
      'it is a link',
      async ({ at, room }, file) => {
        await room.write(room.dir, { 'mine.json': '{}\n' });
        await mkdir(path.join(at('a'), '.claude'));
        await symlink(path.join(room.dir, 'mine.json'), file);
      },
      'it is a link',
    ],
    [
      'its folder is a link',
      async ({ at, room }) => {
        await mkdir(path.join(room.dir, 'mine'));
        await symlink(path.join(room.dir, 'mine'), path.join(at('a'), '.claude'));
      },
      '.claude is a link',
    ],
    [
      'it is a folder',
      ({ at }, file) => mkdir(file, { recursive: true }).then(() => writeFile(path.join(at('a'), CLAUDE, 'x'), '')),
      'it is no file',
    ],
    [
      'it is large',
      ({ at }, file) => mkdir(path.join(at('a'), '.claude')).then(() => writeFile(file, ' '.repeat(2 ** 20 + 1))),
      'larger than 1 MiB',
    ],
  ];

  test.for(refusals)('when %s', async ([, put, said]) => {
    const bench = await makeSession();
    await put(bench, path.join(bench.at('a'), CLAUDE));
    const before = await listing(bench.room.dir, /\.git\/wt\//);
    const { code, raw } = await bench.wt('--json', 'hooks', 'install', 'claude', 'a');
    const { error } = JSON.parse(raw) as { error: { code: string; message: string; changed: boolean } };
    expect(error).toMatchObject({ code: 'hooks.refused', changed: false });
    expect(error.message).toContain(said);
    expect(code).toBe(4);
    expect(await listing(bench.room.dir, /\.git\/wt\//)).toEqual(before);
  });

  test('when it is no plugin of wt’s', async () => {
    const bench = await makeSession();
    await bench.room.write(bench.at('a'), { '.opencode/plugins/wt-sessions.js': 'export const Mine = 1;\n' });
    const { code, stderr } = await bench.wt('hooks', 'install', 'opencode', 'a');
    expect(code).toBe(4);
    expect(stderr).toContain('it is not one that wt has written');
  });

  test('and its hooks are not taken out while it cannot be read', async () => {
    const bench = await makeSession();
    await bench.data('hooks', 'install', 'claude', 'a');
    const file = path.join(bench.at('a'), CLAUDE);
    const broken = (await textAt(file)).slice(0, -5);
    await writeFile(file, broken);
    expect((await bench.wt('hooks', 'remove', 'claude', 'a')).code).toBe(4);
    expect(await textAt(file)).toBe(broken);
    const { hooks } = await bench.data<{ hooks: { agent: string; state: string }[] }>('hooks', 'status', 'claude', 'a');
    expect(hooks).toMatchObject([{ agent: 'claude', state: 'unfit' }]);
  });
});

test('the status names every agent, and whether it tells wt what it does', async () => {
  const bench = await makeSession();
  await bench.data('hooks', 'install', 'gemini', 'a');
  expect((await bench.wt('hooks', 'status', 'a')).stdout).toMatchInlineSnapshot(`
    "claude	none	.claude/settings.local.json
    codex	none	.codex/hooks.json of the main worktree
    gemini	installed	.gemini/settings.json
    opencode	none	.opencode/plugins/wt-sessions.js
    copilot	none	.github/hooks/wt-sessions.json
    cursor-agent	none	.cursor/hooks.json
    "
  `);
  expect((await bench.wt('hooks', 'status', { cwd: bench.at('a') })).stdout).toContain('installed');
  expect((await bench.wt('hooks', 'status', 'gemini')).stdout).toContain('none');
});

test('a person’s own agent shares the hooks of the one it is like', async () => {
  const bench = await makeSession();
  await bench.room.write(bench.room.dir, {
    '.config/wt/config.jsonc': '{"agents": {"mine": {"command": ["my-claude"], "like": "claude"}}}',
  });
  await bench.data('hooks', 'install', 'mine', 'a');
  expect(await textAt(bench.at('a'), CLAUDE)).toContain('hook mine --like claude');
});

test.for([
  ['what is no agent', ['install', 'nobody', 'a'], 'agent.unknown'],
  ['an agent without hooks', ['install', 'aider', 'a'], 'hooks.refused'],
  ['an agent that is not named', ['install'], 'usage.invalid'],
  ['what is no action', ['instal', 'claude'], 'usage.invalid'],
  ['a session that is not there', ['install', 'claude', 'nope'], 'session.not-found'],
] as const)('%s is refused', async ([, argv, code]) => {
  const bench = await makeSession();
  const { raw } = await bench.wt('--json', 'hooks', ...argv);
  expect((JSON.parse(raw) as { error: { code: string } }).error.code).toBe(code);
});

test('whatever JSON a settings file holds, installed and removed it is the same to the byte', async () => {
  const bench = await makeSession();
  const file = path.join(bench.at('a'), CLAUDE);
  await mkdir(path.dirname(file), { recursive: true });
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(
        fc.string().filter((key) => key !== 'hooks'),
        fc.jsonValue(),
      ),
      fc.constantFrom(undefined, 1, '\t'),
      fc.constantFrom('', '\n', '\r\n', ' // the end', '/* the end */\n\n'),
      async (settings, space, end) => {
        const text = `${JSON.stringify(settings, null, space)}${end}`;
        await writeFile(file, text);
        await bench.data('hooks', 'install', 'claude', 'a');
        if ((await textAt(file)) === text) throw new Error('nothing was installed');
        await bench.data('hooks', 'remove', 'claude', 'a');
        if ((await textAt(file)) !== text) throw new Error(`not the same: ${text}`);
      },
    ),
    { numRuns: 15 },
  );
  await rm(path.dirname(file), { recursive: true });
});
