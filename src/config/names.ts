import { FILTERS, unknownNames } from '../core/template.ts';

/** What templates may name everywhere; `{port}` is the first port and `{port.<name>}` each. */
export const NAMES = [
  'id',
  'branch',
  'base',
  'repo',
  'user',
  'task',
  'task.slug',
  'date',
  'path',
  'main',
  'db',
  'compose',
  'port',
] as const;

/** What is known while the branch of a new session is named, and then its folder; ports and places come later. */
export const BRANCH_NAMES = ['id', 'base', 'repo', 'user', 'task', 'task.slug', 'date', 'db', 'compose'] as const;
export const PATH_NAMES = [...BRANCH_NAMES, 'branch'] as const;

/** What the message of a landing knows beside {@link NAMES}. */
export const MESSAGE_NAMES = [...NAMES, 'title', 'into', 'commits', 'count'] as const;

const PORT = /^port\.[a-z][a-z0-9_-]{0,30}$/;

/** Why a template cannot be filled, or undefined. Which ports there are is not judged here. Pure. */
export function whyInvalidTemplate(template: string, names: readonly string[] = NAMES): string | undefined {
  const unknown = unknownNames(template, names).find((inner) => !names.includes('port') || !isPort(inner));
  if (unknown === undefined) return undefined;
  const known = names.map((name) => `{${name}}`).join(' ');
  const filters = Object.keys(FILTERS).join(', ');
  return `{${unknown}} is not known; known: ${known}, with the filters ${filters}; a brace itself is written twice`;
}

/** A place that only names a port: `{port.web}`, `{port.web|db}`. Pure. */
function isPort(inner: string): boolean {
  const [name = '', ...filters] = inner.split('|').map((part) => part.trim());
  return PORT.test(name) && filters.every((filter) => Object.hasOwn(FILTERS, filter));
}

/** Ports that a template names and the session does not have, as they are written. Pure. */
export function unknownPorts(template: string, ports: readonly string[]): readonly string[] {
  const own = [...(ports.length > 0 ? ['port'] : []), ...ports.map((name) => `port.${name}`)];
  return unknownNames(template, own).filter((inner) => /^\s*port\b/.test(inner));
}

const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/** Why a text cannot be the template of a session's folder, or undefined: one plain name below `.worktrees`. Pure. */
export function whyInvalidPath(template: string): string | undefined {
  const parts = template.split('/');
  if (CONTROL.test(template)) return 'it has control characters';
  if (template.startsWith('/') || template.startsWith('~')) return 'it must be below .worktrees of the repository';
  const name = parts[1] ?? '';
  if (parts.length !== 2 || parts[0] !== '.worktrees' || name === '' || template.includes('\\'))
    return 'it must be one folder below .worktrees, as in .worktrees/{id}';
  const unknown = whyInvalidTemplate(name, PATH_NAMES);
  if (unknown !== undefined) return unknown;
  if (!/(?<!\{)\{\s*id\s*(?:\|[^{}]*)?\}/.test(name)) return '{id} must be in it, or two sessions would share a folder';
  if (name.startsWith('.')) return 'the name must not begin with "."';
  return undefined;
}

/** Why a text cannot be the template of a session's branch, or undefined. Pure. */
export function whyInvalidBranchTemplate(template: string): string | undefined {
  return CONTROL.test(template) ? 'it has control characters' : whyInvalidTemplate(template, BRANCH_NAMES);
}

/** `../x`, `a/../../x`, `~/x`. A "/" at the beginning is the root of the repository. Pure. */
export function leadsOut(pattern: string): boolean {
  const plain = pattern.replace(/^!/, '');
  return plain.split('/').includes('..') || /^~[^/]*\//.test(plain) || plain.includes('\0');
}

/** Why a text cannot name a file of the session, or undefined: within it, and nothing of git's own. Pure. */
export function whyInvalidFile(template: string): string | undefined {
  const parts = template.split('/');
  const isInside = !template.startsWith('/') && !leadsOut(template) && !['', '.'].includes(parts.at(-1) ?? '');
  if (!isInside || parts.some((part) => part.toLowerCase() === '.git'))
    return 'it must be a file inside of the session';
  return whyInvalidTemplate(template);
}
