import { EXIT } from '../core/exit-codes.ts';
import { WtError } from '../core/errors.ts';
import type { Deps } from '../platform/deps.ts';
import { guardTerminal, plural } from '../ui/text.ts';
import { createTheme } from '../ui/theme.ts';
import { reportError, toWtError } from './report.ts';

/** `wt` alone: how to begin, and how this repository stands. */
export async function showHome(deps: Deps, version: string): Promise<number> {
  const theme = createTheme(deps.io.color);
  const rows = [
    ['wt create fix-login --task "…"', 'a branch and worktree for an agent'],
    ['wt run fix-login claude', 'the agent, at work there'],
    ['wt list', 'all sessions, what needs you first'],
    ['wt diff fix-login', 'its changes, uncommitted ones included'],
    ['wt merge fix-login', 'land it after review'],
    ['wt clean', 'remove what has landed, via the trash'],
  ];
  const lines = rows.map(([line = '', what = '']) => `  ${theme.command(line.padEnd(32))}${theme.dim(what)}`);
  const text = `${theme.heading('wt')} ${version}: run many coding agents on one repository and lose nothing.\n\n${lines.join('\n')}\n\n${await stateLine(deps)}\n${theme.dim('wt --help lists every command.')}\n`;
  deps.io.out(deps.io.stdoutIsTTY ? guardTerminal(text) : text);
  return EXIT.ok;
}

async function stateLine(deps: Deps): Promise<string> {
  const [{ openRepo }, { readBook }] = await Promise.all([
    import('../sessions/open.ts'),
    import('../sessions/book.ts'),
  ]);
  try {
    const repo = await openRepo(deps);
    const { sessions } = await readBook(repo);
    return sessions.size === 0
      ? `No sessions in ${repo.root} yet.`
      : `${plural(sessions.size, 'session')} in ${repo.root}.`;
  } catch (error) {
    if (WtError.is(error, 'repo.not-found')) return 'Not inside a git repository.';
    reportError(toWtError(error), deps.io, { json: false, command: null, verbose: false });
    return '';
  }
}
