import { quotingsAt, readsTwice, type Quoting } from './quoting.ts';
import { escapeTemplate, slugOf } from '../../core/template.ts';

/** What worktrunk calls an operation: its variables mean another side in each (worktrunk.dev/hook). */
export type Operation = 'create' | 'merge' | 'remove';

/** A command in which each `{{ … }}` is a variable of the environment: no value ever gets into a script. */
export interface Translated {
  readonly script: string;
  /** Templates of wt by the variable's name. */
  readonly env: Readonly<Record<string, string>>;
  readonly ports: readonly string[];
}

/** Why a command cannot be translated. */
export interface Untranslated {
  readonly reason: string;
}

interface Value {
  readonly template: string;
  readonly port?: string;
  /** Nothing in it that a shell would read as more than a word. */
  readonly isPlain: boolean;
}

const SIDES: Readonly<Record<Operation, Readonly<Record<string, string>>>> = {
  create: { base: '{base}', target: '{branch}' },
  merge: { base: '{branch}', target: '{base}' },
  remove: { base: '{branch}' },
};
/** With the names of older versions. */
const VARIABLES: Readonly<Record<string, string>> = {
  branch: '{branch}',
  worktree_path: '{path}',
  worktree: '{path}',
  worktree_name: '{path|basename}',
  repo: '{repo}',
  main_worktree: '{repo}',
  repo_path: '{main}',
  repo_root: '{main}',
  primary_worktree_path: '{main}',
  main_worktree_path: '{main}',
  cwd: '{path}',
};
/** Filters with an equal of wt's: a hash and a name of a database are other ones than worktrunk's, and serve the same end. */
const FILTERS: Readonly<Record<string, (template: string) => string>> = {
  sanitize: (template) => withFilter(template, 'dashes'),
  sanitize_db: (template) => withFilter(template, 'db'),
  sanitize_hash: (template) => `${withFilter(template, 'dashes')}-${withFilter(template, 'hash')}`,
  hash: (template) => withFilter(template, 'hash'),
  dirname: (template) => withFilter(template, 'dirname'),
  basename: (template) => withFilter(template, 'basename'),
  lower: (template) => withFilter(template, 'lower'),
  upper: (template) => withFilter(template, 'upper'),
};
const PLAIN_FILTERS = ['sanitize_db', 'hash'];

function withFilter(template: string, filter: string): string {
  return template.replace(/\}$/, `|${filter}}`);
}

const PLACE = /\{\{-?\s*(.*?)\s*-?\}\}/g;

