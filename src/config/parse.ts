import { findNodeAtLocation, parseTree, printParseErrorCode, type Node, type ParseError } from 'jsonc-parser';
import { WtError } from '../core/errors.ts';

/** Keys and indexes that lead to a value. */
export type Place = readonly (string | number)[];

/** A configuration file as text, as a tree with offsets, and as a value. */
export interface Parsed {
  readonly file: string;
  readonly text: string;
  readonly tree: Node;
  readonly value: Readonly<Record<string, unknown>>;
}

/** Throws `config.invalid` for what is no JSON object (comments and a last comma are fine), and for a key that is there twice. Pure. */
export function parseConfig(file: string, text: string): Parsed {
  const errors: ParseError[] = [];
  const tree = parseTree(text, errors, { allowTrailingComma: true });
  const [error] = errors;
  if (error !== undefined)
    throw invalidAt(file, `not JSON: ${wordsOf(printParseErrorCode(error.error))}`, text, error.offset);
  if (tree?.type !== 'object') throw invalidAt(file, 'it must hold an object', text, 0);
  const twice = findTwice(tree, []);
  if (twice !== undefined) throw invalidAt(file, `"${writePlace(twice.at)}" is there twice`, text, twice.offset);
  return { file, text, tree, value: valueOf(tree) as Record<string, unknown> };
}

/** Where a value is written; with `isKey` where its key is. Pure. */
export function offsetOf({ tree }: Parsed, at: Place, isKey = false): number | undefined {
  const node = findNodeAtLocation(tree, [...at]);
  return isKey && node?.parent?.type === 'property' ? node.parent.offset : node?.offset;
}

/** The line of a value, from 1. Pure. */
export function lineOf(parsed: Parsed, at: Place): number | undefined {
  const offset = offsetOf(parsed, at);
  return offset === undefined ? undefined : parsed.text.slice(0, offset).split(/\r\n|\r|\n/).length;
}

/** `setup.run[1].timeout`. Pure. */
export function writePlace(at: Place): string {
  return at.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : text === '' ? part : `${text}.${part}`),
    '',
  );
}

/** A `config.invalid` with the line and the column of an offset in a text, when there is one. Pure. */
export function invalidAt(file: string, reason: string, text?: string, offset?: number): WtError {
  if (text === undefined) return new WtError('config.invalid', { path: file, line: null, column: null, reason });
  const before = text.slice(0, offset ?? 0).split(/\r\n|\r|\n/);
  return new WtError('config.invalid', {
    path: file,
    line: before.length,
    column: (before.at(-1)?.length ?? 0) + 1,
    reason,
  });
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

function findTwice(node: Node, at: Place): { at: Place; offset: number } | undefined {
  const seen = new Set<string>();
  for (const [i, child] of (node.children ?? []).entries()) {
    const isProperty = child.type === 'property';
    const key = isProperty ? String(child.children?.[0]?.value) : i;
    if (typeof key === 'string' && seen.has(key)) return { at: [...at, key], offset: child.offset };
    if (typeof key === 'string') seen.add(key);
    const value = isProperty ? child.children?.[1] : child;
    const found = value === undefined ? undefined : findTwice(value, [...at, key]);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** `CommaExpected` → `comma expected`. */
function wordsOf(code: string): string {
  return code
    .replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
    .replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase());
}
