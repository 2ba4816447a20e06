import type { Written } from './read.ts';
import { invalid } from './read.ts';

/** One setting of a file in git's syntax (git-config(1), "Syntax"). */
export interface Entry {
  /** Section and name in small letters, a subsection as it is: `copy.include`, `a.Sub.name`. */
  readonly key: string;
  /** Null for a name alone, which git reads as true. */
  readonly value: string | null;
  readonly line: number;
}

const HEADER = /^\[\s*([A-Za-z0-9.-]+)(?:\s+"((?:[^"\\\n]|\\.)*)")?\s*\]/;
const NAME = /^([A-Za-z][A-Za-z0-9-]*)[ \t]*(=?)/;

/** All settings in their order, as `git config -f <file> --list` has them; an include is not followed. Throws `config.invalid`. */
export function parseGitConfig({ file, text }: Written): readonly Entry[] {
  const entries: Entry[] = [];
  const input = text.replaceAll('\r\n', '\n');
  let at = 0;
  let section: string | undefined;
  const lineAt = (offset: number): number => input.slice(0, offset).split('\n').length;
  const fail = (reason: string): never => {
    throw invalid(file, `not a git configuration: ${reason}`, { line: lineAt(at), column: 1 });
  };
  while (at < input.length) {
    const rest = input.slice(at);
    const gap = /^(?:\s+|[#;][^\n]*)/.exec(rest);
    const header = gap === null ? HEADER.exec(rest) : null;
    const name = gap === null && header === null ? NAME.exec(rest) : null;
    if (gap !== null) at += gap[0].length;
    else if (header !== null) {
      section = sectionOf(header[1] ?? '', header[2]);
      at += header[0].length;
    } else if (name === null || section === undefined) fail('a name or a [section] was expected');
    else {
      const line = lineAt(at);
      at += name[0].length;
      const key = `${section}.${(name[1] ?? '').toLowerCase()}`;
      if (name[2] !== '=') {
        // Not even a remark may follow: git refuses it (config.c, get_value).
        if (!/^[ \t]*(?:\n|$)/.test(input.slice(at))) fail('"=" was expected');
        entries.push({ key, value: null, line });
        continue;
      }
      const read = readValue(input, at);
      if (read === undefined) fail('a quote is not closed, or an escape is not known');
      else {
        entries.push({ key, value: read.value, line });
        at = read.end;
      }
    }
  }
  return entries;
}

function sectionOf(name: string, subsection: string | undefined): string {
  return subsection === undefined
    ? name.toLowerCase()
    : `${name.toLowerCase()}.${subsection.replaceAll(/\\(.)/g, '$1')}`;
}

const PIECE = /\\([\s\S])|"((?:[^"\\\n]|\\[\s\S])*)"|([#;][^\n]*)|([ \t]+)|([^"\\\n#; \t]+)/y;
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', b: '\b', '"': '"', '\\': '\\', '\n': '' };

/** A value up to the end of its line: quotes and escapes taken away, blanks at both ends too. Undefined when it is malformed. */
function readValue(input: string, from: number): { readonly value: string; readonly end: number } | undefined {
  let value = '';
  let gap = '';
  let at = from;
  for (;;) {
    PIECE.lastIndex = at;
    const found = PIECE.exec(input);
    if (found === null) break;
    at = PIECE.lastIndex;
    const [, escaped, quoted, comment, blank, plain = ''] = found;
    if (blank !== undefined && value !== '') gap += blank;
    if (blank !== undefined || comment !== undefined) continue;
    const text = escaped === undefined ? unescape(quoted ?? plain) : ESCAPES[escaped];
    if (text === undefined) return undefined;
    value += gap + text;
    gap = '';
  }
  return at === input.length || input[at] === '\n' ? { value, end: at } : undefined;
}

/** Undefined for an escape that git does not know. */
function unescape(text: string): string | undefined {
  const isKnown = [...text.matchAll(/\\([\s\S])/g)].every(([, char = '']) => char in ESCAPES);
  return isKnown ? text.replaceAll(/\\([\s\S])/g, (_, char: string) => ESCAPES[char] ?? '') : undefined;
}
