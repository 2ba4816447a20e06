import * as z from 'zod';
import { defineCommand } from '../cli/define.ts';
import { flag } from '../cli/params.ts';
import { WtError } from '../core/errors.ts';
import { openRepo } from '../sessions/open.ts';
import { withPorts } from '../sessions/ports.ts';
import { listRestorable, type Restorable } from '../sessions/restorable.ts';
import { restoreSession, type RestoreOutcome } from '../sessions/restore.ts';
import { cardOf, SessionCard } from '../sessions/view.ts';
import { renderTable, type Column } from '../ui/table.ts';
import { portChangeWords } from '../ui/session.ts';
import { age, bytes, few, plural, safe } from '../ui/text.ts';
import type { Look } from '../ui/theme.ts';

type Outcome = RestoreOutcome | { readonly kind: 'listed'; readonly trash: readonly Restorable[] };

export default defineCommand({
  description:
    'Brings a removed session back as it was: branch, HEAD, staged and unstaged changes, untracked and ignored files, task and agent. Nothing is written over: when the id, the folder or the branch is taken by now, --as brings it back beside them.',
  args: {
    what: {
      flags: '[id]',
      help: 'Id of the removed session, its branch, or the name of the trash entry; may be left out when there is one only',
      schema: z.string().min(1, 'must not be empty').optional(),
    },
  },
  options: {
    list: flag('--list', 'Show what can be brought back, how big it is and until when'),
    as: {
      flags: '--as <id>',
      help: 'Come back under another id, in its folder, and on its branch when the old one is taken',
      schema: z.string().optional(),
    },
  },
  examples: ['wt restore --list', 'wt restore fix-login', 'wt restore fix-login --as fix-login-2'],
  mutates: true,
  data: z.object({
    restored: z.boolean(),
    session: SessionCard.optional(),
    trash: z
      .array(
        z.object({
          id: z.string(),
          trash: z.string(),
          removedAt: z.iso.datetime(),
          verb: z.string(),
          branch: z.string(),
          task: z.string().nullable(),
          path: z.string(),
          sizeBytes: z.number(),
          until: z.iso.datetime(),
        }),
      )
      .optional(),
  }),

  async run({ deps, globals, busy }, { what, list, as }): Promise<Outcome> {
    const repo = await openRepo(deps);
    if (!list) return restoreSession(repo, { what, as, dryRun: globals.dryRun });
    if (as !== undefined) throw new WtError('usage.invalid', { option: '--as', reason: 'does not go with --list' });
    const trash = await busy('measuring the trash', () => listRestorable(repo));
    return { kind: 'listed', trash: trash.filter(({ meta }) => what === undefined || meta.id === what) };
  },

  human: (outcome, look) => (outcome.kind === 'listed' ? renderList(outcome.trash, look) : describe(outcome, look)),
  json: (outcome) =>
    outcome.kind === 'listed'
      ? { restored: false, trash: outcome.trash.map(entryOf) }
      : { restored: outcome.kind === 'restored', session: cardOf(sessionOf(outcome)) },
  warnings(outcome) {
    if (outcome.kind === 'listed') return [];
    const { plan, others, portChanges } = outcome;
    const { meta, detachedFrom, lacks, branch } = plan;
    return [
      ...portChanges.map(portChangeWords),
      ...(lacks.includes('folder')
        ? ['its folder was gone already when it was removed: wt doctor --fix makes it again']
        : []),
      ...(lacks.includes('branch') ? [`its branch ${branch} was gone already: wt doctor --fix makes it again`] : []),
      ...(detachedFrom === null
        ? []
        : [`${detachedFrom} was checked out there and has moved or is taken: HEAD is detached at its commit instead`]),
      ...((meta.thinned ?? []).length === 0
        ? []
        : [`not kept, to make room, and to be built again: ${few(meta.thinned ?? [])}`]),
      ...(others.length === 0
        ? []
        : [
            `${plural(others.length, 'older one')} of that id in the trash: ${few(others.map((op) => op.slice(0, 8)))}`,
          ]),
    ];
  },
});

function sessionOf({ plan, ports }: RestoreOutcome): Parameters<typeof cardOf>[0] {
  const { id, path, branch, meta } = plan;
  return { id, path, row: withPorts({ ...meta.row, id, branch, path }, ports) };
}

function entryOf({ meta, sizeBytes, until }: Restorable): {
  id: string;
  trash: string;
  removedAt: string;
  verb: string;
  branch: string;
  task: string | null;
  path: string;
  sizeBytes: number;
  until: string;
} {
  const { id, op, at, verb, branch, row, path } = meta;
  return { id, trash: op, removedAt: at, verb, branch: branch.name, task: row.task, path, sizeBytes, until };
}

function describe({ kind, plan }: RestoreOutcome, { theme }: Look): string {
  const { id, path, branch, meta } = plan;
  const was = id === meta.id ? '' : ` (was ${meta.id})`;
  const head =
    kind === 'planned'
      ? `Would restore ${theme.name(id)}${safe(was)}`
      : `${theme.ok} Restored ${theme.name(id)}${safe(was)}`;
  // What a teardown has undone outside of the folder does not come back by itself.
  const ready =
    kind === 'planned' || meta.row.setup === undefined
      ? ''
      : `  ${theme.dim('its set-up is not run again by itself:')} ${theme.command(`wt setup ${id}`)}\n`;
  return `${head}  ${theme.dim(`branch ${branch}, removed ${meta.at.slice(0, 16).replace('T', ' ')} UTC`)}\n  ${theme.path(path)}\n${ready}`;
}

function columns(look: Look): readonly Column<Restorable>[] {
  return [
    { header: 'ID', value: ({ meta }) => meta.id, min: 24, max: 48, paint: (text, _, theme) => theme.name(text) },
    {
      header: 'REMOVED',
      value: ({ meta }) => (look.isTerminal ? `${age(meta.at, look.now)} ago` : meta.at),
    },
    { header: 'SIZE', value: ({ sizeBytes }) => (look.isTerminal ? bytes(sizeBytes) : String(sizeBytes)) },
    {
      header: 'KEPT UNTIL',
      value: ({ until }) => (look.isTerminal ? until.slice(0, 10) : until),
      paint: (text, _, theme) => theme.dim(text),
    },
    { header: 'TRASH', value: ({ meta }) => (look.isTerminal ? meta.op.slice(0, 8) : meta.op) },
    {
      header: 'BRANCH',
      value: ({ meta }) => meta.branch.name,
      min: 10,
      drop: 1,
      paint: (text, _, theme) => theme.dim(text),
    },
    { header: 'TASK', value: ({ meta }) => (meta.row.task ?? '').split('\n')[0] ?? '', min: 10, drop: 2 },
  ];
}

function renderList(trash: readonly Restorable[], look: Look): string {
  if (trash.length === 0) return look.isTerminal ? 'Nothing in the trash.\n' : '';
  const total = trash.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const end = look.isTerminal
    ? `${look.theme.dim(`${plural(trash.length, 'session')}, ${bytes(total)}; wt restore <id> brings one back`)}\n`
    : '';
  return `${renderTable(columns(look), trash, look)}${end}`;
}
