import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { failure, listing } from '../support/listing.ts';
import { until } from '../support/spawn.ts';
import { collectGarbage, expectWayBack, layInBoth, makeTwo, sh, stateOf } from '../support/ways.ts';

// Ten ways in which people lost work to clean-up scripts and agents. Each test first loses the work with plain git or
// with the script of the story, and then keeps it with wt in the same situation.

test('work for the next task in a branch that was squashed: rm -rf behind a failed force eats it, wt keeps it', async () => {
  const two = await makeTwo();
  const { room, plain, plainTree, plainGit, git, root } = two;
  await layInBoth(two, { 'done.txt': 'done\n' }, 'done');
  for (const [repository, branch] of [
    [plain, 'a'],
    [root, 'wt/a'],
  ] as const) {
    await room.git(repository, 'merge', '--quiet', '--squash', branch);
    await room.git(repository, 'commit', '--quiet', '-m', 'squashed');
  }
  await layInBoth(two, { 'next/begun.txt': 'next task\n' });

  await plainGit('worktree', 'lock', plainTree);
  await sh(room, plain, 'git worktree remove --force "$1" || rm -rf "$1"', plainTree);
  expect(existsSync(path.join(plainTree, 'next/begun.txt'))).toBe(false);

  const before = await stateOf(room, two.at('a'));
  expect(await failure(two, 'remove', 'a')).toMatchObject({ code: 'session.dirty', exit: 4, changed: false });
  expect(await two.data('clean', '--yes')).toMatchObject({
    removed: [],
    kept: [{ id: 'a', reasons: [{ code: 'session.dirty' }, { code: 'session.unmerged' }] }],
  });
  expect(await stateOf(room, two.at('a'))).toEqual(before);
  await expectWayBack(two);
  expect(await git('status', '--porcelain')).toBe('');
});

test('an edit of today on a commit of long ago: judged by the date of the commit it is old, wt looks at the files', async () => {
  const two = await makeTwo();
  const { room, plain, plainTree } = two;
  await layInBoth(two, { 'README.md': 'edited today\n' });

  const script = `age=$(( $(date +%s) - $(git -C "$1" log -1 --format=%ct) ))
    if [ "$age" -ge "$2" ]; then git worktree remove --force "$1"; fi`;
  await sh(room, plain, script, plainTree, '0');
  expect(existsSync(plainTree)).toBe(false);

  const before = await stateOf(room, two.at('a'));
  expect(await two.data('clean', '--older-than', '1d', '--yes', { now: '2100-01-01T00:00:00.000Z' })).toMatchObject({
    removed: [],
    kept: [{ id: 'a', reasons: [{ code: 'session.dirty' }] }],
  });
  expect(await stateOf(room, two.at('a'))).toEqual(before);
  await expectWayBack(two);
});

test('untracked files that the settings hide: git takes the worktree for clean and deletes them, wt sees them', async () => {
  const two = await makeTwo();
  const { room, plainTree, plainGit, git } = two;
  await layInBoth(two, { 'report.md': 'three hours of work\n' });
  await plainGit('config', 'status.showUntrackedFiles', 'no');
  await git('config', 'status.showUntrackedFiles', 'no');

  await plainGit('worktree', 'remove', plainTree);
  expect(existsSync(path.join(plainTree, 'report.md'))).toBe(false);

  const before = await stateOf(room, two.at('a'));
  expect(await failure(two, 'remove', 'a')).toMatchObject({ code: 'session.dirty', exit: 4, changed: false });
  expect(await two.data('clean', '--older-than', '0s', '--yes')).toMatchObject({ removed: [], kept: [{ id: 'a' }] });
  expect(await stateOf(room, two.at('a'))).toEqual(before);
  await expectWayBack(two);
});

test('a base read from HEAD when it is asked for: no commit is new and all go, wt has written the base down', async () => {
  const two = await makeTwo();
  const { room, plain, plainTree, plainGit } = two;
  await layInBoth(two, { 'a.txt': 'one\n' }, 'one');
  await layInBoth(two, { 'a.txt': 'two\n' }, 'two');
  const lost = await plainGit('rev-parse', 'a');

  const script = `base=$(git -C "$1" rev-parse HEAD)
    new=$(git -C "$1" rev-list --count "$base"..HEAD)
    if [ "$new" = 0 ]; then git worktree remove "$1"; git branch -D a; fi`;
  await sh(room, plain, script, plainTree);
  await collectGarbage(room, plain);
  await expect(plainGit('cat-file', '-e', lost)).rejects.toThrow(lost);

  expect(await failure(two, 'remove', 'a')).toMatchObject({ code: 'session.unmerged', exit: 4, changed: false });
  expect(await two.data('clean', '--yes')).toMatchObject({ removed: [], kept: [{ id: 'a' }] });
  await expectWayBack(two);
  expect(await room.git(two.at('a'), 'log', '--format=%s', 'main..')).toBe('two\none');
});

