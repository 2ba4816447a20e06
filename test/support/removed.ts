import { chmod, mkdir, readdir, symlink, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'vitest';
import { failure, picture } from './listing.ts';
import { makeBench, type Bench } from './wt.ts';

export const FILES = {
  'kept.txt': 'kept\n',
  'edited.txt': 'one\n',
  'both.txt': 'one\n',
  'gone.txt': 'one\n',
  'removed.txt': 'one\n',
  'tool.sh': '#!/bin/sh\n',
  'link.txt': 'one\n',
};

/** A session with work of every kind in it. */
export async function makeMessy(id = 'a', bench?: Bench): Promise<Bench> {
  const made = bench ?? (await makeBench(FILES));
  const { room, root, wt, at } = made;
  await room.write(path.join(root, '.git/info'), { exclude: '/.worktrees/\n.env\nnode_modules/\n' });
  await wt('create', id, '--task', 'Be messy\nin two lines', '--agent', 'codex');
  await made.work(id, { 'work.txt': 'first\n' }, 'work');
  await room.write(at(id), { 'work.txt': 'amended\n', 'lost.txt': 'only in the reflog\n' });
  await room.git(at(id), 'add', '-A');
  await room.git(at(id), 'commit', '-q', '--amend', '-m', 'amended');
  await room.git(at(id), 'reset', '-q', '--hard', 'HEAD~1');
  await made.work(id, { 'work.txt': 'final\n' }, 'final');
  await room.write(at(id), { 'staged.txt': 'only in the index\n', 'both.txt': 'staged, long\n' });
  await room.git(at(id), 'add', 'staged.txt', 'both.txt');
  await room.git(at(id), 'rm', '-q', 'removed.txt');
  await unlink(`${at(id)}/staged.txt`);
  await unlink(`${at(id)}/gone.txt`);
  await unlink(`${at(id)}/link.txt`);
  await symlink('kept.txt', `${at(id)}/link.txt`);
  await symlink('/nowhere at all', `${at(id)}/dangling`);
  await room.write(at(id), {
    'both.txt': 'edited on top, longer\n',
    'edited.txt': 'edited\n',
    'free.txt': 'untracked\n',
    'new\nline.txt': 'odd name\n',
    '😀 emoji.txt': 'odd name\n',
    '-dash': 'odd name\n',
    '.env': 'SECRET=1\n',
    'node_modules/p/index.js': 'built\n',
  });
  await writeFile(`${at(id)}/secret.key`, 'k\n', { mode: 0o600 });
  await mkdir(`${at(id)}/empty/inside`, { recursive: true });
  await chmod(`${at(id)}/tool.sh`, 0o755);
  return made;
}

export const trashOf = ({ root }: Bench): Promise<string[]> => readdir(`${root}/.git/wt/trash`).catch(() => []);
export const gc = async ({ git }: Bench): Promise<void> => {
  await git('reflog', 'expire', '--expire=now', '--expire-unreachable=now', '--all');
  await git('gc', '--quiet', '--prune=now');
};

export async function remove(bench: Bench, ...argv: string[]): Promise<string> {
  const { removed } = await bench.data<{ removed: { trash: string }[] }>('remove', '--force', ...argv);
  return removed[0]?.trash ?? '';
}

/** It must fail, say why, and leave everything as it was, the trash too. */
export async function expectRefused(
  bench: Bench,
  argv: readonly string[],
  code: string,
  exit: number,
): Promise<readonly string[] | undefined> {
  const before = [await picture(bench), await trashOf(bench)];
  const error = await failure(bench, 'restore', ...argv);
  expect({ code: error.code, exit: error.exit, changed: error.changed }).toEqual({ code, exit, changed: false });
  expect([await picture(bench), await trashOf(bench)]).toEqual(before);
  return error.fix;
}
