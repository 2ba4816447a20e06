import { findNodeAtLocation, parseTree, printParseErrorCode, type Node, type ParseError } from 'jsonc-parser';
import path from 'node:path';
import type * as z from 'zod';
import { WtError } from '../core/errors.ts';
import { nearNames } from '../core/names.ts';
import type { Env } from '../platform/deps.ts';
import { readSmallFile, realPathOf } from '../platform/files.ts';
import { PersonalConfig } from './schema.ts';

const LIMIT_BYTES = 1024 * 1024;

/** Settings from the environment, and where each goes. */
const VARIABLES = { WT_TRASH_KEEP: ['trash', 'keep'], WT_TRASH_MAX_SIZE: ['trash', 'maxSize'] } as const;

export function personalConfigFile(env: Env): string {
  const folder = env['XDG_CONFIG_HOME'] || path.join(env['HOME'] ?? '/', '.config');
  return path.join(folder, 'wt', 'config.jsonc');
}

/** The person's file below the environment. A missing file is an empty one. Throws `config.invalid` with line and column. */
export async function loadPersonalConfig(env: Env): Promise<PersonalConfig> {
  const file = personalConfigFile(env);
  // A person's own file may be a link into where they keep such files.
  const content = await readSmallFile(await realPathOf(file), LIMIT_BYTES);
  if (content !== undefined && 'refused' in content) throw invalid(file, content.refused);
  const stored = parseConfig(file, content?.text ?? '{}');
  let value: Record<string, unknown> = stored.value;
  for (const [name, [group, key]] of Object.entries(VARIABLES)) {
    const text = env[name];
    if (text === undefined || text === '') continue;
    const inner = typeof value[group] === 'object' ? value[group] : {};
    value = { ...value, [group]: { ...inner, [key]: text } };
  }
  const parsed = PersonalConfig.safeParse(value);
  if (parsed.success) return parsed.data;
  throw explain(file, stored, env, parsed.error.issues[0]);
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

/** The first thing that is wrong, where it stands, with the nearest right name for a wrong key. */
function explain(file: string, { text, tree }: Parsed, env: Env, issue: z.core.$ZodIssue | undefined): WtError {
  const at = (issue?.path ?? []).map((part) => (typeof part === 'number' ? part : String(part)));
  const find = (place: readonly (string | number)[]): Node | undefined =>
    tree === undefined ? undefined : findNodeAtLocation(tree, [...place]);
  if (issue?.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys;
    return invalid(file, unknownKey(at, key), text, find([...at, key])?.parent?.offset);
  }
  const reason = `${at.join('.')}: ${issue?.message ?? 'not valid'}`;
  const variable = Object.entries(VARIABLES).find(([, place]) => place.join('.') === at.join('.'))?.[0];
  // The environment goes above the file.
  if (variable !== undefined && env[variable]) return invalid(`$${variable}`, reason);
  return invalid(file, reason, text, find(at)?.offset);
}

function unknownKey(at: readonly (string | number)[], key: string): string {
  const known = at[0] === 'trash' ? ['keep', 'maxSize', 'regenerable'] : ['trash', '$schema'];
  const [near] = nearNames(key, known);
  return `unknown key "${[...at, key].join('.')}"${near === undefined ? `; known: ${known.join(', ')}` : `; did you mean ${near}?`}`;
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
