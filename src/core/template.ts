import { createHash } from 'node:crypto';
import { withoutAccents } from './text.ts';

// A shell's own `${NAME}` is no place of ours.
const PLACE = /\{\{|\}\}|(?<!\$)\{([^{}]*)\}/g;

/** What a filter makes of a value: `{branch|slug}`. */
export const FILTERS: Readonly<Record<string, (text: string) => string>> = {
  slug: slugOf,
  hash: (text) => createHash('sha256').update(text).digest('hex').slice(0, 8),
  db: databaseName,
  upper: (text) => text.toUpperCase(),
  lower: (text) => text.toLowerCase(),
  dashes: (text) => text.replaceAll(/[/\\]/g, '-'),
  basename: (text) => text.replace(/\/+$/, '').replace(/^.*\//, ''),
  dirname: (text) => text.replace(/\/[^/]*\/*$/, ''),
};

/** Lower-case letters, digits and single hyphens; at most 40 characters, cut at a word. Pure. */
export function slugOf(text: string): string {
  const words = withoutAccents(text)
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
  let slug = (words[0] ?? '').slice(0, 40);
  for (const word of words.slice(1)) {
    if (slug.length + 1 + word.length > 40) break;
    slug += `-${word}`;
  }
  return slug;
}

/**
 * A name that PostgreSQL (63 bytes, NAMEDATALEN), MySQL (64) and SQLite take without quotes: letters, digits and underscores, not
 * beginning with a digit. When anything had to be changed a hash of the whole keeps two names apart. Pure.
 */
export function databaseName(text: string): string {
  const plain = text.replaceAll(/[^A-Za-z0-9_]/g, '_').toLowerCase();
  const safe = /^[a-z_]/.test(plain) ? plain : `_${plain}`;
  if (safe === text && safe.length <= 48) return safe;
  return `${safe.slice(0, 40)}_${createHash('sha256').update(text).digest('hex').slice(0, 7)}`;
}

/** Text that comes out as it is when it is filled as a template. Pure. */
export function escapeTemplate(text: string): string {
  return text.replaceAll('{', '{{').replaceAll('}', '}}');
}

interface Place {
  readonly name: string;
  readonly filters: readonly string[];
}

function parsePlace(inner: string): Place {
  const [name = '', ...filters] = inner.split('|').map((part) => part.trim());
  return { name, filters };
}

/** Names and filters that a template asks for and nobody knows, as they are written. Pure. */
export function unknownNames(template: string, known: readonly string[]): readonly string[] {
  return [...template.matchAll(PLACE)].flatMap(([, inner]) => {
    if (inner === undefined) return [];
    const { name, filters } = parsePlace(inner);
    const isKnown = known.includes(name) && filters.every((filter) => Object.hasOwn(FILTERS, filter));
    return isKnown ? [] : [inner];
  });
}

/**
 * Puts values in the places of a template, `{name}` or `{name|filter}`; `{{` and `}}` stand for the braces themselves.
 * `quote` is applied to each value last. For a shell command see core/shell.ts. Pure.
 */
export function fillTemplate(
  template: string,
  values: Readonly<Record<string, string>>,
  quote: (value: string) => string = (value) => value,
): string {
  return template.replaceAll(PLACE, (place, inner: string | undefined) => {
    if (inner === undefined) return place.slice(1);
    const { name, filters } = parsePlace(inner);
    const value = values[name];
    if (value === undefined) return place;
    return quote(filters.reduce((text, filter) => FILTERS[filter]?.(text) ?? text, value));
  });
}
