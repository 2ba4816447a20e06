import * as z from 'zod';
import { defineCommand } from '../cli/define.ts';
import { flag } from '../cli/params.ts';
import { WtError } from '../core/errors.ts';
import { idOfEffect, listCalls, type Call, type Effect } from '../registry/operations.ts';
import { openRepo } from '../sessions/open.ts';
import { undoLast, type UndoOutcome, type UndoStep } from '../sessions/undo.ts';
import { portChangeWords } from '../ui/session.ts';
import { renderTable, type Column } from '../ui/table.ts';
import { age, few } from '../ui/text.ts';
import type { Look } from '../ui/theme.ts';

type Outcome = UndoOutcome | { readonly kind: 'listed'; readonly calls: readonly Call[] };

const SHOWN = 20;

export default defineCommand({
  description:
    'Takes back the last command that changed something: create, commit, sync, merge, remove, clean, adopt, restore, or undo itself. Inside a session the last that touched that session. It goes only while nothing has come on top of it; nothing is lost by it, and it can be undone.',
  args: {
    what: {
      flags: '[what]',
      help: 'A session, for the last command that touched it, or a command by its name in --list',
      schema: z.string().min(1, 'must not be empty').optional(),
    },
  },
  options: { list: flag('--list', 'Show the last commands that can be named') },
  examples: ['wt undo', 'wt undo --dry-run', 'wt undo fix-login', 'wt undo --list'],
  mutates: true,
  data: z.object({
    undone: z.object({ call: z.string(), command: z.string(), at: z.iso.datetime() }).nullable(),
    planned: z.boolean(),
    steps: z.array(z.object({ id: z.string(), did: z.string(), place: z.string().nullable() })),
    calls: z
      .array(
        z.object({
          call: z.string(),
          command: z.string(),
          at: z.iso.datetime(),
          steps: z.array(z.object({ id: z.string(), did: z.string() })),
        }),
      )
      .optional(),
  }),

  async run({ deps, globals, busy }, { what, list }): Promise<Outcome> {
    const repo = await openRepo(deps);
    if (!list) return busy('taking back', () => undoLast(repo, { what, dryRun: globals.dryRun }));
    if (what !== undefined)
      throw new WtError('usage.invalid', { option: '--list', reason: 'shows all; name nothing beside it' });
    const calls = await listCalls(repo.layout.operations);
    return { kind: 'listed', calls: calls.slice(-SHOWN).toReversed() };
  },

  human(outcome, look) {
    if (outcome.kind === 'nothing') return 'Nothing to undo.\n';
    return outcome.kind === 'listed' ? renderCalls(outcome.calls, look) : describe(outcome, look);
  },
  json(outcome) {
    if (outcome.kind === 'nothing') return { undone: null, planned: false, steps: [] };
    if (outcome.kind === 'listed')
      return {
        undone: null,
        planned: false,
        steps: [],
        calls: outcome.calls.map(({ call, command, at, operations }) => ({
          call,
          command,
          at,
          steps: operations.map(({ effect }) => ({ id: idOfEffect(effect), did: effect.kind })),
        })),
      };
    const { call, command, at } = outcome.call;
    return {
      undone: outcome.kind === 'undone' ? { call, command, at } : null,
      planned: outcome.kind === 'planned',
      steps: outcome.steps.map(({ effect, place }) => ({ id: idOfEffect(effect), did: inverse(effect), place })),
    };
  },
  warnings(outcome) {
    if (outcome.kind === 'nothing' || outcome.kind === 'listed') return [];
    return outcome.steps.flatMap(({ effect, thinned, portChanges }) => [
      ...portChanges.map((change) => `${idOfEffect(effect)}: ${portChangeWords(change)}`),
      ...(thinned.length === 0
        ? []
        : [`${idOfEffect(effect)}: not kept, to make room, and to be built again: ${few(thinned)}`]),
    ]);
  },
});

/** What taking it back did, as a word for programs. */
function inverse({ kind }: Effect): string {
  return {
    made: 'removed',
    trashed: 'restored',
    moved: 'moved back',
    committed: 'uncommitted',
    synced: 'moved back',
    resolving: 'given up',
    adopted: 'released',
    released: 'adopted',
  }[kind];
}

