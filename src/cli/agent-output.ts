import { foreignLine } from '../ui/text.ts';
import type { Context } from './define.ts';

/** What a terminal gets to see: colours, which end with their line, and no other control of it. */
export function shown(text: string): string {
  return text
    .split('\n')
    .map((line) => foreignLine(line.replace(/\r+$/, '')))
    .join('\n');
}

/** On a terminal whole lines, so that no sequence is seen in two halves. */
export function lineWriter({ deps, emit }: Context): { add: (text: string) => void; end: () => void } {
  if (!deps.io.stdoutIsTTY) return { add: (text) => emit(text), end: () => {} };
  let rest = '';
  return {
    add(text) {
      const lines = `${rest}${text}`.split('\n');
      rest = lines.pop() ?? '';
      if (lines.length > 0) emit(`${shown(lines.join('\n'))}\n`);
    },
    end: () => emit(rest === '' ? '' : `${shown(rest)}\n`),
  };
}
