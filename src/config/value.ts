import { parseTree, type ParseError } from 'jsonc-parser';
import { WtError } from '../core/errors.ts';
import { faultOf } from './issue.ts';
import type { Key } from './keys.ts';
import { parseConfig } from './parse.ts';

/**
 * A value as it is typed: what is JSON and fits is taken as such (a number, a list), everything else as text.
 * Throws `usage.invalid` with what would fit. Pure.
 */
export function parseValue({ key, schema }: Pick<Key, 'key' | 'schema'>, text: string): unknown {
  const json = parseAny(text);
  const typed = schema.safeParse(json?.value);
  if (json !== undefined && typed.success) return json.value;
  const isStructure = json !== undefined && typeof json.value === 'object';
  const { error } = isStructure ? typed : schema.safeParse(json?.value ?? text);
  const fault = faultOf(error?.issues ?? [], schema, key.split('.'));
  // A list of the right kind with something wrong in it is no shell command that only looks like one.
  const isMeant = isStructure && fault.at.length > 0;
  if (!isMeant && schema.safeParse(text).success) return text;
  throw refusal({ key, schema }, text, { reason: fault.reason, isStructure });
}

function refusal(
  { key, schema }: Pick<Key, 'key' | 'schema'>,
  text: string,
  { reason, isStructure }: { reason: string; isStructure: boolean },
): WtError {
  const list = [text];
  if (!isStructure && schema.safeParse(list).success)
    return new WtError('usage.invalid', {
      option: key,
      reason: 'it is a list, written as JSON',
      fix: ['wt', 'config', 'set', key, JSON.stringify(list)],
    });
  const words = reason.startsWith(`${key}: `) ? reason.slice(key.length + 2) : reason;
  return new WtError('usage.invalid', { option: key, reason: words, fix: ['wt', 'config', 'explain', key] });
}

/** JSON, comments and a last comma included; undefined for what is none. */
function parseAny(text: string): { value: unknown } | undefined {
  const errors: ParseError[] = [];
  const tree = parseTree(text, errors, { allowTrailingComma: true });
  if (tree === undefined || errors.length > 0) return undefined;
  return { value: parseConfig('', `{ "value": ${text}\n}`).value['value'] };
}

/** A value in the form in which it is typed and written. Pure. */
export function writeValue(value: unknown): string {
  return typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);
}
