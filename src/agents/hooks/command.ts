import { shellQuote } from '../../core/shell.ts';
import type { Wiring } from '../adapter.ts';

/**
 * The shell lines that agents run for wt. Whatever shell an agent uses, it only splits words and takes quotes away: the script is
 * sh's. `wt-hook` is the mark by which wt knows them for its own, in every version.
 */
const MARK = 'wt-hook';
const OWN = new RegExp(`^/bin/sh -c '[^']*' ${MARK} `);

/** Without wt it takes its input and is silent; nothing it does fails the agent or says a word that is not wt's answer. */
const QUIET = 'if [ -x "$1" ] && [ -f "$2" ]; then "$@" 2>/dev/null; else cat >/dev/null; fi; exit 0';
/** For what the agent has to know: it fails as wt fails, and without wt it says so. */
const STRICT =
  'if [ -x "$1" ] && [ -f "$2" ]; then exec "$@"; fi; echo "wt is not at $2 any more; its hooks are still in the settings" >&2; exit 1';

/** A line for the shell that calls `wt hook <agent> [word…]`. Pure. */
export function hookCommand({ argv }: Wiring, words: readonly string[] = [], { mayFail = false } = {}): string {
  const script = mayFail ? STRICT : QUIET;
  return ['/bin/sh', '-c', `'${script}'`, MARK, ...[...argv, ...words].map(shellQuote)].join(' ');
}

/** Pure. */
export function isOwnCommand(command: unknown): boolean {
  return typeof command === 'string' && OWN.test(command);
}
