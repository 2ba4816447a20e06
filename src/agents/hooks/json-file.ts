import {
  findNodeAtLocation,
  getNodeValue,
  parseTree,
  printParseErrorCode,
  stripComments,
  type Node,
  type ParseError,
} from 'jsonc-parser';
import { addTo, cutOut } from '../../config/jsonc.ts';
import type { Wiring } from '../adapter.ts';
import { isOwnCommand } from './command.ts';
import type { HookPlace, HookState, HookSupport } from './support.ts';

/** One hook: what stands in the list of an event. */
export interface HookEntry {
  readonly event: string;
  readonly value: unknown;
}

/** What an agent's settings file needs: `hooks.<event>[…]`, and each element names a command, or holds a list `hooks` of such. */
export interface HookFile {
  readonly agent: string;
  readonly file: string;
  readonly isOnlyInMain?: boolean;
  /** Keys that the agent wants beside `hooks`. */
  readonly preamble?: Readonly<Record<string, unknown>>;
  /** The agent takes plain JSON only; else comments too, and never a comma at the end. */
  readonly isStrict?: boolean;
  /** `taken`: events that the person has hooks of their own for. */
  listEntries(wiring: Wiring, place: HookPlace, taken: ReadonlySet<string>): readonly HookEntry[];
  listObstacles?(place: HookPlace, taken: ReadonlySet<string>): readonly string[];
}

const BOM = '\uFEFF';

/** wt's hooks in a JSON file that a person also writes: comments, layout and their own hooks stay. */
export function jsonHooks(kind: HookFile): HookSupport {
  const { agent, file, isOnlyInMain = false } = kind;
  return {
    agent,
    file,
    isOnlyInMain,
    whyUnfit,
    install: (text, wiring, place) =>
      text !== undefined && stateOf(kind, text, wiring, place) === 'current'
        ? text
        : install(kind, text, wiring, place),
    remove: (text) => remove(kind, text),
    stateOf: (text, wiring, place) => stateOf(kind, text, wiring, place),
    listObstacles: (text, place) => [...whyUnread(kind, text), ...(kind.listObstacles?.(place, takenIn(text)) ?? [])],
  };
}

function stateOf(kind: HookFile, text: string, wiring: Wiring, place: HookPlace): HookState {
  const own = listOwn(text);
  if (own.length === 0) return 'absent';
  const wanted = kind.listEntries(wiring, place, takenIn(text)).map(nameOf);
  return own.length === wanted.length && wanted.every((one) => own.includes(one)) ? 'current' : 'outdated';
}

function install(kind: HookFile, text: string | undefined, wiring: Wiring, place: HookPlace): string {
  const start = text === undefined ? undefined : withoutOwn(text);
  const clean = start === undefined || start.trim() === '' ? '{}\n' : start;
  const [bom, body] = splitBom(clean);
  let result = body;
  for (const [key, value] of Object.entries(kind.preamble ?? {}))
    if (nodeAt(result, [key]) === undefined) result = addAt(result, [], { key, value });
  for (const { event, value } of kind.listEntries(wiring, place, takenIn(clean))) {
    if (nodeAt(result, ['hooks']) === undefined) result = addAt(result, [], { key: 'hooks', value: {} });
    result =
      nodeAt(result, ['hooks', event]) === undefined
        ? addAt(result, ['hooks'], { key: event, value: [value] })
        : addAt(result, ['hooks', event], { value });
  }
  return bom + result;
}

function remove(kind: HookFile, text: string): string | undefined {
  const left = withoutOwn(text);
  const [, body] = splitBom(left);
  const value: unknown = parse(body).value;
  const keys = isObject(value) ? Object.keys(value) : [];
  const isOurs = keys.every((key) => kind.preamble !== undefined && Object.hasOwn(kind.preamble, key));
  const hasComment = body.includes('//') || body.includes('/*');
  return left !== text && isOurs && !hasComment ? undefined : left;
}

/** Without wt's hooks, and without what holds nothing any more once they are gone. */
function withoutOwn(text: string): string {
  const [bom, body] = splitBom(text);
  let result = body;
  for (let next = cutOne(result); next !== undefined; next = cutOne(result)) result = next;
  return bom + result;
}

/** One of wt's hooks less, with the list, event and object that it leaves empty. */
function cutOne(text: string): string | undefined {
  const own = listHandlers(text).find(({ isOwn }) => isOwn);
  if (own === undefined) return undefined;
  let node = own.node;
  // A list or object of one is emptied by it: up to `hooks` itself, never the file.
  for (;;) {
    const holder = node.parent?.type === 'property' ? node.parent : node;
    const parent = holder.parent;
    if (parent === undefined || parent.parent === undefined || (parent.children?.length ?? 0) > 1)
      return cutOut(text, holder);
    if (node === own.node && isGroup(parent.parent?.parent)) {
      node = parent.parent?.parent as Node; // the group goes with its only hook, whatever matcher it has
      continue;
    }
    node = parent;
  }
}

