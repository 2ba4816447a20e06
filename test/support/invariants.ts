import { createHash } from 'node:crypto';
import { readFile, readlink, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'vitest';
import type { Bench } from './wt.ts';

type Where = Pick<Bench, 'room' | 'root'>;

/** What a refusal, a conflict or a preview must leave as it was: refs, and of each worktree HEAD, index, status and files. */
export interface Photo {
  readonly refs: string;
  readonly trees: Readonly<
    Record<string, { head: string; index: string; status: string; files: Readonly<Record<string, string>> }>
  >;
}

export async function photograph({ room, root }: Where): Promise<Photo> {
  const trees: Record<string, Photo['trees'][string]> = {};
  for (const tree of await listTrees(room, root)) {
    trees[path.relative(root, tree)] = {
      head: await readFile(path.resolve(tree, await room.git(tree, 'rev-parse', '--git-path', 'HEAD')), 'utf8'),
      index: await room.git(tree, 'ls-files', '--stage', '-v'),
      status: await room.git(
        tree,
        '--no-optional-locks',
        'status',
        '--porcelain=v2',
        '--untracked-files=all',
        '--ignored=matching',
      ),
      files: Object.fromEntries(await readFiles(tree)),
    };
  }
  return { refs: await room.git(root, 'for-each-ref'), trees };
}

/** Names of every object file in the store, loose and packed. */
export async function listObjects({ room, root }: Where): Promise<readonly string[]> {
  const objects = path.join(await commonDirOf({ room, root }), 'objects');
  return (await readdir(objects, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(path.relative(objects, entry.parentPath), entry.name))
    .toSorted();
}

/** All work there is: contents of files by blob id with one place of each, and commits. */
export interface Work {
  readonly contents: ReadonlyMap<string, string>;
  readonly commits: ReadonlySet<string>;
  readonly mainStatus: string;
}

/** Takes down every content in a worktree or an index and every commit that a ref or a HEAD holds. */
export async function rememberWork({ room, root }: Where): Promise<Work> {
  const contents = new Map<string, string>();
  for (const tree of await listTrees(room, root)) {
    for (const [name, id] of await readFiles(tree)) contents.set(id, path.join(path.relative(root, tree), name));
    for (const line of (await room.git(tree, 'ls-files', '--stage')).split('\n').filter(Boolean)) {
      const [, id = '', rest = ''] = line.split(' ');
      contents.set(id, `index of ${path.relative(root, tree)}: ${rest}`);
    }
  }
  return { contents, commits: await reachableCommits(room, root), mainStatus: await statusOf(room, root) };
}

/**
 * The promise after any command, whatever became of it, once the next one has run: registry and git agree, no lock and no
 * journal is left, the store is sound, the main worktree's own changes are as they were, no content and no commit is gone.
 */
export async function expectInvariants(where: Where, before: Work, moment = ''): Promise<void> {
  const { room, root } = where;
  const common = await commonDirOf(where);
  expect(await listJournalFiles(where), `${moment} open operations`).toEqual([]);
  expect(await listLocks(common), `${moment} lock files`).toEqual([]);
  expect(await readRegistryPaths(root), `${moment} registry and git worktree list`).toEqual(
    (await listTrees(room, root)).filter((tree) => tree.startsWith(`${root}/.worktrees/`)).toSorted(),
  );
  expect(await room.git(root, 'fsck', '--no-dangling', '--no-progress', '--no-reflogs'), `${moment} git fsck`).toBe('');
  expect(await statusOf(room, root), `${moment} status of the main worktree`).toBe(before.mainStatus);
  const commits = await reachableCommits(room, root);
  expect(
    [...before.commits].filter((commit) => !commits.has(commit)),
    `${moment} commits that are gone`,
  ).toEqual([]);
  const kept = await findableContents(where);
  expect(
    [...before.contents].filter(([id]) => !kept.has(id)).map(([, place]) => place),
    `${moment} contents that are gone`,
  ).toEqual([]);
}

export async function listJournalFiles(where: Where): Promise<readonly string[]> {
  return readdir(path.join(await commonDirOf(where), 'wt', 'journal')).catch(() => []);
}

/**
 * A command that failed in this very process leaves its journal with an owner that lives on, as no command of a shell
 * does. Here its record becomes that of a process that has ended.
 */
export async function endOwners(where: Where): Promise<void> {
  const folder = path.join(await commonDirOf(where), 'wt', 'journal');
  for (const name of await listJournalFiles(where)) {
    const entry = JSON.parse(await readFile(path.join(folder, name), 'utf8')) as {
      owner: { start: string; fifo: null };
    };
    await writeFile(
      path.join(folder, name),
      JSON.stringify({ ...entry, owner: { ...entry.owner, start: '1', fifo: null } }),
    );
  }
}

/** Contents on disk in any worktree or the trash, and blobs that a ref, a HEAD or an index holds. */
async function findableContents({ room, root }: Where): Promise<ReadonlySet<string>> {
  const trees = await listTrees(room, root);
  const trash = path.join(await commonDirOf({ room, root }), 'wt', 'trash');
  const found = new Set((await readFiles(trash)).values());
  for (const tree of [root, ...trees]) for (const id of (await readFiles(tree)).values()) found.add(id);
  for (const tree of trees) {
    const objects = await room.git(
      tree,
      'rev-list',
      '--objects',
      '--no-object-names',
      '--all',
      '--indexed-objects',
      'HEAD',
    );
    for (const id of objects.split('\n')) found.add(id);
  }
  return found;
}

async function reachableCommits(room: Where['room'], root: string): Promise<ReadonlySet<string>> {
  const commits = new Set<string>();
  for (const tree of await listTrees(room, root))
    for (const commit of (await room.git(tree, 'rev-list', '--all', 'HEAD')).split('\n')) commits.add(commit);
  return commits;
}

/** Worktrees that are there; a bare repository is none. */
async function listTrees(room: Where['room'], root: string): Promise<readonly string[]> {
  const records = (await room.git(root, 'worktree', 'list', '--porcelain', '-z')).split('\0\0').filter(Boolean);
  return records
    .filter((record) => !record.includes('\0bare') && !record.includes('\0prunable'))
    .map((record) => record.split('\0')[0]?.slice('worktree '.length) ?? '');
}

async function readRegistryPaths(root: string): Promise<readonly string[]> {
  const text = await readFile(path.join(root, '.worktrees', 'sessions.json'), 'utf8').catch(() => '{"sessions":{}}');
  const { sessions } = JSON.parse(text) as { sessions: Record<string, { path: string }> };
  return Object.values(sessions)
    .map((row) => row.path)
    .toSorted();
}

async function listLocks(common: string): Promise<readonly string[]> {
  const names = await readdir(common, { recursive: true });
  return names.filter((name) => name.endsWith('.lock') && !name.startsWith('objects/'));
}

/** Blob ids of all files below a folder; of the folders of git and of sessions nothing. */
async function readFiles(folder: string): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  const visit = async (name: string): Promise<void> => {
    const entries = await readdir(path.join(folder, name), { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      const inner = path.join(name, entry.name);
      if (entry.name === '.git' || inner === '.worktrees') continue;
      if (entry.isDirectory()) await visit(inner);
      else if (entry.isFile()) files.set(inner, blobId(await readFile(path.join(folder, inner))));
      else if (entry.isSymbolicLink()) files.set(inner, blobId(Buffer.from(await readlink(path.join(folder, inner)))));
    }
  };
  await visit('.');
  return files;
}

function blobId(bytes: Buffer): string {
  return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
}

async function statusOf(room: Where['room'], root: string): Promise<string> {
  return room.git(root, '--no-optional-locks', 'status', '--porcelain=v1', '--untracked-files=all');
}

async function commonDirOf({ room, root }: Where): Promise<string> {
  return room.git(root, 'rev-parse', '--path-format=absolute', '--git-common-dir');
}
