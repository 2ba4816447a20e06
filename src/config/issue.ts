import type * as z from 'zod';
import { nearNames } from '../core/names.ts';
import { writePlace, type Place } from './parse.ts';

/** What is wrong with a value, and where. */
export interface Fault {
  readonly at: Place;
  /** The key is wrong, not the value. */
  readonly isKey: boolean;
  readonly reason: string;
}

type Issue = z.core.$ZodIssue;

/** The fault that a person should read of all that a schema has to say; `below` is where the value itself belongs. Pure. */
export function faultOf(issues: readonly Issue[], schema: z.ZodType, below: Place = []): Fault {
  const found = innermost(issues);
  if (found === undefined) return { at: [], isKey: false, reason: 'not valid' };
  const { issue, at } = found;
  if (issue.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys;
    return { at: [...at, key], isKey: true, reason: unknownKey({ at, below, key }, schema) };
  }
  if (issue.code === 'invalid_key') {
    const reason = issue.issues[0]?.message ?? issue.message;
    return { at, isKey: true, reason: `${writePlace([...below, ...at])}: ${reason}` };
  }
  const isMissing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
  const place = writePlace([...below, ...at]);
  const reason = isMissing ? 'is missing' : plain(issue.message);
  return { at, isKey: false, reason: isMissing ? `${place} ${reason}` : `${place}: ${reason}` };
}

interface Found {
  readonly issue: Issue;
  readonly at: Place;
}

/** A wrong key says more than what is missing because of it. */
function innermost(issues: readonly Issue[], above: Place = []): Found | undefined {
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0];
  if (issue === undefined) return undefined;
  const at = [...above, ...issue.path.map((part) => (typeof part === 'number' ? part : String(part)))];
  if (issue.code !== 'invalid_union') return { issue, at };
  const meant = issue.errors.filter((errors) => !isOtherKind(errors)).toSorted((a, b) => weight(a) - weight(b));
  return (meant[0] === undefined ? undefined : innermost(meant[0], at)) ?? { issue, at };
}

/** The value is of another kind than this option of a union: text, not a list. */
function isOtherKind(errors: readonly Issue[]): boolean {
  return errors.some(
    (issue) =>
      issue.path.length === 0 &&
      (issue.code === 'invalid_type' || (issue.code === 'invalid_union' && issue.errors.every(isOtherKind))),
  );
}

/** How much would have to be changed for this option to fit. */
function weight(errors: readonly Issue[]): number {
  return errors.reduce((sum, issue) => sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : 1), 0);
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};

/** zod's own words, shorter. */
function plain(message: string): string {
  const [, expected] = /^Invalid input: expected (\w+), received \w+$/.exec(message) ?? [];
  return expected === undefined ? message : `must be ${KINDS[expected] ?? expected}`;
}

function unknownKey({ at, below, key }: { at: Place; below: Place; key: string }, schema: z.ZodType): string {
  const name = `unknown key "${writePlace([...below, ...at, key])}"`;
  const known = keysAt(schema, at);
  const [near] = nearNames(key, known);
  if (near !== undefined) return `${name}; did you mean ${near}?`;
  const elsewhere = findElsewhere(schema, key);
  if (elsewhere !== undefined) return `${name}; did you mean ${elsewhere}?`;
  return known.length === 0 ? name : `${name}; known: ${known.join(', ')}`;
}

/** The same name one level further down: `gate` for `merge.gate`. */
function findElsewhere(schema: z.ZodType, key: string): string | undefined {
  const group = keysAt(schema, []).find((one) => keysAt(schema, [one]).includes(key));
  return group === undefined ? undefined : `${group}.${key}`;
}

interface Def {
  readonly innerType?: unknown;
  readonly in?: unknown;
  readonly options?: readonly unknown[];
  readonly element?: unknown;
  readonly valueType?: unknown;
}

/** The keys that a schema knows at a place, whatever is wrapped around it. Pure. */
export function keysAt(schema: unknown, at: Place): readonly string[] {
  return [...new Set(schemasAt(schema, at).flatMap((one) => Object.keys(shapeOf(one) ?? {})))];
}

/** Every schema that a value at a place may have: several below a union. */
export function schemasAt(schema: unknown, at: Place): readonly unknown[] {
  const { def } = (schema ?? {}) as { def?: Def };
  if (def === undefined) return [];
  const wrapped = def.innerType ?? def.in;
  if (wrapped !== undefined) return schemasAt(wrapped, at);
  if (def.options !== undefined) return def.options.flatMap((option) => schemasAt(option, at));
  const [first, ...rest] = at;
  if (first === undefined) return [schema];
  if (typeof first === 'number') return def.element === undefined ? [] : schemasAt(def.element, rest);
  const shape = shapeOf(schema);
  if (shape !== undefined) return schemasAt(shape[first], rest);
  return def.valueType === undefined ? [] : schemasAt(def.valueType, rest);
}

function shapeOf(schema: unknown): Readonly<Record<string, unknown>> | undefined {
  return (schema as { shape?: Readonly<Record<string, unknown>> }).shape;
}
