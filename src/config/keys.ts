import type * as z from 'zod';
import { WtError } from '../core/errors.ts';
import { nearNames } from '../core/names.ts';
import { schemasAt } from './issue.ts';
import { ProjectConfig, Settings } from './schema.ts';
import { VARIABLES } from './variables.ts';

/** One thing that can be set. */
export interface Key {
  /** As in `merge.gate`. */
  readonly key: string;
  readonly description: string;
  readonly schema: z.ZodType;
  /** As it would be written in a file; undefined: nothing is set. */
  readonly fallback: unknown;
  /** The environment variable that sets it. */
  readonly variable: string | undefined;
  /** False: a person's alone, and for all their repositories. */
  readonly isShared: boolean;
  /** An object whose keys are free: each of them is a key of its own, as in `env.NAME`. */
  readonly isOpen: boolean;
}

interface Def {
  readonly type: string;
  readonly innerType?: z.ZodType;
  readonly defaultValue?: unknown;
  readonly valueType?: z.ZodType;
}

/** Every key of the schema, in its order. */
export const KEYS: readonly Key[] = list(Settings, []);

function list(schema: z.ZodType, at: readonly string[]): readonly Key[] {
  const [inner] = schemasAt(schema, []) as readonly (z.ZodType & { shape?: Record<string, z.ZodType> })[];
  const isGroup = inner?.shape !== undefined && defOf(schema).type !== 'union' && !isUnion(schema);
  if (!isGroup) return [keyOf(schema, at)];
  return Object.entries(inner.shape ?? {}).flatMap(([name, one]) => list(one, [...at, name]));
}

function isUnion(schema: z.ZodType): boolean {
  const { type, innerType, ...def } = defOf(schema) as Def & { in?: z.ZodType };
  const wrapped = innerType ?? def.in;
  return type === 'union' || (wrapped !== undefined && isUnion(wrapped));
}

function keyOf(schema: z.ZodType, at: readonly string[]): Key {
  const key = at.join('.');
  return {
    key,
    description: describe(schema),
    schema,
    fallback: fallbackOf(schema),
    variable: Object.entries(VARIABLES).find(([, one]) => one.key.join('.') === key)?.[0],
    isShared: schemasAt(ProjectConfig, at).length > 0,
    isOpen: (schemasAt(schema, []) as readonly z.ZodType[]).some((one) => defOf(one).type === 'record'),
  };
}

function defOf(schema: z.ZodType): Def {
  const def: unknown = schema.def;
  return def as Def;
}

function describe(schema: z.ZodType): string {
  const { innerType } = defOf(schema);
  return schema.description ?? (innerType === undefined ? '' : describe(innerType));
}

function fallbackOf(schema: z.ZodType): unknown {
  const { type, innerType, defaultValue } = defOf(schema);
  if (type === 'default' || type === 'prefault') return defaultValue;
  return innerType === undefined ? undefined : fallbackOf(innerType);
}

/** The key of that name, `env.NAME` and other entries of open objects included. Pure. */
export function findKey(name: string): Key | undefined {
  const own = KEYS.find(({ key }) => key === name);
  if (own !== undefined) return own;
  const open = KEYS.find(({ key, isOpen }) => isOpen && name.startsWith(`${key}.`));
  if (open === undefined) return undefined;
  const [schema] = schemasAt(open.schema, [name.slice(open.key.length + 1)]) as readonly z.ZodType[];
  return schema === undefined || name === `${open.key}.`
    ? undefined
    : { ...open, key: name, schema, fallback: undefined, isOpen: false };
}

/** Throws `usage.invalid` with the nearest right name. */
export function requireKey(name: string): Key {
  const found = findKey(name);
  if (found !== undefined) return found;
  const names = KEYS.map(({ key }) => key);
  const below = names.filter((key) => key.startsWith(`${name}.`));
  if (below.length > 0)
    throw new WtError('usage.invalid', {
      option: name,
      reason: `it is a group of keys: ${below.join(', ')}`,
      fix: ['wt', 'config', 'list', name],
    });
  const near = nearKey(name, names);
  throw new WtError('usage.invalid', {
    option: name,
    reason: `there is no such key${near === undefined ? '' : `; did you mean ${near}?`}`,
    fix: near === undefined ? ['wt', 'config', 'list'] : ['wt', 'config', 'explain', near],
  });
}

/** By the whole name, else by its last part: `gate` is `merge.gate`. */
function nearKey(name: string, names: readonly string[]): string | undefined {
  const last = (text: string): string => text.slice(text.lastIndexOf('.') + 1).toLowerCase();
  const same = names.find((key) => last(key) === last(name));
  return same ?? nearNames(name, names)[0] ?? names.find((key) => nearNames(last(name), [last(key)]).length > 0);
}
