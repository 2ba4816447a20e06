import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { listCommits } from '#src/git/commit.ts';
import { withScratchObjects } from '#src/git/snapshot.ts';
import { replayCommits, type ReplayResult } from '#src/landing/replay.ts';
import type { GitOptions } from '#src/git/git.ts';
import { gitOf } from '../support/deps.ts';
import { makeRoom, type Files, type Room } from '../support/room.ts';

interface Sides {
  readonly room: Room;
  readonly root: string;
  readonly commit: (branch: string, files: Files, message?: string, ...args: string[]) => Promise<void>;
  /** Replays what `side` has and `main` has not onto `main`. */
  readonly replay: (options?: GitOptions) => Promise<ReplayResult>;
}

async function makeSides(files: Files = { x: '1\n2\n3\n4\n5\n' }): Promise<Sides> {
  const room = await makeRoom();
  const root = await room.repo('app', files);
  await room.git(root, 'branch', 'side');
  return {
    room,
    root,
    async commit(branch, written, message = 'step', ...args) {
      await room.git(root, 'checkout', '-q', branch);
      await room.write(root, written);
      await room.git(root, 'add', '-A');
      await room.git(root, 'commit', '-q', '-m', message, ...args);
      await room.git(root, 'checkout', '-q', 'main');
    },
    async replay(options = {}) {
      const git = gitOf(room, root);
      const commits = await listCommits(git, ['--reverse', '--topo-order', 'side', '--not', 'main']);
      const onto = {
        commit: await room.git(root, 'rev-parse', 'main'),
        tree: await room.git(root, 'rev-parse', 'main^{tree}'),
      };
      return replayCommits(git, commits, onto, options);
    },
  };
}

describe('replayed commits', () => {
  test('are those that git rebase makes, with their authors, dates and messages', async () => {
    const { room, root, commit, replay } = await makeSides();
    await commit(
      'side',
      { x: '1\n2\n3\n4\nside\n' },
      'first "ü"\n\nbody\n\nmore',
      '--author=Ann Öther <ann@example.org>',
      '--date=2001-02-03T04:05:06+0230',
    );
    await commit('side', { 'new file': 'y\n' }, 'second');
    await commit('main', { x: 'main\n2\n3\n4\n5\n' });
    const before = await room.git(root, 'show-ref');
    const result = await replay();
    expect(await room.git(root, 'show-ref')).toBe(before);
    expect(await room.git(root, 'status', '--porcelain')).toBe('');
    await room.git(root, 'rebase', '-q', 'main', 'side');
    const look = async (tip: string): Promise<string> => {
      const text = await room.git(root, 'log', '--format=%T%n%an <%ae>%n%ad%n%B', '--date=raw', `main..${tip}`);
      return text.replaceAll(/\n{2,}/g, '\n');
    };
    const made = result.kind === 'done' ? result.commit : '';
    expect(await look(made)).toBe(await look('side'));
    expect(result).toMatchObject({ kind: 'done', tree: await room.git(root, 'rev-parse', 'side^{tree}') });
    expect(await room.git(root, 'rev-list', '--count', `main..${made}`)).toBe('2');
  });

  test('leave out what the base has by now', async () => {
    const { room, root, commit, replay } = await makeSides();
    await commit('side', { x: '1\n2\n3\n4\nsame\n' }, 'there already');
    await commit('side', { y: 'y\n' }, 'own');
    await commit('main', { x: '1\n2\n3\n4\nsame\n' });
    const result = await replay();
    const made = result.kind === 'done' ? result.commit : '';
    expect(await room.git(root, 'log', '--format=%s', `main..${made}`)).toBe('own');
  });

  test('are none when all of them are there: the base stays what it is', async () => {
    const { room, root, commit, replay } = await makeSides();
    await commit('side', { x: 'same\n' });
    await commit('main', { x: 'same\n' }, 'other words');
    expect(await replay()).toEqual({
      kind: 'done',
      commit: await room.git(root, 'rev-parse', 'main'),
      tree: await room.git(root, 'rev-parse', 'main^{tree}'),
    });
  });

  test('are taken one by one: what takes an earlier one back does so on the base as well', async () => {
    const { room, root, commit, replay } = await makeSides({ x: 'old\n' });
    await commit('side', { x: 'new\n' }, 'do');
    await commit('side', { x: 'old\n' }, 'undo');
    await commit('main', { x: 'new\n' }, 'done here too');
    const result = await replay();
    const made = result.kind === 'done' ? result.commit : '';
    expect(await room.git(root, 'log', '--format=%s', `main..${made}`)).toBe('undo');
    expect(await room.git(root, 'show', `${made}:x`)).toBe('old');
  });

  test('leave out merges and keep what was done on both sides of them', async () => {
    const { room, root, commit, replay } = await makeSides();
    await commit('side', { a: '1\n' }, 'before');
    await commit('main', { m: '1\n' }, 'of main');
    await room.git(root, 'checkout', '-q', 'side');
    await room.git(root, 'merge', '-q', '--no-edit', 'main');
    await room.git(root, 'checkout', '-q', 'main');
    await commit('side', { b: '1\n' }, 'after');
    await commit('main', { n: '1\n' }, 'later');
    const result = await replay();
    const made = result.kind === 'done' ? result.commit : '';
    expect(await room.git(root, 'log', '--format=%s', `main..${made}`)).toBe('after\nbefore');
    expect(await room.git(root, 'ls-tree', '--name-only', made)).toBe('a\nb\nm\nn\nx');
  });
});

