/** One word for a POSIX shell, whatever the text holds. Pure. */
export function shellQuote(text: string): string {
  return /^[A-Za-z0-9_@%+:,./-][A-Za-z0-9_@%+=:,./-]*$/.test(text)
    ? text
    : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** What stands for a value in a shell script. `${HOME}`, `{a,b}`, `{}` and `{{.Name}}` are the shell's or a program's own. */
const PLACE = /(?<![${\\])\{([a-z][a-z0-9._-]*(?:\|[a-z]+)*)\}(?!\})/g;

/** The places of a shell script where a value can stand, as they are written between their braces: `awk '{print}'` has none. Pure. */
export function placesOf(script: string): readonly string[] {
  const quotes = quotesOf(script);
  return [...script.matchAll(PLACE)].flatMap(({ 1: inner = '', index }) => (quotes[index] === 'single' ? [] : [inner]));
}

/** The prefix of the variables that carry values into a shell script. */
const VARIABLE = 'WT_VALUE_';

/**
 * A shell script whose places are variables: the value itself never becomes part of the script, so that whatever it holds
 * the shell does not evaluate it. `valueOf` gets what stands between the braces; undefined: that is no place. Undefined for a
 * script in which one stands between single quotes, where a shell fills nothing in. Pure.
 */
export function fillScript(
  script: string,
  valueOf: (inner: string) => string | undefined,
): { readonly script: string; readonly env: Readonly<Record<string, string>> } | undefined {
  const env: Record<string, string> = {};
  const quotes = quotesOf(script);
  let isSound = true;
  const filled = script.replaceAll(PLACE, (place, inner: string, at: number) => {
    const value = valueOf(inner);
    if (value === undefined) return place;
    const name = `${VARIABLE}${Object.keys(env).length + 1}`;
    env[name] = value;
    const quote = quotes[at];
    if (quote === 'single') isSound = false;
    return quote === 'none' ? `"\${${name}}"` : `\${${name}}`;
  });
  return isSound ? { script: filled, env } : undefined;
}

type Quote = 'none' | 'single' | 'double';
/** What is open: a quote of either kind, or a substitution, in which quoting begins anew. */
type Open = '"' | "'" | '`' | '(';

/**
 * How each character of a POSIX shell script is quoted. Where it errs a value may be split at its blanks, and no worse:
 * nothing that is decided by it makes a shell evaluate a value. Pure.
 */
function quotesOf(script: string): readonly Quote[] {
  const open: Open[] = [];
  const quotes: Quote[] = [];
  let hasHere = false;
  for (let i = 0; i < script.length; i++) {
    const top = open.at(-1);
    quotes[i] = top === "'" ? 'single' : top === '"' || hasHere ? 'double' : 'none';
    const rest = script.slice(i, i + 3);
    if (top !== "'" && rest.startsWith('\\')) quotes[++i] = quotes[i - 1] ?? 'none';
    else if (isComment(script, i, top)) i = endOfLine(script, i, quotes);
    else if (top === undefined && /^<<[^<]/.test(rest)) hasHere = true;
    else step(open, rest[0] ?? '', script[i - 1] === '$');
  }
  return quotes;
}

function step(open: Open[], char: string, isSubstitution: boolean): void {
  const top = open.at(-1);
  const closes = { '"': '"', "'": "'", '`': '`', '(': ')' } as const;
  if (top !== undefined && char === closes[top]) open.pop();
  else if (top === "'") return;
  else if (char === '"' || char === '`') open.push(char);
  else if ((char === "'" || char === '(') && (top !== '"' || (char === '(' && isSubstitution))) open.push(char);
}

function isComment(script: string, i: number, top: Open | undefined): boolean {
  return script[i] === '#' && top !== '"' && top !== "'" && (i === 0 || /[\s;&|(]/.test(script[i - 1] ?? ''));
}

function endOfLine(script: string, from: number, quotes: Quote[]): number {
  const end = script.indexOf('\n', from);
  const last = end === -1 ? script.length - 1 : end;
  for (let i = from; i <= last; i++) quotes[i] = 'double';
  return last;
}
