import { lstatSync, readdirSync, readFileSync, realpathSync, statSync, type Stats } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { Env } from '../platform/deps.ts';

export interface Surroundings {
  readonly env: Env;
  readonly cwd: () => string;
  /** Effective user id. */
  readonly user: number | undefined;
}

/**
 * The line that `wt path <id>` prints, when all is as it usually is: reads a few files, starts nothing, loads no package. Undefined
 * whenever there is any doubt, and whenever the program would first put something right; may throw as node:fs does.
 */
export function findPlainPath(argv: readonly string[], { env, cwd, user }: Surroundings): string | undefined {
  const call = parseCall(argv);
  if (call === undefined || user === undefined || !isPlainEnv(env)) return undefined;
  const from = resolve(cwd(), call.directory);
  if (!statSync(from).isDirectory()) return undefined;
  const main = findMain(realpathSync(from), user);
  if (main === undefined || hasOpenOperation(main)) return undefined;
  const folder = findFolder(main, call.id);
  if (folder === undefined) return undefined;
  const place = join(main, '.worktrees', folder);
  return isSessionAt(main, folder, { id: call.id, place }) && isAscii(place) ? `${place}\n` : undefined;
}

const ID = /^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,46}[A-Za-z0-9])?$/;
/** Variables of git that change nothing about where a repository is. */
const HARMLESS =
  /^GIT_(?:AUTHOR_|COMMITTER_|CONFIG_(?:GLOBAL|SYSTEM|NOSYSTEM)$|EDITOR$|SEQUENCE_EDITOR$|MERGE_AUTOEDIT$|PAGER$|TERMINAL_PROMPT$|ASKPASS$|SSH|SSL_|OPTIONAL_LOCKS$)/;
const LIMIT_BYTES = 4 * 1024 * 1024;

/** `path <id>`, with at most one `-C <dir>` before, between or behind. Pure. */
export function parseCall(argv: readonly string[]): { readonly id: string; readonly directory: string } | undefined {
  const at = argv.indexOf('-C');
  const words = at < 0 ? argv : [...argv.slice(0, at), ...argv.slice(at + 2)];
  const directory = at < 0 ? '.' : argv[at + 1];
  const [verb, id = ''] = words;
  if (words.length !== 2 || verb !== 'path' || !ID.test(id) || !directory || directory.startsWith('-'))
    return undefined;
  return { id, directory };
}

function isPlainEnv(env: Env): boolean {
  return Object.keys(env).every((name) => !name.startsWith('GIT_') || HARMLESS.test(name));
}

/** The main worktree, from anywhere inside a repository: gitrepository-layout(5). */
function findMain(from: string, user: number): string | undefined {
  const { dev } = statSync(from);
  for (let at = from; ; at = dirname(at)) {
    const here = statSync(at);
    // Another file system ends git's search; a folder with a HEAD may be a repository itself.
    if (here.dev !== dev || find(join(at, 'HEAD')) !== undefined) return undefined;
    const dotGit = join(at, '.git');
    const stats = find(dotGit);
    if (stats !== undefined)
      return here.uid === user && stats.uid === user ? mainOf(at, dotGit, stats, user) : undefined;
    if (at === dirname(at)) return undefined;
  }
}

function mainOf(top: string, dotGit: string, stats: Stats, user: number): string | undefined {
  if (stats.isDirectory()) return isPlainRepository(dotGit, user) && isPlainHead(dotGit) ? top : undefined;
  if (!stats.isFile()) return undefined;
  const [, admin = ''] = /^gitdir: (\/.+)\n$/.exec(readFileSync(dotGit, 'utf8')) ?? [];
  if (admin === '' || !isOwnFolder(admin, user) || !isPlainHead(admin)) return undefined;
  if (readFileSync(join(admin, 'commondir'), 'utf8') !== '../..\n') return undefined;
  const common = dirname(dirname(realpathSync(admin)));
  const main = dirname(common);
  return basename(common) === '.git' && isPlainRepository(common, user) ? main : undefined;
}

