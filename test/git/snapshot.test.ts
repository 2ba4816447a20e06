import { chmod, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { snapshotFiles, snapshotIndex, withScratchObjects } from '#src/git/snapshot.ts';
import { gitOf } from '../support/deps.ts';
import { makeRoom, type Room } from '../support/room.ts';

/** A worktree with staged, unstaged, untracked, deleted and ignored work. */
async function makeMess(): Promise<{ room: Room; root: string; gitDir: string }> {
  const room = await makeRoom();
  const root = await room.repo('app', {
    '.gitignore': '*.env\n',
    staged: '1\n',
    edited: '1\n',
    gone: '1\n',
    mode: 'x\n',
  });
  await room.write(root, { staged: '2\n' });
  await room.git(root, 'add', 'staged');
  await room.write(root, { edited: '2\n', 'new/ü\n file': 'x\n', 'secret.env': 's\n' });
  await rm(path.join(root, 'gone'));
  await chmod(path.join(root, 'mode'), 0o755);
  return { room, root, gitDir: path.join(root, '.git') };
}

describe('a snapshot of the files', () => {
  test('holds everything that is not ignored, and leaves the index byte for byte', async () => {
    const { room, root, gitDir } = await makeMess();
    const status = await room.git(root, 'status', '--porcelain');
    const index = await readFile(path.join(gitDir, 'index'));
    const tree = await snapshotFiles(gitOf(room, root), { gitDir, index: path.join(room.dir, 'copy.index') });
    expect(await readFile(path.join(gitDir, 'index'))).toEqual(index);
    expect(await room.git(root, 'status', '--porcelain')).toBe(status);
    const names = (await room.git(root, 'ls-tree', '-r', '-z', '--name-only', tree)).split('\0').filter(Boolean);
    expect(names.toSorted()).toEqual(['.gitignore', 'edited', 'mode', 'new/ü\n file', 'staged']);
    expect(await room.git(root, 'show', `${tree}:edited`)).toBe('2');
    expect(await room.git(root, 'ls-tree', tree, 'mode')).toMatch(/^100755 /);
  });

  test('is taken of the whole worktree, also from a folder in it', async () => {
    const { room, root, gitDir } = await makeMess();
    const whole = await snapshotFiles(gitOf(room, root), { gitDir, index: path.join(room.dir, 'a.index') });
    const below = await snapshotFiles(gitOf(room, path.join(root, 'new')), {
      gitDir,
      index: path.join(room.dir, 'b.index'),
    });
    expect(below).toBe(whole);
  });

  test('leaves no object in the repository when it is a preview', async () => {
    const { room, root, gitDir } = await makeMess();
    const count = (): Promise<string> => room.git(root, 'count-objects');
    const before = await count();
    await withScratchObjects(gitDir, path.join(room.dir, 'scratch'), (env) =>
      snapshotFiles(gitOf(room, root), { gitDir, index: path.join(room.dir, 'copy.index'), env }),
    );
    expect(await count()).toBe(before);
  });
});

describe('a snapshot of the index', () => {
  test('holds what is staged and nothing else', async () => {
    const { room, root } = await makeMess();
    const tree = await snapshotIndex(gitOf(room, root));
    expect(await room.git(root, 'show', `${tree}:staged`)).toBe('2');
    expect(await room.git(root, 'show', `${tree}:edited`)).toBe('1');
  });

  test('is none while the index has conflicts', async () => {
    const { room, root } = await makeMess();
    await room.git(root, 'stash', '-q');
    await room.git(root, 'checkout', '-q', '-b', 'side');
    await room.write(root, { edited: 'side\n' });
    await room.git(root, 'commit', '-qam', 'side');
    await room.git(root, 'checkout', '-q', 'main');
    await room.write(root, { edited: 'main\n' });
    await room.git(root, 'commit', '-qam', 'main');
    await room.git(root, 'merge', 'side').catch(() => undefined);
    expect(await snapshotIndex(gitOf(room, root))).toBeUndefined();
  });
});

test('a throw-away object folder goes, also when its user fails', async () => {
  const room = await makeRoom();
  const folder = path.join(room.dir, 'scratch');
  const use = async (): Promise<never> => {
    await writeFile(path.join(folder, 'x'), '');
    throw new Error('mine');
  };
  await expect(withScratchObjects(room.dir, folder, use)).rejects.toThrow('mine');
  await expect(stat(folder)).rejects.toThrow('ENOENT');
});
