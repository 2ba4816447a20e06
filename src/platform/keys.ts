/** A key as it was pressed: one of these names, or the character itself. */
export type Key = string;

const SEQUENCES: Readonly<Record<string, Key>> = {
  A: 'up',
  B: 'down',
  C: 'right',
  D: 'left',
  H: 'home',
  F: 'end',
  '1~': 'home',
  '4~': 'end',
  '5~': 'pageup',
  '6~': 'pagedown',
  '7~': 'home',
  '8~': 'end',
};
const CONTROLS: Readonly<Record<string, Key>> = {
  '\r': 'enter',
  '\n': 'enter',
  '\u001b': 'escape',
  '\u0003': 'ctrl-c',
  '\u0004': 'ctrl-d',
  '\u000c': 'ctrl-l',
  '\u001a': 'ctrl-z',
  '\u001c': 'ctrl-\\',
};

// CSI and SS3 sequences (ECMA-48 5.4, xterm's cursor and keypad modes); what is unfinished waits for its rest.
const WHOLE = /^\u001b(?:\[([0-9;<=>?]*)([\u0020-\u002f]*[\u0040-\u007e])|O([\u0040-\u007e]))/;
const BEGUN = /^\u001b(?:\[[0-9;<=>?]{0,32}[\u0020-\u002f]{0,4}|O)$/;

/**
 * Input of a terminal in raw mode → keys, and what may be the beginning of another. A sequence that no key here has is passed over.
 * An escape that ends the input counts as the key. Pure.
 */
export function parseKeys(input: string): { readonly keys: readonly Key[]; readonly rest: string } {
  const keys: Key[] = [];
  let text = input;
  while (text !== '') {
    const [whole, numbers = '', final = '', keypad] = WHOLE.exec(text) ?? [];
    if (whole !== undefined) {
      const key = SEQUENCES[keypad ?? (final === '~' ? `${numbers.split(';')[0] ?? ''}~` : final)];
      if (key !== undefined) keys.push(key);
      text = text.slice(whole.length);
      continue;
    }
    if (BEGUN.test(text)) return { keys, rest: text };
    const char = String.fromCodePoint(text.codePointAt(0) ?? 0);
    keys.push(CONTROLS[char] ?? char);
    text = text.slice(char.length);
  }
  return { keys, rest: '' };
}
