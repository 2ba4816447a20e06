import type { Env } from '../platform/deps.ts';
import { findKey, KEYS, type Key } from './keys.ts';
import { originOf, valueAt, type Config, type Layer, type LayerName } from './load.ts';
import { lineOf } from './parse.ts';
import { variableFor } from './variables.ts';

/** A setting that holds, and who says so. */
export interface SettingView {
  readonly key: string;
  /** As it is written: `15m`, `1GB`; null when nothing is set. */
  readonly value: unknown;
  readonly origin: LayerName;
  readonly file: string | null;
  /** Of the file, from 1. */
  readonly line: number | null;
  /** The environment variable that sets it just now. */
  readonly variable: string | null;
}

/** What one source says of a key. */
export interface LayerView extends SettingView {
  readonly isSet: boolean;
  readonly wins: boolean;
}

export interface ExplainedSetting extends SettingView {
  readonly description: string;
  readonly default: unknown;
  /** Lowest first. */
  readonly layers: readonly LayerView[];
  /** The variable that can set it. */
  readonly settable: string | null;
  readonly isShared: boolean;
}

/** Every setting with its value and origin; with a beginning only those below it. Pure. */
export function listSettings(config: Config, env: Env, below?: string): readonly SettingView[] {
  return KEYS.flatMap((key) => entriesOf(config, key))
    .filter(({ key }) => below === undefined || key === below || key.startsWith(`${below}.`))
    .map((key) => viewSetting(config, env, key));
}

/** An open object is shown by what is in it. */
function entriesOf({ layers }: Config, key: Key): readonly Key[] {
  if (!key.isOpen) return [key];
  const names = new Set(layers.flatMap(({ value }) => Object.keys(valueAt(value, key.key) ?? {})));
  const found = [...names].map((name) => findKey(`${key.key}.${name}`)).filter((one) => one !== undefined);
  return found.length === 0 ? [key] : found;
}

export function viewSetting(config: Config, env: Env, key: Key): SettingView {
  const layer = originOf(config, key.key);
  return viewLayer(layer, env, key);
}

/** Everything about one key. Pure. */
export function explainSetting(config: Config, env: Env, key: Key): ExplainedSetting {
  const winner = originOf(config, key.key);
  const bottom: Layer = { name: 'default', file: undefined, value: {} };
  const layers = [bottom, ...config.layers].map((layer) => ({
    ...viewLayer(layer, env, key),
    isSet: layer.name === 'default' ? key.fallback !== undefined : valueAt(layer.value, key.key) !== undefined,
    wins: layer.name === winner.name,
  }));
  return {
    ...viewSetting(config, env, key),
    description: key.description,
    default: key.fallback ?? null,
    layers,
    settable: key.variable ?? null,
    isShared: key.isShared,
  };
}

function viewLayer(layer: Layer, env: Env, { key, fallback }: Key): SettingView {
  const { name, file, parsed, at = [], value } = layer;
  const isDefault = name === 'default';
  return {
    key,
    value: (isDefault ? fallback : valueAt(value, key)) ?? null,
    origin: name,
    file: file ?? null,
    line: parsed === undefined ? null : (lineOf(parsed, [...at, ...key.split('.')]) ?? null),
    variable: name === 'environment' ? (variableFor(key, env) ?? null) : null,
  };
}