/** A `.git` that is no link, of the same owner, whose settings say nothing of another kind or place. */
function isPlainRepository(dotGit: string, user: number): boolean {
  if (!isOwnFolder(dotGit, user) || find(join(dotGit, 'commondir')) !== undefined) return false;
  if (!isOwnFolder(join(dotGit, 'objects'), user) || !isOwnFolder(join(dotGit, 'refs'), user)) return false;
  const text = readFileSync(join(dotGit, 'config'), 'utf8');
  return isPlainConfig(text);
}

/** Settings in git's simplest form, none of which has a say in where the repository is. Pure. */
export function isPlainConfig(text: string): boolean {
  let isCore = false;
  for (const line of text.split('\n')) {
    const [, section, , key = '', value = ''] =
      /^\s*(?:\[([A-Za-z0-9.-]+)(?: "([^"\\\]]*)")?\]|([A-Za-z][A-Za-z0-9-]*)(?:\s*=\s*([^"\\]*))?|[#;].*)?\s*$/.exec(
        line,
      ) ?? [undefined, 'extensions'];
    if (section !== undefined) {
      if (/^(?:extensions|include|includeif)/i.test(section)) return false;
      isCore = section.toLowerCase() === 'core';
    }
    if (!isCore) continue;
    if (/^(?:worktree|sharedrepository)$/i.test(key)) return false;
    if (/^bare$/i.test(key) && value.trim() !== 'false') return false;
    if (/^repositoryformatversion$/i.test(key) && value.trim() !== '0') return false;
  }
  return true;
}

function isPlainHead(gitDir: string): boolean {
  const file = join(gitDir, 'HEAD');
  return (
    lstatSync(file).isFile() && /^(?:ref: refs\/heads\/[^\s~^:?*[\\]+|[0-9a-f]{40})\n$/.test(readFileSync(file, 'utf8'))
  );
}

function hasOpenOperation(main: string): boolean {
  const journal = join(main, '.git', 'wt', 'journal');
  return find(journal) !== undefined && readdirSync(journal).length > 0;
}

/** The folder of a session by the registry; undefined where anything about its row is not plain. */
function findFolder(main: string, id: string): string | undefined {
  const worktrees = join(main, '.worktrees');
  const file = join(worktrees, 'sessions.json');
  const stats = lstatSync(file);
  if (!lstatSync(worktrees).isDirectory() || !stats.isFile() || stats.size > LIMIT_BYTES) return undefined;
  return folderIn(asObject(JSON.parse(readFileSync(file, 'utf8'))), id);
}

function folderIn(registry: Readonly<Record<string, unknown>> | undefined, id: string): string | undefined {
  const sessions = asObject(registry?.['sessions']);
  const row = sessions !== undefined && Object.hasOwn(sessions, id) ? asObject(sessions[id]) : undefined;
  if (registry?.['version'] !== 1 || !Number.isInteger(registry['revision'])) return undefined;
  if (row?.['id'] !== id || row['state'] !== 'ready') return undefined;
  const { folder = id } = row;
  return typeof folder === 'string' && ID.test(folder) ? folder : undefined;
}

/** Whether git's own record, which usually has the folder's name, says the same. */
function isSessionAt(main: string, folder: string, { id, place }: { id: string; place: string }): boolean {
  const admin = join(main, '.git', 'worktrees', folder);
  if (!lstatSync(admin).isDirectory()) return false;
  const note = asObject(JSON.parse(readFileSync(join(admin, 'wt.json'), 'utf8')));
  if (note?.['id'] !== id || (note['folder'] ?? id) !== folder || note['state'] !== 'ready') return false;
  return readFileSync(join(admin, 'gitdir'), 'utf8') === `${join(place, '.git')}\n`;
}

function find(target: string): Stats | undefined {
  return lstatSync(target, { throwIfNoEntry: false });
}

function isOwnFolder(folder: string, user: number): boolean {
  const stats = find(folder);
  return stats?.isDirectory() === true && stats.uid === user;
}

function asObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

function isAscii(text: string): boolean {
  return /^[\u0020-\u007e]+$/.test(text);
}
