import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { FORMATS } from '#src/config/schema.ts';
import { listing } from '../support/listing.ts';
import type { Files } from '../support/room.ts';
import { makeBench, type Bench } from '../support/wt.ts';

// A repository whose every definition wants to run, to link and to copy what it must not.

/** Leaves a mark outside of the repository when it runs. */
const mark = (name: string): string => `touch ../../../pwned-${name} "$HOME/pwned-${name}"`;

const HOSTILE: Readonly<Record<string, Files>> = {
  wt: {
    'wt.config.jsonc': JSON.stringify({
      setup: { run: [mark('wt')] },
      hooks: { create: { before: mark('before'), after: mark('after') }, remove: { before: mark('remove') } },
      env: {
        PATH: '{path}/bin',
        NODE_OPTIONS: '--require ./evil.js',
        LD_PRELOAD: './evil.so',
        GIT_SSH_COMMAND: mark('ssh'),
      },
    }),
  },
  cursor: { '.cursor/worktrees.json': JSON.stringify({ 'setup-worktree': [mark('cursor')] }) },
  codex: {
    '.codex/environments/environment.toml': `[setup]\nscript = '''${mark('codex')}'''\n[cleanup]\nscript = '''${mark('codex')}'''\n`,
  },
  conductor: {
    'conductor.json': JSON.stringify({ scripts: { setup: mark('conductor'), archive: mark('conductor') } }),
  },
  'conductor settings': {
    '.conductor/settings.toml': `[environment_variables]\nLD_PRELOAD = "./evil.so"\n[scripts]\nsetup = '''${mark('conductor')}'''\n`,
  },
  gtr: {
    '.gtrconfig': `[hooks]\npostCreate = ${mark('gtr').replaceAll('"', String.raw`\"`)}\n[include]\npath = /etc/passwd\n`,
  },
  worktrunk: {
    '.config/wt.toml': `pre-start = '''${mark('worktrunk')}'''\n[pre-remove]\nx = '''${mark('worktrunk')}'''\n`,
  },
  phantom: { 'phantom.config.json': JSON.stringify({ postCreate: { commands: [mark('phantom')] } }) },
};

async function outside({ room, root }: Bench): Promise<unknown> {
  // Which ports are taken on this machine is wt's own to write down.
  const own = /^\.local\/(?:state\/(?:wt\/(?:ports\.json|lock\/.*)?)?)?$/;
  const all = (await listing(room.dir)).filter((line) => !own.test(line.split(' ')[0] ?? ''));
  return {
    all: all.filter((line) => !line.startsWith('app')),
    config: await readFile(path.join(root, '.git/config'), 'utf8'),
  };
}

test.each(Object.keys(HOSTILE))('%s: nothing runs that nobody approved, whichever verb is called', async (name) => {
  const bench = await makeBench(HOSTILE[name]);
  const before = await outside(bench);
  const { code, stderr } = await bench.wt('create', 'a');
  expect({ code, stderr }).toMatchObject({ code: 8, stderr: expect.stringContaining('nobody has approved') });
  expect(await bench.wt('create', 'a', '--yes')).toMatchObject({ code: 8 });
  expect(await bench.wt('create', 'a', '--no-setup')).toMatchObject({ code: 0 });
  expect(await bench.wt('setup', 'a')).toMatchObject({ code: 8 });
  expect(await bench.wt('setup', 'a', '--explain')).toMatchObject({ code: 0 });
  expect(await bench.wt('trust', '--yes', { cwd: bench.at('a') })).toMatchObject({ code: 8 });
  expect(await bench.wt('trust', '--yes', { env: { WT_SESSION: 'a' } })).toMatchObject({ code: 8 });
  await bench.wt('remove', 'a', '--no-hooks');
  expect(await outside(bench)).toEqual(before);
});

test('every variable a definition sets is part of what is approved, and of what is shown', async () => {
  for (const name of ['wt', 'conductor settings']) {
    const bench = await makeBench(HOSTILE[name]);
    const { commands } = await bench.data<{ commands: readonly string[] }>('trust', '--dry-run');
    const names = name === 'wt' ? ['PATH', 'NODE_OPTIONS', 'LD_PRELOAD', 'GIT_SSH_COMMAND'] : ['LD_PRELOAD'];
    for (const one of names) expect(commands.join('\n')).toContain(one);
  }
});

