import path from 'node:path';
import type * as z from 'zod';
import type { Env } from '../platform/deps.ts';
import { realPathOf } from '../platform/files.ts';
import { readConfigFile, requireValid, type ConfigFile } from './file.ts';
import { PersonalConfig, ProjectConfig, Settings } from './schema.ts';
import { readVariables } from './variables.ts';

/** Where a value comes from; later ones win. */
export const LAYERS = ['default', 'project', 'personal', 'repository', 'environment'] as const;
export type LayerName = (typeof LAYERS)[number];

/** What one source says, as it is written. */
export interface Layer {
  readonly name: LayerName;
  /** The file, or undefined. */
  readonly file: string | undefined;
  readonly value: Readonly<Record<string, unknown>>;
}

/** The settings that hold here, and who said what. */
export interface Config {
  readonly settings: Settings;
  /** Lowest first. */
  readonly layers: readonly Layer[];
}

export function personalConfigFile(env: Env): string {
  const folder = env['XDG_CONFIG_HOME'] || path.join(env['HOME'] ?? '/', '.config');
  return path.join(folder, 'wt', 'config.jsonc');
}

/** The committed configuration, in the main worktree. */
export function projectConfigFile(root: string): string {
  return path.join(root, 'wt.config.jsonc');
}

/**
 * The settings of a repository: its own file, above it the person's, above that the person's section for it, above all the
 * environment. Without a root those of a person alone. Throws `config.invalid`.
 */
export async function loadConfig(root: string | undefined, env: Env): Promise<Config> {
  const [project, personal] = await Promise.all([
    root === undefined ? undefined : readConfigFile(projectConfigFile(root), ProjectConfig),
    readConfigFile(personalConfigFile(env), PersonalConfig),
  ]);
  const { repositories, ...own } = personal.value;
  const section = root === undefined ? {} : await sectionOf(repositories, root, env);
  const variables = readVariables(env);
  const layers: readonly Layer[] = [
    ...(project === undefined ? [] : [layerOf('project', project)]),
    { ...layerOf('personal', personal), value: own },
    { name: 'repository', file: personal.file, value: section },
    { name: 'environment', file: undefined, value: variables },
  ];
  const merged = layers.reduce<Record<string, unknown>>((all, { value }) => mergeOver(all, value), {});
  const { $schema: _, ...values } = merged;
  const settings: Settings = requireValid(Settings, values, env);
  return { settings: withApproval(settings, layers), layers };
}

/** The layer that decides a setting, as in `merge.gate`. Pure. */
export function originOf({ layers }: Pick<Config, 'layers'>, key: string): Layer {
  const found = layers.findLast(({ value }) => valueAt(value, key) !== undefined);
  return found ?? { name: 'default', file: undefined, value: {} };
}

/** Either may ask for approval, and neither can lift it for the other. */
function withApproval(settings: Settings, layers: readonly Layer[]): Settings {
  const isAsked = layers.some(({ value }) => valueAt(value, 'merge.requireApproval') === true);
  return { ...settings, merge: { ...settings.merge, requireApproval: isAsked } };
}

function layerOf(name: LayerName, { file, value }: ConfigFile): Layer {
  return { name, file, value };
}

/** The value at a dotted key, or undefined. Pure. */
export function valueAt(value: unknown, key: string): unknown {
  return key
    .split('.')
    .reduce<unknown>((at, part) => (isObject(at) && Object.hasOwn(at, part) ? at[part] : undefined), value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Objects are joined key by key; everything else is replaced. */
function mergeOver(under: Record<string, unknown>, over: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const merged = { ...under };
  for (const [key, value] of Object.entries(over)) {
    const below = merged[key];
    merged[key] = isObject(below) && isObject(value) ? mergeOver(below, value) : value;
  }
  return merged;
}

/** What a person has set for the repository whose main worktree this is; `~` is their home. */
async function sectionOf(repositories: unknown, root: string, env: Env): Promise<Readonly<Record<string, unknown>>> {
  if (!isObject(repositories)) return {};
  for (const [place, section] of Object.entries(repositories)) {
    const absolute = path.resolve(env['HOME'] ?? '/', place.replace(/^~(?=\/|$)/, '.'));
    if ((await realPathOf(absolute)) === root && isObject(section)) return section;
  }
  return {};
}

export type SettingsInput = z.input<typeof Settings>;
