import * as z from 'zod';
import { byText, withoutAccents } from './text.ts';

const ID = /^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,46}[A-Za-z0-9])?$/;
const RESERVED =
  /^(?:[0-9a-f]{40}|con|prn|aux|nul|com[0-9]|lpt[0-9]|head|fetch_head|orig_head|merge_head|cherry_pick_head|revert_head|rebase_head|bisect_head|auto_merge)$/i;

/** Why a text cannot be a session id, or undefined when it can. Pure. */
export function whyInvalidId(text: string): string | undefined {
  if (text === '') return 'it is empty';
  if (text.length > 48) return 'it is longer than 48 characters';
  if (!ID.test(text)) return 'an id has letters, digits, "-" and "_", and starts and ends with a letter or digit';
  if (/^[0-9a-f]{40}$/i.test(text)) return 'it looks like a commit hash';
  if (RESERVED.test(text)) return 'the name is reserved by git or Windows';
  return undefined;
}

/** A valid id close to the text, or null when nothing of it can be kept. Pure; the proposal is never used silently. */
export function proposeId(text: string): string | null {
  const plain = withoutAccents(text)
    .replace(/[^A-Za-z0-9_-]+/g, '-')
    .replace(/^[-_]+/, '')
    .slice(0, 48)
    .replace(/[-_]+$/, '');
  if (plain === '') return null;
  if (whyInvalidId(plain) === undefined) return plain;
  const tagged = `s-${plain.slice(0, 46)}`.replace(/[-_]+$/, '');
  return whyInvalidId(tagged) === undefined ? tagged : null;
}

export const SessionId = z
  .string()
  .refine((text) => whyInvalidId(text) === undefined, 'not a session id')
  .brand<'SessionId'>();
export type SessionId = z.infer<typeof SessionId>;

// Control characters, C1 controls, bidi marks, zero-width characters: git takes them in a branch name, a terminal must not.
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u00a0\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffd]/;

const BRANCH_RULES: readonly (readonly [(text: string) => boolean, string])[] = [
  [(text) => text === '', 'it is empty'],
  [(text) => Buffer.byteLength(text) > 200, 'it is longer than 200 bytes'],
  [(text) => text.startsWith('-'), 'it starts with "-"'],
  [(text) => text === '@' || text === 'HEAD', 'the name means something else to git'],
  [(text) => /^[0-9a-f]{40}$/.test(text), 'it looks like a commit hash'],
  [(text) => text.startsWith('refs/'), 'give the short name, without "refs/"'],
  // The rules for the rest of Unicode take milliseconds to compile.
  [
    (text) => /[^ -~]/.test(text) && (UNSEEN.test(text) || /\p{Surrogate}/u.test(text)),
    'it has control or invisible characters',
  ],
  [(text) => /[ ~^:?*[\\]/.test(text), 'git allows none of: space ~ ^ : ? * [ \\'],
  [(text) => /\.\.|@\{|\/\//.test(text), 'git allows neither "..", "@{" nor "//"'],
  [(text) => /^\/|[/.]$/.test(text), 'it starts or ends with "/" or ends with "."'],
  [(text) => /(?:^|\/)\.|\.lock(?:\/|$)/.test(text), 'no part may start with "." or end with ".lock"'],
];

/** Why a text cannot be a branch name, or undefined when it can: git-check-ref-format(1) plus our own rules. Pure. */
export function whyInvalidBranch(text: string): string | undefined {
  return BRANCH_RULES.find(([isBroken]) => isBroken(text))?.[1];
}

/** Object id as git prints it. What is stored goes to git as an argument, so nothing else may pass for one. */
export const ObjectId = z.string().regex(/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/, 'not an object id');

/** Name of an operation: part of file and ref names. */
export const OperationId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/, 'not an operation');

/** A ref or branch as it is stored: it becomes a path below git's folder, so it must not lead out of there. */
export const StoredRef = z
  .string()
  .refine((text) => text.split('/').every((part) => !['', '.', '..'].includes(part)), 'not a ref')
  .refine((text) => !/[\u0000-\u001f\u007f]/.test(text), 'not a ref');

export const AgentName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'an agent name has letters, digits, ".", "_" and "-" (at most 64)')
  .brand<'AgentName'>();
export type AgentName = z.infer<typeof AgentName>;

/** Near names for an unknown one, best first, at most three. Pure. */
export function nearNames(text: string, known: readonly string[]): readonly string[] {
  const wanted = text.toLowerCase();
  return known
    .map((name) => ({ name, score: closeness(wanted, name.toLowerCase()) }))
    .filter(({ score }) => score !== undefined)
    .toSorted((a, b) => (a.score ?? 0) - (b.score ?? 0) || byText(a.name, b.name))
    .slice(0, 3)
    .map(({ name }) => name);
}

function closeness(wanted: string, name: string): number | undefined {
  if (wanted !== '' && (name.startsWith(wanted) || name.includes(wanted))) return 0;
  const limit = Math.max(1, Math.floor(Math.max(wanted.length, name.length) / 3));
  const distance = editDistance(wanted, name);
  return distance <= limit ? distance : undefined;
}

/** Number of inserted, deleted, replaced or swapped characters between two texts (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min((previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (previous[j - 1] ?? 0) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, (before[j - 2] ?? 0) + 1);
      row.push(best);
    }
    before = previous;
    previous = row;
  }
  return previous[b.length] ?? 0;
}
