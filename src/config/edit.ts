import { findNodeAtLocation, type Node } from 'jsonc-parser';
import { addTo, cutOut, putAt } from './jsonc.ts';
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
  if (there !== undefined) return putAt(text, there, value);
  const depth = deepest(tree, at);
  const parent = findNodeAtLocation(tree, at.slice(0, depth));
  if (parent?.type !== 'object')
    throw invalidAt(file, `"${writePlace(at.slice(0, depth))}" is no object`, text, parent?.offset);
  const [key] = at.slice(depth);
  return addTo(text, parent, { key: String(key), value: nest(at.slice(depth + 1), value) });
}

/** The same without the value; comments stay, those beside it too. Undefined when it is not there. Pure. */
export function unsetInText(file: string, text: string, at: Place): string | undefined {
  const { tree } = parseConfig(file, text);
  const property = findNodeAtLocation(tree, [...at])?.parent;
  if (property?.type !== 'property') return undefined;
  return cutOut(text, property);
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
