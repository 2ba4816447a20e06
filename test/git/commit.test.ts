import { expect, test } from 'vitest';
import { findMergeBase, isAncestor, KEEPER, listCommits, readParents, writeCommit } from '#src/git/commit.ts';
import { gitOf } from '../support/deps.ts';
import { makeRoom } from '../support/room.ts';

test('commits are listed with what wt asks of them, in the order asked', async () => {
  const room = await makeRoom();
  const root = await room.repo();
  const first = await room.git(root, 'rev-parse', 'HEAD');
  await room.git(root, 'commit', '-q', '--allow-empty', '-m', 'second "ü" 日本\n\nwith a body\n');
  const [head, tree] = [await room.git(root, 'rev-parse', 'HEAD'), await room.git(root, 'rev-parse', 'HEAD^{tree}')];
  const git = gitOf(room, root);
  const commits = await listCommits(git, ['HEAD']);
  expect(commits).toMatchObject([
    { commit: head, parents: [first], tree, subject: 'second "ü" 日本', author: 'Tess Ter' },
    { commit: first, parents: [], subject: 'first' },
  ]);
  expect((await listCommits(git, ['--reverse', 'HEAD'])).map(({ commit }) => commit)).toEqual([first, head]);
  expect(await listCommits(git, ['HEAD', '--not', 'HEAD'])).toEqual([]);
});

test('a commit is written without moving any ref', async () => {
  const room = await makeRoom();
  const root = await room.repo();
  const git = gitOf(room, root);
  const head = await room.git(root, 'rev-parse', 'HEAD');
  const tree = await room.git(root, 'rev-parse', 'HEAD^{tree}');
  const refs = await room.git(root, 'show-ref');
  const made = await writeCommit(git, {
    tree,
    parents: [head, head],
    message: '# no comment\n\n  body "ü"',
    env: KEEPER,
  });
  expect(await room.git(root, 'cat-file', 'commit', made)).toMatch(
    new RegExp(
      `^tree ${tree}\nparent ${head}\nauthor wt <wt@localhost> .*\ncommitter wt <wt@localhost> .*\n\n# no comment\n\n  body "ü"$`,
    ),
  );
  expect(await room.git(root, 'show-ref')).toBe(refs);
});

test('histories that share nothing have no merge base', async () => {
  const room = await makeRoom();
  const root = await room.repo();
  const git = gitOf(room, root);
  const head = await room.git(root, 'rev-parse', 'HEAD');
  const tree = await room.git(root, 'rev-parse', 'HEAD^{tree}');
  const child = await writeCommit(git, { tree, parents: [head], message: 'child' });
  const stranger = await writeCommit(git, { tree, parents: [], message: 'stranger' });
  expect(await findMergeBase(git, head, child)).toBe(head);
  expect(await findMergeBase(git, head, stranger)).toBeUndefined();
  expect(await isAncestor(git, head, child)).toBe(true);
  expect(await isAncestor(git, child, head)).toBe(false);
  expect(await isAncestor(git, stranger, child)).toBe(false);
  await expect(isAncestor(git, 'nope', child)).rejects.toMatchObject({ code: 'git.failed' });
});

test('the graph holds what lies above the floor, and nothing below it', async () => {
  const room = await makeRoom();
  const root = await room.repo();
  const git = gitOf(room, root);
  const tree = await room.git(root, 'rev-parse', 'HEAD^{tree}');
  const floor = await room.git(root, 'rev-parse', 'HEAD');
  const a = await writeCommit(git, { tree, parents: [floor], message: 'a' });
  const b = await writeCommit(git, { tree, parents: [floor], message: 'b' });
  const m = await writeCommit(git, { tree, parents: [a, b], message: 'm' });
  const expected = new Map([
    [m, [a, b]],
    [a, [floor]],
    [b, [floor]],
  ]);
  expect(await readParents(git, [m, a], [floor])).toEqual(expected);
  expect(await readParents(git, [m], [])).toEqual(new Map([...expected, [floor, []]]));
});
