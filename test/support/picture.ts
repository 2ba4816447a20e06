import { createHash } from 'node:crypto';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import path from 'node:path';
import type { Room } from './room.ts';
import { filesBelow, lines } from './spawn.ts';

/**
 * All that wt answers for in a repository, one text a part: `main` and each session by its id with row, branch, folder,
 * git's record, trash and history; `purge` is what a process in the background deletes. What differs from run to run (ids of
 * operations, times) is left out, so that two runs of one command give equal pictures.
 */
export type Picture = Readonly<Record<string, string>>;

interface Row {
  readonly path: string;
  readonly branch: string;
}

export async function pictureOf(room: Room, root: string): Promise<Picture> {
  const common = path.join(root, '.git');
  const [rows, records, refs] = await Promise.all([
    readRows(root),
    readRecords(common),
    room.git(root, 'for-each-ref', '--format=%(refname) %(objectname)').then(lines),
  ]);
  const parts: Record<string, string[]> = { main: await describeTree(room, root, common) };
  const add = (id: string, ...text: string[]): void => void (parts[id] ??= []).push(...text);
  for (const [id, row] of Object.entries(rows)) {
    const record = records.get(row.path);
    add(id, `row ${stable(row)}`, ...(record === undefined ? ['no record'] : await describeRecord(record)));
    add(id, ...(record === undefined ? [] : await describeTree(room, row.path, record)));
  }
  const ops = new Map((await describeTrash(common, add)).map(({ op, id }) => [op, id]));
  for (const ref of refs) {
    const [, kind, id = '', op = '', what = ''] = /^refs\/wt\/(trash|rewound)\/([^/]+)\/([^/ ]+)(.*)$/.exec(ref) ?? [];
    const branch = /^refs\/heads\/(\S+)/.exec(ref)?.[1];
    const owner = Object.keys(rows).find((one) => rows[one]?.branch === branch);
    if (kind === 'rewound') add(id, 'rewound');
    else if (kind === 'trash') add(id, `${ops.has(op) ? '' : 'stray '}pin${what.replace(/(index|past) .*/, '$1')}`);
    else add(owner ?? 'main', ref);
  }
  for (const text of lines(await readFile(path.join(common, 'wt', 'operations.jsonl'), 'utf8').catch(() => ''))) {
    const { effect } = JSON.parse(text) as { effect: { kind: string; id?: string; row?: { id: string } } };
    add(effect.id ?? effect.row?.id ?? 'main', `did ${stable(effect)}`);
  }
  return Object.fromEntries(Object.entries(parts).map(([id, text]) => [id, text.toSorted().join('\n')]));
}

async function readRows(root: string): Promise<Readonly<Record<string, Row>>> {
  const text = await readFile(path.join(root, '.worktrees', 'sessions.json'), 'utf8').catch(() => '{"sessions":{}}');
  return (JSON.parse(text) as { sessions: Record<string, Row> }).sessions;
}

/** git's administrative folders by the worktree they name. */
async function readRecords(common: string): Promise<ReadonlyMap<string, string>> {
  const records = new Map<string, string>();
  for (const name of await readdir(path.join(common, 'worktrees')).catch(() => [])) {
    const folder = path.join(common, 'worktrees', name);
    const gitdir = await readFile(path.join(folder, 'gitdir'), 'utf8').catch(() => '');
    records.set(path.dirname(gitdir.trim()), folder);
  }
  return records;
}

async function describeRecord(folder: string): Promise<readonly string[]> {
  const read = (name: string): Promise<string> => readFile(path.join(folder, name), 'utf8').catch(() => 'none');
  const note = await read('wt.json');
  return [`lock ${await read('locked')}`, `note ${note === 'none' ? note : stable(JSON.parse(note))}`];
}

/** HEAD, index, status and every file of a worktree; worktrees inside it are not its own. */
async function describeTree(room: Room, tree: string, gitDir: string): Promise<string[]> {
  const [head, index, status] = await Promise.all([
    readFile(path.join(gitDir, 'HEAD'), 'utf8').catch(() => 'none'),
    room.git(tree, 'ls-files', '--stage').catch((error: Error) => error.message),
    room
      .git(tree, '--no-optional-locks', 'status', '--porcelain', '--untracked-files=all')
      .catch((error: Error) => error.message),
  ]);
  return [`HEAD ${head}`, `index ${hash(index)}`, `status ${status}`, ...(await describeFiles(tree))];
}

async function describeFiles(folder: string, below = ''): Promise<readonly string[]> {
  const entries = await readdir(path.join(folder, below), { withFileTypes: true }).catch(() => []);
  const isTree = below !== '' && entries.some(({ name }) => name === '.git');
  if (isTree || below === '.worktrees') return [];
  const all = await Promise.all(
    entries.map(async (entry): Promise<readonly string[]> => {
      const name = path.join(below, entry.name);
      if (entry.name === '.git') return [];
      if (entry.isDirectory()) return describeFiles(folder, name);
      const file = path.join(folder, name);
      const text = entry.isSymbolicLink() ? await readlink(file) : hash(await readFile(file));
      return [`file ${name} ${((await lstat(file)).mode & 0o111) === 0 ? '-' : 'x'} ${text}`];
    }),
  );
  return all.flat();
}

/** Sessions in the trash, by their id. Copies that are kept beside them may be more than need be, so they do not count. */
async function describeTrash(
  common: string,
  add: (id: string, ...text: string[]) => void,
): Promise<readonly { op: string; id: string }[]> {
  const trash = path.join(common, 'wt', 'trash');
  const found: { op: string; id: string }[] = [];
  for (const op of await readdir(trash).catch(() => [])) {
    const folder = path.join(trash, op);
    const meta = await readFile(path.join(folder, 'meta.json'), 'utf8').catch(() => undefined);
    const id = meta === undefined ? undefined : (JSON.parse(meta) as { id: string }).id;
    const files = (await describeFiles(folder)).filter((line) => !/^file (?:admin\/|meta\.json|branch-log)/.test(line));
    const parts = (await readdir(folder)).toSorted().join(', ');
    const admin = (await filesBelow(path.join(folder, 'admin'))).filter((name) =>
      /^(?:HEAD|index|wt\.json)$/.test(name),
    );
    if (id === undefined && !op.startsWith('purge-')) continue;
    add(op.startsWith('purge-') ? 'purge' : (id ?? ''), `trash: ${parts}; ${admin.join(', ')}; ${files.join('; ')}`);
    if (id !== undefined && !op.startsWith('purge-')) found.push({ op, id });
  }
  return found;
}

/** JSON with sorted keys and without times. */
function stable(value: unknown): string {
  return JSON.stringify(value, (key, part: unknown) => {
    if (['at', 'createdAt', 'trash', 'updatedAt'].includes(key)) return undefined;
    if (part === null || typeof part !== 'object' || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => a.localeCompare(b)));
  });
}

/** What of a picture is not as in another, for a person to read. */
export function differences(now: Picture, then: Picture): readonly string[] {
  const ids = [...new Set([...Object.keys(now), ...Object.keys(then)])];
  return ids.flatMap((id) => {
    const [is, was] = [(now[id] ?? '').split('\n'), (then[id] ?? '').split('\n')];
    const [more, less] = [is.filter((line) => !was.includes(line)), was.filter((line) => !is.includes(line))];
    if (more.length + less.length === 0 && is.length === was.length) return [];
    return [`${id}: has [${more.join(' | ')}], lacks [${less.join(' | ')}]`];
  });
}

function hash(content: Buffer | string): string {
  return createHash('sha1').update(content).digest('hex').slice(0, 10);
}
