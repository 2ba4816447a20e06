import { chmod, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { hasSamePatches } from '#src/git/patch-id.ts';
import { gitOf } from '../support/deps.ts';
import { makeRoom, type Room } from '../support/room.ts';

type Write = (root: string) => Promise<void>;

/** `main` and `side` from one commit, each with its own commits; then whether main has side's changes. */
async function compare(
  files: Record<string, string>,
  side: readonly Write[],
  main: readonly Write[],
): Promise<boolean> {
  const room = await makeRoom();
  const root = await room.repo('app', files);
  const mergeBase = await room.git(root, 'rev-parse', 'HEAD');
  const commit = async (writes: readonly Write[]): Promise<string> => {
    for (const write of writes) {
      await write(root);
      await room.git(root, 'add', '-A');
      await room.git(root, 'commit', '-qm', 'step');
    }
    return room.git(root, 'rev-parse', 'HEAD');
  };
  await room.git(root, 'checkout', '-q', '-b', 'side');
  const tip = await commit(side);
  const paths = (await room.git(root, 'diff', '--name-only', mergeBase, tip)).split('\n');
  await room.git(root, 'checkout', '-q', 'main');
  const target = await commit(main);
  return hasSamePatches(gitOf(room, root), { mergeBase, tip, target, paths });
}

const text =
  (files: Record<string, string>): Write =>
  (root) =>
    writer.write(root, files);
const writer: Pick<Room, 'write'> = {
  async write(root, files) {
    for (const [name, content] of Object.entries(files)) await writeFile(path.join(root, name), content);
  },
};

describe('changes are the same', () => {
  test('as one squashed commit, and the base may have gone on', async () => {
    const side = [text({ a: '1\n' }), text({ a: '1\n2\n', b: 'x\n' })];
    expect(
      await compare({ z: '0\n' }, side, [text({ a: '1\n2\n', b: 'x\n' }), text({ z: '1\n' }), text({ a: '9\n' })]),
    ).toBe(true);
  });

  test('commit by commit', async () => {
    const side = [text({ a: '1\n' }), text({ b: 'x\n' })];
    expect(await compare({ z: '0\n' }, side, [text({ z: '2\n' }), text({ b: 'x\n' }), text({ a: '1\n' })])).toBe(true);
  });
});

describe('changes are not the same', () => {
  test('when one of several commits is missing', async () => {
    expect(await compare({ z: '0\n' }, [text({ a: '1\n' }), text({ b: 'x\n' })], [text({ a: '1\n' })])).toBe(false);
  });

  test('when they differ in whitespace alone', async () => {
    expect(await compare({ a: '0\n' }, [text({ a: '0\n  x\n' })], [text({ a: '0\nx\n' })])).toBe(false);
  });

  test('when a file is binary', async () => {
    const binary =
      (last: number): Write =>
      (root) =>
        writeFile(path.join(root, 'bin'), Buffer.from([0, 1, 2, last]));
    expect(await compare({ z: '0\n' }, [binary(1)], [binary(2)])).toBe(false);
  });

  test('when only the mode of a file is left out', async () => {
    const both: Write = async (root) => {
      await text({ b: '2\n' })(root);
      await chmod(path.join(root, 'run'), 0o755);
    };
    expect(await compare({ b: '1\n', run: 'x\n' }, [both], [text({ b: '2\n' })])).toBe(false);
  });

  test('when an empty file is left out', async () => {
    expect(await compare({ b: '1\n' }, [text({ b: '2\n', empty: '' })], [text({ b: '2\n' })])).toBe(false);
  });

  test('when there are none', async () => {
    expect(await compare({ a: '0\n' }, [text({ a: '1\n' }), text({ a: '0\n' })], [text({ a: '2\n' })])).toBe(false);
  });
});
