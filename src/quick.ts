import { writeSync } from 'node:fs';
import { findPlainPath } from './sessions/plain-path.ts';

declare const __WT_VERSION__: string;

/**
 * What shells, prompts and editors ask all the time, without the program, without git and without its packages. An answer is the
 * very one that the program gives; whatever is not plain is left to it.
 */
const answer = findAnswer(process.argv.slice(2));
if (answer === undefined || !isSaid(answer)) void import('./start.ts');

function findAnswer(argv: readonly string[]): string | undefined {
  if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) return `${__WT_VERSION__}\n`;
  try {
    return findPlainPath(argv, { env: process.env, cwd: () => process.cwd(), user: process.geteuid?.() });
  } catch {
    return undefined; // the program knows what to say about it
  }
}

/** Without opening a stream, which would cost more than all the rest. False: not a byte of it has been written. */
function isSaid(text: string): boolean {
  try {
    return writeSync(1, text) > 0;
  } catch (error) {
    // Nobody reads: that is no failure. A pipe that is full just now is one to wait for.
    return (error as NodeJS.ErrnoException).code === 'EPIPE';
  }
}
