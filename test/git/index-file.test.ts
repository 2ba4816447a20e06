import { mkdir, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { measureIndex } from '#src/git/index-file.ts';
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
