import type * as z from 'zod';
import type { Env } from '../platform/deps.ts';
import { readSmallFile, realPathOf } from '../platform/files.ts';
import { faultOf } from './issue.ts';
import { invalidAt, offsetOf, parseConfig, type Parsed } from './parse.ts';
import { variableFor } from './variables.ts';

const LIMIT_BYTES = 1024 * 1024;

/** A configuration file as it is written; one that is not there is an empty one. */
export interface ConfigFile {
  readonly file: string;
  readonly value: Readonly<Record<string, unknown>>;
  readonly isThere: boolean;
  /** Undefined when there is none. */
  readonly parsed: Parsed | undefined;
}

/**
 * Reads a configuration file and checks it. Throws `config.invalid` with line and column, and with the nearest right name for
 * a wrong key.
 */
export async function readConfigFile(file: string, schema: z.ZodType): Promise<ConfigFile> {
  const text = await readConfigText(file);
  if (text === undefined) return { file, value: {}, isThere: false, parsed: undefined };
  const parsed = requireRight(file, text, schema);
  return { file, value: parsed.value, isThere: true, parsed };
}

/** Its text, or undefined when there is none. Throws `config.invalid` for what is no small plain file. */
export async function readConfigText(file: string): Promise<string | undefined> {
  // A person's own file may be a link into where they keep such files.
  const content = await readSmallFile(await realPathOf(file), LIMIT_BYTES);
  if (content !== undefined && 'refused' in content) throw invalidAt(file, content.refused);
  return content?.text;
}

/** A text that holds what the schema allows. Throws `config.invalid`. Pure. */
export function requireRight(file: string, text: string, schema: z.ZodType): Parsed {
  const stored = parseConfig(file, text);
  const checked = schema.safeParse(stored.value);
  if (checked.success) return stored;
  const { at, isKey, reason } = faultOf(checked.error.issues, schema);
  throw invalidAt(file, reason, text, offsetOf(stored, at, isKey) ?? offsetOf(stored, at.slice(0, -1)));
}

/** Checks values that several sources gave; what is wrong now can only have come from the environment. Throws `config.invalid`. */
export function requireValid<S extends z.ZodType>(schema: S, value: unknown, env: Env): z.infer<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { at, reason } = faultOf(parsed.error.issues, schema);
  const name = variableFor(at.join('.'), env);
  throw invalidAt(name === undefined ? 'configuration' : `$${name}`, reason);
}
