import { findNodeAtLocation, parseTree, printParseErrorCode, type Node, type ParseError } from 'jsonc-parser';
import type * as z from 'zod';
import { WtError } from '../core/errors.ts';
import { nearNames } from '../core/names.ts';
import type { Env } from '../platform/deps.ts';
import { readSmallFile, realPathOf } from '../platform/files.ts';
import { variableFor } from './variables.ts';

const LIMIT_BYTES = 1024 * 1024;

/** A configuration file as it is written; one that is not there is an empty one. */
export interface ConfigFile {
  readonly file: string;
  readonly value: Readonly<Record<string, unknown>>;
}

/**
 * Reads a configuration file and checks it. Throws `config.invalid` with line and column, and with the nearest right name for
 * a wrong key.
 */
export async function readConfigFile(file: string, schema: z.ZodType): Promise<ConfigFile> {
  // A person's own file may be a link into where they keep such files.
  const content = await readSmallFile(await realPathOf(file), LIMIT_BYTES);
  if (content !== undefined && 'refused' in content) throw invalid(file, content.refused);
  const stored = parseConfig(file, content?.text ?? '{}');
  const parsed = schema.safeParse(stored.value);
  if (!parsed.success) throw explain(file, stored, { issue: parsed.error.issues[0], schema });
  return { file, value: stored.value };
}

/** Checks values that several sources gave; what is wrong now can only have come from the environment. Throws `config.invalid`. */
export function requireValid<S extends z.ZodType>(schema: S, value: unknown, env: Env): z.infer<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const name = variableFor((issue?.path ?? []).join('.'), env);
  throw explain(name === undefined ? 'configuration' : `$${name}`, undefined, { issue, schema });
}

interface Parsed {
  readonly text: string;
  readonly tree: Node | undefined;
  readonly value: Record<string, unknown>;
}

function parseConfig(file: string, text: string): Parsed {
  const errors: ParseError[] = [];
  const tree = parseTree(text, errors, { allowTrailingComma: true });
  const [error] = errors;
  if (error !== undefined) throw invalid(file, `not JSON: ${printParseErrorCode(error.error)}`, text, error.offset);
  if (tree?.type !== 'object') throw invalid(file, 'it must hold an object', text, 0);
  return { text, tree, value: valueOf(tree) as Record<string, unknown> };
}

function valueOf(node: Node): unknown {
  if (node.type === 'array') return (node.children ?? []).map(valueOf);
  if (node.type !== 'object') return node.value as unknown;
  return Object.fromEntries(
    (node.children ?? []).map(({ children }) => [
      String(children?.[0]?.value),
      children?.[1] === undefined ? null : valueOf(children[1]),
    ]),
  );
}

/** The first thing that is wrong, where it stands. */
function explain(
  file: string,
  stored: Parsed | undefined,
  { issue, schema }: { issue: z.core.$ZodIssue | undefined; schema: z.ZodType },
): WtError {
  const at = (issue?.path ?? []).map((part) => (typeof part === 'number' ? part : String(part)));
  const find = (place: readonly (string | number)[]): Node | undefined =>
    stored?.tree === undefined ? undefined : findNodeAtLocation(stored.tree, [...place]);
  if (issue?.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys;
    return invalid(file, unknownKey(at, key, keysAt(schema, at)), stored?.text, find([...at, key])?.parent?.offset);
  }
  return invalid(file, `${at.join('.')}: ${issue?.message ?? 'not valid'}`, stored?.text, find(at)?.offset);
}

function unknownKey(at: readonly (string | number)[], key: string, known: readonly string[]): string {
  const [near] = nearNames(key, known);
  return `unknown key "${[...at, key].join('.')}"${near === undefined ? `; known: ${known.join(', ')}` : `; did you mean ${near}?`}`;
}

/** The keys that a schema knows at a place. */
function keysAt(schema: unknown, at: readonly (string | number)[]): readonly string[] {
  const { shape, def } = schema as { shape?: Readonly<Record<string, unknown>>; def?: { innerType?: unknown } };
  if (shape === undefined) return def?.innerType === undefined ? [] : keysAt(def.innerType, at);
  const [first, ...rest] = at;
  return first === undefined ? Object.keys(shape) : keysAt(shape[first] ?? {}, rest);
}

function invalid(file: string, reason: string, text?: string, offset = 0): WtError {
  if (text === undefined) return new WtError('config.invalid', { path: file, line: null, column: null, reason });
  const before = text.slice(0, offset).split('\n');
  return new WtError('config.invalid', {
    path: file,
    line: before.length,
    column: (before.at(-1)?.length ?? 0) + 1,
    reason,
  });
}
