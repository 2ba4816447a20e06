import { mkdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { failure, leftovers, listing } from '../support/listing.ts';
import { benchAt, makeBench, type Bench, type Stage } from '../support/wt.ts';
import { makeRoom } from '../support/room.ts';

/** Makes a session from a place, and expects it where it belongs, whole and listed from there too. */
async function expectSession(bench: Bench, stage: Stage, ...flags: string[]): Promise<void> {
  const { session } = await bench.data<{ session: { path: string } }>('create', 'new', ...flags, stage);
  expect(session.path).toBe(bench.at('new'));
  expect(await bench.room.git(bench.at('new'), 'status', '--porcelain')).toBe('');
  expect(await bench.room.git(bench.at('new'), 'symbolic-ref', 'HEAD')).toBe('refs/heads/wt/new');
  const { sessions } = await bench.data<{ sessions: { id: string }[] }>('list', stage);
  expect(sessions.map(({ id }) => id)).toContain('new');
  expect((await bench.wt('path', 'new', stage)).raw).toBe(`${bench.at('new')}\n`);
}

const PLACES: readonly (readonly [string, (bench: Bench) => Promise<string>])[] = [
  ['the main worktree', ({ root }) => Promise.resolve(root)],
  ['a subfolder', ({ root }) => mkdir(`${root}/deep/er`, { recursive: true }).then(() => `${root}/deep/er`)],
  [
    'a linked worktree elsewhere',
    ({ root, room }) =>
      room.git(root, 'worktree', 'add', '-q', '-b', 'linked', `${room.dir}/linked`).then(() => `${room.dir}/linked`),
  ],
  [
    'a subfolder of a session',
    async ({ wt, at }) => {
      await wt('create', 'old');
      await mkdir(`${at('old')}/deep`);
      return `${at('old')}/deep`;
    },
  ],
  ['inside .git', ({ root }) => Promise.resolve(`${root}/.git`)],
  ['deep inside .git', ({ root }) => Promise.resolve(`${root}/.git/refs/heads`)],
  ['.worktrees itself', ({ wt, root }) => wt('create', 'old').then(() => `${root}/.worktrees`)],
  [
    'a path that leads there through a symbolic link',
    ({ root, room }) => symlink(root, `${room.dir}/link`).then(() => `${room.dir}/link`),
  ],
  [
    'a folder that is a symbolic link into the repository',
    ({ root, room }) =>
      mkdir(`${root}/sub`)
        .then(() => symlink(`${root}/sub`, `${room.dir}/link`))
        .then(() => `${room.dir}/link`),
  ],
];

test.each(PLACES)('from %s the same repository is worked in', async (_, place) => {
  const bench = await makeBench();
  await expectSession(bench, { cwd: await place(bench) });
  expect(await leftovers(bench.root)).toEqual([]);
  expect(await bench.git('status', '--porcelain', '--', ':!deep', ':!sub')).toBe('');
});

test('-C goes there first, before or after the verb, relative to where one is', async () => {
  const bench = await makeBench();
  expect((await bench.wt('-C', 'app', 'create', 'a', { cwd: bench.room.dir })).code).toBe(0);
  expect((await bench.wt('create', 'b', '-C', bench.root, { cwd: '/' })).code).toBe(0);
  expect((await bench.wt('-C', 'app', 'list', { cwd: bench.room.dir })).stdout.split('\n')).toHaveLength(3);
});

test('-C to a folder that is not there is not found', async () => {
  const bench = await makeBench();
  expect(await failure(bench, '-C', 'nowhere', 'list')).toMatchObject({
    exit: 3,
    code: 'repo.not-found',
    details: { reason: 'gone' },
  });
});

test('from a folder that was deleted the message names the folder', async () => {
  const bench = await makeBench();
  const gone = `${bench.room.dir}/gone`;
  expect(await failure(bench, 'list', { cwd: gone })).toMatchObject({
    exit: 3,
    code: 'repo.not-found',
    details: { cwd: gone, reason: 'gone' },
  });
});

test('outside any repository nothing is found and nothing is made', async () => {
  const room = await makeRoom();
  await mkdir(`${room.dir}/empty`);
  const bench = benchAt(room, `${room.dir}/empty`);
  for (const verb of [['create', 'a'], ['list'], ['path', 'a'], ['clean']]) {
    const error = await failure(bench, ...verb);
    expect(error).toMatchObject({ exit: 3, code: 'repo.not-found', changed: false, details: { reason: 'outside' } });
  }
  expect(await listing(room.dir)).toEqual(['empty/ 755']);
});

test('a repository without a commit says so, proposes one, and then works', async () => {
  const room = await makeRoom();
  await mkdir(`${room.dir}/app`);
  await room.git(`${room.dir}/app`, 'init', '-q');
  const bench = benchAt(room, `${room.dir}/app`);
  const { exit, code, fix } = await failure(bench, 'create', 'a');
  expect({ exit, code }).toEqual({ exit: 3, code: 'repo.no-commits' });
  expect((await bench.wt('list')).code).toBe(0);
  const [, ...args] = fix ?? [];
  await room.git(bench.root, ...args);
  expect((await bench.wt('create', 'a')).code).toBe(0);
});

/** A repository of the room in another layout. */
const LAYOUTS: readonly (readonly [string, (seed: Bench) => Promise<{ bench: Bench; cwd: string; common: string }>])[] =
  [
    [
      'a bare repository',
      async ({ room, root }) => {
        await room.git(room.dir, 'clone', '-q', '--bare', root, 'repo.git');
        return {
          bench: benchAt(room, `${room.dir}/repo.git`),
          cwd: `${room.dir}/repo.git`,
          common: `${room.dir}/repo.git`,
        };
      },
    ],
    [
      'a .bare folder beside a .git file, from the folder that holds both',
      async ({ room, root }) => {
        await room.git(room.dir, 'clone', '-q', '--bare', root, 'proj/.bare');
        await writeFile(`${room.dir}/proj/.git`, 'gitdir: ./.bare\n');
        return { bench: benchAt(room, `${room.dir}/proj`), cwd: `${room.dir}/proj`, common: `${room.dir}/proj/.bare` };
      },
    ],
    [
      'a .bare folder beside a .git file, from a worktree beside it',
      async ({ room, root }) => {
        await room.git(room.dir, 'clone', '-q', '--bare', root, 'proj/.bare');
        await writeFile(`${room.dir}/proj/.git`, 'gitdir: ./.bare\n');
        await room.git(`${room.dir}/proj`, 'worktree', 'add', '-q', 'main');
        return {
          bench: benchAt(room, `${room.dir}/proj`),
          cwd: `${room.dir}/proj/main`,
          common: `${room.dir}/proj/.bare`,
        };
      },
    ],
    [
      'a bare clone in .git',
      async ({ room, root }) => {
        await room.git(room.dir, 'clone', '-q', '--bare', root, 'proj/.git');
        return { bench: benchAt(room, `${room.dir}/proj`), cwd: `${room.dir}/proj`, common: `${room.dir}/proj/.git` };
      },
    ],
    [
      'a submodule',
      async ({ room, root }) => {
        const outer = await room.repo('outer');
        await room.git(outer, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', root, 'sub');
        await room.git(outer, 'commit', '-qm', 'with a submodule');
        return { bench: benchAt(room, `${outer}/sub`), cwd: `${outer}/sub`, common: `${outer}/.git/modules/sub` };
      },
    ],
  ];

test.each(LAYOUTS)('%s takes sessions, and they are found from inside themselves', async (_, make) => {
  const { bench, cwd, common } = await make(await makeBench());
  await expectSession(bench, { cwd });
  expect(await bench.data('path', '.', { cwd: bench.at('new') })).toEqual({ id: 'new', path: bench.at('new') });
  expect(await readFile(`${common}/worktrees/new/wt.json`, 'utf8')).toContain('"id": "new"');
  await bench.room.write(bench.at('new'), { x: '1\n' });
  expect((await bench.data<{ paths: string[] }>('commit', 'new', { cwd })).paths).toEqual(['x']);
  expect((await bench.data<{ files: unknown[] }>('diff', 'new', { cwd })).files).toHaveLength(1);
  expect(await leftovers(bench.root, common)).toEqual([]);
});

test('a session of a submodule does not show up in the repository around it', async () => {
  const { bench } = await (LAYOUTS[4] as (typeof LAYOUTS)[0])[1](await makeBench());
  await bench.wt('create', 'a');
  expect(await bench.room.git(path.dirname(bench.root), 'status', '--porcelain')).toBe('');
});

test('a bare repository among the files of another one is not worked in', async () => {
  const bench = await makeBench();
  await bench.git('clone', '-q', '--bare', bench.root, `${bench.root}/trap.git`);
  expect(await failure(bench, 'list', { cwd: `${bench.root}/trap.git` })).toMatchObject({
    code: 'repo.not-found',
    exit: 3,
    details: { reason: 'embedded' },
  });
});

test('after the repository has moved its sessions are found in the new place', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a', '--task', 'T');
  await rename(bench.root, `${bench.room.dir}/moved`);
  const moved = benchAt(bench.room, `${bench.room.dir}/moved`);
  const { sessions } = await moved.data<{ sessions: { id: string; task: string }[] }>('list');
  expect(sessions).toMatchObject([{ id: 'a', task: 'T' }]);
});
