import { createScanner, findNodeAtLocation, type Node } from 'jsonc-parser';
import { invalidAt, parseConfig, writePlace, type Place } from './parse.ts';

/**
 * A configuration with a value set; comments, order and layout of everything else stay. Without a text a new one, which begins
 * with `$schema`. Throws `config.invalid` for what is no configuration. Pure.
 */
export function setInText(
  file: string,
  text: string | undefined,
  { at, value, $schema }: { at: Place; value: unknown; $schema: string },
): string {
  if (text === undefined) {
    const fresh = `{\n  "$schema": ${JSON.stringify($schema)}\n}\n`;
    return setInText(file, fresh, { at, value, $schema });
  }
  const { tree } = parseConfig(file, text);
  const there = findNodeAtLocation(tree, [...at]);
  const layout = layoutOf(text);
  if (there !== undefined)
    return splice(text, there.offset, there.length, write(value, layout, indentAt(text, there.offset)));
  const depth = deepest(tree, at);
  const parent = findNodeAtLocation(tree, at.slice(0, depth));
  if (parent?.type !== 'object')
    throw invalidAt(file, `"${writePlace(at.slice(0, depth))}" is no object`, text, parent?.offset);
  const [key] = at.slice(depth);
  return insert(text, parent, { key: String(key), value: nest(at.slice(depth + 1), value), layout });
}

/** The same without the value; comments stay, those beside it too. Undefined when it is not there. Pure. */
export function unsetInText(file: string, text: string, at: Place): string | undefined {
  const { tree } = parseConfig(file, text);
  const property = findNodeAtLocation(tree, [...at])?.parent;
  if (property?.type !== 'property') return undefined;
  const siblings = property.parent?.children ?? [];
  const before = siblings[siblings.indexOf(property) - 1];
  const end = property.offset + property.length;
  const comma = findComma(text, end) ?? (before === undefined ? undefined : findComma(text, endOf(before)));
  const cuts = [{ from: property.offset, to: end }, ...(comma === undefined ? [] : [{ from: comma, to: comma + 1 }])];
  const cut = cuts
    .toSorted((a, b) => b.from - a.from)
    .reduce((all, one) => splice(all, one.from, one.to - one.from, ''), text);
  // The place where it stood, now that a comma before it may be gone.
  const place = property.offset - (comma !== undefined && comma < property.offset ? 1 : 0);
  return withoutBlank(cut, place);
}

/** jsonc-parser's SyntaxKind, which is a const enum. */
const TOKEN = { comma: 5, lineComment: 12, blockComment: 13, blanks: 15 } as const;

interface Layout {
  readonly unit: string;
  readonly newline: string;
}

/** How the file is indented, and how its lines end. */
function layoutOf(text: string): Layout {
  const [, unit = '  '] = /\n([ \t]+)\S/.exec(text) ?? [];
  return { unit: unit.startsWith('\t') ? '\t' : unit, newline: text.includes('\r\n') ? '\r\n' : '\n' };
}

function indentAt(text: string, offset: number): string {
  const line = text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset);
  return /^[ \t]*/.exec(line)?.[0] ?? '';
}

function nest(at: Place, value: unknown): unknown {
  return at.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);
}

/** How many parts of a place lead to something that is there. */
function deepest(tree: Node, at: Place): number {
  let depth = at.length - 1;
  while (depth > 0 && findNodeAtLocation(tree, at.slice(0, depth)) === undefined) depth--;
  return depth;
}

/** A list that is short stays on one line; objects get a line each. */
function write(value: unknown, { unit, newline }: Layout, indent: string): string {
  const isList = Array.isArray(value) && value.every((one) => typeof one !== 'object');
  const line = isList ? `[${value.map((one) => JSON.stringify(one)).join(', ')}]` : undefined;
  if (line !== undefined && line.length <= 80) return line;
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const inner = indent + unit;
    const rows = Object.entries(value).map(
      ([key, one]) => `${inner}${JSON.stringify(key)}: ${write(one, { unit, newline }, inner)}`,
    );
    return rows.length === 0 ? '{}' : `{${newline}${rows.join(`,${newline}`)}${newline}${indent}}`;
  }
  return JSON.stringify(value, null, unit).replaceAll('\n', `${newline}${indent}`);
}

function insert(
  text: string,
  parent: Node,
  { key, value, layout }: { key: string; value: unknown; layout: Layout },
): string {
  const end = endOf(parent) - 1;
  const last = parent.children?.at(-1);
  const outer = indentAt(text, parent.offset);
  const isOneLine = last !== undefined && !text.slice(parent.offset, end).includes('\n');
  const indent = last === undefined || isOneLine ? outer + layout.unit : indentAt(text, last.offset);
  const property = `${JSON.stringify(key)}: ${write(value, layout, isOneLine ? outer : indent)}`;
  if (last === undefined) {
    const inner = text.slice(parent.offset + 1, end).trimEnd();
    const body = `${inner}${layout.newline}${indent}${property}${layout.newline}${outer}`;
    return splice(text, parent.offset + 1, end - parent.offset - 1, body);
  }
  const comma = findComma(text, endOf(last));
  const from = comma === undefined ? endOf(last) : comma + 1;
  if (isOneLine) return splice(text, from, 0, `${comma === undefined ? ',' : ''} ${property}`);
  const place = endOfLine(text, from, end);
  const added = `${layout.newline}${indent}${property}${comma === undefined ? '' : ','}`;
  const withProperty = splice(text, place, 0, added);
  return comma === undefined ? splice(withProperty, from, 0, ',') : withProperty;
}

/** The end of the line, behind comments that belong to what stands on it. */
function endOfLine(text: string, from: number, limit: number): number {
  let place = from;
  const scanner = createScanner(text);
  scanner.setPosition(from);
  for (let kind: number = scanner.scan(); scanner.getTokenOffset() < limit; kind = scanner.scan()) {
    if (kind === TOKEN.lineComment) return scanner.getTokenOffset() + scanner.getTokenLength();
    if (kind === TOKEN.blockComment) place = scanner.getTokenOffset() + scanner.getTokenLength();
    else if (kind !== TOKEN.blanks) return place;
  }
  return place;
}

/** The comma that follows, behind comments and blanks only. */
function findComma(text: string, from: number): number | undefined {
  const scanner = createScanner(text, true);
  scanner.setPosition(from);
  const kind: number = scanner.scan();
  return kind === TOKEN.comma ? scanner.getTokenOffset() : undefined;
}

/** Takes the line away when nothing is left on it; else the blanks that would double. */
function withoutBlank(text: string, place: number): string {
  const start = text.lastIndexOf('\n', place - 1) + 1;
  const newline = text.indexOf('\n', place);
  const end = newline < 0 ? text.length : newline + 1;
  if (start > 0 && newline >= 0 && text.slice(start, end).trim() === '') return splice(text, start, end - start, '');
  return text;
}

function endOf({ offset, length }: Node): number {
  return offset + length;
}

function splice(text: string, offset: number, length: number, added: string): string {
  return text.slice(0, offset) + added + text.slice(offset + length);
}