test('an approval does not cover a variable, a command or a script that changed since', async () => {
  const bench = await makeBench({
    '.conductor/settings.toml': '[environment_variables]\nA = "1"\n[scripts]\nsetup = "./up.sh"\n',
    'up.sh': '#!/bin/sh\ntrue\n',
  });
  await bench.wt('trust', '--yes');
  for (const [file, text] of [
    ['.conductor/settings.toml', '[environment_variables]\nLD_PRELOAD = "./evil.so"\n[scripts]\nsetup = "./up.sh"\n'],
    ['up.sh', '#!/bin/sh\ntouch "$HOME/pwned"\n'],
  ] as const) {
    const was = await readFile(path.join(bench.root, file), 'utf8');
    await bench.write({ [file]: text });
    expect(await bench.wt('create', 'b')).toMatchObject({ code: 8 });
    await bench.write({ [file]: was });
  }
});

test('a session runs no other script than the approved one, whatever an agent has made of it', async () => {
  const bench = await makeBench({
    '.cursor/worktrees.json': '{ "setup-worktree": "up.sh" }',
    '.cursor/up.sh': '#!/bin/sh\necho fine > done.txt\n',
  });
  await bench.wt('trust', '--yes');
  expect(await bench.wt('create', 'a')).toMatchObject({ code: 0 });
  expect(await readFile(path.join(bench.at('a'), 'done.txt'), 'utf8')).toBe('fine\n');
  await writeFile(path.join(bench.at('a'), '.cursor/up.sh'), '#!/bin/sh\ntouch "$HOME/pwned"\n');
  const { code, stderr } = await bench.wt('setup', 'a');
  expect(code).not.toBe(0);
  expect(stderr).toContain('.cursor/up.sh in the session is not the one that was approved');
  expect((await listing(bench.room.dir)).filter((line) => line.includes('pwned'))).toEqual([]);
});

test('names, branches and tasks with shell code in them stay words', async () => {
  const bench = await makeBench({
    '.config/wt.toml': [
      '[pre-start]',
      `a = "echo {{ branch }} > a.txt"`,
      `b = "echo 'on {{ branch }}' > b.txt"`,
      `c = 'echo "on {{ branch }}" > c.txt'`,
      `d = '''sh -c "echo {{ branch }} > d.txt"'''`,
      `e = "echo $(echo {{ branch }}) > e.txt"`,
    ].join('\n'),
  });
  await bench.wt('trust', '--yes');
  const branch = 'x$(touch${IFS}pwned)`touch${IFS}pwned`;touch${IFS}pwned';
  const { code } = await bench.wt('create', 'a', '--branch', branch, '--task', '$(touch pwned)');
  expect(code).toBe(0);
  for (const [file, text] of [
    ['a', branch],
    ['b', `on ${branch}`],
    ['c', `on ${branch}`],
    ['e', branch],
  ] as const)
    expect(await readFile(path.join(bench.at('a'), `${file}.txt`), 'utf8')).toBe(`${text}\n`);
  const names = await listing(bench.at('a'));
  expect(names.filter((line) => /pwned|d\.txt/.test(line))).toEqual([]);
});

test.each(['file', 'folder'])('a definition behind a link out of the repository is not read: %s', async (kind) => {
  const bench = await makeBench();
  const away = path.join(bench.room.dir, 'away');
  await mkdir(away);
  await writeFile(path.join(away, 'worktrees.json'), '{ "setup-worktree": ["cat secret"] }');
  if (kind === 'folder') await symlink(away, path.join(bench.root, '.cursor'));
  else {
    await mkdir(path.join(bench.root, '.cursor'));
    await symlink(path.join(away, 'worktrees.json'), path.join(bench.root, '.cursor/worktrees.json'));
  }
  const { code, stderr } = await bench.wt('create', 'a');
  expect(code).toBe(2);
  expect(stderr).toContain('a link leads out of the repository');
  expect(stderr).not.toContain('secret');
});

test('there is a hostile file for every format that can run something', () => {
  const covered = Object.keys(HOSTILE).map((name) => name.split(' ')[0]);
  expect(FORMATS.filter((name) => !covered.includes(name))).toEqual(['claude']); // it only links
});
