import { mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findPlainPath, isPlainConfig, parseCall } from '#src/sessions/plain-path.ts';
import type { Env } from '../support/room.ts';
import { runWt } from '../support/spawn.ts';
import { makeBench, type Bench } from '../support/wt.ts';

interface Call {
  readonly argv?: readonly string[];
  readonly cwd?: string;
  readonly env?: Env;
}

/** What is different from a repository with sessions `a` and `b`, and how `wt path a` is called there. */
type Situation = (bench: Bench) => Promise<Call> | Call;

const registryOf = ({ root }: Bench): string => path.join(root, '.worktrees', 'sessions.json');
const noteOf = ({ root }: Bench): string => path.join(root, '.git', 'worktrees', 'a', 'wt.json');

async function edit(file: string, change: (text: string) => string): Promise<Call> {
  await writeFile(file, change(await readFile(file, 'utf8')));
  return {};
}

const QUICK: Readonly<Record<string, Situation>> = {
  'at the main worktree': () => ({}),
  'in a folder of it': async ({ root }) => {
    await mkdir(path.join(root, 'deep', 'down'), { recursive: true });
    return { cwd: path.join(root, 'deep', 'down') };
  },
  'inside the session': ({ at }) => ({ cwd: at('a') }),
  'inside another session': ({ at }) => ({ cwd: at('b') }),
  'in a folder of another session': async ({ at }) => {
    await mkdir(path.join(at('b'), 'deep'));
    return { cwd: path.join(at('b'), 'deep') };
  },
  'with -C in front': ({ room }) => ({ argv: ['-C', 'app', 'path', 'a'], cwd: room.dir }),
  'with -C between': ({ room }) => ({ argv: ['path', '-C', 'app', 'a'], cwd: room.dir }),
  'with -C behind': ({ room, root }) => ({ argv: ['path', 'a', '-C', root], cwd: room.dir }),
  'through a link': async ({ room, root }) => {
    await symlink(root, path.join(room.dir, 'link'));
    return { argv: ['-C', 'link', 'path', 'a'], cwd: room.dir };
  },
  'with a detached HEAD': async ({ git }) => {
    await git('checkout', '-q', '--detach');
    return {};
  },
  'with the variables that agents set': () => ({ env: { GIT_EDITOR: 'true', GIT_PAGER: 'cat' } }),
  'with uncommitted files': async ({ room, at }) => {
    await room.write(at('a'), { 'README.md': 'other\n' });
    return {};
  },
};

const SLOW: Readonly<Record<string, Situation>> = {
  'for an id that nobody has': () => ({ argv: ['path', 'nobody'] }),
  'for an id in other letters': () => ({ argv: ['path', 'A'] }),
  'for a branch': () => ({ argv: ['path', 'wt/a'] }),
  'for a path': ({ at }) => ({ argv: ['path', at('a')] }),
  'for the session around': ({ at }) => ({ argv: ['path', '.'], cwd: at('a') }),
  'for nothing': ({ at }) => ({ argv: ['path'], cwd: at('a') }),
  'for a flag': () => ({ argv: ['path', '-x'] }),
  'for two': () => ({ argv: ['path', 'a', 'b'] }),
  'with --json': () => ({ argv: ['path', 'a', '--json'] }),
  'with -q': () => ({ argv: ['path', '-q', 'a'] }),
  'with -C twice': ({ room }) => ({ argv: ['-C', 'app', 'path', 'a', '-C', 'app'], cwd: room.dir }),
  'with -C to nowhere': () => ({ argv: ['-C', 'nowhere', 'path', 'a'] }),
  'with -C to a file': () => ({ argv: ['-C', 'README.md', 'path', 'a'] }),
  'outside of any repository': ({ room }) => ({ cwd: room.dir }),
  'inside .git': ({ root }) => ({ cwd: path.join(root, '.git') }),
  'beside a file named HEAD': async ({ room, root }) => {
    await room.write(root, { 'sub/HEAD': 'x\n' });
    return { cwd: path.join(root, 'sub') };
  },
  'with GIT_DIR': ({ root }) => ({ env: { GIT_DIR: path.join(root, '.git') } }),
  'with GIT_CEILING_DIRECTORIES': async ({ root }) => {
    await mkdir(path.join(root, 'deep'));
    return { cwd: path.join(root, 'deep'), env: { GIT_CEILING_DIRECTORIES: root } };
  },
  'for one that was removed': async ({ wt }) => {
    await wt('remove', 'a');
    return {};
  },
  'for one that was moved': async ({ git, room, at }) => {
    await git('worktree', 'unlock', at('a')).catch(() => '');
    await git('worktree', 'move', at('a'), path.join(room.dir, 'elsewhere'));
    return {};
  },
  'for one that was adopted': async ({ git, wt, room }) => {
    await git('worktree', 'add', '-q', '-b', 'x', path.join(room.dir, 'other'));
    await wt('adopt', path.join(room.dir, 'other'), '--yes');
    return { argv: ['path', 'other'] };
  },
  'when the repository was moved': async ({ room, root }) => {
    await rename(root, path.join(room.dir, 'moved'));
    return { cwd: path.join(room.dir, 'moved') };
  },
  'without a registry': async (bench) => {
    await rm(registryOf(bench));
    return {};
  },
  'with a registry that is no JSON': (bench) => edit(registryOf(bench), (text) => text.slice(0, -20)),
  'with a registry of a newer wt': (bench) =>
    edit(registryOf(bench), (text) => text.replace('"version": 1', '"version": 9')),
  'with a registry that is a link': async (bench) => {
    await rename(registryOf(bench), path.join(bench.room.dir, 'elsewhere.json'));
    await symlink(path.join(bench.room.dir, 'elsewhere.json'), registryOf(bench));
    return {};
  },
  'with a row that was taken out': (bench) =>
    edit(registryOf(bench), (text) => {
      const registry = JSON.parse(text) as { sessions: Record<string, unknown> };
      delete registry.sessions['a'];
      return JSON.stringify(registry);
    }),
  'with a row that is not ready': (bench) => edit(registryOf(bench), (text) => text.replace('"ready"', '"creating"')),
  'with a row that leads elsewhere': (bench) =>
    edit(registryOf(bench), (text) => text.replace('"id": "a",', '"id": "a", "folder": "b",')),
  'with a note of another session': (bench) => edit(noteOf(bench), (text) => text.replace('"id": "a"', '"id": "c"')),
  'without a note': async (bench) => {
    await rm(noteOf(bench));
    return {};
  },
  'with an open operation': async ({ root }) => {
    await mkdir(path.join(root, '.git', 'wt', 'journal'), { recursive: true });
    await writeFile(path.join(root, '.git', 'wt', 'journal', 'x.json'), '{}');
    return {};
  },
  'with an extension': async ({ git }) => {
    await git('config', 'extensions.worktreeConfig', 'true');
    return {};
  },
  'with core.bare': async ({ git, at }) => {
    await git('config', 'core.bare', 'true');
    return { cwd: at('a') };
  },
  'with settings that git cannot read': (bench) =>
    edit(path.join(bench.root, '.git', 'config'), (text) => `${text}[core\n`),
  'with a HEAD that git cannot read': (bench) => edit(path.join(bench.root, '.git', 'HEAD'), () => 'nonsense\n'),
  'with .worktrees a link': async ({ room, root }) => {
    await rename(path.join(root, '.worktrees'), path.join(room.dir, 'trees'));
    await symlink(path.join(room.dir, 'trees'), path.join(root, '.worktrees'));
    return {};
  },
  'with .git a link': async ({ room, root }) => {
    await rename(path.join(root, '.git'), path.join(room.dir, 'x.git'));
    await symlink(path.join(room.dir, 'x.git'), path.join(root, '.git'));
    return {};
  },
  'with letters of another tongue in the path': async ({ room, wt }) => {
    await room.repo('größe');
    const cwd = path.join(room.dir, 'größe');
    await wt('create', 'a', { cwd });
    return { cwd };
  },
};

