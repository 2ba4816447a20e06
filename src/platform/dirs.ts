import { userInfo } from 'node:os';
import path from 'node:path';
import type { Env } from './deps.ts';

/** A person's home folder: of the environment when that names a place, else of the system. */
export function homeFolder(env: Env): string {
  const home = env['HOME'] ?? '';
  return path.isAbsolute(home) ? home : userInfo().homedir;
}

/**
 * Where wt keeps what is a person's own. A relative path is ignored, as the XDG Base Directory Specification says: it would lead
 * into whatever repository the caller stands in, and its files would count as the person's word.
 */
export function personalFolder(env: Env, kind: 'config' | 'state'): string {
  const [name, ...below] = kind === 'config' ? ['XDG_CONFIG_HOME', '.config'] : ['XDG_STATE_HOME', '.local', 'state'];
  const said = env[name ?? ''] ?? '';
  return path.join(path.isAbsolute(said) ? said : path.join(homeFolder(env), ...below), 'wt');
}

/** The path of a place from a folder that it is in, by their words alone: '' for the folder itself, undefined outside of it. Pure. */
export function findPathIn(folder: string, place: string): string | undefined {
  const relative = path.relative(folder, place);
  const isOutside = relative === '..' || relative.startsWith(`..${path.sep}`) || path.isAbsolute(relative);
  return isOutside ? undefined : relative;
}

/** Whether a path leads to something in a folder, and not to the folder itself, by its words alone. Pure. */
export function isBelow(folder: string, place: string): boolean {
  return Boolean(findPathIn(folder, place));
}
