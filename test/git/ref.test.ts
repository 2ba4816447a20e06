import { describe, expect, test } from 'vitest';
import { branchOf, changeRefs, listRefs, refOfBranch, resolveCommit } from '#src/git/ref.ts';
import { gitOf } from '../support/deps.ts';
import { makeRoom } from '../support/room.ts';

describe('refs', () => {
  test('are listed with commit, tree, subject, date and upstream; a tag as its commit', async () => {
    const room = await makeRoom();
    const origin = await room.repo('origin');
    await room.git(room.dir, 'clone', '-q', origin, 'app');
    const root = `${room.dir}/app`;
    await room.write(origin, { x: '1' });
    await room.git(origin, 'add', '-A');
    await room.git(origin, 'commit', '-qm', 'ahead: "ü"\n\nbody');
    await room.git(root, 'fetch', '-q');
    await room.git(root, 'tag', '-a', '-m', 'note', 'v1');
    const git = gitOf(room, root);
    const [commit, tree] = [
      await room.git(root, 'rev-parse', 'HEAD'),
      await room.git(root, 'rev-parse', 'HEAD^{tree}'),
    ];
    const main = { commit, tree, subject: 'first', upstream: 'refs/remotes/origin/main', behind: 1 };
    expect(await listRefs(git, ['refs/heads/'])).toMatchObject([{ ...main, name: 'refs/heads/main' }]);
    expect(await listRefs(git, ['refs/remotes/origin/main'])).toMatchObject([
      { subject: 'ahead: "ü"', upstream: undefined },
    ]);
    expect(await listRefs(git, ['refs/tags/v1'])).toMatchObject([{ commit, tree, behind: 0 }]);
    const seconds = Number(await room.git(root, 'log', '-1', '--format=%ct'));
    expect((await listRefs(git, ['refs/tags/v1']))[0]?.committedAt).toBe(new Date(seconds * 1000).toISOString());
  });

  test('are matched by their full name or whole folders, and no pattern finds none', async () => {
    const room = await makeRoom();
    const root = await room.repo();
    for (const name of ['wt/a', 'wt/ab', 'wt/a-b', 'other']) await room.git(root, 'branch', name);
    const git = gitOf(room, root);
    const names = async (...patterns: string[]): Promise<string[]> =>
      (await listRefs(git, patterns)).map(({ name }) => name);
    expect(await names('refs/heads/wt/a')).toEqual(['refs/heads/wt/a']);
    expect(await names('refs/heads/wt')).toEqual(['refs/heads/wt/a', 'refs/heads/wt/a-b', 'refs/heads/wt/ab']);
    expect(await names()).toEqual([]);
  });

  test('move all together or not at all', async () => {
    const room = await makeRoom();
    const root = await room.repo();
    const git = gitOf(room, root);
    const first = await room.git(root, 'rev-parse', 'HEAD');
    await room.git(root, 'commit', '-q', '--allow-empty', '-m', 'second');
    const second = await room.git(root, 'rev-parse', 'HEAD');
    await room.git(root, 'branch', 'a', first);
    await room.git(root, 'branch', 'b', first);
    const at = async (): Promise<string[]> =>
      (await listRefs(git, ['refs/heads/a', 'refs/heads/b', 'refs/heads/c'])).map(
        ({ name, commit }) => `${branchOf(name)} ${commit}`,
      );
    const before = await at();
    const moved = await changeRefs(git, [
      { kind: 'update', ref: 'refs/heads/a', to: second, from: first },
      { kind: 'create', ref: 'refs/heads/c', to: second },
      { kind: 'delete', ref: 'refs/heads/b', from: second },
    ]);
    expect(moved).toBe(false);
    expect(await at()).toEqual(before);
    const done = await changeRefs(
      git,
      [
        { kind: 'update', ref: 'refs/heads/a', to: second, from: first },
        { kind: 'create', ref: 'refs/heads/c', to: second },
        { kind: 'delete', ref: 'refs/heads/b', from: first },
      ],
      { message: 'wt merge x' },
    );
    expect(done).toBe(true);
    expect(await at()).toEqual([`a ${second}`, `c ${second}`]);
    expect(await room.git(root, 'reflog', '-1', '--format=%gs', 'a')).toBe('wt merge x');
  });

  test('move only from where they were seen', async () => {
    const room = await makeRoom();
    const root = await room.repo();
    const git = gitOf(room, root);
    const first = await room.git(root, 'rev-parse', 'HEAD');
    await room.git(root, 'commit', '-q', '--allow-empty', '-m', 'second');
    const second = await room.git(root, 'rev-parse', 'HEAD');
    await room.git(root, 'branch', 'a', second);
    expect(await changeRefs(git, [{ kind: 'update', ref: 'refs/heads/a', to: first, from: first }])).toBe(false);
    expect(await changeRefs(git, [{ kind: 'delete', ref: 'refs/heads/a', from: first }])).toBe(false);
    expect(await room.git(root, 'rev-parse', 'a')).toBe(second);
  });

  test('are not made over one that is there', async () => {
    const room = await makeRoom();
    const root = await room.repo();
    const commit = await room.git(root, 'rev-parse', 'HEAD');
    expect(await changeRefs(gitOf(room, root), [{ kind: 'create', ref: 'refs/heads/main', to: commit }])).toBe(false);
  });
});

test('a revision from anybody is a commit or nothing, never a flag', async () => {
  const room = await makeRoom();
  const root = await room.repo();
  await room.git(root, 'tag', '-a', '-m', 'note', 'v1');
  const git = gitOf(room, root);
  const commit = await room.git(root, 'rev-parse', 'HEAD');
  for (const text of ['main', 'v1', commit, commit.slice(0, 8), 'HEAD', 'main^0'])
    expect(await resolveCommit(git, text)).toBe(commit);
  for (const text of [
    '',
    'nope',
    '--all',
    '-h',
    '--help',
    'HEAD:README.md',
    'HEAD^{tree}',
    'main..main',
    ' ',
    'a b',
    '0'.repeat(40),
  ])
    expect({ text, commit: await resolveCommit(git, text) }).toEqual({ text, commit: undefined });
});

test('a branch has a short and a full name', () => {
  expect(branchOf('refs/heads/feature/x')).toBe('feature/x');
  expect(refOfBranch('feature/x')).toBe('refs/heads/feature/x');
});
