import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { DEAD } from '../support/dead.ts';
import { listing } from '../support/listing.ts';
import { makeBench, type Bench } from '../support/wt.ts';

// What wt has written down can be edited by anybody who runs as the same person: by hand, or by an agent that was talked
// into it. None of it may lead out of the repository or become an option of git.

interface World extends Bench {
  readonly home: string;
  readonly other: string;
  /** Everything outside the repository's own bookkeeping that must stay as it is. */
  readonly outside: () => Promise<unknown>;
}

/** Session `a` with work of its own, a folder like a home, and another clone of the repository. */
async function makeWorld(): Promise<World> {
  const bench = await makeBench();
  const { room, root } = bench;
  const [home, other] = [path.join(room.dir, 'person'), path.join(room.dir, 'other')];
  await room.write(home, { 'diary.txt': 'mine\n', 'folder/photo.txt': 'mine too\n' });
  await room.git(room.dir, 'clone', '--quiet', root, other);
  await room.write(other, { 'README.md': 'edited in the other clone\n' });
  await bench.data('create', 'a');
  await bench.work('a', { 'a.txt': 'a\n' });
  return {
    ...bench,
    home,
    other,
    outside: async () => ({
      home: await listing(home),
      other: await listing(other),
      main: await listing(root, /^\.(?:git|worktrees)(?:\/|$)/),
      head: await room.git(root, 'rev-parse', 'HEAD', 'main'),
      status: await room.git(root, 'status', '--porcelain'),
      hooks: await listing(path.join(root, '.git/hooks')),
      config: await readFile(path.join(root, '.git/config'), 'utf8'),
      top: (await listing(room.dir)).filter((line) => !line.includes('/') && !line.startsWith('app')),
    }),
  };
}

type Json = Record<string, unknown>;

async function editJson(file: string, change: (value: Json) => Json): Promise<void> {
  await writeFile(file, JSON.stringify(change(JSON.parse(await readFile(file, 'utf8')) as Json)));
}

const metas: readonly { readonly what: string; readonly edit: (meta: Json, world: World) => Json }[] = [
  { what: 'a path to /', edit: (meta) => ({ ...meta, path: '/' }) },
  { what: 'a path into a home', edit: (meta, { home }) => ({ ...meta, path: `${home}/bin` }) },
  { what: 'a path into another repository', edit: (meta, { other }) => ({ ...meta, path: `${other}/src` }) },
  { what: 'a path into the hooks', edit: (meta, { root }) => ({ ...meta, path: `${root}/.git/hooks/post-checkout` }) },
  { what: 'the record ../..', edit: (meta) => ({ ...meta, admin: '../..' }) },
  { what: 'the record ../hooks/x', edit: (meta) => ({ ...meta, admin: '../hooks/x' }) },
  { what: 'the operation ../../..', edit: (meta) => ({ ...meta, op: '../../..' }) },
  { what: 'the id ../x', edit: (meta) => ({ ...meta, id: '../x' }) },
  {
    what: 'a branch that is a path to a hook',
    edit: (meta) => ({
      ...meta,
      branch: { name: '../../../hooks/post-checkout', commit: (meta['branch'] as Json)['commit'], deleted: true },
    }),
  },
  {
    what: 'a commit that is an option',
    edit: (meta, { home }) => ({
      ...meta,
      branch: { ...(meta['branch'] as Json), commit: `--output=${home}/diary.txt` },
    }),
  },
];

test.for(metas)('a trash entry with $what brings nothing out of the repository', async ({ edit }) => {
  const world = await makeWorld();
  const { removed } = await world.data<{ removed: { trash: string }[] }>('remove', 'a', '--force');
  const folder = path.join(world.root, '.git/wt/trash', removed[0]?.trash ?? '');
  await writeFile(path.join(folder, 'branch-log'), '#!/bin/sh\n');
  const meta = await readFile(path.join(folder, 'meta.json'), 'utf8');
  const before = await world.outside();
  await editJson(path.join(folder, 'meta.json'), (value) => edit(value, world));

  const { code } = await world.wt('restore', 'a');
  await world.wt('list', '--all');
  expect(await world.outside()).toEqual(before);
  if (code !== 0) await writeFile(path.join(folder, 'meta.json'), meta);
  expect({ code: code === 0 ? 0 : (await world.wt('restore', 'a')).code }).toEqual({ code: 0 });
  expect(await readFile(path.join(world.at('a'), 'a.txt'), 'utf8')).toBe('a\n');
  expect(await world.outside()).toEqual(before);
});