test('a worktree in the folder for temporary files: the system sweeps it, a session lies in the repository', async () => {
  const two = await makeTwo();
  const { room, plainGit } = two;
  const temporary = path.join(room.dir, 'tmp');
  await mkdir(temporary);
  await plainGit('worktree', 'add', '--quiet', path.join(temporary, 'b'));
  await room.write(path.join(temporary, 'b'), { 'work.txt': 'not committed\n' });
  const env = { TMPDIR: temporary };
  await two.data('create', 'b', { env });
  await room.write(two.at('b'), { 'work.txt': 'not committed\n', '.env': 'KEY=1\n' });
  const before = await stateOf(room, two.at('b'));

  await sh(room, room.dir, 'find "$1" -mindepth 1 -delete', temporary);
  expect(existsSync(path.join(temporary, 'b', 'work.txt'))).toBe(false);

  expect(await stateOf(room, two.at('b'))).toEqual(before);
  await two.data('remove', 'b', '--force', { env });
  await sh(room, room.dir, 'find "$1" -mindepth 1 -delete', temporary);
  await two.data('restore', 'b', { env });
  expect(await stateOf(room, two.at('b'))).toEqual(before);
});

test('nothing but untracked files and no pull request: the cleaner of another tool calls it abandoned, and stops at a session', async () => {
  const two = await makeTwo();
  const { room, plain, plainTree, root, git } = two;
  await layInBoth(two, { 'work.txt': 'about to be committed\n' });
  const cleaner = `git worktree list --porcelain | sed -n 's/^worktree //p' | tail -n +2 | while read -r tree; do
      if [ -z "$(git -C "$tree" status --porcelain -uno)" ]; then git worktree remove --force "$tree"; fi
    done
    git worktree prune --expire now`;

  await sh(room, plain, cleaner);
  expect(existsSync(path.join(plainTree, 'work.txt'))).toBe(false);

  const before = await stateOf(room, two.at('a'));
  await sh(room, root, cleaner);
  expect(await stateOf(room, two.at('a'))).toEqual(before);
  await rename(two.at('a'), `${two.at('a')}.away`); // an unmounted disk, a container
  await sh(room, root, cleaner);
  await rename(`${two.at('a')}.away`, two.at('a'));
  expect(await stateOf(room, two.at('a'))).toEqual(before);
  expect(await git('worktree', 'list')).toContain('[wt/a]');
  await expectWayBack(two);
});

test('one stash for all worktrees: a pop takes the entry of a neighbour, no command of wt puts in or takes out', async () => {
  const two = await makeTwo();
  const { room, plain, plainTree, plainGit, git } = two;
  await layInBoth(two, { 'README.md': 'work of a\n' });
  await room.git(plainTree, 'stash', '--quiet');
  await room.git(two.at('a'), 'stash', '--quiet');

  // Somebody else has nothing to save, and pops all the same.
  await sh(room, plain, 'git stash; git stash pop');
  expect(await plainGit('stash', 'list')).toBe('');
  expect(await readFile(path.join(plain, 'README.md'), 'utf8')).toBe('work of a\n');

  const entry = await git('rev-parse', 'stash@{0}', 'stash@{0}:README.md');
  expect(await failure(two, 'create', 'b', '--from-changes')).toMatchObject({ exit: 2, changed: false });
  await two.write({ 'mine.txt': 'mine\n' });
  await two.data('create', 'b', '--from-changes');
  await two.data('undo');
  await two.data('create', 'c');
  await two.work('c', { 'c.txt': 'c\n' });
  await two.data('merge', 'c', '--yes', '--remove');
  await two.data('restore', 'c');
  await two.data('remove', 'a', '--force');
  expect(await git('rev-parse', 'stash@{0}', 'stash@{0}:README.md')).toBe(entry);
  expect(await git('stash', 'list')).not.toContain('\n');
  expect(await readFile(path.join(two.root, 'mine.txt'), 'utf8')).toBe('mine\n');
  expect(await git('status', '--porcelain')).toBe('?? mine.txt');
});