async function ask(situation: Situation): Promise<{ quick: string | undefined; full: string; isSuccess: boolean }> {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await bench.wt('create', 'b');
  const { argv = ['path', 'a'], cwd = bench.root, env = {} } = await situation(bench);
  const surroundings = { env: { ...bench.room.env, ...env }, cwd: () => cwd, user: process.geteuid?.() };
  let quick: string | undefined;
  try {
    quick = findPlainPath(argv, surroundings);
  } catch {
    quick = undefined;
  }
  const { code, raw, stderr } = await bench.wt(...argv, { cwd, env });
  return { quick, full: raw, isSuccess: code === 0 && stderr === '' };
}

describe('the quick way of wt path', () => {
  test.each(Object.keys(QUICK))('says what the program says %s', async (name) => {
    const { quick, full, isSuccess } = await ask(QUICK[name] ?? (() => ({})));
    expect(isSuccess).toBe(true);
    expect(quick).toBe(full);
  });

  test.each(Object.keys(SLOW))('leaves it to the program %s', async (name) => {
    const { quick } = await ask(SLOW[name] ?? (() => ({})));
    expect(quick).toBeUndefined();
  });

  test('is taken by the built program, which falls back without a word', async () => {
    const { room, root, wt } = await makeBench();
    await wt('create', 'a');
    const said = async (...argv: string[]): Promise<unknown> => {
      const { code, stdout, stderr } = await runWt(room, root, argv);
      return [code, room.seal(stdout), room.seal(stderr).split('\n')[0]];
    };
    expect(await said('path', 'a')).toEqual([0, '$ROOM/app/.worktrees/a\n', '']);
    expect(await said('path', 'A')).toEqual([0, '$ROOM/app/.worktrees/a\n', '']);
    expect(await said('path', 'nobody')).toEqual([3, '', 'error: there is no session "nobody"']);
    expect(await said('-V')).toEqual(await said('--version'));
    expect(await said('--version', 'list')).toEqual(await said('--version'));
  });
});

test('a call is plain with a verb, an id and at most one folder, in any order that commander takes', () => {
  expect(parseCall(['path', 'a'])).toEqual({ id: 'a', directory: '.' });
  expect(parseCall(['path', 'a', '-C', 'x'])).toEqual({ id: 'a', directory: 'x' });
  for (const argv of [
    ['path'],
    ['list', 'a'],
    ['path', 'a', '-C'],
    ['path', 'a', '-C', '-x'],
    ['path', '--', 'a'],
    ['path', ''],
  ])
    expect(parseCall(argv)).toBeUndefined();
});

test('settings are plain only when git reads the same in them', () => {
  expect(
    isPlainConfig('[core]\n\tbare = false\n\trepositoryformatversion = 0\n[remote "o"]\n\turl = x:y\n\n# z\n'),
  ).toBe(true);
  const odd = [
    'bare = true',
    'bare',
    'worktree = ../x',
    'repositoryformatversion = 1',
    'a = "b',
    'a = b\\',
    '= x',
    '1a = b',
  ];
  for (const line of odd) expect([line, isPlainConfig(`[core]\n\t${line}\n`)]).toEqual([line, false]);
  for (const text of ['[include]\npath = x\n', '[extensions]\n', '[includeIf "gitdir:x"]\n', '[core', '[a]]\n'])
    expect([text, isPlainConfig(text)]).toEqual([text, false]);
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(isPlainConfig(`[core]\n${text}\n\tbare = true\n`)).toBe(false);
    }),
  );
});
