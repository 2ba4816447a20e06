import path from 'node:path';
import { findNodeAtLocation, parseTree, printParseErrorCode, type Node, type ParseError } from 'jsonc-parser';
import { parse as parseToml, TomlError } from 'smol-toml';
import * as z from 'zod';
import { WtError } from '../../core/errors.ts';
import { isBelow } from '../../platform/dirs.ts';
import { readSmallFile, realPathOf } from '../../platform/files.ts';

const LIMIT_BYTES = 256 * 1024;

/** A file of another tool, as it was found. */
export interface Written {
  /** Absolute. */
  readonly file: string;
  readonly text: string;
}

/** A value that was checked, and how to say that something in it is wrong. */
export interface Checked<T> extends Written {
  readonly value: T;
  /** Keys at the top that the tool's schema does not know. */
  readonly unknown: readonly string[];
  /** `config.invalid` at a place in the file. */
  readonly refuse: (at: readonly (string | number)[], reason: string) => WtError;
}

/**
 * A file of the repository by its path from the root; undefined when there is none. Throws `config.invalid` when a link leads
 * out of the repository, or when it is no regular file, or too large.
 */
export async function readOwn(root: string, relative: string): Promise<Written | undefined> {
  const file = path.join(root, relative);
  const real = await realPathOf(file);
  if (!isBelow(await realPathOf(root), real)) throw invalid(file, 'a link leads out of the repository; it is not read');
  const content = await readSmallFile(real, LIMIT_BYTES);
  if (content === undefined) return undefined;
  if ('refused' in content) throw invalid(file, `${content.refused}; it is not read`);
  return { file, text: content.text.replace(/^\uFEFF/, '') };
}

/** Strict JSON. Undefined when there is no such file. Throws `config.invalid` with line and column. */
export function readJson<T>(root: string, relative: string, schema: z.ZodType<T>): Promise<Checked<T> | undefined> {
  return readWith(parseJsonText, { root, relative, schema });
}

/** TOML 1.0. Undefined when there is no such file. Throws `config.invalid` with line and column. */
export function readToml<T>(root: string, relative: string, schema: z.ZodType<T>): Promise<Checked<T> | undefined> {
  return readWith(parseTomlText, { root, relative, schema });
}

async function readWith<T>(
  parse: (written: Written) => Parsed,
  { root, relative, schema }: { root: string; relative: string; schema: z.ZodType<T> },
): Promise<Checked<T> | undefined> {
  const written = await readOwn(root, relative);
  return written === undefined ? undefined : check(written, parse(written), schema);
}

type Place = { readonly line: number; readonly column: number } | undefined;

/** What a text says, and where in it. */
interface Parsed {
  readonly raw: unknown;
  readonly find: (at: readonly (string | number)[]) => Place;
}

function parseJsonText({ file, text }: Written): Parsed {
  const errors: ParseError[] = [];
  const tree = parseTree(text, errors, { disallowComments: true, allowTrailingComma: false, allowEmptyContent: false });
  const [error] = errors;
  if (error !== undefined)
    throw invalid(file, `not JSON: ${printParseErrorCode(error.error)}`, placeOf(text, error.offset));
  const find: Parsed['find'] = (at) => {
    const offset = nearest(tree, at)?.offset;
    return offset === undefined ? undefined : placeOf(text, offset);
  };
  return { raw: JSON.parse(text), find };
}

function parseTomlText({ file, text }: Written): Parsed {
  const find: Parsed['find'] = (at) => {
    const line = lineInToml(text, at.map(String));
    return line === undefined ? undefined : { line, column: 1 };
  };
  try {
    return { raw: parseToml(text), find };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [reason = ''] = error.message.replace(/^Invalid TOML document: /, '').split('\n');
    throw invalid(file, `not TOML: ${reason}`, { line: error.line, column: error.column });
  }
}

function check<T>(written: Written, { raw, find }: Parsed, schema: z.ZodType<T>): Checked<T> {
  const refuse = (at: readonly (string | number)[], reason: string): WtError =>
    invalid(written.file, at.length === 0 ? reason : `${at.join('.')}: ${reason}`, find(at));
  const parsed = schema.safeParse(raw);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw refuse(
      (issue?.path ?? []).map((part) => (typeof part === 'number' ? part : String(part))),
      issue?.message ?? 'not valid',
    );
  }
  const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  const unknown = Object.keys(raw as object).filter((key) => !known.includes(key) && key !== '$schema');
  return { ...written, value: parsed.data, unknown, refuse };
}

/** The node at a place, or that of the nearest thing around it. */
function nearest(tree: Node | undefined, at: readonly (string | number)[]): Node | undefined {
  if (tree === undefined) return undefined;
  return findNodeAtLocation(tree, [...at]) ?? (at.length === 0 ? tree : nearest(tree, at.slice(0, -1)));
}

function placeOf(text: string, offset: number): Place {
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

const KEY = /^\s*((?:"[^"]*"|'[^']*'|[\w-]+)(?:\s*\.\s*(?:"[^"]*"|'[^']*'|[\w-]+))*)\s*=/;

/** The line of a key in TOML, or of the table it would be in; `1` in the path is the second of an array of tables. Pure. */
export function lineInToml(text: string, at: readonly string[]): number | undefined {
  let best: { readonly line: number; readonly depth: number } | undefined;
  for (const { line, keys } of keyLines(text)) {
    const isOnTheWay = keys.every((part, depth) => part === at[depth]);
    if (isOnTheWay && keys.length > (best?.depth ?? 0)) best = { line, depth: keys.length };
  }
  return best?.line;
}

/** Every line with a header or a key, with its whole path. Text in several lines may look like one; it is then one too many. */
function keyLines(text: string): readonly { readonly line: number; readonly keys: readonly string[] }[] {
  const counts = new Map<string, number>();
  let table: readonly string[] = [];
  return text.split('\n').flatMap((content, i) => {
    const [, bracket, name] = /^\s*\[(\[?)\s*([^[\]]+?)\s*\]/.exec(content) ?? [];
    if (name === undefined) {
      const [, key] = KEY.exec(content) ?? [];
      return key === undefined ? [] : [{ line: i + 1, keys: [...table, ...keysOf(key)] }];
    }
    const keys = keysOf(name);
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    table = bracket === '[' ? [...keys, String(count)] : keys;
    return [{ line: i + 1, keys: table }];
  });
}

function keysOf(dotted: string): readonly string[] {
  return [...dotted.matchAll(/"([^"]*)"|'([^']*)'|[\w-]+/g)].map(([all, double, single]) => double ?? single ?? all);
}

export function invalid(file: string, reason: string, place?: Place): WtError {
  return new WtError('config.invalid', {
    path: file,
    line: place?.line ?? null,
    column: place?.column ?? null,
    reason,
  });
}
