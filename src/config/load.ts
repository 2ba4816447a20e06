import path from 'node:path';
import type { Env } from '../platform/deps.ts';
import { realPathOf } from '../platform/files.ts';
import type { WtError } from '../core/errors.ts';
import { homeFolder, personalFolder } from '../platform/dirs.ts';
import { readConfigFile, requireValid, type ConfigFile } from './file.ts';
import { invalidAt, offsetOf, type Parsed, type Place } from './parse.ts';
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
  /** The text it was read from, and where in it the value begins. */
  readonly parsed?: Parsed;
  readonly at?: Place;
}

/** The settings that hold here, and who said what. */
export interface Config {
  readonly settings: Settings;
  /** Lowest first. */
  readonly layers: readonly Layer[];
}

export function personalConfigFile(env: Env): string {
  return path.join(personalFolder(env, 'config'), 'config.jsonc');
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
  const section = root === undefined ? undefined : await findSection(repositories, root, env);
  const variables = readVariables(env);
  const layers: readonly Layer[] = [
    ...(project === undefined ? [] : [layerOf('project', project)]),
    { ...layerOf('personal', personal), value: own },
    {
      ...layerOf('repository', personal),
      value: section?.value ?? {},
      at: section === undefined ? [] : ['repositories', section.key],
    },
    { name: 'environment', file: undefined, value: variables },
  ];
  const merged = mergeLayers(layers);
  const { $schema: _, ...values } = merged;
  const settings: Settings = requireValid(Settings, values, env);
  return { settings: withApproval(settings, layers), layers };
}

/** What all of them say together, as it is written. Pure. */
function mergeLayers(layers: readonly Layer[]): Record<string, unknown> {
  return layers.reduce<Record<string, unknown>>((all, { value }) => mergeOver(all, value), {});
}

/** The layer that decides a setting, as in `merge.gate`. Pure. */
export function originOf({ layers }: Pick<Config, 'layers'>, key: string): Layer {
  // What either may ask for, the last word does not lift.
  const asks = key === APPROVAL ? layers.findLast(({ value }) => valueAt(value, key) === true) : undefined;
  const found = asks ?? layers.findLast(({ value }) => valueAt(value, key) !== undefined);
  return found ?? { name: 'default', file: undefined, value: {} };
}

const APPROVAL = 'merge.requireApproval';

/** A `config.invalid` for the value of a key, in the file that decides it. Pure. */
export function wrongSetting(config: Pick<Config, 'layers'>, key: string, reason: string): WtError {
  const { name, file, parsed, at = [] } = originOf(config, key.replace(/\[.*$/, ''));
  const place = key
    .split(/[.[\]]+/)
    .filter((part) => part !== '')
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
  const offset = parsed === undefined ? undefined : offsetOf(parsed, [...at, ...place]);
  return invalidAt(file ?? name, `${key}: ${reason}`, offset === undefined ? undefined : parsed?.text, offset);
}

/** Either may ask for approval, and neither can lift it for the other. */
function withApproval(settings: Settings, layers: readonly Layer[]): Settings {
  const isAsked = layers.some(({ value }) => valueAt(value, APPROVAL) === true);
  return { ...settings, merge: { ...settings.merge, requireApproval: isAsked } };
}

function layerOf(name: LayerName, { file, value, parsed }: ConfigFile): Layer {
  return { name, file, value, ...(parsed === undefined ? {} : { parsed }) };
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

/** What a person has set for the repository whose main worktree this is, and under which name; `~` is their home. */
export async function findSection(
  repositories: unknown,
  root: string,
  env: Env,
): Promise<{ key: string; value: Readonly<Record<string, unknown>> } | undefined> {
  if (!isObject(repositories)) return undefined;
  for (const [key, value] of Object.entries(repositories)) {
    const absolute = path.resolve(homeFolder(env), key.replace(/^~(?=\/|$)/, '.'));
    if ((await realPathOf(absolute)) === root && isObject(value)) return { key, value };
  }
  return undefined;
}