/** A command of worktrunk's (minijinja) for a shell that gets the values in its environment. Pure. */
export function translate(command: string, operation: Operation): Translated | Untranslated {
  if (/\{%|\{#/.test(command)) return { reason: 'it has {% … %} in it' };
  const places = [...command.matchAll(PLACE)];
  const quotings = quotingsAt(
    command,
    places.map(({ index }) => index),
  );
  const env: Record<string, string> = {};
  const ports: string[] = [];
  let script = '';
  let end = 0;
  for (const [i, place] of places.entries()) {
    const [whole, inner = ''] = place;
    const value = valueOf(inner, operation);
    if (value === undefined) return { reason: `{{ ${inner} }} has no equal in wt` };
    const quoting = quotings[i];
    if (quoting === undefined) return { reason: `it cannot be told how {{ ${inner} }} is quoted` };
    if (!value.isPlain && readsTwice(command))
      return { reason: `{{ ${inner} }} is in a text that another shell reads once more` };
    const name = nameOf(inner);
    env[name] = value.template;
    if (value.port !== undefined) ports.push(value.port);
    script += command.slice(end, place.index) + reference(name, quoting);
    end = place.index + whole.length;
  }
  return { script: script + command.slice(end), env, ports: [...new Set(ports)] };
}

function reference(name: string, quoting: Quoting): string {
  if (quoting === 'double') return `\${${name}}`;
  return quoting === 'single' ? `'"\${${name}}"'` : `"\${${name}}"`;
}

/** A name in the environment that says what is in it. */
function nameOf(expression: string): string {
  const words = expression
    .toUpperCase()
    .split(/[^A-Z0-9]+/)
    .filter((word) => word !== '');
  return ['WORKTRUNK', ...words].join('_');
}

type Token = { readonly kind: 'name' | 'text' | 'mark'; readonly text: string };
const TOKEN = /\s*(?:([A-Za-z_][A-Za-z0-9_]*)|'([^'\\]*)'|"([^"\\]*)"|([()~|]))/y;

function tokensOf(expression: string): readonly Token[] | undefined {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < expression.trimEnd().length) {
    const found = TOKEN.exec(expression);
    if (found === null) return undefined;
    const [, name, single, double, mark] = found;
    if (name !== undefined) tokens.push({ kind: 'name', text: name });
    else if (mark !== undefined) tokens.push({ kind: 'mark', text: mark });
    else tokens.push({ kind: 'text', text: single ?? double ?? '' });
  }
  return tokens;
}

const isMark = (token: Token | undefined, mark: string): boolean => token?.kind === 'mark' && token.text === mark;

/** `branch`, `branch | sanitize | hash`, `('api-' ~ branch) | hash_port`; undefined for anything else. */
function valueOf(expression: string, operation: Operation): Value | undefined {
  const tokens = tokensOf(expression);
  if (tokens === undefined) return undefined;
  const isBracketed = isMark(tokens[0], '(');
  const mark = tokens.findIndex((token) => isMark(token, isBracketed ? ')' : '|'));
  if (isBracketed && mark === -1) return undefined;
  const end = mark === -1 ? tokens.length : mark;
  const parts = partsOf(tokens.slice(isBracketed ? 1 : 0, end));
  const filters = filtersOf(tokens.slice(isBracketed ? end + 1 : end));
  if (filters === undefined || parts === undefined) return undefined;
  // `a ~ b | f` filters b alone.
  if (parts.length > 1 && filters.length > 0 && !isBracketed) return undefined;
  return filters[0] === 'hash_port' && filters.length === 1 ? portOf(parts) : textOf(parts, filters, operation);
}

function filtersOf(tokens: readonly Token[]): readonly string[] | undefined {
  if (tokens.length % 2 === 1) return undefined;
  const isRight = tokens.every(({ kind, text }, i) =>
    i % 2 === 0 ? kind === 'mark' && text === '|' : kind === 'name',
  );
  return isRight ? tokens.filter((_, i) => i % 2 === 1).map(({ text }) => text) : undefined;
}

function partsOf(tokens: readonly Token[]): readonly Token[] | undefined {
  if (tokens.length % 2 === 0) return undefined;
  const isRight = tokens.every(({ kind, text }, i) =>
    i % 2 === 1 ? kind === 'mark' && text === '~' : kind !== 'mark',
  );
  return isRight ? tokens.filter((_, i) => i % 2 === 0) : undefined;
}

/** A port that is leased for this very expression, in place of one that is only computed and may be another's. */
function portOf(parts: readonly Token[]): Value | undefined {
  const isKnown = parts.every(({ kind, text }) => kind === 'text' || text in VARIABLES);
  if (!isKnown) return undefined;
  const words = slugOf(
    parts
      .filter(({ kind }) => kind === 'text')
      .map(({ text }) => text)
      .join(' '),
  );
  const rest = slugOf(
    parts
      .filter(({ kind, text }) => kind === 'name' && text !== 'branch')
      .map(({ text }) => text)
      .join(' '),
  );
  const name =
    [words, rest]
      .filter(Boolean)
      .join('-')
      .replace(/^[^a-z]+/, '')
      .slice(0, 30) || 'web';
  return { template: `{port.${name}}`, port: name, isPlain: true };
}

function textOf(parts: readonly Token[], filters: readonly string[], operation: Operation): Value | undefined {
  const [only] = parts;
  if (filters.length > 0 && (parts.length > 1 || only?.kind !== 'name')) return undefined;
  const templates: string[] = [];
  for (const { kind, text } of parts) {
    const template = kind === 'text' ? escapeTemplate(text) : (SIDES[operation][text] ?? VARIABLES[text]);
    if (template === undefined) return undefined;
    templates.push(template);
  }
  let template = templates.join('');
  for (const filter of filters) {
    const apply = FILTERS[filter];
    if (apply === undefined) return undefined;
    template = apply(template);
  }
  return { template, isPlain: PLAIN_FILTERS.includes(filters.at(-1) ?? '') };
}
