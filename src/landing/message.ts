import { WtError } from '../core/errors.ts';
import { fillTemplate, unknownNames } from '../core/template.ts';
import type { Strategy } from '../config/schema.ts';
import type { Commit } from '../git/commit.ts';
import type { Session } from '../sessions/book.ts';

/** Who made a commit, as "Name <address>", and whom its message names beside. */
export interface Authorship {
  readonly author: string;
  readonly coAuthors: readonly string[];
}

interface Spec {
  readonly session: Pick<Session, 'id' | 'row'>;
  readonly strategy: Strategy;
  readonly into: string;
  readonly commits: readonly Pick<Commit, 'subject'>[];
  /** Of a person: `-m`. */
  readonly given: string | undefined;
  readonly template: string | undefined;
  /** What every template may name of the session. */
  readonly values: Readonly<Record<string, string>>;
  /** Of the commits that a squash makes one. */
  readonly coAuthors: readonly string[];
}

/** The message of a landing with its trailers: what a person gave, else the template, else the task or the commits. Throws `config.invalid`. Pure. */
export function landingMessage(spec: Spec): string {
  const { session, given, template, coAuthors } = spec;
  const text = given ?? (template === undefined ? defaultMessage(spec) : fromTemplate(template, spec));
  return withTrailers(text, [...coAuthors.map((who) => `Co-authored-by: ${who}`), `Session-Id: ${session.id}`]);
}

function fromTemplate(template: string, { session: { id, row }, into, commits, values }: Spec): string {
  const task = (row.task ?? '').trim();
  const known: Readonly<Record<string, string>> = {
    ...values,
    id,
    task,
    title: titleOf(task, commits) || id,
    branch: row.branch,
    into,
    commits: listOf(commits),
    count: String(commits.length),
  };
  const [unknown] = unknownNames(template, Object.keys(known));
  if (unknown !== undefined) {
    const names = Object.keys(known).map((name) => `{${name}}`);
    const reason = `the message template names {${unknown}}; known: ${names.join(' ')}`;
    throw new WtError('config.invalid', { path: 'merge.message', line: null, column: null, reason });
  }
  return fillTemplate(template, known).trim();
}

/** The first line of the task, else the subject of the only commit. */
function titleOf(task: string, commits: Spec['commits']): string {
  const [first = ''] = task.split('\n');
  const [only, ...more] = commits;
  return first !== '' ? first : only !== undefined && more.length === 0 ? only.subject : '';
}

function listOf(commits: Spec['commits']): string {
  return commits.map(({ subject }) => `* ${subject}`).join('\n');
}

function defaultMessage({ session: { id, row }, strategy, commits }: Spec): string {
  const task = (row.task ?? '').trim();
  const title = titleOf(task, commits);
  const merge = title === '' ? `Merge session ${id}` : `Merge session ${id}: ${title}`;
  const subject = strategy === 'squash' ? title || `Session ${id}` : merge;
  const rest = task.split('\n').slice(1).join('\n').trim();
  return [subject, rest, commits.length > 1 ? listOf(commits) : ''].filter((part) => part !== '').join('\n\n');
}

/** Adds trailers that are not there yet, to the block that ends the message or in one of their own (git-interpret-trailers(1)). Pure. */
export function withTrailers(message: string, trailers: readonly string[]): string {
  const text = message.trimEnd();
  const paragraphs = text.split(/\n{2,}/);
  const last = paragraphs.length > 1 ? (paragraphs.at(-1) ?? '').split('\n') : [];
  const isBlock = last.length > 0 && last.every((line) => /^[A-Za-z0-9-]+: \S/.test(line));
  const present = new Set(last.map((line) => line.toLowerCase()));
  const added = [...new Set(trailers)].filter((line) => !present.has(line.toLowerCase()));
  return added.length === 0 ? text : `${text}${isBlock ? '\n' : '\n\n'}${added.join('\n')}`;
}

/**
 * Whose a squashed commit is: the author of most of the commits, the others as co-authors, with all whom the messages
 * named. Undefined author: nobody's but the one who lands. Pure.
 */
export function squashAuthorship(all: readonly Authorship[]): {
  author: string | undefined;
  coAuthors: readonly string[];
} {
  const counts = new Map<string, number>();
  for (const { author } of all) counts.set(author, (counts.get(author) ?? 0) + 1);
  const [most] = [...counts].toSorted(([, a], [, b]) => b - a);
  const author = most?.[0];
  const named = [...counts.keys(), ...all.flatMap(({ coAuthors }) => coAuthors)];
  return { author, coAuthors: [...new Set(named)].filter((who) => who !== author) };
}
