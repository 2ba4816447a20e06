import path from 'node:path';
import type { HookChange, HookOutcome, HookView } from '../sessions/agent-hooks.ts';
import { renderTable, type Column } from './table.ts';
import { safe } from './text.ts';
import type { Look } from './theme.ts';

/** What a person has to do, or to know, before an agent calls hooks at all. */
const NEEDS: Readonly<Record<string, string>> = {
  claude: 'Claude Code calls hooks only in folders that you have told it to trust',
  codex:
    'Codex calls hooks only once you have looked through them: start codex in this repository and open /hooks; codex exec passes over new ones without a word',
  gemini: 'Gemini CLI calls hooks only in folders that you have told it to trust, and names new ones when it starts',
};

/** Worth knowing once they have been written. Pure. */
export function needsOf({ target, change, isHidden }: HookOutcome): readonly string[] {
  if (change !== 'installed' && change !== 'updated') return [];
  const need = NEEDS[target.hooks.agent];
  return [
    ...(need === undefined ? [] : [need]),
    ...(target.place === 'main' && target.session !== null
      ? ['it reads them in the main worktree only, so they serve all sessions']
      : []),
    ...(isHidden ? [`git does not show your own ${target.hooks.file} while they are in it`] : []),
  ];
}

const WORDS: Readonly<Record<HookChange, readonly [done: string, planned: string]>> = {
  installed: ['Installed', 'Would install'],
  updated: ['Brought up to date', 'Would bring up to date'],
  removed: ['Removed', 'Would remove'],
  none: ['', ''],
};

/** Pure. */
export function renderHookOutcome({ target, change, isPlanned }: HookOutcome, { theme }: Look): string {
  const where = target.place === 'main' ? 'the main worktree' : `session ${theme.name(target.session?.id ?? '')}`;
  const what = `the hooks of ${theme.name(target.name)} in ${where}`;
  if (change === 'none') return `Nothing to do for ${what}  ${theme.dim(safe(target.hooks.file))}\n`;
  const [done, planned] = WORDS[change];
  return isPlanned
    ? `${planned} ${what}  ${theme.dim(safe(target.hooks.file))}\n`
    : `${theme.ok} ${done} ${what}  ${theme.dim(safe(target.hooks.file))}\n`;
}

/** Pure. */
export function renderHookViews(views: readonly HookView[], look: Look): string {
  const columns: readonly Column<HookView>[] = [
    { header: 'agent', value: ({ target }) => target.name, paint: (text, _, theme) => theme.name(text) },
    {
      header: 'hooks',
      value: ({ state, reason }) => (state === 'unfit' ? `left alone: ${safe(reason ?? '')}` : STATES[state]),
      paint: (text, { state }, theme) =>
        state === 'current' ? theme.good(text) : state === 'absent' ? theme.dim(text) : theme.attention(text),
    },
    {
      header: 'file',
      value: ({ target }) =>
        target.place === 'main' && target.session !== null
          ? `${target.hooks.file} of the main worktree`
          : path.normalize(target.hooks.file),
      min: 12,
      paint: (text, _, theme) => theme.dim(text),
    },
  ];
  return renderTable(columns, views, look);
}

const STATES = { current: 'installed', outdated: 'of another wt, or not all', absent: 'none' } as const;
