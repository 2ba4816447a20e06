import { chmod, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { includesPatch, parsePatches, readPatches } from '#src/git/patch.ts';
import { gitOf } from '../support/deps.ts';
import { makeRoom, type Room } from '../support/room.ts';

type Write = (root: string) => Promise<void>;

/** `main` and `side` from one commit, each with its own commits; then whether main has side's changes, as one or each. */
async function compare(
  files: Record<string, string>,
  side: readonly Write[],
  main: readonly Write[],
): Promise<boolean> {
  const room = await makeRoom();
  const root = await room.repo('app', files);
  const mergeBase = await room.git(root, 'rev-parse', 'HEAD');
  const commit = async (writes: readonly Write[]): Promise<readonly { commit: string; against: string }[]> => {
    const made: { commit: string; against: string }[] = [];
    for (const write of writes) {
      const against = await room.git(root, 'rev-parse', 'HEAD');
      await write(root);
      await room.git(root, 'add', '-A');
      await room.git(root, 'commit', '-qm', 'step');
      made.push({ commit: await room.git(root, 'rev-parse', 'HEAD'), against });
    }
    return made;
  };
  await room.git(root, 'checkout', '-q', '-b', 'side');
  const own = await commit(side);
  await room.git(root, 'checkout', '-q', 'main');
  const landed = await commit(main);
  const whole = { commit: own.at(-1)?.commit ?? '', against: mergeBase };
  const [asOne, ...others] = await readPatches(gitOf(room, root), [whole, ...own, ...landed]);
  const known = others.slice(own.length);
  const isIn = (patch: typeof asOne): boolean => known.some((one) => includesPatch(one, patch));
  return isIn(asOne) || others.slice(0, own.length).every(isIn);
}

const text =
  (files: Record<string, string>): Write =>
  (root) =>
    writer.write(root, files);
const binary =
  (last: number): Write =>
  (root) =>
    writeFile(path.join(root, 'bin'), Buffer.from([0, 1, 2, last]));
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

  test('with binary files among them, byte by byte', async () => {
    expect(await compare({ z: '0\n' }, [binary(1), text({ a: '1\n' })], [text({ a: '1\n' }), binary(1)])).toBe(true);
  });

  test('in a commit that changes other files as well', async () => {
    expect(await compare({ z: '0\n' }, [text({ a: '1\n' })], [text({ a: '1\n', z: '1\n' })])).toBe(true);
  });
});

describe('changes are not the same', () => {
  test('when one of several commits is missing', async () => {
    expect(await compare({ z: '0\n' }, [text({ a: '1\n' }), text({ b: 'x\n' })], [text({ a: '1\n' })])).toBe(false);
  });

  test('when they differ in whitespace alone', async () => {
    expect(await compare({ a: '0\n' }, [text({ a: '0\n  x\n' })], [text({ a: '0\nx\n' })])).toBe(false);
  });

  test('when a line more or a file more was written', async () => {
    expect(await compare({ a: '0\n' }, [text({ a: '0\n1\n' })], [text({ a: '0\n1\n2\n' })])).toBe(false);
    expect(await compare({ a: '0\n' }, [text({ a: '1\n', b: '' })], [text({ a: '1\n' })])).toBe(false);
  });

  test('when a binary file has other bytes, or had', async () => {
    expect(await compare({ z: '0\n' }, [binary(1)], [binary(2)])).toBe(false);
    expect(await compare({ z: '0\n' }, [binary(1), binary(3)], [binary(2), binary(3)])).toBe(false);
  });

  test('when only bytes differ that are no UTF-8', async () => {
    const latin =
      (last: number): Write =>
      (root) =>
        writeFile(path.join(root, 'a'), Buffer.from([0x30, last, 10]));
    expect(await compare({ a: '0\n' }, [latin(0xe9)], [latin(0xe8)])).toBe(false);
    expect(await compare({ a: '0\n' }, [latin(0xe9)], [latin(0xe9)])).toBe(true);
  });

  test('when they differ behind a carriage return, in what looks like the head of a hunk', async () => {
    expect(await compare({ a: '0\n' }, [text({ a: '0\r@@ 1\n' })], [text({ a: '0\r@@ 2\n' })])).toBe(false);
  });

  test('when a file became a link and not another file', async () => {
    const link: Write = async (root) => {
      await rm(path.join(root, 'a'));
      await symlink('z', path.join(root, 'a'));
    };
    expect(await compare({ a: '0\n', z: '' }, [link], [text({ a: 'z' })])).toBe(false);
    expect(await compare({ a: '0\n', z: '' }, [link], [link])).toBe(true);
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
});

describe('a patch is read', () => {
  const [a, b] = ['a'.repeat(40), 'b'.repeat(40)] as const;
  const meta = `:100644 100644 ${a} ${b} M`;

  test('under a name that looks like the head of the next one, and where nothing differs', () => {
    const name = `x\n${b}`;
    const body = 'diff --git "a/x\\n" "b/x\\n"\nindex 1..2 100644\n--- a\n+++ b\n@@ -1 +1 @@ f\n-1\n+2\n';
    const found = parsePatches(`${a}\0${meta}\0${name}\0\0${body}${b}\0${a}\0${meta}\0y\0\0${body}`);
    expect(found.map(({ commit, patch }) => [commit, [...(patch ?? [])]])).toEqual([
      [a, [[name, '100644 100644 M\n@@\n-1\n+2\n']]],
      [b, []],
      [a, [['y', '100644 100644 M\n@@\n-1\n+2\n']]],
    ]);
  });

  test('as unknown when its parts do not fit together', () => {
    expect(parsePatches(`${a}\0${meta}\0x\0${meta}\0y\0\0diff --git a/x b/x\n@@ -1 +1 @@\n-1\n+2\n`)).toEqual([
      { commit: a, patch: undefined },
    ]);
    expect(includesPatch(undefined, new Map())).toBe(false);
    expect(includesPatch(new Map(), undefined)).toBe(false);
  });

  test('with no patch of a commit that git did not answer about', () => {
    expect(parsePatches('fatal: something else')).toEqual([]);
  });
});