interface Handler {
  readonly event: string;
  /** The command's object. */
  readonly node: Node;
  readonly isOwn: boolean;
}

/** Every command of the file, by event. */
function listHandlers(text: string): readonly Handler[] {
  const hooks = nodeAt(text, ['hooks']);
  return (hooks?.type === 'object' ? (hooks.children ?? []) : []).flatMap((property) => {
    const [key, list] = property.children ?? [];
    const event = String(key?.value);
    const elements = list?.type === 'array' ? (list.children ?? []) : [];
    return elements.flatMap((element) => {
      const inner = isGroup(element) ? findNodeAtLocation(element, ['hooks'])?.children : undefined;
      return (inner ?? [element]).map((node) => ({ event, node, isOwn: isOwnCommand(commandOf(node)) }));
    });
  });
}

function isGroup(node: Node | undefined): boolean {
  return node?.type === 'object' && findNodeAtLocation(node, ['hooks'])?.type === 'array';
}

function commandOf(node: Node): unknown {
  if (node.type !== 'object') return undefined;
  const value: unknown = getNodeValue(node);
  return isObject(value) ? (value['command'] ?? value['bash']) : undefined;
}

/** wt's own, each as its event and its command. */
function listOwn(text: string): readonly string[] {
  const [, body] = splitBom(text);
  return listHandlers(body).flatMap(({ event, node, isOwn }) =>
    isOwn ? [`${event} ${JSON.stringify(getNodeValue(node))}`] : [],
  );
}

function nameOf({ event, value }: HookEntry): string {
  const inner = isObject(value) && Array.isArray(value['hooks']) ? (value['hooks'] as unknown[])[0] : value;
  return `${event} ${JSON.stringify(inner)}`;
}

function takenIn(text: string): ReadonlySet<string> {
  const [, body] = splitBom(text);
  return new Set(listHandlers(body).flatMap(({ event, isOwn }) => (isOwn ? [] : [event])));
}

function whyUnfit(text: string): string | undefined {
  const [, body] = splitBom(text);
  if (body.trim() === '') return undefined;
  const { tree, errors } = parse(body);
  const [error] = errors;
  if (error !== undefined)
    return `line ${body.slice(0, error.offset).split('\n').length} cannot be read: ${printParseErrorCode(error.error)}`;
  if (tree?.type !== 'object') return 'it holds no object';
  const twice = [tree, findNodeAtLocation(tree, ['hooks'])].flatMap((node) => findTwice(node) ?? [])[0];
  if (twice !== undefined) return `"${twice}" stands in it twice`;
  const hooks = findNodeAtLocation(tree, ['hooks']);
  if (hooks === undefined) return undefined;
  if (hooks.type !== 'object') return '"hooks" is no object';
  const odd = (hooks.children ?? []).find(({ children }) => children?.[1]?.type !== 'array');
  return odd === undefined ? undefined : `"hooks.${String(odd.children?.[0]?.value)}" is no list`;
}

function findTwice(node: Node | undefined): string | undefined {
  const keys = (node?.type === 'object' ? (node.children ?? []) : []).map(({ children }) =>
    String(children?.[0]?.value),
  );
  return keys.find((key, index) => keys.indexOf(key) !== index);
}

function parse(body: string): { tree: Node | undefined; value: unknown; errors: readonly ParseError[] } {
  const errors: ParseError[] = [];
  const tree = parseTree(body, errors, { allowTrailingComma: true });
  return { tree, value: tree === undefined ? undefined : (getNodeValue(tree) as unknown), errors };
}

function nodeAt(body: string, at: readonly string[]): Node | undefined {
  const { tree } = parse(body);
  return tree === undefined ? undefined : findNodeAtLocation(tree, [...at]);
}

function addAt(body: string, at: readonly string[], one: { key?: string; value: unknown }): string {
  const parent = nodeAt(body, at);
  return parent === undefined ? body : addTo(body, parent, one);
}

function whyUnread({ isStrict = false }: HookFile, text: string): readonly string[] {
  const [, body] = splitBom(text);
  if (isPlainJson(isStrict ? body : stripComments(body))) return [];
  return isStrict
    ? ['it reads plain JSON only, and passes over a file with comments or a comma at the end, hooks and all']
    : ['it cannot read a comma at the end, and stops at it'];
}

function isPlainJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return text.trim() === '';
  }
}

function splitBom(text: string): readonly [string, string] {
  return text.startsWith(BOM) ? [BOM, text.slice(1)] : ['', text];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
