import path from 'node:path';
import { readText } from '../platform/files.ts';
import type { Scene } from './scene.ts';

/** Full name of the branch a HEAD file names; null when detached, undefined when it cannot be told. */
export async function readHeadRef(directory: string): Promise<string | null | undefined> {
  const text = (await readText(path.join(directory, 'HEAD')).catch(() => undefined))?.trim();
  const ref = /^ref: (.+)$/.exec(text ?? '')?.[1];
  if (ref !== undefined) return ref.endsWith('/.invalid') ? undefined : ref;
  return /^[0-9a-f]{40,64}$/.test(text ?? '') ? null : undefined;
}

/** The worktree that has a branch checked out, the main one included. */
export async function holderOf({ repo, entries }: Scene, ref: string): Promise<string | undefined> {
  const places = [
    ...(repo.isBare ? [] : [{ directory: repo.commonDir, path: repo.root }]),
    ...entries.filter((entry) => entry.path !== undefined),
  ];
  for (const place of places) if ((await readHeadRef(place.directory)) === ref) return place.path;
  return undefined;
}

/** Every branch that is checked out somewhere. */
export async function checkedOut({ repo, entries }: Scene): Promise<ReadonlySet<string>> {
  const directories = [...(repo.isBare ? [] : [repo.commonDir]), ...entries.map(({ directory }) => directory)];
  const refs = await Promise.all(directories.map(readHeadRef));
  return new Set(refs.filter((ref) => typeof ref === 'string'));
}