test('finished files copied over a checkout with edits: the edits are gone, wt merge refuses by name', async () => {
  const two = await makeTwo({ 'app.txt': 'old\n', 'other.txt': 'old\n' });
  const { room, plain, plainTree, plainGit, root, git } = two;
  await layInBoth(two, { 'app.txt': 'by the agent\n' }, 'finished');
  for (const checkout of [plain, root])
    await room.write(checkout, { 'app.txt': 'days of work by a person\n', 'other.txt': 'more of it\n' });

  await sh(room, plain, 'cp "$1"/*.txt .', plainTree);
  expect(await plainGit('diff', '--stat', 'a')).toBe('');

  const before = await stateOf(room, root);
  expect(await failure(two, 'merge', 'a', '--yes')).toMatchObject({
    code: 'target.dirty',
    exit: 4,
    changed: false,
    details: { paths: ['app.txt'] },
  });
  expect(await stateOf(room, root)).toEqual(before);
  // With the edited file out of the way it lands, and the other edit stays.
  await git('commit', '--quiet', '-m', 'mine', '--', 'app.txt');
  expect((await two.wt('merge', 'a', '--yes')).code).toBe(6);
  expect(await readFile(path.join(root, 'app.txt'), 'utf8')).toBe('days of work by a person\n');
  expect(await readFile(path.join(root, 'other.txt'), 'utf8')).toBe('more of it\n');
});

test('a link where the worktree was, or in it: git empties what it leads to, wt takes nothing away through a link', async () => {
  const two = await makeTwo();
  const { room, plainTree, plainGit } = two;
  await layInBoth(two, { '.env': 'KEY=1\n' });
  const [bigDisk, ours] = [path.join(room.dir, 'big-disk'), path.join(room.dir, 'big-disk-2')];
  await rename(plainTree, bigDisk);
  await symlink(bigDisk, plainTree);
  await plainGit('worktree', 'remove', plainTree).catch(() => {});
  expect(existsSync(path.join(bigDisk, '.env'))).toBe(false);

  await rename(two.at('a'), ours);
  await symlink(ours, two.at('a'));
  const files = await listing(ours);
  expect(await failure(two, 'remove', 'a', '--force')).toMatchObject({ code: 'path.unsafe', exit: 4, changed: false });
  await two.data('clean', '--all', '--yes');
  expect(await listing(ours)).toEqual(files);

  await rm(two.at('a'));
  await rename(ours, two.at('a'));
  await room.write(path.join(room.dir, 'shared'), { 'data.txt': 'of everybody\n' });
  await symlink(path.join(room.dir, 'shared'), path.join(two.at('a'), 'shared'));
  const { removed } = await two.data<{ removed: { trash: string }[] }>('remove', 'a', '--force');
  await two.data('clean', '--yes', { env: { WT_TRASH_KEEP: '0s' } });
  const trash = path.join(two.root, '.git/wt/trash');
  await until(async () => (await readdir(trash)).length === 0);
  expect(removed).toHaveLength(1);
  expect(await readFile(path.join(room.dir, 'shared/data.txt'), 'utf8')).toBe('of everybody\n');
});

test('a clone at the place that a registry still names: removed whole by its path, wt knows that it is not the session', async () => {
  const two = await makeTwo();
  const { room, plain, plainTree, root } = two;
  for (const [repository, tree] of [
    [plain, plainTree],
    [root, two.at('a')],
  ] as const) {
    await rename(tree, `${tree}.moved`);
    await room.git(room.dir, 'clone', '--quiet', repository, tree);
    await room.write(tree, { 'theirs.txt': 'theirs\n' });
    await room.git(tree, 'add', '-A');
    await room.git(tree, 'commit', '--quiet', '-m', 'only in this clone');
  }
  await sh(room, plain, 'git worktree remove --force "$1" || rm -rf "$1"; git worktree prune', plainTree);
  expect(existsSync(plainTree)).toBe(false);

  const before = await listing(two.at('a'));
  expect(await failure(two, 'remove', 'a', '--force')).toMatchObject({ code: 'path.unsafe', exit: 4, changed: false });
  expect(await failure(two, 'undo')).toMatchObject({ code: 'path.unsafe', exit: 4, changed: false });
  expect(await two.data('clean', '--all', '--yes')).toMatchObject({ removed: [], kept: [{ id: 'a' }] });
  expect(await listing(two.at('a'))).toEqual(before);
});