const rows: readonly { readonly what: string; readonly edit: (row: Json, world: World) => Json }[] = [
  {
    what: 'a base commit that is an option',
    edit: (row, { home }) => ({ ...row, base: { branch: 'main', commit: `--output=${home}/diary.txt` } }),
  },
  {
    what: 'a base branch that is an option',
    edit: (row, { home }) => ({ ...row, base: { ...(row['base'] as Json), branch: `--output=${home}/diary.txt` } }),
  },
  { what: 'a branch that is an option', edit: (row) => ({ ...row, branch: '--exec=touch pwned' }) },
  { what: 'a branch that is a path', edit: (row) => ({ ...row, branch: '../../../../../person/diary.txt' }) },
  { what: 'a path into a home', edit: (row, { home }) => ({ ...row, path: home }) },
  {
    what: 'a landing that is an option',
    edit: (row, { home }) => ({
      ...row,
      landed: { commit: `--output=${home}/diary.txt`, tip: '-x', into: 'main', at: '2026-01-01T00:00:00.000Z' },
    }),
  },
];

test.for(rows)('a registry and a note with $what lead no command astray', async ({ edit }) => {
  const world = await makeWorld();
  await world.data('create', 'fresh');
  const registry = path.join(world.root, '.worktrees/sessions.json');
  const before = await world.outside();
  for (const id of ['a', 'fresh']) {
    await editJson(registry, (file) => {
      const sessions = file['sessions'] as Record<string, Json>;
      return { ...file, sessions: { ...sessions, [id]: edit(sessions[id] ?? {}, world) } };
    });
    await editJson(path.join(world.root, `.git/worktrees/${id}/wt.json`), (note) => edit(note, world));
  }
  for (const id of ['a', 'fresh'])
    for (const argv of [
      ['show', id],
      ['diff', id],
      ['diff', id, '--stat'],
      ['merge', id, '--dry-run'],
      ['remove', id],
    ])
      await world.wt(...argv);
  expect((await world.wt('list', '--conflicts')).code).toBe(0);
  await world.wt('clean', '--all', '--yes');
  expect(await world.outside()).toEqual(before);
});

const OP = '00000000-0000-4000-8000-000000000000';

function entryOf(world: World, commit: string, more: Json): Json {
  const admin = path.join(world.root, '.git/worktrees/a');
  const row = (id: string): Json => ({
    id,
    branch: 'main',
    base: { branch: null, commit },
    path: world.home,
    agent: null,
    task: null,
    createdAt: '2026-01-01T00:00:00.000Z',
    state: 'ready',
    ownsBranch: true,
  });
  const landed = { before: null, after: null };
  const known: Record<string, Json> = {
    remove: { path: world.home, adminDirectory: admin, phase: 'commit', branch: 'none', deleteBranchAt: null },
    create: { path: world.home, branch: 'none', commit, createsBranch: true, carried: null },
    merge: { target: 'refs/heads/main', from: commit, to: commit, tip: commit, worktree: world.other, landed },
    move: { target: 'refs/heads/main', from: commit, to: commit, worktree: world.other, landed },
    restore: {
      trash: OP,
      removedId: 'x',
      path: path.join(world.home, 'new'),
      adminDirectory: null,
      head: 'x',
      branch: 'main',
      createBranchAt: null,
      row: row('x'),
    },
    adopt: { adminDirectory: world.home, row: row('x') },
    release: { adminDirectory: world.home, row: row('x') },
    commit: {
      path: world.other,
      adminDirectory: path.join(world.other, '.git'),
      ref: 'HEAD',
      from: commit,
      index: null,
    },
    reset: {
      path: world.other,
      adminDirectory: path.join(world.other, '.git'),
      ref: 'refs/heads/main',
      from: commit,
      to: commit,
      indexFrom: null,
      indexTo: null,
    },
    sweep: { worktree: world.other, gitDir: path.join(world.other, '.git'), keep: world.home, phase: 'reset' },
  };
  const kind = String(more['kind']);
  return {
    op: OP,
    owner: DEAD,
    generation: 1,
    startedAt: '2026-01-01T00:00:00.000Z',
    id: 'x',
    ...known[kind],
    ...more,
  };
}

