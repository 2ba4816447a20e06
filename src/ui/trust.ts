import type { Approval, Brought } from '../setup/trust.ts';
import { age, plural, safe } from './text.ts';
import type { Look } from './theme.ts';

/** Commands as a person reads them before approving: every line of a script, and what would touch the terminal made visible. */
export function commandLines(commands: readonly string[], mark = ' '): string {
  return commands.map((command) => `${mark} ${safe(command).replaceAll('\n', '\n      ')}\n`).join('');
}

/** What a repository brings along; with an earlier approval, what is new and gone since. */
export function renderBrought(
  { files, commands }: Pick<Brought, 'files' | 'commands'>,
  earlier:
    | { readonly approval: Approval; readonly added: readonly string[]; readonly removed: readonly string[] }
    | undefined,
  { theme, now }: Look,
): string {
  const head = `${files.map((file) => theme.path(file)).join(', ')} ${files.length === 1 ? 'brings' : 'bring'} ${plural(commands.length, 'command')} along`;
  if (earlier === undefined) return `${head}:\n${commandLines(commands)}`;
  const { approval, added, removed } = earlier;
  const kept = commands.filter((one) => !added.includes(one));
  return [
    `${head}, and they have changed since they were approved ${age(approval.at, now)} ago:\n`,
    commandLines(kept),
    commandLines(added, theme.good('+')),
    commandLines(removed, theme.bad('-')),
  ].join('');
}