function describe({ kind, call, steps }: Extract<UndoOutcome, { call: Call }>, look: Look): string {
  const { theme, now } = look;
  const head =
    kind === 'planned'
      ? `Would undo ${theme.command(call.command)}`
      : `${theme.ok} Undid ${theme.command(call.command)}`;
  const lines = steps.map((step) => `  ${stepLine(step, look)}\n`).join('');
  const again = kind === 'undone' ? `  ${theme.dim('wt undo takes this back')}\n` : '';
  return `${head} ${theme.dim(`of ${age(call.at, now)} ago`)}\n${lines}${again}`;
}

function stepLine({ effect, place }: UndoStep, { theme }: Look): string {
  const id = theme.name(idOfEffect(effect));
  switch (effect.kind) {
    case 'made':
      return [
        `${id} ${theme.dim(place === null ? 'into the trash' : 'lies in')}${place === null ? '' : ` ${theme.path(place)}`}`,
        ...(effect.carried === null
          ? []
          : [`${theme.dim('its changes go back to')} ${theme.path(effect.carried.worktree)}`]),
      ].join('\n  ');
    case 'trashed':
      return `${id} ${theme.dim('is back in')} ${theme.path(place ?? '')}`;
    case 'moved':
      return `${theme.name(branch(effect.target))} ${theme.dim(`is at ${short(effect.from)} again, no longer at ${short(effect.to)} (${idOfEffect(effect)})`)}`;
    case 'committed':
      return `${id} ${theme.dim(`from ${short(effect.to)} back to ${short(effect.from)}; its files stay as they are`)}`;
    case 'synced':
      return `${id} ${theme.dim(syncWords(effect))}`;
    case 'resolving':
      return `${id} ${theme.dim('is as it was before its conflict was laid out; a copy of what was resolved is kept')}`;
    case 'adopted':
      return `${id} ${theme.dim('is a plain worktree again:')} ${theme.path(place ?? '')}`;
    case 'released':
      return `${id} ${theme.dim('is a session again:')} ${theme.path(place ?? '')}`;
  }
}

function syncWords({ from, to, base }: Extract<Effect, { kind: 'synced' }>): string {
  return from === to
    ? `has the base ${baseWords(base.before)} again, no longer ${baseWords(base.after)}`
    : `is at ${short(from)} again, no longer at ${short(to)}`;
}

function baseWords({ branch: name, commit }: { branch: string | null; commit: string }): string {
  return `${name ?? 'commit'} ${short(commit)}`;
}

function branch(ref: string): string {
  return ref.replace(/^refs\/heads\//, '');
}

function short(commit: string): string {
  return commit === '' ? 'nothing' : commit.slice(0, 7);
}

function summaryOf({ operations }: Call): string {
  return operations
    .map(({ effect }) => {
      switch (effect.kind) {
        case 'made':
          return `${effect.id} ${effect.isRestored ? 'came back' : 'made'}`;
        case 'trashed':
          return `${effect.id} into the trash`;
        case 'moved':
          return `${branch(effect.target)} ${short(effect.from)} to ${short(effect.to)} (${effect.id})`;
        case 'resolving':
          return `${effect.id} ${effect.isGivenUp ? 'given up' : 'laid out'}`;
        case 'synced':
        case 'committed':
          return `${effect.id} ${short(effect.from)} to ${short(effect.to)}`;
        case 'adopted':
        case 'released':
          return `${effect.row.id} ${effect.kind}`;
      }
    })
    .join(', ');
}

function renderCalls(calls: readonly Call[], look: Look): string {
  if (calls.length === 0) return look.isTerminal ? 'Nothing to undo.\n' : '';
  const columns: readonly Column<Call>[] = [
    { header: 'NAME', value: ({ call }) => (look.isTerminal ? call.slice(0, 8) : call) },
    { header: 'WHEN', value: ({ at }) => (look.isTerminal ? `${age(at, look.now)} ago` : at) },
    { header: 'COMMAND', value: ({ command }) => command, paint: (text, _, theme) => theme.command(text) },
    { header: 'WHAT', value: summaryOf, min: 20 },
  ];
  return renderTable(columns, calls, look);
}
