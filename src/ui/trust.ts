import type { Brought, Earlier } from '../setup/trust.ts';
import { age, plural, safe } from './text.ts';
import type { Look } from './theme.ts';

/** Commands as a person reads them before approving: every line of a script, and what would touch the terminal made visible. */
export function commandLines(commands: readonly string[], mark = ' '): string {
  return commands.map((command) => `${mark} ${safe(command).replaceAll('\n', '\n      ')}\n`).join('');
}

/** "2 commands and 1 variable". */
export function countOf(commands: readonly string[]): string {
  const variables = commands.filter((one) => /^(?:\S+ )?env\./.test(one)).length;
  const parts = [
    ...(commands.length > variables ? [plural(commands.length - variables, 'command')] : []),
    ...(variables > 0 ? [plural(variables, 'variable')] : []),
  ];
  return parts.join(' and ');
}

/** What a repository brings along; with an earlier approval, what is new and gone since. */
export function renderBrought(
  { files, commands }: Pick<Brought, 'files' | 'commands'>,
  earlier: Earlier | undefined,
  { theme, now }: Look,
): string {
  const head = `${files.map((file) => `${theme.path(file)}\n`).join('')}brings ${countOf(commands)} along`;
  if (earlier === undefined) return `${head}:\n${commandLines(commands)}`;
  const { approval, added, removed } = earlier;
  const kept = commands.filter((one) => !added.includes(one));
  return [
    `${head}; approved ${age(approval.at, now)} ago, changed since:\n`,
    commandLines(kept),
    commandLines(added, theme.good('+')),
    commandLines(removed, theme.bad('-')),
  ].join('');
}
