import { mkdir, readFile, truncate, writeFile } from 'node:fs/promises';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { lookIntoIndex, measureIndex } from '#src/git/index-file.ts';
import { makeRoom } from '../support/room.ts';

const LONG = 'n'.repeat(200);
const FILES = {
  'a.txt': 'x',
  empty: '',
  'dir/b.txt': 'x'.repeat(4096),
  'dir/deep/c.txt': 'x'.repeat(4097),
  'dir-x/d': 'x',
  [`${Array.from({ length: 25 }, () => LONG)
    .join('/')
    .slice(0, 3900)}/e`]: 'x',
};

test.each([
  ['2', 'sha1', []],
  ['3', 'sha1', ['dir/b.txt']],
  ['4', 'sha1', []],
  ['2', 'sha256', []],
  ['4', 'sha256', []],
])('version %s of an index with %s tells files and blocks as git has them', async (version, format, later) => {
  const room = await makeRoom();
  const root = `${room.dir}/app`;
  await mkdir(root);
  await room.git(root, 'init', '-q', `--object-format=${format}`);
  await room.write(root, FILES).catch(() => {}); // a path that is too long for this machine
  await room.git(root, 'config', 'index.version', version === '3' ? '2' : version);
  await room.git(root, 'add', '-A');
  await room.write(root, { 'later.txt': 'x' });
  if (later.length > 0) await room.git(root, 'add', '-N', 'later.txt');
  else await room.git(root, 'add', 'later.txt');
  const files = (await room.git(root, 'ls-files')).split('\n').length;
  const found = await measureIndex(`${root}/.git/index`, format === 'sha1' ? 20 : 32);
  const folders = new Set(
    (await room.git(root, 'ls-files', '-z'))
      .split('\0')
      .filter(Boolean)
      .map((name) => name.slice(0, Math.max(0, name.lastIndexOf('/')))),
  );
  const stats = (await room.git(root, 'ls-files', '--debug')).matchAll(/^ {2}size: (\d+)/gm);
  const bytes = [...stats].reduce((sum, [, size]) => sum + Math.ceil(Number(size) / 4096) * 4096, 0);
  expect(found).toEqual({ files, bytes, folders: version === '4' ? undefined : folders.size });
});

test('what is no index has no size', async () => {
  const room = await makeRoom();
  const file = `${room.dir}/index`;
  expect(await measureIndex(file, 20)).toBeUndefined();
  for (const bytes of [
    '',
    'DIRC',
    'DIRC\0\0\0\u0002\0\0\0\u0009',
    `XXXX${'\0'.repeat(100)}`,
    `DIRC\0\0\0\u0007${'\0'.repeat(100)}`,
  ]) {
    await writeFile(file, bytes, 'latin1');
    expect(await measureIndex(file, 20)).toBeUndefined();
  }
});

const NAMES = [
  '.worktrees',
  '.worktrees/x',
  '.worktrees.txt',
  '.worktreesish/z',
  'a',
  'sub/.worktrees/q',
  '.work/x',
  'z/ä b',
];

test('a look into an index tells what git tells of hidden paths and of a folder, or that git has to be asked', async () => {
  const room = await makeRoom();
  let n = 0;
  const one = fc.record({
    names: fc.subarray(NAMES.slice(1)),
    assumed: fc.subarray(NAMES),
    skipped: fc.subarray(NAMES),
    version: fc.constantFrom('2', '3', '4'),
    format: fc.constantFrom('sha1', 'sha256'),
    isSplit: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(one, async ({ names, assumed, skipped, version, format, isSplit }) => {
      const root = `${room.dir}/r${n++}`;
      await mkdir(root);
      await room.git(root, 'init', '-q', `--object-format=${format}`);
      await room.write(root, Object.fromEntries(names.map((name) => [name, name])));
      if (names.length > 0) await room.git(root, 'add', '-A');
      const mark = async (flag: string, paths: readonly string[]): Promise<void> => {
        const known = paths.filter((name) => names.includes(name));
        if (known.length > 0) await room.git(root, 'update-index', flag, ...known);
      };
      await mark('--assume-unchanged', assumed);
      await mark('--skip-worktree', skipped);
      if (names.length > 0) await room.git(root, 'update-index', '--index-version', version);
      if (isSplit && names.length > 0) await room.git(root, 'update-index', '--split-index');
      const place = { file: `${root}/.git/index`, hashBytes: format === 'sha1' ? 20 : 32 };
      const shown = (await room.git(root, 'ls-files', '-v')).split('\n');
      const hasHidden = shown.some((line) => /^[a-zS] /.test(line));
      const [first] = (await room.git(root, 'ls-files', '-z', '--', ':(top,literal).worktrees')).split('\0');
      const [plain, inside] = [await lookIntoIndex(place), await lookIntoIndex(place, '.worktrees')];
      const isAnswer = !isSplit || names.length === 0;
      expect(plain?.hasHidden).toBe(isAnswer ? hasHidden : undefined);
      const isNamed = isAnswer && (version !== '4' || names.length === 0);
      expect(isNamed ? (inside?.inFolder ?? '') : inside).toBe(isNamed ? (first ?? '') : undefined);
    }),
    { numRuns: 12 },
  );
});

const NOTHING = { hasHidden: false, inFolder: undefined };

test('an index that is cut short, of whole folders, or longer than its parts is for git to judge', async () => {
  const room = await makeRoom();
  const root = await room.repo('app', { a: '1', 'b/c': '2' });
  const [whole, file] = [await readFile(`${root}/.git/index`), `${room.dir}/index`];
  for (let length = 0; length < whole.length; length++) {
    await writeFile(file, whole);
    await truncate(file, length);
    const look = await lookIntoIndex({ file, hashBytes: 20 });
    // Cut right behind its entries it tells the same of them.
    expect(look).toEqual(length === whole.indexOf('TREE') + 20 ? NOTHING : undefined);
  }
  const extension = Buffer.concat([Buffer.from('sdir'), Buffer.alloc(4)]);
  await writeFile(file, Buffer.concat([whole.subarray(0, -20), extension, whole.subarray(-20)]));
  expect(await lookIntoIndex({ file, hashBytes: 20 })).toBeUndefined();
  await writeFile(file, Buffer.concat([whole, Buffer.alloc(3)]));
  expect(await lookIntoIndex({ file, hashBytes: 20 })).toBeUndefined();
  await writeFile(file, whole);
  expect(await lookIntoIndex({ file, hashBytes: 32 })).toBeUndefined();
});
