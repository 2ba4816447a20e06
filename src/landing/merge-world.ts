import path from 'node:path';
import { parseEntriesNamed } from '../git/index-file.ts';
import { lstatOf, readBytes, readText } from '../platform/files.ts';
import type { Repo } from '../sessions/repo.ts';

const INDEX_BYTES = 4 * 1024 * 1024;
const ATTRIBUTES = '.gitattributes';
const FILES = 50;

/**
 * What a merge in the object store depends on besides its commits: git's version and settings, and the attributes that git
 * takes from the main worktree. Read from files, no git is asked. Undefined: it cannot be told, and nothing is to be remembered.
 */
export async function readMergeWorld(repo: Repo, hashBytes: number): Promise<readonly string[] | undefined> {
  const { mergeSettings, commonDir, root, isBare, deps } = repo;
  if (mergeSettings === undefined) return undefined;
  const texts = await Promise.all(
    [
      path.join(commonDir, 'info', 'attributes'),
      path.join(commonDir, 'config.worktree'),
      ...homeAttributes(deps.env, mergeSettings),
      ...(isBare ? [] : [path.join(root, ATTRIBUTES)]),
    ].map((file) => readText(file).catch(() => 'unreadable')),
  );
  const own = isBare ? [] : await readAttributes(repo, hashBytes).catch(() => undefined);
  return own === undefined ? undefined : [...mergeSettings, ...texts.map((text) => text ?? ''), ...own];
}

/** Where git looks for a person's own attributes (gitattributes(5)). */
function homeAttributes(env: Repo['deps']['env'], settings: readonly string[]): readonly string[] {
  const home = env['HOME'] ?? '';
  const named = settings
    .findLast((one) => one.startsWith('core.attributesfile='))
    ?.slice('core.attributesfile='.length);
  const config = env['XDG_CONFIG_HOME'] || path.join(home, '.config');
  const file = named?.replace(/^~(?=\/)/, home) ?? path.join(config, 'git', 'attributes');
  return path.isAbsolute(file) ? [file] : [];
}

/** The files of attributes that the main worktree's index has, with what stands in them; or the mark of an index that tells no names. */
async function readAttributes({ root, commonDir }: Repo, hashBytes: number): Promise<readonly string[]> {
  const index = path.join(commonDir, 'index');
  const stats = await lstatOf(index);
  if (stats === undefined) return [];
  const mark = [`${stats.ino} ${stats.mtimeMs} ${stats.size}`];
  if (stats.size > INDEX_BYTES) return mark;
  const data = await readBytes(index, INDEX_BYTES);
  const entries = data === undefined ? undefined : parseEntriesNamed(data, hashBytes, ATTRIBUTES);
  if (entries === undefined || entries.length > FILES) return mark;
  const texts = await Promise.all(entries.map((entry) => readText(path.join(root, entry.path)).catch(() => '')));
  return entries.map((entry, i) => `${entry.object} ${entry.path} ${texts[i] ?? ''}`);
}