const entries: readonly Json[] = [
  { kind: 'remove' },
  { kind: 'remove', phase: 'intent' },
  { kind: 'remove', op: '../../../../person/folder' },
  { kind: 'remove', adminDirectory: 'HOME' },
  { kind: 'remove', branch: '../../../person/diary.txt' },
  { kind: 'create' },
  { kind: 'merge' },
  { kind: 'merge', target: '../../person/diary.txt' },
  { kind: 'merge', to: '--output=HOME' },
  { kind: 'move' },
  { kind: 'restore' },
  { kind: 'restore', trash: '../../../person' },
  { kind: 'adopt' },
  { kind: 'release' },
  { kind: 'commit' },
  { kind: 'reset' },
  { kind: 'sweep' },
  { kind: 'sweep', phase: 'move' },
];

test.for(entries)('a journal entry that was forged changes nothing outside the repository: %j', async (forged) => {
  const world = await makeWorld();
  const commit = await world.git('rev-parse', 'main');
  const folder = path.join(world.root, '.git/wt/journal');
  await mkdir(folder, { recursive: true });
  const text = JSON.stringify(entryOf(world, commit, forged)).replaceAll('HOME', world.home);
  await writeFile(path.join(folder, `${OP}.json`), text);
  await world.room.write(world.home, { 'wt.json': 'of another tool\n', locked: 'wt:\n' });
  const before = await world.outside();
  expect((await world.wt('list')).code).toBe(0);
  const { code, stderr } = await world.wt('create', 'b');
  expect(code).toBe(0);
  expect(stderr).toMatch(/cannot (?:settle|read)|left as it is/);
  expect(await world.outside()).toEqual(before);
  expect(await readFile(path.join(world.at('a'), 'a.txt'), 'utf8')).toBe('a\n');
});

const effects: readonly ((world: World, commit: string) => Json)[] = [
  ({ home }, commit) => ({
    kind: 'moved',
    id: 'a',
    target: 'refs/heads/main',
    from: `--output=${home}/diary.txt`,
    to: commit,
    landed: { before: null, after: null },
  }),
  ({ home }, commit) => ({
    kind: 'committed',
    id: 'a',
    ref: 'HEAD',
    from: `--output=${home}/diary.txt`,
    to: commit,
    indexFrom: null,
    indexTo: null,
  }),
  ({ other }, commit) => ({ kind: 'made', id: 'a', isRestored: false, carried: { worktree: other, head: commit } }),
  () => ({ kind: 'trashed', id: 'a', trash: '../../../person' }),
];

test.for(effects.map((make, i) => [i, make] as const))(
  'wt undo of a forged operation (%i) reaches nothing outside the repository',
  async ([, make]) => {
    const world = await makeWorld();
    await world.room.git(world.other, 'checkout', '--quiet', '--', '.');
    await world.room.git(world.at('a'), 'reset', '--quiet', '--soft', 'main');
    const commit = await world.git('rev-parse', 'main');
    const before = await world.outside();
    await writeFile(
      path.join(world.root, '.git/wt/logs/operations.jsonl'),
      `${JSON.stringify({ op: OP, call: 'forged', command: 'wt', at: '2026-01-01T00:00:00.000Z', effect: make(world, commit) })}\n`,
    );
    await world.wt('undo');
    expect(await world.outside()).toEqual(before);
    expect(await readFile(path.join(world.at('a'), 'a.txt'), 'utf8')).toBe('a\n');
  },
);
