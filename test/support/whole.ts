import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { listing } from './listing.ts';
import type { Bench } from './wt.ts';

/** Everything a session is: files with modes and links, index and HEAD to the byte, both reflogs, its row, its lock. */
export interface Whole {
  readonly status: string;
  readonly files: readonly string[];
  readonly admin: Readonly<Record<string, string | undefined>>;
  readonly branch: string;
  readonly branchLog: string | undefined;
  readonly row: unknown;
}

export async function wholeOf({ room, root }: Bench, id: string, tree = `${root}/.worktrees/${id}`): Promise<Whole> {
  const common = path.join(root, '.git');
  const rows = JSON.parse(await readFile(`${root}/.worktrees/sessions.json`, 'utf8')) as {
    sessions: Record<string, { branch: string }>;
  };
  const row = rows.sessions[id];
  const ref = `refs/heads/${row?.branch ?? ''}`;
  const git = (...args: string[]): Promise<string> => room.git(tree, '--no-optional-locks', ...args);
  const directory = path.resolve(tree, await git('rev-parse', '--git-dir'));
  const read = (file: string): Promise<string | undefined> => readFile(file, 'base64').catch(() => undefined);
  const names = ['HEAD', 'index', 'gitdir', 'commondir', 'logs/HEAD', 'locked', 'wt.json', 'ORIG_HEAD'];
  const texts = await Promise.all(names.map((name) => read(path.join(directory, name))));
  return {
    status: await git('status', '--porcelain=v2', '--untracked-files=all', '--ignored=matching'),
    files: await listing(tree),
    admin: Object.fromEntries(names.map((name, i) => [name, texts[i]])),
    branch: await room.git(root, 'for-each-ref', '--format=%(objectname)', ref),
    branchLog: await readFile(path.join(common, 'logs', ref), 'utf8').then(
      (text) => text.replaceAll(/^.*\twt restore .*\n/gm, ''),
      () => undefined,
    ),
    row,
  };
}
