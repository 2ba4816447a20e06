import path from 'node:path';
import { WtError } from '../core/errors.ts';
import type { Env } from '../platform/deps.ts';
import { lstatOf, makeDirectory, realPathOf, replaceFile } from '../platform/files.ts';
import { setInText, unsetInText } from './edit.ts';
import { readConfigText, requireRight } from './file.ts';
import type { Key } from './keys.ts';
import { findSection, personalConfigFile, projectConfigFile } from './load.ts';
import { parseConfig, type Place } from './parse.ts';
import { PersonalConfig, ProjectConfig } from './schema.ts';
import { writeValue } from './value.ts';
import { schemaAddress } from './schema-address.ts';

/** Where a value is written: in the repository, for the person, or for the person in this repository. */
export type Target = 'project' | 'personal' | 'here';

/** Where settings are. Without a root there is no repository. */
export interface Surroundings {
  readonly root: string | undefined;
  readonly env: Env;
}

export interface Change {
  readonly file: string;
  /** What the file said before, and says then; undefined: nothing. */
  readonly before: unknown;
  readonly after: unknown;
  readonly isChanged: boolean;
  /** The whole text; undefined when nothing has to be written. */
  readonly text: string | undefined;
  /** What it was made from: still there when it is written, or nothing is. */
  readonly from: string | undefined;
}

/**
 * What setting a key (or unsetting it, with undefined) makes of its file. Everything is judged before anything is written.
 * Throws `config.invalid`, `usage.invalid`, `repo.not-found`, `path.unsafe`.
 */
export async function planChange(
  { root, env }: Surroundings,
  target: Target,
  { key, value }: { key: Key; value: unknown },
): Promise<Change> {
  requirePlace(target, key, value);
  const file = fileOf({ root, env }, target);
  const from = await readConfigText(file);
  const inner = placeOf(key);
  const at = target === 'here' ? [...(await sectionPlace({ root, env }, file, from)), ...inner] : inner;
  const before = from === undefined ? undefined : findAt(parseConfig(file, from).value, at);
  const $schema = await schemaAddress(target === 'project' ? 'project' : 'personal', root);
  const text =
    value === undefined
      ? from === undefined
        ? undefined
        : unsetInText(file, from, at)
      : setInText(file, from, { at, value, $schema });
  if (text !== undefined) requireFit({ file, from, text }, target, key);
  const isChanged = text !== undefined && text !== from;
  return { file, before, after: value, isChanged, text: isChanged ? text : undefined, from };
}

/** What was wrong before is the file's, what is wrong only now the value's. */
function requireFit(
  { file, from, text }: { file: string; from: string | undefined; text: string },
  target: Target,
  { key }: Key,
): void {
  try {
    requireRight(file, text, schemaOf(target));
  } catch (error) {
    if (!WtError.is(error, 'config.invalid')) throw error;
    if (from !== undefined) requireRight(file, from, schemaOf(target));
    const { reason } = error.details;
    throw new WtError('usage.invalid', {
      option: key,
      reason: reason.replace(`${key}: `, ''),
      fix: ['wt', 'config', 'explain', key],
    });
  }
}

/** Writes what was planned, at once. Throws `config.invalid` when somebody else has written meanwhile. */
export async function applyChange({ file, text, from }: Change): Promise<void> {
  if (text === undefined) return;
  await writeConfigText(file, text, from);
}

/** Replaces a configuration file; a link stays a link, and its permissions stay. */
export async function writeConfigText(file: string, text: string, from: string | undefined): Promise<void> {
  const real = await realPathOf(file);
  await makeDirectory(path.dirname(real));
  const stats = await lstatOf(real);
  if ((await readConfigText(file)) !== from)
    throw new WtError('config.invalid', { path: file, line: null, column: null, reason: 'it was changed just now' });
  await replaceFile(real, text, stats === undefined ? 0o644 : stats.mode & 0o777);
}

/** The file of a target. */
export function fileOf({ root, env }: Surroundings, target: Target): string {
  return target === 'project' ? projectConfigFile(root ?? '') : personalConfigFile(env);
}

export function schemaOf(target: Target): typeof ProjectConfig | typeof PersonalConfig {
  return target === 'project' ? ProjectConfig : PersonalConfig;
}

/** Throws `path.unsafe` for a project's file that leads out of the repository: what is written must stay there. */
export async function requireInside(root: string): Promise<void> {
  const file = projectConfigFile(root);
  const real = await realPathOf(file);
  const isLost = real === file && (await lstatOf(file))?.isSymbolicLink() === true;
  if (isLost) throw new WtError('path.unsafe', { path: file, reason: 'it is a link to something that is not there' });
  if (real !== file && !real.startsWith(`${root}${path.sep}`))
    throw new WtError('path.unsafe', { path: file, reason: `it is a link to ${real}, outside of the repository` });
}

function requirePlace(target: Target, { key, isShared }: Key, value: unknown): void {
  if (target === 'personal' || isShared) return;
  throw new WtError('usage.invalid', {
    option: key,
    reason: 'it is a person’s to say, for all their repositories',
    fix:
      value === undefined
        ? ['wt', 'config', 'unset', '--personal', key]
        : ['wt', 'config', 'set', '--personal', key, writeValue(value)],
  });
}

function placeOf({ key }: Key): Place {
  return key.split('.');
}

function findAt(value: unknown, at: Place): unknown {
  return at.reduce<unknown>((inner, part) => ownOf(inner, String(part)), value);
}

function ownOf(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Record<string, unknown>)[key];
}

/** The person's section for this repository: the one that is there under whatever name, else a new one. */
async function sectionPlace({ root, env }: Surroundings, file: string, text: string | undefined): Promise<Place> {
  const repositories = text === undefined ? undefined : parseConfig(file, text).value['repositories'];
  const found = root === undefined ? undefined : await findSection(repositories, root, env);
  return ['repositories', found?.key ?? root ?? ''];
}
