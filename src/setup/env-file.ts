import { lstat } from 'node:fs/promises';
import path from 'node:path';
import { WtError } from '../core/errors.ts';
import { dropHalfWritten, makeDirectory, readBytes, realPathOf, replaceFile } from '../platform/files.ts';
import { listTrackedUnder } from '../git/status.ts';
import type { Place } from './place.ts';

const BEGIN = '# >>> wt: values of this session; written anew by wt, so change nothing between these lines';
const END = '# <<< wt';
const LIMIT_BYTES = 4 * 1024 * 1024;

/**
 * Writes the session's values into a file of the session, as a block between two lines; all around it stays byte for byte. For
 * its owner only, at once, and not at all when it says the same already. Returns its path relative to the session, and what to
 * know. Throws `path.unsafe` for a file that git tracks, that lies elsewhere or that a link leads to.
 */
export async function writeEnvFile(
  { facts, git }: Pick<Place, 'facts' | 'git'>,
  file: string,
  variables: Readonly<Record<string, string>>,
): Promise<{ readonly file: string; readonly warnings: readonly string[] }> {
  const name = requireInside(file);
  const target = path.join(facts.path, name);
  await requirePlain(facts.path, name);
  const [tracked] = await listTrackedUnder(git, name);
  if (tracked !== undefined)
    throw unsafe(
      target,
      'git tracks it, so the values of one session would be committed; name another file in setup.envFile',
    );
  const { text, left } = formatBlock(variables);
  const before = (await readBytes(target, LIMIT_BYTES)) ?? Buffer.alloc(0);
  const after = placeBlock(before, text);
  if (after === undefined)
    throw unsafe(target, `the line "${BEGIN.slice(0, 10)}…" has no line "${END}" after it; delete what wt wrote there`);
  await makeDirectory(path.dirname(target));
  await requirePlain(facts.path, name);
  await dropHalfWritten(target);
  const mode = (await lstat(target).catch(() => undefined))?.mode;
  if (!after.equals(before) || mode === undefined || (mode & 0o77) !== 0) await replaceFile(target, after);
  const { exitCode } = await git(['check-ignore', '-q', '--', name], { expect: [0, 1] });
  return {
    file: name,
    warnings: [
      ...(exitCode === 0
        ? []
        : [`git does not ignore ${name}, so it shows as a change and would be committed: add it to .gitignore`]),
      ...left.filter((one) => one !== 'WT_TASK').map((one) => `${one} is not in ${name}: ${WHY_LEFT}`),
    ],
  };
}

const WHY_LEFT = 'no notation of its value means the same to dotenv, docker compose and a shell';

/** The path as it is used: relative, within the session, and nothing of git's own. */
function requireInside(file: string): string {
  const name = path.normalize(file);
  const parts = name.split(path.sep);
  const isInside = !path.isAbsolute(name) && name !== '.' && !name.endsWith(path.sep) && parts[0] !== '..';
  if (isInside && !parts.some((part) => part.toLowerCase() === '.git')) return name;
  throw unsafe(file, 'setup.envFile has to name a file inside of the session');
}

/** No link on the way, and a regular file or nothing at its end. */
async function requirePlain(top: string, name: string): Promise<void> {
  const parts = name.split(path.sep);
  const real = await realPathOf(top);
  for (const [i] of parts.entries()) {
    const place = path.join(real, ...parts.slice(0, i + 1));
    const stats = await lstat(place).catch(() => undefined);
    if (stats === undefined) return;
    if (stats.isSymbolicLink())
      throw unsafe(path.join(top, name), 'a symbolic link leads there; copy it (setup.copy) instead of linking it');
    const isLast = i === parts.length - 1;
    if (isLast ? !stats.isFile() : !stats.isDirectory())
      throw unsafe(path.join(top, name), isLast ? 'it is no regular file' : `${parts[i] ?? ''} is no folder`);
  }
}

function unsafe(place: string, reason: string): WtError {
  return new WtError('path.unsafe', { path: place, reason });
}

/** The block, and the names of what cannot be written. Pure. */
export function formatBlock(variables: Readonly<Record<string, string>>): { text: string; left: readonly string[] } {
  const left: string[] = [];
  const lines = Object.entries(variables).flatMap(([name, value]) => {
    const quoted = quoteValue(value);
    if (quoted === undefined) left.push(name);
    return quoted === undefined ? [`# ${name} is left out: ${WHY_LEFT}`] : [`${name}=${quoted}`];
  });
  return { text: [BEGIN, ...lines, END, ''].join('\n'), left };
}

/**
 * A value in the one notation that dotenv, docker compose and a POSIX shell read alike: bare, in single quotes, or, when it has one
 * of those itself, in double quotes without anything in it that they expand. Undefined when there is none. Pure.
 */
export function quoteValue(value: string): string | undefined {
  if (/^[A-Za-z0-9_@%+:,./-]+$/.test(value)) return value;
  // Line breaks too: no value may look like the end of the block.
  if (/[\u0000-\u001F\u007F\uD800-\uDFFF]/u.test(value)) return undefined;
  if (!value.includes("'")) return value.endsWith('\\') ? undefined : `'${value}'`;
  return /["$`\\!]/.test(value) ? undefined : `"${value}"`;
}

/** The content with the block in place of the one it has, else at its end. Undefined: the one it has does not end. Pure. */
export function placeBlock(content: Buffer, block: string): Buffer | undefined {
  const text = content.toString('latin1');
  const mine = Buffer.from(block);
  const begin = lineAt(text, BEGIN, 0);
  if (begin === undefined) {
    const gap = content.length === 0 || text.endsWith('\n') ? '' : '\n';
    return Buffer.concat([content, Buffer.from(gap), mine]);
  }
  const end = lineAt(text, END, begin.to);
  if (end === undefined) return undefined;
  return Buffer.concat([content.subarray(0, begin.from), mine, content.subarray(end.to)]);
}

/** Where a line that is exactly this begins, and where the next one does. */
function lineAt(text: string, line: string, after: number): { from: number; to: number } | undefined {
  for (let from = text.indexOf(line, after); from >= 0; from = text.indexOf(line, from + 1)) {
    const rest = /^\r?(?:\n|$)/.exec(text.slice(from + line.length, from + line.length + 2))?.[0];
    if ((from === 0 || text[from - 1] === '\n') && rest !== undefined)
      return { from, to: from + line.length + rest.length };
  }
  return undefined;
}
