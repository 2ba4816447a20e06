import cliTruncate from 'cli-truncate';
import stringWidth from 'string-width';
import { shellQuote } from '../core/shell.ts';
import { msOf } from '../core/time.ts';

// C0 but newline and tab, DEL, C1, zero width, bidi, line separators, BOM, lone surrogates.
const UNSAFE =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|\p{Surrogate}/gu;

/** Text from outside (branches, tasks, subjects, file names) made harmless and visible: `\x1b`, `\u202e`. Newlines and tabs stay. */
export function safe(text: string): string {
  return text.replace(UNSAFE, (char) => {
    const code = char.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

/** Shown as it is, a column each: printable ASCII and signs of wt's own. Most of what is shown is no more. */
const PLAIN = /^[ -~·±…↑↓]*$/;

/** The same, on one line. */
export function safeLine(text: string): string {
  if (PLAIN.test(text)) return text;
  return safe(text).replaceAll('\n', '\\n').replaceAll('\t', ' ');
}

/** A line that another program printed: its colours stay, hide nothing, and end with it. */
export function foreignLine(line: string): string {
  const shown = line.replaceAll(/\u001b\[([0-9;]*)m/g, (code, numbers: string) => (isHiding(numbers) ? '' : code));
  return shown.includes('\u001b[') ? `${shown}\u001b[0m` : shown;
}

/** "conceal" among the parameters of SGR (ECMA-48); the 8 of a colour by number is none. */
function isHiding(numbers: string): boolean {
  return numbers
    .replaceAll(/(?:^|;)0*[34]8;(?:0*5;\d*|0*2;\d*;\d*;\d*)/g, '')
    .split(';')
    .some((number) => Number(number) === 8);
}

/** The last door before a terminal: colours pass, every other control sequence becomes visible. */
export function guardTerminal(text: string): string {
  return text
    .split(/(\u001b\[[0-9;]*m)/)
    .map((part, i) => (i % 2 === 1 ? part : safe(part)))
    .join('');
}

/** JSON on one line in which also C1 and bidi characters are escaped. */
export function safeJson(value: unknown): string {
  return JSON.stringify(value).replace(UNSAFE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Width in terminal columns, colours not counted. */
export function widthOf(text: string): number {
  if (PLAIN.test(text)) return text.length;
  return stringWidth(text);
}

export function truncate(text: string, width: number, position: 'end' | 'middle' | 'start' = 'end'): string {
  if (widthOf(text) <= width) return text;
  const cut = cliTruncate(text, Math.max(1, width), { position });
  // It may come out a column too wide where a wide character is cut.
  return widthOf(cut) <= width ? cut : cliTruncate(text, Math.max(1, width - 1), { position });
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** The first three of a list, and how many more. */
export function few(items: readonly string[]): string {
  return items.length <= 3 ? items.join(', ') : `${items.slice(0, 3).join(', ')} and ${items.length - 3} more`;
}

/** How long ago, in one unit: 40s, 5m, 3h, 12d. */
export function age(from: string, now: Date): string {
  const seconds = Math.max(0, Math.floor((now.getTime() - msOf(from)) / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

/** Bytes for people: 812 B, 4.1 MB. */
export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = count;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit] ?? ''}`;
}

/** A command as it can be pasted into a POSIX shell. */
export function shellLine(argv: readonly string[]): string {
  return argv.map((word) => shellQuote(safe(word))).join(' ');
}

/** Wraps words to a width; a word that is longer stands alone. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    let line = '';
    for (const word of paragraph.split(' ')) {
      if (line !== '' && widthOf(`${line} ${word}`) > width) {
        lines.push(line);
        line = word;
      } else line = line === '' ? word : `${line} ${word}`;
    }
    lines.push(line);
  }
  return lines;
}
