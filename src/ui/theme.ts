import { Chalk } from 'chalk';
import { safeLine } from './text.ts';

/** Roles, not colours. Every role makes its text safe; colour is never the only carrier of a meaning. */
export interface Theme {
  readonly ok: string;
  readonly warn: string;
  name(text: string): string;
  path(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  attention(text: string): string;
  command(text: string): string;
  heading(text: string): string;
}

const asIs = (text: string): string => text;
/** Off a terminal nothing is painted, and the package is not needed. */
const WITHOUT = { green: asIs, yellow: asIs, bold: asIs, cyan: asIs, dim: asIs, red: asIs };

export function createTheme(level: 0 | 1 | 2 | 3): Theme {
  const chalk = level === 0 ? WITHOUT : new Chalk({ level });
  const role =
    (paint: (text: string) => string) =>
    (text: string): string =>
      paint(safeLine(text));
  return {
    ok: chalk.green('✓'),
    warn: chalk.yellow('!'),
    name: role(chalk.bold),
    path: role(chalk.cyan),
    dim: role(chalk.dim),
    good: role(chalk.green),
    bad: role(chalk.red),
    attention: role(chalk.yellow),
    command: role(chalk.cyan),
    heading: role(chalk.bold),
  };
}

/** Where and how something is shown. */
export interface Look {
  readonly theme: Theme;
  /** False off a terminal: full values, no layout. */
  readonly isTerminal: boolean;
  /** Columns of the terminal; not to be used off one. */
  readonly width: number;
  readonly now: Date;
}