describe('a replay that conflicts', () => {
  test('names the commit and the paths, and leaves everything as it was', async () => {
    const { room, root, commit, replay } = await makeSides();
    await commit('side', { fine: 'y\n' }, 'fine');
    await commit('side', { x: 'side\n2\n3\n4\n5\n' }, 'clash');
    await commit('side', { later: 'y\n' }, 'later');
    await commit('main', { x: 'main\n2\n3\n4\n5\n' });
    const before = await room.git(root, 'show-ref');
    expect(await replay()).toMatchObject({ kind: 'conflict', at: { subject: 'clash' }, paths: ['x'] });
    expect(await room.git(root, 'show-ref')).toBe(before);
    expect(await room.git(root, 'status', '--porcelain')).toBe('');
  });
});

test('a replay that is only looked at leaves nothing in the repository', async () => {
  const { room, root, commit, replay } = await makeSides();
  await commit('side', { y: 'y\n' });
  await commit('main', { z: 'z\n' });
  const objects = await room.git(root, 'count-objects');
  const result = await withScratchObjects(path.join(root, '.git'), path.join(room.dir, 'scratch'), (env) =>
    replay({ env }),
  );
  expect(result.kind).toBe('done');
  expect(await room.git(root, 'count-objects')).toBe(objects);
});

test('a replayed commit keeps its author date before 1973 and its message to the byte', async () => {
  const { room, root, commit, replay } = await makeSides();
  await commit('side', { a: 'a\n' }, 'subject\n\nbody\n\nlast line', '--date', '@0 +0130');
  await commit('main', { b: 'b\n' });
  const result = await replay();
  const raw = async (name: string): Promise<readonly string[]> =>
    (await room.git(root, 'cat-file', 'commit', name))
      .split('\n')
      .filter((line) => !/^(?:tree|parent|committer) /.test(line));
  expect(result.kind).toBe('done');
  expect(await raw(result.kind === 'done' ? result.commit : '')).toEqual(await raw('side'));
});

test('a root commit is replayed like any other', async () => {
  const { room, root, replay } = await makeSides();
  await room.git(root, 'checkout', '-q', '--orphan', 'fresh');
  await room.git(root, 'rm', '-rqf', '.');
  await room.write(root, { own: 'own\n' });
  await room.git(root, 'add', '-A');
  await room.git(root, 'commit', '-qm', 'root');
  await room.git(root, 'branch', '-qf', 'side', 'fresh');
  await room.git(root, 'checkout', '-q', 'main');
  const result = await replay();
  expect(result.kind).toBe('done');
  const tree = result.kind === 'done' ? result.tree : '';
  expect((await room.git(root, 'ls-tree', '--name-only', tree)).split('\n')).toEqual(['own', 'x']);
});
