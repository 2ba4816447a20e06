import {
  applyChange,
  fileOf,
  planChange,
  requireInside,
  type Change,
  type Surroundings,
  type Target,
} from '../config/change.ts';
import { editConfig } from '../config/editor.ts';
import type { Key } from '../config/keys.ts';
import { loadConfig, personalConfigFile, projectConfigFile } from '../config/load.ts';
import { parseValue } from '../config/value.ts';
import { viewSetting, type SettingView } from '../config/views.ts';
import { WtError } from '../core/errors.ts';
import type { Deps, Env } from '../platform/deps.ts';
import { lstatOf, realPathOf } from '../platform/files.ts';
import { findRepo } from './open.ts';
import type { Repo } from './repo.ts';
import { isInsideSession } from './word.ts';

/** A setting that was written down, or would be. */
export interface SettingChange {
  readonly key: Key;
  readonly change: Change;
  /** What still holds although another value was set, because a later source says so. */
  readonly isCovered: SettingView | undefined;
}

export interface SettingsFile {
  readonly layer: 'project' | 'personal';
  readonly file: string;
  readonly exists: boolean;
}

/** Settings of a person can be read and set anywhere. */
export async function findRepoOrNone(deps: Deps, target: Target | undefined): Promise<Repo | undefined> {
  try {
    return await findRepo(deps);
  } catch (error) {
    const isNeeded = target === 'project' || target === 'here';
    if (WtError.is(error, 'repo.not-found') && error.details.reason === 'outside' && !isNeeded) return undefined;
    throw error;
  }
}

/** Throws `repo.not-found`, `path.unsafe`. */
async function requireOwnPlace(repo: Repo | undefined, cwd: string): Promise<void> {
  if (repo === undefined) throw new WtError('repo.not-found', { cwd, reason: 'outside' });
  await requireInside(repo.root);
}

const OF_A_PERSON = /^(?:setup|teardown|hooks|env|merge)(?:\.|$)/;

/** What runs, and what must pass, is not for an agent to say, and nothing of the person's own file: not from inside a session. */
async function requirePerson(env: Env, repo: Repo | undefined, { key }: Key, file: string): Promise<void> {
  if (!OF_A_PERSON.test(key) && file !== personalConfigFile(env)) return;
  if (await isInsideSession(repo, env))
    throw new WtError('config.untrusted', { path: file, commands: [], isInside: true });
}

/**
 * Writes a setting down, or takes it out again without a text. Throws `config.invalid`, `config.untrusted`, `usage.invalid`,
 * `repo.not-found`, `path.unsafe`.
 */
export async function changeSetting(
  { cwd, env }: Deps,
  repo: Repo | undefined,
  { key, target, text, dryRun }: { key: Key; target: Target; text: string | undefined; dryRun: boolean },
): Promise<SettingChange> {
  const surroundings = { root: repo?.root, env };
  if (target !== 'personal') await requireOwnPlace(repo, cwd);
  await requirePerson(env, repo, key, fileOf(surroundings, target));
  const wanted = text === undefined ? undefined : parseValue(key, text);
  const change = await planChange(surroundings, target, { key, value: wanted });
  if (!dryRun) await applyChange(change);
  const isCovered = dryRun || wanted === undefined ? undefined : await findCover(surroundings, key, wanted);
  return { key, change, isCovered };
}

async function findCover({ root, env }: Surroundings, key: Key, wanted: unknown): Promise<SettingView | undefined> {
  const view = await loadConfig(root, env).then(
    (config) => viewSetting(config, env, key),
    () => undefined,
  );
  return view === undefined || JSON.stringify(view.value) === JSON.stringify(wanted) ? undefined : view;
}

/** Opens the file in the person's editor and checks it afterwards; on a dry run it only says which. */
export async function editSettings(
  deps: Deps,
  repo: Repo | undefined,
  { target, dryRun }: { target: Target; dryRun: boolean },
): Promise<readonly SettingsFile[]> {
  const surroundings = { root: repo?.root, env: deps.env };
  if (target !== 'personal') await requireOwnPlace(repo, deps.cwd);
  const files = await listSettingsFiles(surroundings, target);
  if (!dryRun) await editConfig(deps, surroundings, target);
  return files;
}

/** The files that count here: of one target, or all. */
export async function listSettingsFiles(
  { root, env }: Surroundings,
  target: Target | undefined,
): Promise<readonly SettingsFile[]> {
  const all = [
    ...(root === undefined ? [] : [{ layer: 'project' as const, file: projectConfigFile(root) }]),
    { layer: 'personal' as const, file: personalConfigFile(env) },
  ];
  const wanted =
    target === undefined ? all : all.filter(({ layer }) => (layer === 'project') === (target === 'project'));
  return Promise.all(
    wanted.map(async (one) => ({ ...one, exists: (await lstatOf(await realPathOf(one.file))) !== undefined })),
  );
}
