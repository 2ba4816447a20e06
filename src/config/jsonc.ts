import { createScanner, type Node } from 'jsonc-parser';

/**
 * Changes of a JSON file with comments that leave everything else as it is: layout, line ends, comments, commas at the end. A node
 * is one of the very text that is changed. All pure.
 */

/** Another value where one stands. */
export function putAt(text: string, { offset, length }: Node, value: unknown): string {
  return splice(text, offset, length, write(value, layoutOf(text), indentAt(text, offset)));
}

/** A property of an object (with its key), or an element of a list, behind all that are there. */
export function addTo(
  text: string,
  parent: Node,
  { key, value }: { readonly key?: string; readonly value: unknown },
): string {
  return insert(text, parent, { key, value, layout: layoutOf(text) });
}

/** Without a property of an object, or an element of a list; comments stay, those beside it too. */
export function cutOut(text: string, node: Node): string {
  const siblings = node.parent?.children ?? [];
  const before = siblings[siblings.indexOf(node) - 1];
  const end = endOf(node);
  const comma = findComma(text, end) ?? (before === undefined ? undefined : findComma(text, endOf(before)));
  const cuts = [{ from: node.offset, to: end }, ...(comma === undefined ? [] : [{ from: comma, to: comma + 1 }])];
  const cut = cuts
    .toSorted((a, b) => b.from - a.from)
    .reduce((all, one) => splice(all, one.from, one.to - one.from, ''), text);
  // The place where it stood, now that a comma before it may be gone.
  return withoutBlank(cut, node.offset - (comma !== undefined && comma < node.offset ? 1 : 0));
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
  { key, value, layout }: { key: string | undefined; value: unknown; layout: Layout },
): string {
  const end = endOf(parent) - 1;
  const last = parent.children?.at(-1);
  const outer = indentAt(text, parent.offset);
  const isOneLine = last !== undefined && !text.slice(parent.offset, end).includes('\n');
  const indent = last === undefined || isOneLine ? outer + layout.unit : indentAt(text, last.offset);
  const name = key === undefined ? '' : `${JSON.stringify(key)}: `;
  const property = `${name}${write(value, layout, isOneLine ? outer : indent)}`;
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
