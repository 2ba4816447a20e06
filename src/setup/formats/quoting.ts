/** How a place in a shell script is quoted. */
export type Quoting = 'none' | 'double' | 'single';

interface Level {
  quoting: Quoting;
  /** Open brackets of sub-shells and functions. */
  parens: number;
}

/**
 * For each of these offsets how it is quoted, or undefined when that cannot be told for sure: in a comment, behind a here-document
 * or a back-quote, or in a script whose quotes do not close. POSIX.1-2024, Shell Command Language, 2.2. Pure.
 */
export function quotingsAt(script: string, offsets: readonly number[]): readonly (Quoting | undefined)[] {
  const seen = new Map<number, Quoting>();
  const doubtful = findDoubt(script);
  // Each `$(` opens a level of its own; `(` within counts, so that its `)` does not close it.
  const levels: Level[] = [{ quoting: 'none', parens: 0 }];
  for (let at = 0; at < script.length; at++) {
    const level = levels.at(-1);
    if (level === undefined) return offsets.map(() => undefined);
    if (offsets.includes(at)) seen.set(at, level.quoting);
    at += step(script, at, levels, level);
  }
  const isClosed = levels.length === 1 && levels[0]?.quoting === 'none';
  return offsets.map((at) => (isClosed && at < doubtful ? seen.get(at) : undefined));
}

/** Moves the state on by one character; answers how many further characters belong to it. */
function step(script: string, at: number, levels: Level[], level: Level): number {
  const char = script[at];
  if (level.quoting === 'single') {
    if (char === "'") level.quoting = 'none';
    return 0;
  }
  if (char === '\\') return 1;
  if (char === '$' && script[at + 1] === '(') {
    levels.push({ quoting: 'none', parens: 0 });
    return 1;
  }
  if (char === '"') level.quoting = level.quoting === 'double' ? 'none' : 'double';
  else if (level.quoting === 'none') return stepUnquoted(script, at, levels, level);
  return 0;
}

function stepUnquoted(script: string, at: number, levels: Level[], level: Level): number {
  const char = script[at];
  if (char === '#' && /^$|[\s;&|(]/.test(script[at - 1] ?? '')) {
    const end = script.indexOf('\n', at);
    return (end === -1 ? script.length : end) - at;
  }
  if (char === "'") level.quoting = 'single';
  else if (char === '(') level.parens++;
  else if (char === ')' && level.parens > 0) level.parens--;
  else if (char === ')' && levels.length > 1) levels.pop();
  return 0;
}

/** Where what follows is beyond this reading: a back-quote, a here-document, `$'…'`, a `case` with its lone parentheses. */
function findDoubt(script: string): number {
  const found = /`|<<|\$'|\bcase\b/.exec(script);
  return found === null ? Number.POSITIVE_INFINITY : found.index;
}

/** Whether the script hands text to another shell to read once more: a value within quotes would become code there. Pure. */
export function readsTwice(script: string): boolean {
  return /(?:^|[\s;&|("'`])(?:eval|(?:\S*\/)?(?:ba|z|da|k|fi)?sh\s+(?:-\S+\s+)*-\w*c|ssh|su|xargs|watch|parallel|tmux|screen|zellij|trap|env\s+-S)\b/.test(
    script,
  );
}
